"""``failed_unchanged``: the proposed call has failed, and nothing that it depends on has changed since."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker, Guard, ProgramError, evaluate
from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.checker.render import proof_text
from mpr_logic.checker.verifier import verify
from mpr_logic.language.parser import parse
from mpr_logic.models.grammars import Vocabulary
from tests.helpers.naive import evaluate as naive

RULES = """.decl banned(x: symbol) input
.decl p(x: symbol) input
.decl r(x: symbol) input
.action a(x: symbol)
.action b(x: symbol)
.action c()
.action d()
.action e(x: symbol, y: symbol)
.hint d(readOnlyHint)
@id(law) @because("{X} is banned") forbid a(X) :- banned(X), not p(X).
@id(again) @because("that has failed, and nothing has changed since") forbid any :- failed_unchanged.
b(X) causes p(X).
a(X) causes r(X).
e(X, _) ends r(X) :- p(X).
"""
CHANGING = {"a": "abce", "b": "bc", "c": "abce", "d": "abcde", "e": "abce"}
"""The actions that may change what an action depends on: of `a`, `b` writes `p` that its law reads, `e`
writes `r` that it changes itself, and of `c` nobody says what it does; `d` reads, and counts for itself."""

CALLS = ["a(u)", "a(v)", "b(u)", "b(v)", "c", "d", "e(u, v)", "e(v, v)"]
HISTORIES = st.lists(st.tuples(st.sampled_from(CALLS), st.sampled_from([True, False, None])), max_size=9)


def expected(history: list[tuple[str, bool | None]], call: str) -> bool:
    """Whether the last failure of a call has no later call behind it that may have changed something."""
    failed = [place for place, each in enumerate(history) if each == (call, False)]
    if not failed:
        return False
    later = history[failed[-1] + 1 :]
    return not any(each[0] in CHANGING[call[0]] and outcome is not False for each, outcome in later)


@given(HISTORIES)
def test_it_means_what_it_says(history: list[tuple[str, bool | None]]) -> None:
    """Engine, verifier and the naive evaluator agree with the definition, after any history."""
    checker = Checker.from_text(RULES)
    for action, succeeded in history:
        checker.record(action, succeeded, effects=False)
    facts = checker.facts()
    actions: dict[str, set[tuple[str, ...]]] = {"c": {()}, "d": {()}, "e": {*product("uv", "uv")}}
    actions |= {name: {("u",), ("v",)} for name in "ab"}
    rows = naive(checker.program, facts, actions)
    for call in CALLS:
        decision = checker.check(call)
        assert ("again" in decision.rules) is expected(history, call), call
        name, _, args = call.rstrip(")").partition("(")
        assert (tuple(args.split(", ")) if args else ()) in rows[f"forbid {name}"] or decision.admissible
        for reason in decision.reasons:
            assert reason.proof is not None
            assert verify(reason.proof, checker.program, facts) == []


def test_the_second_engine_agrees() -> None:
    """pyDatalog says the same."""
    checker = Checker.from_text(RULES, engine="both")
    for action, succeeded in (("a(u)", False), ("d", True), ("b(v)", False)):
        checker.record(action, succeeded)
    assert checker.check("a(u)").rules == ("again",)
    checker.record("b(v)", True)
    assert checker.check("a(u)").admissible


def test_its_proof_names_the_call() -> None:
    """A proof has the call that failed, and a repair does not try other calls at random."""
    checker = Checker.from_text(RULES)
    checker.record("a(u)", False)
    decision = checker.check("a(u)")
    proof = decision.reasons[0].proof
    assert proof is not None
    assert "failed a(u): call 1" in proof_text(proof)
    assert not decision.repairs


def test_a_changed_state_admits_it_again() -> None:
    """After a call that may have changed what it depends on it is admitted; a repair may be such a call."""
    checker = Checker.from_text(RULES)
    checker.update(add=["banned(u)"])
    checker.record("a(u)", False)
    assert set(checker.check("a(u)").rules) == {"law", "again"}
    assert [repair.actions for repair in checker.check("a(u)").repairs] == [("b(u)",)]
    checker.record("b(u)", True)
    assert checker.check("a(u)").admissible


def test_it_may_be_denied_and_weighed() -> None:
    """`not failed_unchanged` admits what is new, a light rule advises, and a class asks for its members."""
    checker = Checker.from_text(
        ".action a(x: symbol)\n.action b()\n.class both {a, b}\n.default forbid both\n"
        "permit both :- not failed_unchanged.\n@id(light) 0.5 :: forbid a(X) :- failed_unchanged, X != v.\n"
    )
    assert checker.check("a(u)").admissible
    checker.record("a(u)", False)
    decision = checker.check("a(u)")
    assert decision.verdict == "unpermitted"
    assert [each.id for each in decision.advice] == ["light"]
    assert checker.check("a(v)").admissible
    checker.record("b", True)
    assert checker.check("a(u)").admissible


def test_in_a_guard() -> None:
    """A call that failed is rejected until one that may have changed something has succeeded."""
    guard = Guard(text=RULES)
    first = guard.check("a", {"x": "u"})
    assert first.runs
    guard.record(first, succeeded=False)
    again = guard.check("a", {"x": "u"})
    assert not again.runs
    assert "that has failed" in again.message
    other = guard.check("c", {})
    assert other.runs
    assert not guard.check("a", {"x": "u"}).runs, "nobody knows yet how that went"
    guard.record(other, succeeded=True)
    assert guard.check("a", {"x": "u"}).runs


def test_programs_of_before_are_what_they_were() -> None:
    """A relation of that name that a program declares, or plain Datalog has, is its own."""
    own = '.decl failed_unchanged(x: symbol) input\n.action a(x: symbol)\n@id(own) @because("{X}") '
    own += "forbid a(X) :- failed_unchanged(X).\n"
    checker = Checker.from_text(own)
    checker.update(add=["failed_unchanged(u)"])
    assert checker.check("a(u)").rules == ("own",)
    assert evaluate("failed_unchanged(1). q(X) :- failed_unchanged(X).")["q"] == {(1,)}
    without = "@id(n) forbid a(_) :- q.\n.decl q() input\n.action a(x: symbol)\n"
    hinted = f"{without}.hint a(readOnlyHint)\n"
    assert Checker.from_text(without).program.version == Checker.from_text(hinted).program.version


def test_hints_tell_versions_apart_where_they_count() -> None:
    """Which actions read only decides then, so two programs that differ in it have two versions."""
    assert (
        Checker.from_text(RULES).program.version
        != Checker.from_text(RULES.replace(".hint d(readOnlyHint)\n", "")).program.version
    )


def test_models_are_offered_no_name_that_they_cannot_write() -> None:
    """The relation that stands for it has a name of two words, which no grammar of a model has."""
    assert not [name for name in Vocabulary.of([parse(RULES)]).relations if " " in name]


MISTAKES = [
    (
        "forbid a(X) :- failed_unchanged(X).",
        "E0203",
        "failed_unchanged()",
        "forbid a(_) :- failed_unchanged.",
    ),
    ("forbid a(X) :- failed unchanged.", "E0201", "unchanged", "forbid a(_) :- failed_unchanged."),
    ("forbid a(X) :- failed_unchanged a(X).", "E01", "", "forbid a(_) :- failed_unchanged."),
    ("forbid a(X) :- past failed_unchanged.", "E0202", "action", "forbid a(_) :- failed_unchanged."),
    ("forbid a(X) :- failed_unchange.", "E0201", "failed_unchanged", "forbid a(_) :- failed_unchanged."),
    ("forbid a(X) :- unchanged_failed.", "E0201", "", "forbid a(_) :- failed_unchanged."),
    (
        "q(X) :- p(X), failed_unchanged.",
        "E0294",
        "forbid any :- failed_unchanged",
        "forbid any :- failed_unchanged.",
    ),
    ("a(X) causes p(X) :- failed_unchanged.", "E0294", "not succeeded b since", "a(X) causes p(X) :- r(X)."),
    ("failed_unchanged :- p(_).", "E0224", "relation of your own", "forbid any :- failed_unchanged."),
    ("failed_unchanged.", "E0224", "relation of your own", "forbid any :- failed_unchanged."),
]


@pytest.mark.parametrize(("wrong", "code", "help", "right"), MISTAKES)
def test_mistakes(wrong: str, code: str, help: str, right: str) -> None:
    """Each mistake is found, with a fix that is right."""
    schema = ".decl q(x: symbol)\n.decl p(x: symbol) input\n.decl r(x: symbol) input\nq(u).\n"
    schema += ".action a(x: symbol)\n"
    with pytest.raises(ProgramError) as raised:
        analyse([parse(schema + wrong)])
    assert any(each.code.startswith(code) and help in f"{each.help}" for each in raised.value.diagnostics), [
        (each.code, each.help) for each in raised.value.diagnostics
    ]
    program = analyse([parse(f"{schema}forbid a(X) :- p(X), q(X), r(X).\n{right}")])
    assert [each.code for each in vet(program) if each.severity == "error"] == []
