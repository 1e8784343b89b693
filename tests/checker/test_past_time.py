"""Literals of the history with a place in time, held against what the reference says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import Checker
from mpr_logic.analysis.occurrences import FIRST, LAST
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.render import proof_text
from mpr_logic.checker.verifier import NaiveModel
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import NOWHERE, Row
from tests.helpers.verified import verify_decision

HEAD = """
.decl thing(x: symbol) input
.action a(x: symbol)
.action b(x: symbol)
.action go()
.class both(x: symbol) {a, b}
"""
RULES = {
    "at(X, I)": "past a(X) at I",
    "at_ended(X, I)": "succeeded both(X) at I",
    "no_at(X)": "thing(X), not failed a(X) at 2",
    "before(X, Y)": "past a(X) before succeeded b(Y)",
    "before_any()": "past any before past a(x)",
    "no_before(X)": "thing(X), not past a(X) before past b(_)",
    "after(X, Y)": "succeeded a(X) after past b(Y)",
    "no_after(X)": "thing(X), not past both(X) after failed b(X)",
    "since(X, Y)": "succeeded a(X) since past b(Y)",
    "since_any(X)": "past a(X) since past b(_)",
    "no_since(Y)": "not succeeded a(_) since past b(Y)",
    "no_since_same(X)": "not succeeded a(X) since past b(X)",
    "no_since_any(X)": "thing(X), not past both(X) since failed a(_)",
    "within(X)": "past a(X) within 10s",
    "no_within(X)": "thing(X), not succeeded both(X) within 10s",
    "many(N)": "N = count : { past a(_) at I, past b(_) at J, J > I }",
    "failed_late(N)": "N = count : { past a(X) at I, I > 2, not succeeded a(X) }",
    "recent(N)": "N = count : { past both(_) within 10s }",
}


class Made(NamedTuple):
    """One call: its position, the action, the argument, how it went, and the second of it."""

    position: int
    action: str
    arg: str
    succeeded: bool | None
    second: int


Calls = list[Made]


def right(calls: Calls, now: int) -> dict[str, set[Row]]:
    """The rows that each rule should derive, worked out of the calls as the reference says it."""
    things = ("x", "y")

    def of(tense: str, actions: str, arg: str | None = None) -> list[int]:
        went = {"past": (True, False, None), "succeeded": (True,), "failed": (False,)}[tense]
        return [
            c.position for c in calls if c.action in actions and arg in (None, c.arg) and c.succeeded in went
        ]

    def some(one: list[int], holds: Callable[[int, int], bool], two: list[int]) -> bool:
        return any(holds(i, j) for i, j in product(one, two))

    def before(i: int, j: int) -> bool:
        return i < j

    def after(i: int, j: int) -> bool:
        return i > j

    def since(one: list[int], two: list[int]) -> bool:
        return bool(two) and any(i > max(two) for i in one)

    def not_since(one: list[int], two: list[int]) -> bool:
        return bool(two) and not any(i > max(two) for i in one)

    recent = {c.position for c in calls if 0 <= now - c.second <= 10}
    pairs = list(product(things, things))
    late = [c for c in calls if c.action == "a" and c.position > 2 and c.succeeded is not True]
    return {
        "at": {(x, i) for x in things for i in of("past", "a", x)},
        "at_ended": {(x, i) for x in things for i in of("succeeded", "ab", x)},
        "no_at": {(x,) for x in things if 2 not in of("failed", "a", x)},
        "before": {(x, y) for x, y in pairs if some(of("past", "a", x), before, of("succeeded", "b", y))},
        "before_any": {() for _ in "." if some(of("past", "ab"), before, of("past", "a", "x"))},
        "no_before": {(x,) for x in things if not some(of("past", "a", x), before, of("past", "b"))},
        "after": {(x, y) for x, y in pairs if some(of("succeeded", "a", x), after, of("past", "b", y))},
        "no_after": {(x,) for x in things if not some(of("past", "ab", x), after, of("failed", "b", x))},
        "since": {(x, y) for x, y in pairs if since(of("succeeded", "a", x), of("past", "b", y))},
        "since_any": {(x,) for x in things if since(of("past", "a", x), of("past", "b"))},
        "no_since": {(y,) for y in things if not_since(of("succeeded", "a"), of("past", "b", y))},
        "no_since_same": {(x,) for x in things if not_since(of("succeeded", "a", x), of("past", "b", x))},
        "no_since_any": {(x,) for x in things if not_since(of("past", "ab", x), of("failed", "a"))},
        "within": {(x,) for x in things if recent & {*of("past", "a", x)}},
        "no_within": {(x,) for x in things if not recent & {*of("succeeded", "ab", x)}},
        "many": {(sum(j > i for i, j in product(of("past", "a"), of("past", "b"))),)},
        "failed_late": {(len(late),)},
        "recent": {(len(recent & {*of("past", "ab")}),)},
    }


def program(rules: dict[str, str]) -> str:
    """The program with a relation for each rule."""
    types = {"X": "symbol", "Y": "symbol", "I": "int", "N": "int"}
    lines = []
    for head, body in rules.items():
        name, args = head.removesuffix(")").split("(")
        columns = ", ".join(f"{each.lower()}: {types[each]}" for each in filter(None, args.split(", ")))
        lines.append(f".decl {name}({columns})\n{head.removesuffix('()')} :- {body}.")
    return HEAD + "\n".join(lines)


CHECKER = Checker.from_text(program(RULES))


@st.composite
def histories(draw: st.DrawFn) -> Calls:
    """Calls, equal ones among them, with outcomes or without."""
    number = draw(st.integers(0, 7))
    seconds = sorted(draw(st.integers(0, 40)) for _ in range(number))
    action, arg = st.sampled_from("ab"), st.sampled_from("xy")
    outcome = st.sampled_from([True, True, False, None])
    return [Made(n + 1, draw(action), draw(arg), draw(outcome), s) for n, s in enumerate(seconds)]


def entered(calls: Calls, order: list[int] | None = None) -> Checker:
    """A checker with these calls in its history; ``order``: the outcomes come later, in an order of their
    own."""
    checker = CHECKER.fork()
    checker.update(add=["thing(x)", "thing(y)", "now(45)"])
    for made in calls:
        checker.update(add=[("called", (made.position, made.action, made.second))])
        known = made.succeeded if order is None else None
        checker.record(f"{made.action}({made.arg})", known)
        assert checker.last_call == made.position
    for place in order or ():
        made = calls[place]
        if made.succeeded is not None:
            call = f"{made.action}({made.arg})"
            checker.record(call, made.succeeded, entered=True, number=made.position)
    return checker


def derived(checker: Checker) -> dict[str, set[Row]]:
    """The rows of each rule's relation."""
    found = {}
    for head in RULES:
        name = head.partition("(")[0]
        found[name] = set(checker.query(head.removesuffix("()")))
    return found


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_each_form_means_what_the_reference_says(calls: Calls, data: st.DataObject) -> None:
    """Whether outcomes come with the calls or later, in any order, each form holds where it should."""
    expected = right(calls, 45)
    assert derived(entered(calls)) == expected
    order = data.draw(st.permutations(range(len(calls))))
    assert derived(entered(calls, list(order))) == expected


@settings(max_examples=60, deadline=None)
@given(histories(), st.lists(st.tuples(st.sampled_from("rubga"), st.integers(0, 5)), max_size=6))
def test_first_and_last_calls_follow_every_change(calls: Calls, steps: list[tuple[str, int]]) -> None:
    """After retractions, journeys to earlier states and suppositions the first and last calls are those of
    the calls that are there."""
    checker = entered(calls)
    versions = [checker.version]
    for word, number in steps:
        action = f"{'ab'[number % 2]}({'xy'[number // 2 % 2]})"
        if word == "r":
            checker.record(action, (True, False, None)[number % 3])
        elif word == "u":
            checker.update(remove=[f"{('past', 'succeeded', 'failed')[number % 3]} {action}"])
        elif word == "b":
            with checker.at(versions[number % len(versions)]):
                hold_together(checker)
        elif word == "g":
            checker.go_back(versions[number % len(versions)])
            versions = [checker.version]
        else:
            with checker.assuming([]):
                checker.record(action, True)
        versions.append(checker.version)
        hold_together(checker)


def hold_together(checker: Checker) -> None:
    """Compare the first and last calls of a state with its calls."""
    facts, calls = checker.facts(), checker.calls()
    rows = {(relation, row) for _, relation, row, _ in calls}
    for prefix, end in ((FIRST, min), (LAST, max)):
        for relation in {relation for relation, _ in rows}:
            name = prefix + relation
            if name not in checker.program.ends:
                continue
            found = {
                row: end(n for n, *each in calls if each[:2] == [relation, row])
                for r, row in rows
                if r == relation
            }
            assert set(facts.get(name, {})) == {(number, *row) for row, number in found.items()}
    for name in checker.program.ends:
        if facts.get(name):
            assert any(relation in name for relation, _ in rows)


LEAK = """
.decl secret(d: symbol) input
.action read(d: symbol)
.action confirm()
.action send(to: symbol)
@id(leak) forbid send(_) :- not succeeded confirm since succeeded read(D), secret(D).
"""


def test_a_rule_with_since_is_proved_repaired_and_denied_in_its_authors_words() -> None:
    """Proof, repair and why-not speak of the rule as it is written, and the verifier agrees."""
    checker = Checker.from_text(LEAK)
    checker.update(add=["secret(plan)"])
    assert checker.check("send(eve)").admissible
    checker.record("read(plan)", succeeded=True)
    decision = checker.check("send(eve)")
    verify_decision(checker, NaiveModel(checker.program, checker.facts(), "maxmin"), decision)
    (reason,) = decision.reasons
    assert str(reason) == (
        "send(eve) is forbidden by leak: not succeeded confirm since succeeded read(plan), secret(plan)"
    )
    assert proof_text(reason.proof).splitlines()[3:5] == [  # type: ignore[arg-type]
        "├─ ✓ not succeeded confirm since succeeded read(plan)",
        "│  └─ succeeded read(plan): call 1, read(plan) succeeded",
    ]
    assert [str(each) for each in decision.repairs] == ["after confirm"]
    checker.record("confirm", succeeded=True)
    assert checker.last_call == 2
    assert checker.check("send(eve)").admissible
    assert "not succeeded confirm since succeeded read(D) fails: there is one since" in str(
        checker.why_not("send(eve)", verdict="forbid")
    )


def test_the_call_that_weakens_a_denied_position_is_shown() -> None:
    """A call of which nobody is sure takes from the weight, and stands below what it weakens."""
    checker = Checker.from_text(
        """
        .action read(d: symbol)
        .action send(d: symbol)
        forbid send(D) :- not past read(D) at 1.
        """,
        theta=0.3,
    )
    checker.update(add=[Fact("past read", ("a",), 0.4, NOWHERE)])
    (reason,) = checker.check("send(a)").reasons
    assert proof_text(reason.proof).splitlines()[-2:] == [  # type: ignore[arg-type]
        "└─ ✓ not past read(a) at 1 [0.6]",
        "   └─ past read(a) [0.4]: call 1, asserted",
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("past read(a) at 2", "past read(a) at 2 fails: the nearest is past read(b) at 2"),
        (
            "past read(b) before past read(a)",
            "past read(b) before past read(a) fails: no such call is before",
        ),
        ("not past read(a) before past read(b)", "fails: one is before"),
        ("past read(a) after past read(b)", "fails: no such call is after"),
        ("past read(a) since past read(b)", "past read(a) since past read(b) fails: there is none since"),
        ("not past read(b) since past read(a)", "fails: there is one since"),
        ("past read(c) within 1h", "past read(c) within 1h fails: the nearest is past read(a) at 1"),
        ("past read(a) within 1s", "past read(a) within 1s fails: each such call is longer ago"),
        ("not past read(_) within 1h", "not past read(_) within 1h fails: there is such a call"),
    ],
)
def test_why_not_speaks_of_calls(body: str, says: str) -> None:
    """Why-not shows the literal as it is written, and what is wrong with the calls."""
    checker = Checker.from_text(f".action read(d: symbol)\n.action send()\nforbid send :- {body}.")
    for number, document in enumerate("ab", start=1):
        checker.record(f"read({document})", succeeded=True)
        checker.update(add=[("called", (number, "read", 10 * number))])
    checker.update(add=["now(30)"])
    text = str(checker.why_not("send", verdict="forbid"))
    assert says in text
    assert not any(word in text for word in ("#", "call past", "last"))


@pytest.mark.parametrize("told", [[], ["now(100)"], ["called(1, send, 5)"]])
@pytest.mark.parametrize("body", ["past send within 1h", "not past send within 1h"])
def test_a_call_at_no_known_time_leaves_within_without_an_answer(body: str, told: list[str]) -> None:
    """Without a clock, or the time of the call, an action that hangs on it is rejected whatever the rule."""
    checker = Checker.from_text(f".action send()\nforbid send :- {body}.")
    checker.record("send", succeeded=True)
    checker.update(add=told)
    decision = checker.check("send")
    assert decision.verdict == "undecided"
    assert isinstance(decision.reasons[0].error, ArithmeticFailure)
    assert "whether a call was made within 1h is not known" in str(decision.reasons[0])


def test_equal_calls_without_an_outcome_get_it_each_for_itself() -> None:
    """A record with its outcome is one call, and a later outcome is of the call that it is said of."""
    checker = Checker.from_text(LEAK)
    checker.update(add=["secret(plan)"])
    checker.record("read(plan)")  # nobody knows how it went
    checker.record("confirm", succeeded=True)
    checker.record("read(plan)", succeeded=True)
    assert not checker.check("send(eve)").admissible
    checker = Checker.from_text(LEAK)
    checker.update(add=["secret(plan)"])
    checker.record("read(plan)")
    first = checker.last_call
    checker.record("confirm", succeeded=True)
    checker.record("read(plan)")
    checker.record("read(plan)", succeeded=True, entered=True, number=first)
    assert checker.check("send(eve)").admissible


def words() -> Iterator[str]:
    """Programs in which the words are names too."""
    for word in ("at", "within", "before", "after", "since"):
        yield f""".decl {word}({word}: symbol, b: symbol) input
        .action {word}_({word}: symbol)
        forbid {word}_({word}: X) :- {word}(X, {word}), past {word}_(X), not past {word}_(_) at 3."""
        place = {"at": "1", "within": "1h"}.get(word, f"past {word}")
        yield f".action {word}()\nforbid {word} :- past {word} {word} {place}."


@pytest.mark.parametrize("text", list(words()))
def test_the_words_stay_names(text: str) -> None:
    """A relation, an action, an argument and a constant may have the name of any of the words."""
    Checker.from_text(text)


def test_the_id_hangs_on_neither_names_nor_order() -> None:
    """Two rules that differ in the names of variables and the order of items alone have one id."""
    one = Checker.from_text(LEAK.replace("@id(leak) ", ""))
    two = Checker.from_text(
        LEAK.replace("@id(leak) ", "").replace(
            "not succeeded confirm since succeeded read(D), secret(D)",
            "secret(X), not succeeded confirm since succeeded read(X)",
        )
    )
    assert [r.id for r in one.program.written] == [r.id for r in two.program.written]
    assert one.program.version == two.program.version
