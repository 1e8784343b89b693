"""`1` and `1.0` are one value in every evaluator, and arithmetic has one bound."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Budget, Checker, evaluate
from mpr_logic.checker.verifier import verify
from mpr_logic.engine import builtins
from mpr_logic.engine.choice import EngineChoice
from mpr_logic.errors import ArithmeticFailure
from tests.helpers.examples import at_most

NUMBERS = st.sampled_from(
    [0, -0.0, 0.0, 1, 1.0, 2, 2.0, 0.5, 2**53, float(2**53), 2**53 + 1, 10**22, 1e22, -3, -3.0]
)

JOINED = """
.decl p(x: any)
.decl r(x: any, y: any)
.decl both(x: any)
.decl many(n: int)
.decl most(x: any)
.decl total(x: any, n: any)
both(X) :- p(X), r(X, _).
many(N) :- N = count : { p(_) }.
most(X) :- X = max Y : { p(Y) }.
total(X, S) :- p(X), S = sum Y : { r(X, Y) }.
"""


@pytest.mark.heavy
@settings(database=None, max_examples=at_most(80), deadline=None)
@given(
    ones=st.lists(NUMBERS, max_size=6), twos=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6), data=st.data()
)
def test_equal_numbers_are_one_value(ones: list[Any], twos: list[Any], data: st.DataObject) -> None:
    """However a number is written and in whatever order it comes: the same rows, groups, joins and texts, in
    the engine, bottom-up and in pyDatalog."""
    facts = {"p": [(n,) for n in ones], "r": twos}
    found = evaluate(JOINED, facts)
    again = evaluate(
        JOINED, {n: data.draw(st.permutations(rows)) for n, rows in facts.items()}, engine="both"
    )
    checker = Checker.from_text(JOINED, budget=Budget(seconds=20))
    checker.load_state({"facts": {name: [list(row) for row in rows] for name, rows in facts.items()}})
    for name, rows in found.items():
        assert rows == again[name]
        assert {repr(row) for row in rows} == {repr(row) for row in again[name]}
        width = len(next(iter(rows), ()))
        if width:
            asked = checker.query(f"{name}({', '.join(f'V{i}' for i in range(width))})")
            assert {repr(row) for row in asked} == {repr(row) for row in rows}


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_an_action_with_either(engine: EngineChoice) -> None:
    """An action is decided alike with 1 and with 1.0, by text and by value, and its proof holds."""
    checker = Checker.from_text(
        ".decl p(x: any) input .action go(x: any) .action buy(n: float) "
        "forbid go(X) :- p(X). forbid buy(N) :- p(N).",
        engine=engine,
        budget=Budget(seconds=20),
    )
    checker.update(add=["p(1.0)", "p(-0.0)"])
    said = {str(checker.check(a).reasons) for a in ("go(1)", "go(1.0)", Action("go", 1), Action("go", 1.0))}
    assert len(said) == 1
    assert [checker.check(a).admissible for a in ("go(0)", "go(-0.0)", "buy(1)", "buy(1.0)")] == [False] * 4
    assert [checker.check(a).admissible for a in ("go(true)", Action("go", True), "go(2)")] == [True] * 3
    for reason in checker.check("go(1.0)").reasons:
        if reason.proof is not None:
            assert verify(reason.proof, checker.program, checker.facts()) == []


@pytest.mark.parametrize("engine", ["native", "pydatalog"])
@pytest.mark.parametrize(
    "computed", ["X + BIG", "X - -BIG", "BIG + X", "X * BIG", "X / 0.5 + BIG", "BIG mod X"]
)
def test_arithmetic_has_one_bound(engine: EngineChoice, computed: str) -> None:
    """A result beyond the finite numbers, or that cannot be mixed with them, is undecided, whichever operand
    is how large and of which kind."""
    big = "1" + "0" * 308
    term = computed.replace("BIG", big).replace("--", "- -")
    checker = Checker.from_text(
        f".decl f(n: float) .action go(n: float) forbid go(X) :- Y = {term}, Y > 0.0.",
        engine=engine,
        budget=Budget(seconds=20),
    )
    decision = checker.check("go(1.7e308)")
    if "mod" not in computed:
        assert decision.verdict == "undecided"
        assert "not a finite number" in decision.reasons[0].text
    assert "fault" not in str(checker.check("go(0.5)").reasons)


@settings(database=None, max_examples=at_most(200), deadline=None)
@given(
    operation=st.sampled_from([*builtins.ARITHMETIC.values()]),
    a=st.one_of(st.integers(-(10**400), 10**400), st.floats(allow_nan=False, allow_infinity=False)),
    b=st.one_of(st.integers(-(10**400), 10**400), st.floats(allow_nan=False, allow_infinity=False)),
)
def test_operations_give_a_number_or_say_why_not(operation: Any, a: Any, b: Any) -> None:
    """Two numbers of any size and kind: a finite number, or an error of ours."""
    try:
        found = operation(a, b)
    except ArithmeticFailure:
        return
    assert abs(found) < float("inf")
