"""Five evaluations of generated programs: native from scratch, native after updates, pyDatalog,
clingo, and the naive evaluator that says what is right."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings

from mpr_logic.analysis import analyse
from mpr_logic.engine.base import Budget
from mpr_logic.engine.both import BothEngine
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.pydatalog_engine import PyDatalogEngine
from mpr_logic.syntax.parser import parse
from tests import clingo_peer, naive
from tests.programs import Case, Change, cases

if TYPE_CHECKING:
    from mpr_logic.analysis.core import Program
    from mpr_logic.engine.base import Engine, Pattern
    from mpr_logic.syntax.ast import Row

EXAMPLES = int(os.environ.get("MPR_FUZZ", "600"))
SEMIRINGS = ("maxmin", "product", "boolean")

fuzz = settings(
    database=None,
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Facts = dict[str, dict["Row", float]]


def load(case: Case) -> Program:
    """The checked program of a case."""
    return analyse([parse(case.text)])


def facts_of(program: Program) -> Facts:
    """The facts that stand in the text."""
    facts: Facts = {}
    for fact in program.facts:
        facts.setdefault(fact.relation, {})[fact.row] = fact.weight
    return facts


def change(facts: Facts, step: Change) -> None:
    """Do to plain facts what an engine does."""
    if step.weight is None:
        facts.get(step.relation, {}).pop(step.row, None)
    else:
        facts.setdefault(step.relation, {})[step.row] = step.weight


def tell(engine: Engine, step: Change) -> None:
    """Tell an engine of a change."""
    if step.weight is None:
        engine.remove(step.relation, step.row)
    else:
        engine.add(step.relation, step.row, step.weight)


def close(one: Mapping[Row, float], two: Mapping[Row, float]) -> bool:
    """The same rows with the same weights, rounding aside."""
    return one.keys() == two.keys() and all(abs(one[row] - two[row]) < 1e-9 for row in one)


def check(engine: Engine, facts: Facts, case: Case, semiring: str) -> None:
    """Ask an engine for everything, and compare with the naive evaluator."""
    program = engine.program
    right = naive.evaluate(program, facts, case.candidates, semiring)
    actions = {rule.head: rule.action for rule in program.rules if rule.action is not None}
    for relation, arity in program.arity.items():
        if relation not in actions:
            ask(engine, relation, (None,) * arity, right.get(relation, {}))
            for row in sorted(right.get(relation, {}), key=repr)[:3]:
                # goal-directed: one argument bound, then all of them
                for pattern in {(*row[:1], *(None,) * (arity - 1))[:arity], row}:
                    ask(engine, relation, pattern, right[relation])
    for head, action in actions.items():
        for row in case.candidates[action]:
            ask(engine, head, (*row, *(None,) * (program.arity[head] - len(row))), right.get(head, {}))
            if head.split()[0] in ("forbid", "permit", "prefer"):
                found: dict[Row, float] = {(rule.id,): w for rule, w in engine.fired(head, row)}
                derived = {
                    (rule.id,): naive.derive(rule, right, {action: [row]}, semiring)
                    for rule in program.rules_for(head)
                }
                expected: dict[Row, float] = {k: max(rows.values()) for k, rows in derived.items() if rows}
                assert close(found, expected), f"{head}{row}: {found}, not {expected}"


def ask(engine: Engine, relation: str, pattern: Pattern, rows: Mapping[Row, float]) -> None:
    """Compare what a pattern finds with the rows that match it."""
    expected = {
        row: w for row, w in rows.items() if all(p in (None, v) for p, v in zip(pattern, row, strict=True))
    }
    found = engine.query(relation, pattern)
    assert close(found, expected), f"{relation}{pattern}: {found}, not {expected}"


def after(engine: Engine, case: Case, semiring: str, *, every: bool) -> None:
    """Run a case through an engine: the facts, then the updates, checked in between or at the end."""
    facts = facts_of(engine.program)
    for step in case.facts:
        tell(engine, step)
        change(facts, step)
    if every or not case.updates:
        check(engine, facts, case, semiring)
    for step in case.updates:
        tell(engine, step)
        change(facts, step)
        if every:
            check(engine, facts, case, semiring)
    if not every:
        check(engine, facts, case, semiring)


def note(case: Case) -> None:
    """Count what a case contains, for --hypothesis-show-statistics."""
    for tag in sorted(case.tags):
        event(tag)


@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_native_from_scratch(semiring: str, case: Case) -> None:
    """A native engine that is told all facts and then asked answers what the naive evaluator answers."""
    note(case)
    after(NativeEngine(load(case), semiring=semiring), case, semiring, every=False)


@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_native_after_updates(semiring: str, case: Case) -> None:
    """A native engine that is asked after every single change answers what one from scratch would."""
    note(case)
    after(NativeEngine(load(case), semiring=semiring), case, semiring, every=True)


@fuzz
@given(cases())
def test_pydatalog_agrees_with_the_naive_evaluator(case: Case) -> None:
    """PyDatalog, run by levels and strata, answers what the naive evaluator answers."""
    note(case)
    after(PyDatalogEngine(load(case), budget=Budget(seconds=3)), case, "maxmin", every=False)


@settings(fuzz, max_examples=max(EXAMPLES // 6, 1))
@given(cases())
def test_both_engines_in_one(case: Case) -> None:
    """The two engines side by side find nothing to disagree about, and answer as the native one does."""
    program = load(case)
    after(BothEngine(program, budget=Budget(seconds=3)), case, "maxmin", every=True)


@fuzz
@given(cases())
def test_clingo_agrees_with_the_naive_evaluator(case: Case) -> None:
    """clingo answers what the naive evaluator answers, weights aside."""
    program = load(case)
    facts = facts_of(program)
    for step in (*case.facts, *case.updates):
        change(facts, step)
    if reasons := clingo_peer.skips(program, facts, case.candidates):
        event(f"not for clingo: {reasons}")
        return
    event("asked clingo")
    right = naive.evaluate(program, facts, case.candidates, "boolean")
    for relation, rows in clingo_peer.evaluate(program, facts, case.candidates).items():
        if not relation.startswith("candidate "):
            assert rows == set(right.get(relation, {})), relation
