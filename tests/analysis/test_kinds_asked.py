"""Which kinds of parts of texts have to be traced for rules: no rule can tell that the others are not."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpr_logic import Guard
from mpr_logic.analysis import analyse
from mpr_logic.analysis.kinds_asked import kinds_asked
from mpr_logic.guard import rules as guard_rules
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.language.parser import parse

pytestmark = pytest.mark.heavy

DECLARED = """
.action send(to: symbol, body: symbol)
.decl watched(value: any) input
.decl bad(value: any)
.decl good(value: any)
.decl linked(text: any, value: any)
.decl led(call: int)
"""


def asked(rules: str) -> set[str] | None:
    """The kinds that are asked for, of rules about `send`."""
    found = kinds_asked(analyse([parse(DECLARED + rules)]), ["forbid send", "permit send"])
    return None if found is None else set(found)


@pytest.mark.parametrize(
    ("rules", "kinds"),
    [
        ("forbid send(to: R) :- origin(value: R, source: result).", set()),
        ("forbid send(body: B) :- mentions(B, link, L), not found_in(value: L, source: user).", {"link"}),
        # the rule that is called leaves it to those that call it to say what the value is
        ("bad(V) :- origin(value: V, source: result). forbid send(to: R) :- bad(R).", set()),
        ("bad(V) :- origin(value: V, source: result). forbid send(to: _) :- bad(_).", None),
        ("forbid send(to: _) :- origin(value: V, source: result), V != 1.", None),
        ("forbid send(to: _) :- found_in(author: A), A != mallory.", None),
        ("forbid send(to: _) :- watched(V), found_in(value: V, source: result).", None),
        ("forbid send(to: _) :- found_in(value: mallory, source: result).", None),
        ("forbid send(body: B) :- mentions(B, K, V), K != word, origin(value: V, source: result).", None),
        ("forbid send(body: B) :- N = count : { origin(value: V, source: result) }, N > 2, B != x.", None),
        # a part, its author, and what the call was made with that returned it
        (
            "linked(T, V) :- mentions(T, email, V). "
            "bad(V) :- found_in(value: V, author: A), mentions(A, host, H), origin(value: H). "
            "forbid send(body: B) :- linked(B, V), bad(V).",
            {"email", "host"},
        ),
        (
            "led(C) :- selected_by(C, V), found_in(value: V, source: result, call: D), led(D). "
            "led(C) :- selected_by(C, V), not found_in(value: V, source: user). "
            "forbid send(to: R) :- found_in(value: R, call: C), led(C).",
            set(),
        ),
        ("led(C) :- selected_by(C, V), bad(V). bad(1). forbid send(to: _) :- led(_).", None),
        # the number of a call is no value of the call that is proposed
        ("forbid send(to: R) :- found_in(value: R, call: C), origin(value: C, source: result).", None),
        ("forbid send(to: _) :- argument(_, L), item(L, _, V), found_in(value: V, source: result).", set()),
        ("forbid send(to: _) :- item(_, _, V), found_in(value: V, source: result).", None),
        # facts that the rules state may be of any value
        ("bad(x). bad(V) :- argument(_, V). forbid send(to: _) :- bad(V), origin(value: V).", None),
        ("forbid send(to: R) :- mentions(R, email, V), W = lower(V), found_in(value: W).", None),
    ],
)
def test_the_kinds_that_rules_ask_for(rules: str, kinds: set[str] | None) -> None:
    """Only where each value that a rule takes for a traced one is tied to the call are some kinds enough."""
    assert asked(rules) == kinds


CLAUSES = (
    "bad(V) :- origin(value: V, source: result).",
    "bad(V) :- found_in(value: V, author: A), mentions(A, word, W), found_in(value: W, source: user).",
    "bad(V) :- mentions(V, host, H), not found_in(value: H, source: user).",
    "bad(x).",
    "good(V) :- found_in(value: V, source: user).",
    "good(V) :- found_in(value: V, call: C), led(C).",
    "good(V) :- watched(V).",
    "linked(T, V) :- mentions(T, email, V), good(V).",
    "linked(T, V) :- mentions(T, number, V).",
    "led(C) :- selected_by(C, V), good(V).",
    "led(C) :- selected_by(C, V), found_in(value: V, call: D), led(D).",
)
LAWS = (
    "forbid send(to: R) :- bad(R).",
    "forbid send(to: R) :- not good(R), found_in(value: R, call: C), led(C).",
    "forbid send(body: B) :- mentions(B, link, L), bad(L).",
    "forbid send(body: B) :- linked(B, V), bad(V).",
    "forbid send(body: _) :- bad(V), good(V).",
    "forbid send(body: B) :- mentions(B, name, N), N != B, found_in(value: N, source: result).",
    "forbid send(to: _) :- origin(value: V, source: result), not good(V).",
)
TEXTS = st.lists(
    st.sampled_from(
        "lily@a.com www.b.com/x 17 1,250.50 Lily White and lily GB29NWBK60161331926819 /etc/x x".split()
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.sets(st.sampled_from(CLAUSES)), st.sets(st.sampled_from(LAWS), min_size=1), st.data())
def test_no_rule_can_tell_that_other_kinds_are_not_traced(
    monkeypatch: pytest.MonkeyPatch, clauses: set[str], laws: set[str], data: st.DataObject
) -> None:
    """Decisions, and the rules behind them, are the same where all kinds are traced."""
    rules = "\n".join([DECLARED, *sorted(clauses), *sorted(laws)])
    mail = {"sender": data.draw(TEXTS), "body": data.draw(TEXTS), "price": 17}
    heard = [
        Message("user", data.draw(TEXTS)),
        Message("assistant", calls=(ToolCall("1", "read", {"q": data.draw(TEXTS)}),)),
        Message("tool", answers="1", content=[mail]),
    ]
    call = {"to": data.draw(TEXTS), "body": data.draw(TEXTS)}
    found = []
    for work in (kinds_asked, lambda *_: None):
        monkeypatch.setattr(guard_rules, "kinds_asked", work)
        guard = Guard(text=rules, state={"facts": {"watched": [["lily"], [17]]}}, strict=False)
        guard.hear(*heard)
        verdict = guard.check("send", call)
        found.append((verdict.outcome, verdict.rules, verdict.error))
    assert found[0] == found[1]
