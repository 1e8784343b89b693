"""A decision answers of the state that it was made in, however much has changed since."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Budget, Checker, EvaluationError, StaleDecisionError
from mpr_logic.analysis.program import Fact
from mpr_logic.checker import versions
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, FactProof, RuleProof
from mpr_logic.language.ast import NOWHERE
from tests.checker.test_verdicts import guarded, tell
from tests.helpers.examples import at_most
from tests.helpers.programs import EXAMPLES, Case, slow_fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = """
.decl at(p: symbol)
.decl seen(p: symbol) open_world
.decl hour(s: int)
.action go(p: symbol)
@because("not at {P}, at {Q}") forbid go(P) :- not at(P), at(Q).
@id(blind) forbid go(P) :- not seen(P).
0.5 :: forbid go(_) :- hour(N), N > 5.
"""


def told(decision: Any) -> tuple[list[Any], dict[Any, Any]]:
    """Return the content of a decision: its rules and their weights, and the facts of its proofs with their
    weights and sources. Of two proofs of one weight either may be told."""
    with suppress(EvaluationError):
        said = [*decision.reasons, *decision.advice]
        facts: dict[Any, Any] = {}
        for each in said:
            facts |= {(f.relation, f.row): (f.weight, str(f.source)) for f in leaves(each.proof)}
        return sorted([(r.id, r.weight) for r in said], key=str), facts
    return ["undecided"], {}


def leaves(part: Any) -> Iterator[FactProof]:
    """The asserted facts that a proof, or a step of one, rests on."""
    match part:
        case FactProof():
            yield part
        case RuleProof():
            for step in part.steps:
                yield from leaves(step)
        case AggregateStep():
            for row in part.rows:
                for each in row:
                    yield from leaves(each)
        case AbsenceStep():
            yield from leaves(part.present)


def sources(checker: Checker) -> dict[Any, Any]:
    """Every asserted fact with its weight, and where it came from."""
    with checker.asking() as engine:
        return {
            (relation, row): (weight, str(engine.source(relation, row)))
            for relation, rows in checker.facts().items()
            for row, weight in rows.items()
        }


@slow_fuzz
@settings(
    database=None,
    max_examples=max(EXAMPLES // 4, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(given_case=guarded(), data=st.data())
def test_what_is_asked_late_is_what_was_true_then(given_case: tuple[Case, str], data: st.DataObject) -> None:
    """In generated programs, after any number of updates and in any order: the rules and weights are those
    that were there at once, also of what was decided while facts were assumed; the proofs rest on facts of
    that state, with their sources; and nothing of the present state changes."""
    case, text = given_case
    actions = [Action(name, *row) for name, rows in case.candidates.items() for row in rows[:2]]
    checker = Checker.from_text(text, theta=0.6, budget=Budget(seconds=60))
    kept: list[tuple[Any, Any, dict[Any, Any]]] = []
    for number, step in enumerate((*case.facts, *case.updates)):
        tell(checker, step)
        assumed = Fact(step.relation, step.row, 0.7, NOWHERE)
        with checker.assuming([assumed] if number % 2 else []):
            now = [told(d) for d in checker.check_all(actions, proofs=True)]
            held = sources(checker)
            late = checker.check_all(actions)
            kept += [(each, said, held) for each, (said, _) in zip(late, now, strict=True)]
    before = sources(checker)
    for decision, at_once, held in data.draw(st.permutations(kept)):
        said, facts = told(decision)
        assert said == at_once
        assert facts.items() <= held.items()
    assert sources(checker) == before


def test_a_state_that_nobody_holds_is_not_kept() -> None:
    """Once the decisions about a state are gone, an update keeps nothing of it; while one is there, all."""
    checker = Checker.from_text(SMALL)
    checker.update(add=["at(here)"])
    kept = checker.check("go(there)")
    state = ref(checker.version)
    checker.update(remove=["at(here)"])
    held = state()
    assert held is not None
    assert held.undo
    del held
    del kept
    assert state() is None
    checker.check_all(["go(there)", "go(here)"])
    state = ref(checker.version)
    checker.update(add=["at(here)"])
    assert state() is None


def test_what_changes_while_facts_are_assumed_stays() -> None:
    """An assumption is taken back, and other changes meanwhile stay: weights and sources are as before."""
    checker = Checker.from_text(SMALL)
    checker.update(add=["0.4 :: at(a)", "seen(a)"], source="the eyes")
    assumed = [Fact("at", ("a",), 1.0, NOWHERE), Fact("not seen", ("a",), 1.0, NOWHERE)]
    before = sources(checker)
    with checker.assuming(assumed):
        inside = checker.check("go(a)")
        checker.update(add=["at(b)"], source="another")
        assert checker.query("at(X)") == {("a",): 1.0, ("b",): 1.0}
    assert sources(checker) == before | {("at", ("b",)): (1.0, "another")}
    assert inside.rules == ("blind",)
    assert [str(r) for r in checker.check("go(c)").reasons] == ["not at c, at b"]
    assert sources(checker) == before | {("at", ("b",)): (1.0, "another")}


def test_an_assumption_that_does_not_fit_leaves_nothing() -> None:
    """A fact that cannot be assumed takes those before it back too."""
    checker = Checker.from_text(SMALL)
    facts: list[Any] = [Fact("at", ("a",), 1.0, NOWHERE), 7]
    with pytest.raises(Exception, match="a fact is a text"), checker.assuming(facts):
        raise AssertionError
    assert checker.facts() == {}


def test_too_much_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound the state is not gone back to: that is said by an error of its own, and the reasons that
    were recorded are still there."""
    monkeypatch.setattr(versions, "FAR", 10)
    checker = Checker.from_text(SMALL)
    checker.update(add=["not seen(a)"])
    recorded, (late,) = checker.check("go(a)"), checker.check_all(["go(a)"])
    checker.update(add=[f"at(p{i})" for i in range(11)])
    with pytest.raises(StaleDecisionError, match="11 facts have changed"):
        _ = late.reasons
    assert recorded.rules == ("blind",)
    assert len(checker.facts()["at"]) == 11


def test_states_that_nobody_asks_about_are_forgotten() -> None:
    """Twenty thousand updates hold no memory of the states between, and letting go of a decision frees
    a chain of any length."""
    checker = Checker.from_text(SMALL)
    first = checker.version
    (decision,) = checker.check_all(["go(a)"])
    for i in range(20_000):
        checker.update(add=[f"hour({i % 3})"], remove=[f"hour({(i + 2) % 3})"])
    length, each = 0, first
    while each.newer is not None:
        length, each = length + 1, each.newer
    assert length > 19_000
    del decision, first
    assert checker.check("go(a)").verdict == "admissible"


@pytest.mark.heavy
@settings(database=None, max_examples=at_most(60), deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.sampled_from((None, True, False))), max_size=12))
def test_calls_of_the_history_come_back(steps: list[tuple[int, bool | None]]) -> None:
    """Equal calls that were counted in an earlier state are counted there again, and the present state counts
    its own, as a checker does that never went back."""
    text = """
    .action pay(to: symbol, n: int)
    @because("{S} was paid, {C} tried") forbid pay(_, N) :-
        S = sum A : { succeeded pay(_, A) }, C = count : { past pay(_, _) }, S + N > 3.
    """
    checker, other = Checker.from_text(text), Checker.from_text(text)
    kept = []
    for amount, outcome in steps:
        for each in (checker, other):
            each.record(f"pay(ann, {amount})", outcome)
        kept.append((checker.check_all(["pay(bob, 2)"])[0], str(other.check("pay(bob, 2)").reasons)))
    for decision, at_once in reversed(kept):
        assert str(decision.reasons) == at_once
    for each in (checker, other):
        each.record("pay(ann, 1)", True)
    assert str(checker.check("pay(bob, 2)").reasons) == str(other.check("pay(bob, 2)").reasons)
    assert checker.history() == other.history()
