"""Aggregates over values of any kind: numbers that are equal and written otherwise, names of truth, texts;
weights, observed absences, groups and empty groups, calls."""

from __future__ import annotations

import math

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.analysis.program import Program
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.verifier import verify
from mpr_logic.engine.bottomup.batch import Batch
from mpr_logic.engine.bottomup.seminaive import SemiNaive
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget, Engine
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine
from mpr_logic.engine.semiring import semiring as semiring_named
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Row
from mpr_logic.language.parser import parse
from tests.helpers import naive
from tests.helpers.examples import at_most
from tests.helpers.naive_values import NoValue

DECLARATIONS = """
.decl q(x: any)
.decl r(x: any, y: any)
.decl f(x: any, y: float)
.decl o(x: any) open_world
.decl p(x: any, y: any)
.action act(x: any)
"""
RULES = (
    "p(0, N) :- N = count : { r(_, _) }.",
    "p(X, N) :- N = count : { r(X, _) }.",
    "p(X, S) :- S = sum Y : { r(X, Y) }.",
    "p(X, S) :- q(X), S = sum Y : { r(X, Y) }.",
    "p(X, S) :- q(X), S = sum Y : { f(X, Y) }.",
    "p(X, S) :- q(X), Z = sum Y : { f(X, Y) }, S = (Z + 1) / 2.",
    "0.7 :: p(0, S) :- S = sum Y : { r(_, Y), not q(Y) }.",
    "p(X, M) :- M = max Y : { r(X, Y), not o(Y) }.",
    "p(X, M) :- q(X), M = min Y : { r(X, Y), o(Y) }.",
    "p(0, M) :- M = min Y * 2 : { r(_, Y), Y != a }.",
    "p(0, N) :- N = count : { r(X, Y), r(Y, X) }.",
    "p(0, S) :- S = sum X : { past act(X), not failed act(X) }.",
    "p(X, N) :- N = count : { succeeded act(X), past act(_) }.",
    "p(X, 1) :- q(X), 1 = sum Y : { r(X, Y), Y >= 0 }.",
    "p(X, Y) :- r(X, Y), Y = max Z : { r(X, Z) }.",
)
VALUES = ("0", "0.0", "-0.0", "1", "1.0", "true", '"1"', "a", "2", "0.5", "-1", "100000000000000000000")
NUMBERS = ("0", "0.0", "-0.0", "1", "1.0", "2", "0.5", "-1", "100000000000000000000")
ATOMS = ("q({})", "r({}, {})", "r({}, {})", "f({}, {})", "o({})", "not o({})")
CALLS = ("past act({})", "past act({})", "succeeded act({})", "failed act({})")
WEIGHTS = ("", "", "", "0.3 :: ", "0.5 :: ", "0.9 :: ")
Rows = dict[Row, float]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A rule with an aggregate, and facts."""
    rule = draw(st.sampled_from(RULES))
    values = st.sampled_from(draw(st.sampled_from([VALUES, NUMBERS, NUMBERS])))
    lines = []
    for _ in range(draw(st.integers(0, 8))):
        atom = draw(st.sampled_from(CALLS if "act" in rule else ATOMS))
        second = st.sampled_from(NUMBERS) if atom[0] == "f" else values
        lines.append(f"{draw(st.sampled_from(WEIGHTS))}{atom.format(draw(values), draw(second))}.")
    return "\n".join([DECLARATIONS, *lines, rule])


def meant(program: Program, facts: dict[str, Rows], semiring: str) -> Rows | None:
    """The rows of ``p`` by the naive evaluator; None where something has no value."""
    try:
        found = naive.evaluate(program, facts, {}, semiring).get("p", {})
    except (NoValue, TypeError, OverflowError):
        return None
    assert all(math.isfinite(v) for row in found for v in row if isinstance(v, float))
    return found


def same(found: Rows, right: Rows) -> bool:
    """Equal rows, equal weights but for rounding."""
    return found.keys() == right.keys() and all(abs(found[row] - right[row]) < 1e-9 for row in right)


@pytest.mark.heavy
@pytest.mark.parametrize("semiring", ["maxmin", "product", "boolean"])
@settings(max_examples=at_most(120), deadline=None)
@given(text=programs())
def test_every_evaluator_agrees_about_aggregates(semiring: str, text: str) -> None:
    """Native, bound and free, bottom-up, pyDatalog and the verifier say what the naive evaluator says, and
    where that finds no value they all raise."""
    program = analyse([parse(text)])
    facts = Checker(program).facts()
    gone = [(f.relation, f.row) for f in program.facts if f.row not in facts.get(f.relation, {})]
    right = meant(program, facts, semiring)
    event("no value" if right is None else f"rows: {min(len(right), 3)}")
    native = NativeEngine(program, semiring=semiring)
    engines: list[Engine] = [native]
    if semiring != "product":  # which pyDatalog cannot express
        engines.append(PyDatalogEngine(program, semiring=semiring, budget=Budget(seconds=60)))
    for engine in engines:
        for relation, row in gone:
            engine.remove(relation, row)
        if right is None:
            with pytest.raises(EvaluationError):
                engine.query("p", (None, None))
        else:
            assert same(engine.query("p", (None, None)), right)
    batch = Batch(program, semiring_named(semiring), Budget())
    batch.load((relation, row, weight) for relation, rows in facts.items() for row, weight in rows.items())
    if right is None:
        with pytest.raises((EvaluationError, ArithmeticError, TypeError)):
            SemiNaive(batch).run()
        return
    SemiNaive(batch).run()
    assert batch.rows("p") == set(right)
    for row, weight in right.items():
        assert same(native.query("p", row), {row: weight})
        proof = native.prove("p", row)
        assert proof is not None
        assert verify(proof, program, facts, semiring=semiring) == []
