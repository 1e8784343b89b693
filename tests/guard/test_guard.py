"""The guard by itself: verdicts, history, directives, functions of the host, sessions."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.errors import GuardError, ProgramError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools

if TYPE_CHECKING:
    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.verdict import Verdict

RULES = """
.decl internal(address: symbol)
.decl closed(day: symbol) input
.action send(to: any, text: symbol)
.action pay(amount: float, to: symbol)
.action read(path: symbol)
.action book(day: symbol, guest?: any)

internal("ann@us").

@id(outside) @because("{T} is not one of us")
forbid send(to: L) :- item(L, _, T), not internal(T).

@id(large) @escalate @because("{A} is much")
forbid pay(amount: A) :- A > 100.0.

@id(workspace) @rewrite(path, "/data/{P}") @because("{P} is outside of /data")
forbid read(path: P) :- not starts_with(P, "/data/").

@id(climbing) @because("{P} climbs out by `..`")
forbid read(path: P) :- contains(P, "..").

@id(once) @because("it was paid already")
forbid pay(to: T) :- past pay(to: T).

@id(shut) @disclose(nothing)
forbid book(day: D) :- closed(D).
@id(minor)
forbid book(guest: G) :- field(G, age, N), N < 18.
"""


def test_admitted_calls_keep_their_arguments() -> None:
    """An admitted call runs with its own arguments, which nothing changes afterwards."""
    given = {"to": ["ann@us"], "text": "hello"}
    verdict = Guard(text=RULES).check("send", given, id="7")
    given["to"] = ["eve@them"]
    assert (verdict.outcome, verdict.runs, verdict.message) == ("admit", True, "")
    assert verdict.arguments == {"to": ["ann@us"], "text": "hello"}


@pytest.mark.parametrize("to", ["eve@them", ["eve@them"], ["ann@us", "eve@them"], [["eve@them"]]])
def test_lists_and_single_values_are_seen_alike(to: Any) -> None:
    """``item`` opens a list, and serves an argument that may be a single value."""
    verdict = Guard(text=RULES).check("send", {"to": to, "text": "hello"})
    assert (verdict.outcome, verdict.rules) == ("reject", ("outside",))
    assert "is not one of us" in verdict.message


def test_objects_are_opened() -> None:
    """``field`` opens an object."""
    guard = Guard(text=RULES)
    assert guard.check("book", {"day": "monday", "guest": {"name": "Ann", "age": 12}}).rules == ("minor",)
    assert guard.check("book", {"day": "monday", "guest": {"name": "Ann", "age": 21}}).runs
    assert guard.check("book", {"day": "monday"}).runs


def test_the_model_sees_what_the_author_allows() -> None:
    """A rule that discloses nothing gives nothing away."""
    guard = Guard(text=RULES)
    guard.update(add=["closed(sunday)"])
    verdict = guard.check("book", {"day": "sunday"})
    assert verdict.message == "The call was rejected.\n- no reason is disclosed"
    assert verdict.decision is not None
    assert "closed(sunday)" in verdict.decision.reasons[0].text


def test_rewritten_arguments_are_checked() -> None:
    """A rewriting makes another call, which is checked as a whole."""
    guard = Guard(text=RULES)
    verdict = guard.check("read", {"path": "notes.txt"})
    assert (verdict.outcome, verdict.runs) == ("modify", True)
    assert (verdict.arguments, verdict.changes) == ({"path": "/data/notes.txt"}, {"path": "/data/notes.txt"})
    stubborn = RULES + '@id(never) forbid read(path: P) :- contains(P, "/data/secret").'
    verdict = Guard(text=stubborn).check("read", {"path": "secret"})
    assert (verdict.outcome, verdict.rules) == ("reject", ("never",))


def test_rewriting_without_end_is_rejected() -> None:
    """Rules that rewrite each other's arguments do not go on for ever."""
    guard = Guard(text='.action go(x: symbol)\n@rewrite(x, "{X}a") forbid go(X) :- length(X) > 0.')
    verdict = guard.check("go", {"x": "b"})
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert verdict.error is not None
    assert "rewritten" in verdict.error


@pytest.mark.parametrize("value", ["{Y}", "the {X}"])
def test_a_rewriting_that_is_not_known_is_rejected(value: str) -> None:
    """One engine keeps no proofs, and another is not always in time: then there are no values to fill in."""
    pytest.importorskip("pyDatalog")
    law = f'@rewrite(x, "{value}") forbid go(X) :- Y = concat(X, "a"), X = b.'
    guard = Guard(text=f".action go(x: symbol)\n{law}", engine="pydatalog", strict=False)
    verdict = guard.check("go", {"x": "b"})
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert verdict.error is not None
    assert "EvaluationError: it is not known what" in verdict.error
    plain = Guard(text=f".action go(x: symbol)\n{law.replace(value, 'c')}", engine="pydatalog", strict=False)
    assert plain.check("go", {"x": "b"}).arguments == {"x": "c"}


def test_an_argument_can_be_taken_away() -> None:
    """Rewritten to ``null``, an argument is left out; a variable alone keeps its type."""
    guard = Guard(
        text=".action go(x?: symbol, n: any)\n@rewrite(x, null) forbid go(x: X) :- X != null.\n"
        '@rewrite(n, "{M}") forbid go(n: N) :- N != null, M = N - 1, N > 5.'
    )
    verdict = guard.check("go", {"x": "b", "n": 6})
    assert (verdict.outcome, verdict.arguments, verdict.dropped) == ("modify", {"n": 5}, frozenset({"x"}))


@pytest.mark.parametrize("said", [True, False])
def test_a_person_is_asked(said: bool) -> None:
    """The approver, who sees the call, decides on one that a rule leaves to a person."""
    asked: list[Verdict] = []

    def approver(verdict: Verdict) -> bool:
        asked.append(verdict)
        return said

    guard = Guard(text=RULES, approver=approver)
    verdict = guard.check("pay", {"amount": 500, "to": "bob"})
    assert [each.arguments for each in asked] == [{"amount": 500, "to": "bob"}]
    assert (verdict.runs, verdict.approved) == (said, said)
    assert verdict.outcome == ("admit" if said else "reject")
    assert ("did not approve" in verdict.message) is not said


def test_nobody_to_ask_is_a_no() -> None:
    """Without an approver, or with one that fails or says something else than True, the call is rejected."""
    approvers: list[Any] = [None, lambda v: 1 / 0, lambda v: "yes", lambda v: threading.Event().wait(9)]
    for approver in approvers:
        guard = Guard(text=RULES, approver=approver, approval_timeout=0.05)
        assert not guard.check("pay", {"amount": 500, "to": "bob"}).runs


def test_hosts_may_ask_in_their_own_way() -> None:
    """An outcome is left open where the host asks for that, and answered once; the state counts then."""
    guard = Guard(text=RULES)
    verdict = guard.check("pay", {"amount": 500, "to": "bob"}, ask=False)
    assert (verdict.outcome, verdict.runs) == ("escalate", False)
    assert guard.answer(verdict, True).runs
    second = guard.answer(verdict, True)
    assert (second.outcome, second.rules) == ("reject", ("large", "once"))
    with pytest.raises(StateError):
        guard.answer(second, True)


def test_a_person_reads_that_a_person_is_asked() -> None:
    """The person who is asked reads so, with the reasons; the model reads that the call was rejected."""
    asked: list[str] = []

    def approver(verdict: Verdict) -> bool:
        asked.append(verdict.message)
        return False

    guard = Guard(text=RULES, approver=approver)
    call: dict[str, Any] = {"to": "ann@us", "amount": 500}
    left = guard.check("pay", call, ask=False)
    refused = guard.check("pay", call)
    (read,) = asked
    first, reasons = read.split("\n", 1)
    assert (first, left.message) == ("A person must approve this call.", read)
    assert left.refusal == f"The call was rejected.\n{reasons}"
    assert refused.message == f"A person did not approve this call.\nThe call was rejected.\n{reasons}"
    assert refused.refusal == refused.message


def test_the_callers_name_of_a_call_is_told_apart_from_the_verdicts_id() -> None:
    """The error for a caller's own name in the place of a verdict's id says which id that is; where several
    calls have that name, or none that waits, it does not."""
    guard = Guard(text=".action look()", strict=False)
    verdict = guard.check("look", {}, id="call_1")
    with pytest.raises(
        StateError, match=f"`call_1` is your name of the call; its verdict's id is `{verdict.id}`"
    ):
        guard.record("call_1", True)
    with pytest.raises(StateError, match="no admitted call `call_1`"):
        guard.record("call_1", True, session="another")
    guard.check("look", {}, id="call_1")
    with pytest.raises(StateError, match="no admitted call `call_1`"):
        guard.record("call_1", True)
    guard.record(verdict.id, True)
    guard.check("look", {})
    with pytest.raises(StateError, match="no admitted call ``"):
        guard.record("", True)


def test_an_approval_is_for_one_call() -> None:
    """A second answer to one verdict makes no second call, also where the rules alone would admit it."""
    guard = Guard(
        text="""
        .decl spent(n: int) key()
        .action pay(n: int)
        spent(0).
        pay(N) causes spent(S + N) :- spent(S).
        @escalate forbid pay(N) :- N > 10.
        forbid pay(N) :- spent(S), S + N > 100.
        """
    )
    verdict = guard.check("pay", {"n": 30}, ask=False)
    assert [guard.answer(verdict, True).runs for _ in range(3)] == [True, False, False]
    guard.record(verdict, True)
    assert "approved this call" in str(guard.answer(verdict, True).error)
    assert [guard.check("pay", {"n": 10}).runs for _ in range(8)] == [True] * 7 + [False]


def test_an_approval_is_for_the_rules_that_a_person_was_told_of() -> None:
    """An answer does not cover a rule that came to stand against the call since a person was asked, though it
    is left to a person too."""
    guard = Guard(
        text="""
        .decl blocked(to: symbol) input
        .action pay(to: symbol, n: int)
        @id(large) @escalate forbid pay(_, N) :- N > 10.
        @id(blocked) @escalate forbid pay(T, _) :- blocked(T).
        """
    )
    verdict = guard.check("pay", {"to": "bob", "n": 30}, ask=False)
    guard.update(add=["blocked(bob)"])
    answered = guard.answer(verdict, True)
    assert (answered.outcome, answered.runs) == ("reject", False)
    assert "changed while a person was asked" in str(answered.error)
    asked = guard.check("pay", {"to": "bob", "n": 30}, ask=False)
    guard.update(remove=["blocked(bob)"])
    assert set(asked.rules) == {"large", "blocked"}
    assert guard.answer(asked, True).runs


def test_calls_of_one_turn_see_each_other() -> None:
    """A call counts as tried from the moment it is admitted: of many at once, one is paid."""
    guard = Guard(text=RULES)
    verdicts: list[Verdict] = []
    barrier = threading.Barrier(16)

    def pay() -> None:
        barrier.wait()
        verdicts.append(guard.check("pay", {"amount": 5, "to": "bob"}))

    threads = [threading.Thread(target=pay) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each.outcome for each in verdicts) == ["admit"] + ["reject"] * 15


def test_sessions_share_nothing() -> None:
    """Facts and history are those of one session; an ended one begins anew."""
    guard = Guard(text=RULES, sessions=2)
    pay: dict[str, Any] = {"amount": 5, "to": "bob"}
    assert guard.check("pay", pay, session="a").runs
    assert not guard.check("pay", pay, session="a").runs
    assert guard.check("pay", pay, session="b").runs
    assert not guard.check("pay", pay, session="c").runs  # there are two
    guard.end("a")
    assert guard.check("pay", pay, session="c").runs


def test_results_are_facts() -> None:
    """The result of a call enters the history, with its effects, and with facts from the host."""
    guard = Guard(
        text=".decl exists(p: symbol) input\n.decl seen(p: symbol) input\n.action make(p: symbol)\n"
        "make(P) causes exists(P).\n@id(there) forbid make(P) :- exists(P).\n"
        "@id(seen) forbid make(P) :- seen(P).\n@id(vain) forbid make(P) :- failed make(P)."
    )
    first = guard.check("make", {"p": "a"})
    assert guard.check("make", {"p": "a"}).rules in (("there",), ("vain",))  # whether it succeeds or fails
    guard.record(first, True, facts=["seen(b)"])
    assert guard.check("make", {"p": "a"}).rules == ("there",)
    assert guard.check("make", {"p": "b"}).rules == ("seen",)
    guard.record(guard.check("make", {"p": "c"}).id, False)
    assert guard.check("make", {"p": "c"}).rules == ("vain",)
    with pytest.raises(StateError, match="waits"):
        guard.record(first, True)


FUNCTIONS = """
.decl known(address: symbol) input
.decl blocked(address: symbol)
bad(T) :- blocked(T).
.decl bad(address: symbol)
.action send(to: symbol)
.action stop()
@id(unknown) forbid send(to: T) :- not known(T).
@id(blocked) forbid send(to: T) :- bad(T).
"""


def test_functions_are_asked_where_a_rule_needs_them() -> None:
    """A function of the host is asked once for a check, where rules of the action lead to its relation."""
    asked: list[Any] = []

    def known(call: Call) -> list[str]:
        asked.append(call.arguments)
        return ["ann", "bob"]

    guard = Guard(text=FUNCTIONS, relations={"known": known, "blocked": lambda call: [("bob",)]})
    assert guard.check("stop").runs
    assert asked == []
    assert guard.check("send", {"to": "ann"}).runs
    assert guard.check("send", {"to": "bob"}).rules == ("blocked",)
    assert guard.check("send", {"to": "eve"}).rules == ("unknown",)
    assert asked == [{"to": "ann"}, {"to": "bob"}, {"to": "eve"}]
    assert guard.session("").checker.query("known(X)") == {}


@pytest.mark.parametrize(
    "function",
    [
        lambda call: 1 / 0,
        lambda call: sys.exit(0),
        lambda call: threading.Event().wait(9),
        lambda call: "ann",
        lambda call: None,
        lambda call: [("ann", "bob")],
        lambda call: [7],
        lambda call: iter(int, 1),
    ],
)
def test_functions_that_fail_are_rejections(function: Any) -> None:
    """An exception, a hang, or what is no row: rejected, and the next call is decided as ever."""
    guard = Guard(text=FUNCTIONS, relations={"blocked": function})
    guard.update(add=["known(ann)"])
    patient, guard.timeout = guard.timeout, 0.2
    verdict = guard.check("send", {"to": "ann"})
    guard.timeout = patient
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert verdict.error is not None
    assert verdict.message == "The call could not be checked, and was not made."
    assert guard.check("stop").runs


def test_a_budget_fails_closed() -> None:
    """A question that the engine cannot finish in time is rejected."""
    guard = Guard(
        text=".decl n(x: int)\nn(0).\nn(Y) :- n(X), Y = X + 1.\n.action go()\nforbid go :- n(-1).",
        timeout=0.2,
    )
    verdict = guard.check("go")
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert verdict.error is not None


def test_shadow_blocks_nothing() -> None:
    """In shadow mode the outcome is known, and every call runs with its own arguments, once in history."""
    guard = Guard(text=RULES, mode="shadow", approver=lambda verdict: bool(1 / 0))
    for call, outcome in [
        (("send", {"to": "eve@them", "text": "x"}), "reject"),
        (("read", {"path": "notes"}), "modify"),
        (("pay", {"amount": 500, "to": "bob"}), "escalate"),
        (("pay", {"amount": 5, "to": "bob"}), "reject"),
        (("nothing", {}), "reject"),
        (("pay", {"amount": "five"}), "reject"),
    ]:
        verdict = guard.check(*call)
        assert (verdict.outcome, verdict.runs, verdict.arguments) == (outcome, True, call[1])
        guard.record(verdict, True)


def test_async_hosts_go_on() -> None:
    """The event loop runs while a function of the host is waited for; approvers may be async."""

    async def approver(verdict: Verdict) -> bool:
        await asyncio.sleep(0)
        return True

    ticked = threading.Event()

    def slow(call: Call) -> list[str]:
        assert ticked.wait(60)
        return []

    async def main() -> tuple[list[Verdict], int]:
        ticks = 0
        done = asyncio.gather(
            *(guard.acheck("pay", {"amount": 500.0, "to": name}) for name in ("ann", "bob"))
        )
        while not done.done():
            ticks += 1
            if ticks > 2:
                ticked.set()
            await asyncio.sleep(0)
        return await done, ticks

    more = ".decl late(x: symbol) input\nforbid pay(to: T) :- late(T)."
    guard = Guard(text=RULES + more, approver=approver, relations={"late": slow})
    verdicts, ticks = asyncio.run(main())
    assert [each.outcome for each in verdicts] == ["admit", "admit"]
    assert ticks > 2


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("@rewrite(y, 1) forbid go(_).", "no argument `y`"),
        ("@rewrite(x) forbid go(_).", "takes an argument and a value"),
        ('@rewrite(x, "{Y}") forbid go(_).', "no variable"),
        ("@escalate(1) forbid go(_).", "takes nothing"),
    ],
)
def test_directives_are_held_against_the_rules(rules: str, said: str) -> None:
    """A directive that makes no sense is refused when the guard is made, with its place."""
    with pytest.raises(GuardError, match=f"<rules>:2:.*{said}"):
        Guard(text=f".action go(x: symbol)\n{rules}")


@pytest.mark.parametrize(
    "rules",
    [
        "@escalate permit go(_).",
        '@rewrite(x, "a") permit go(_).',
        "@escalate prefer go(_).",
        '@escalte @because("no") forbid go(_).',
        "@rewrte(x, 1) forbid go(_).",
    ],
)
def test_a_directive_that_would_do_nothing_is_no_rule(rules: str) -> None:
    """One before the wrong clause, or spelled wrongly, is refused before any call, with its place."""
    with pytest.raises(ProgramError, match=r"(?s)`@\w+`.*<rules>:2:"):
        Guard(text=f".action go(x: symbol)\n{rules}")


def test_options_are_held_to_what_they_may_be() -> None:
    """A mode, a relation or rules that are none are refused when the guard is made."""
    with pytest.raises(GuardError, match="enforce or shadow"):
        Guard(text=RULES, mode="both")  # type: ignore[arg-type]
    with pytest.raises(GuardError, match="not declared"):
        Guard(text=RULES, relations={"nothing": lambda call: []})
    with pytest.raises(ProgramError):
        Guard(text="forbid go.")


def test_several_tools_are_one_action() -> None:
    """Agents that name a tool and its arguments differently share a rule; a stranger is none of them."""
    guard = Guard(
        text=".action write(file: symbol)\n"
        'tool_name("Write", write). tool_name("StrReplace", write).\n'
        "argument_name(write, file_path, file). argument_name(write, path, file).\n"
        '@rewrite(file, "/data/{F}") forbid write(file: F) :- not starts_with(F, "/data/").\n'
        'forbid write(file: F) :- contains(F, "..").'
    )
    assert guard.check("Write", {"file_path": "a"}).arguments == {"file_path": "/data/a"}
    assert guard.check("StrReplace", {"path": "a"}).arguments == {"path": "/data/a"}
    assert not guard.check("write", {"path": "/data/a"}).runs
    assert not guard.check("Write", {"path": "/data/a", "file_path": "/data/a"}).runs
    assert not guard.check("Write", {"file": "/data/a"}).runs


def test_tools_may_come_and_go() -> None:
    """Other tools take the place of the old ones, history and all; none at all leaves no call."""
    pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")
    one, two = ({"name": name, "inputSchema": {"type": "object"}} for name in ("one", "two"))
    guard = Guard(text="", tools=Tools([one]))
    assert guard.check("one").runs
    assert guard.use(Tools([one, two]))
    assert guard.check("two").runs
    assert guard.use(Tools([]))
    assert not guard.check("one").runs


def test_history_that_only_effects_read_is_kept() -> None:
    """The effects of an action may depend on what was tried before, through other relations too."""
    guard = Guard(
        text=".decl armed(x: symbol)\n.decl primed(x: symbol)\n"
        ".action prime(x: symbol)\n.action pull(x: symbol)\nprimed(X) :- past prime(X).\n"
        "pull(X) causes armed(X) :- primed(X).\n@id(a) forbid pull(X) :- armed(X)."
    )
    guard.record(guard.check("pull", {"x": "a"}), True)
    guard.record(guard.check("prime", {"x": "a"}), True)
    guard.record(guard.check("pull", {"x": "a"}), True)
    assert guard.check("pull", {"x": "a"}).rules == ("a",)
