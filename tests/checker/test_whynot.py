"""Why-not answers name each rule that could have derived an atom, and the first literal of it that fails."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings

from mpr_logic.analysis import analyse
from mpr_logic.checker.whynot import WhyNot, why_not
from mpr_logic.engine.native import NativeEngine
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Literal, Value
from mpr_logic.language.parser import parse
from tests.checker.kitchen import Kitchen
from tests.helpers.programs import EXAMPLES, Case, cases, slow_fuzz


def ask(relation: str, *pattern: Value | None, kitchen: Kitchen | None = None) -> WhyNot:
    """Ask the kitchen."""
    return why_not((kitchen or Kitchen()).engine, relation, pattern)


def test_each_rule_says_where_it_fails() -> None:
    """For an action that nothing forbids every forbid has an attempt with its failing literal."""
    answer = ask("forbid put", "d", "fridge_2")
    assert [(a.rule.id, a.state, a.index) for a in answer.attempts] == [
        ("closed", "false", 1),
        ("hands", "false", 0),
        ("full", "false", 0),
        ("filthy", "unknown", 0),
    ]
    assert [a.nearest for a in answer.attempts[:3]] == [
        "opened(fridge_2) holds",
        "holding(d) holds",
        "the nearest is crowded(shelf)",
    ]
    assert str(answer).splitlines()[:4] == [
        "no rule forbids put(d, fridge_2)",
        "├─ rule closed at kitchen.dl:18:1: forbid put(O, R) :- openable(R), not opened(R).",
        "│  with O = d, R = fridge_2",
        "│  ✗ not opened(fridge_2) fails: opened(fridge_2) holds",
    ]


def test_a_permit_that_is_missing() -> None:
    """Of a closed action it is the permits that are asked for; unknown is told from false."""
    assert [(a.state, a.nearest) for a in ask("permit serve", "a").attempts] == [
        ("unknown", "dirty(a) was neither observed to be true nor to be false")
    ]
    assert [(a.state, a.nearest) for a in ask("permit serve", "b").attempts] == [("false", "dirty(b) holds")]


def test_comparisons_and_aggregates_show_their_values() -> None:
    """A comparison that fails is shown with its values, an aggregate of nothing says so."""
    (attempt,) = ask("crowded", "table_1").attempts
    assert (attempt.nearest, attempt.bindings) == ("1 > 2 is false", {"R": "table_1", "N": 1})
    (attempt,) = ask("crowded", "moon").attempts
    assert attempt.nearest == "there is nothing to aggregate"


def test_the_best_bindings_are_those_that_get_farthest() -> None:
    """Of many bindings one that satisfies the longest prefix is shown."""
    kitchen = Kitchen(
        ".decl p(x: int) .decl q(x: int) .decl r(x: int) .decl s(x: int)"
        " s(X) :- p(X), q(X), r(X). p(1). p(2). p(3). q(3)."
    )
    (attempt,) = ask("s", None, kitchen=kitchen).attempts
    assert isinstance(attempt.failed, Literal)
    assert (attempt.failed.atom.name, attempt.bindings, attempt.passed) == ("r", {"X": 3}, 2)


def test_heads_that_do_not_fit_come_last() -> None:
    """A rule about other constants is said to be about others, and of many only some are listed."""
    kitchen = Kitchen(
        ".decl p(x: int) .decl q(x: int) p(1)." + " ".join(f"q({i}) :- p({i + 7})." for i in range(100))
    )
    answer = ask("q", 99, kitchen=kitchen)
    assert answer.attempts[0].state == "false"
    assert answer.attempts[1].state == "head"
    assert answer.attempts[1].nearest == "it concludes q(0) only"
    assert len(answer.attempts) + answer.omitted == 100
    assert str(answer).splitlines()[-1] == f"└─ and {answer.omitted} rules whose heads do not fit"


def test_what_holds_is_said_to_hold() -> None:
    """Asked about what does hold, the answer says so, with the weight of each rule."""
    answer = ask("forbid put", "d", "fridge_1")
    assert (answer.state, answer.weight) == ("holds", 1.0)
    assert answer.attempts[0].state == "weight"
    assert str(answer).startswith("a rule forbids put(d, fridge_1), with weight 1")


@pytest.mark.parametrize(
    ("relation", "pattern", "first"),
    [
        (
            "at",
            ("a", "table_1"),
            "at(a, table_1) does not hold: no rule concludes it, and there is no such fact",
        ),
        ("dirty", ("a",), "dirty(a) is unknown: it was neither observed to be true nor to be false"),
        ("not dirty", ("b",), "not dirty(b) does not hold: no rule concludes it, and there is no such fact"),
        ("past open", (None,), "past open(_) does not hold: no rule concludes it, and there is no such fact"),
    ],
)
def test_base_facts(relation: str, pattern: tuple[Value | None, ...], first: str) -> None:
    """Of a relation that no rule derives it says that, and of an open-world one that it is unknown."""
    assert ask(relation, *pattern).lines() == [first]


def test_an_open_action_argument_is_named() -> None:
    """A question that leaves an argument of the action open is shown the literal that needs it."""
    states = {a.rule.id: (a.state, a.nearest) for a in ask("forbid put", None, "fridge_1").attempts}
    assert states["hands"] == ("unbound", "`O` has no value yet")
    assert states["closed"][0] == "weight"


@slow_fuzz
@settings(
    database=None,
    max_examples=min(EXAMPLES, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(cases())
def test_it_agrees_with_the_engine(case: Case) -> None:
    """A rule fires for an action if and only if why-not finds no literal that fails, with that weight."""
    engine = NativeEngine(analyse([parse(case.text)]))
    for change in case.told(engine.program)[0]:
        if change.weight is not None:
            engine.add(change.relation, change.row, change.weight)
    for action, rows in case.candidates.items():
        for row in rows[:3]:
            with suppress(EvaluationError):
                fired = {r.id: w for r, w in engine.fired(f"forbid {action}", row)}
                answer = why_not(engine, f"forbid {action}", row)
                found = {a.rule.id for a in answer.attempts if a.state == "weight"}
                assert found == set(fired)
                assert answer.weight == pytest.approx(max(fired.values(), default=0.0))
