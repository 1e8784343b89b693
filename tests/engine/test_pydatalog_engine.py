"""The second engine: what it refuses, what it leaves behind, and what it must not take for text."""

from __future__ import annotations

import gc
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pyDatalog import Logic, pyDatalog, pyEngine

from mpr_logic.analysis import analyse
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget, counted
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine, inexpressible
from mpr_logic.errors import ArithmeticFailure, BudgetError, InexpressibleError
from mpr_logic.language.parser import parse

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program

CLOSURE = """
.decl edge(a: any, b: any)
.decl path(a: any, b: any)
path(X, Y) :- edge(X, Y).
path(X, Z) :- path(X, Y), edge(Y, Z).
"""
COUNTING = """
.decl n(x: int)
n(0).
n(Y) :- n(X), Y = X + 1.
"""


def load(text: str) -> Program:
    """A checked program."""
    return analyse([parse(text)])


def engine(text: str, **options: Any) -> PyDatalogEngine:
    """An engine for a text."""
    return PyDatalogEngine(load(text), **options)


def test_product_of_weights_is_inexpressible() -> None:
    """The one semiring that levels cannot express is refused, with the reason, before anything runs."""
    program = load(CLOSURE)
    assert inexpressible(program, "maxmin") == inexpressible(program, "boolean") == []
    assert len(inexpressible(program, "product")) == 1
    with pytest.raises(InexpressibleError, match="product"):
        PyDatalogEngine(program, semiring="product")


def test_proofs_are_inexpressible() -> None:
    """pyDatalog keeps no proofs, and says so."""
    one = engine(CLOSURE)
    with pytest.raises(InexpressibleError, match="native"):
        one.prove("path", ("a", "b"))
    with pytest.raises(InexpressibleError, match="native"):
        one.explain(one.program.rules[0], ("a", "b"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("big(X) :- n(X, _), X / 2 = 1", {(2,), (3,)}),
        ("big(X) :- n(X, _), (X - 3) / 2 = -1", {(1,)}),
        ("big(X) :- n(X, _), (X - 4) mod 2 = -1", {(1,), (3,)}),
        ("big(X) :- n(X, T), length(T) > 2", {(3,)}),
        ('big(X) :- n(X, T), contains(lower(T), "a")', {(1,), (3,)}),
        ('big(X) :- n(X, T), not starts_with(T, "B")', {(1,), (3,)}),
        ('big(X) :- n(X, T), ends_with(T, "c")', {(3,)}),
        ('big(X) :- n(X, T), matches(T, "^.b")', {(3,)}),
        ("big(X) :- X = count : { n(_, _) }", {(3,)}),
        ("big(X) :- X = sum N : { n(N, _) }", {(6,)}),
        ("big(X) :- X = min N : { n(N, _), N > 1 }", {(2,)}),
        ("big(X) :- X = max N : { n(N, _), N > 5 }", set()),
        ("big(X) :- n(X, _), 0 = count : { n(Y, _), Y > X }", {(3,)}),
        ("big(X) :- n(X, T), Y = sum Z : { n(Z, _), Z > X }, Y < 4", {(2,), (3,)}),
    ],
)
def test_builtins_and_aggregates_are_expressed(rule: str, expected: set[tuple[int]]) -> None:
    """Division, text built-ins and aggregates, empty groups included, mean what the language says."""
    text = f'.decl n(x: int, t: symbol)\n.decl big(x: int)\nn(1, "A"). n(2, "B"). n(3, abc).\n{rule}.'
    assert engine(text).query("big", (None,)).keys() == expected


@pytest.mark.parametrize(
    "constant",
    [
        *(
            '"; import os',
            "__import__('os')",
            "X",
            "_",
            "_pyD_class",
            "~p",
            "a.b[1]==",
            "",
            " ",
            "None",
            "é",
            "'",
        ),
        *(1, 0, -1, 1.5, 1e300, 0.1 + 0.2, 10**30),
    ],
)
def test_constants_stay_what_they_are(constant: str | int | float) -> None:
    """Whatever a constant looks like, it comes back as it went in, joined and compared by value."""
    one = engine(CLOSURE)
    one.add("edge", ("a", constant))
    one.add("edge", (constant, "b"))
    assert one.query("path", ("a", None)) == {("a", constant): 1.0, ("a", "b"): 1.0}
    assert one.query("path", (constant, None)) == {(constant, "b"): 1.0}
    assert one.query("path", ("b", None)) == {}


def test_floats_are_not_rounded() -> None:
    """pyDatalog rounds floats to 8 digits by itself; two floats that differ in the 15th stay two."""
    one = engine(CLOSURE)
    near = math.nextafter(0.1, 1)
    one.add("edge", ("a", 0.1))
    one.add("edge", (near, "b"))
    assert one.query("path", ("a", None)).keys() == {("a", 0.1)}


def test_one_and_one_point_zero_are_one_constant() -> None:
    """In a column of type any, numbers are compared by value."""
    one = engine(CLOSURE)
    one.add("edge", ("a", 1))
    one.add("edge", (1.0, "b"))
    assert ("a", "b") in one.query("path", (None, None))


@pytest.mark.parametrize("budget", [counted(100), Budget(facts=500)])
def test_budget_ends_a_rule_that_counts_for_ever(budget: Budget) -> None:
    """Unbounded recursion through arithmetic ends in an error, and the engine can be asked again."""
    one = engine(COUNTING + ".decl m(x: int)\nm(X) :- n(X), X < 0.\n.decl fine()\nfine.", budget=budget)
    for _ in range(2):
        with pytest.raises(BudgetError):
            one.query("n", (None,))
    assert one.query("fine", ()) == {(): 1.0}


def test_a_recursion_that_pydatalog_alone_never_ends() -> None:
    """Left to its own loop, pyDatalog puts two subgoals of this program to the front in turn for ever."""
    one = engine("""
        .decl e(a: symbol, b: symbol)
        .decl p(a: symbol, b: symbol)
        p(X, Y) :- e(X, Y).
        p(X, Z) :- p(X, Y), p(Y, Z).
        p(X, X) :- p(b, X).
        e(a, b). e(b, c).
        """)
    assert one.query("p", (None, None)).keys() == {("a", "b"), ("b", "c"), ("a", "c"), ("c", "c")}


def test_budget_counts_the_time_of_one_question() -> None:
    """A question that begins late has its time to itself: the deadline is not the engine's."""
    one = engine(CLOSURE, budget=Budget(seconds=60))
    one.add("edge", ("a", "b"))
    assert one.query("path", (None, None)) == {("a", "b"): 1.0}
    one.add("edge", ("b", "c"))
    assert ("a", "c") in one.query("path", (None, None))


def test_arithmetic_without_a_value_is_an_error() -> None:
    """A division by zero leaves the question undecided, not silently false."""
    one = engine(".decl n(x: int)\n.decl half(x: int)\nn(0). n(2).\nhalf(Y) :- n(X), Y = 4 / X.")
    with pytest.raises(ArithmeticFailure):
        one.query("half", (None,))


def test_a_test_before_the_division_guards_it() -> None:
    """The division is never computed for a row that the test rules out."""
    one = engine(".decl n(x: int)\n.decl half(x: int)\nn(0). n(2).\nhalf(Y) :- n(X), X != 0, Y = 4 / X.")
    assert one.query("half", (None,)) == {(2,): 1.0}


def test_nothing_stays_behind() -> None:
    """After a question, also one that failed, pyDatalog holds no object, no resolver, no setting of ours."""

    def alive() -> int:
        gc.collect()
        kinds = (pyEngine.Clause, pyEngine.Literal, pyEngine.Subgoal)
        return sum(type(each) in kinds for each in gc.get_objects())

    text = COUNTING + CLOSURE + ".decl big()\nbig :- N = count : { path(_, _) }, N > 3."
    one = engine(text, budget=Budget(facts=80))
    precision, resolvers = pyEngine.Float_Precision, dict(pyEngine.Python_resolvers)
    before = alive()
    for i in range(20):
        one.add("edge", (i, i + 1))
        one.add("edge", (i + 1, i))
        if i < 6:
            one.query("big", ())
        with pytest.raises(BudgetError):
            one.query("n", (None,))
    assert alive() == before
    assert precision == pyEngine.Float_Precision
    assert resolvers == pyEngine.Python_resolvers


def test_the_threads_own_pydatalog_is_as_before() -> None:
    """Someone who uses pyDatalog beside us finds his facts again, and we do not find them."""
    Logic()
    pyDatalog.assert_fact("edge", 1, 2)
    one = engine(CLOSURE)
    one.add("edge", ("a", "b"))
    assert one.query("edge", (None, None)) == one.query("path", (None, None)) == {("a", "b"): 1.0}
    assert pyEngine.Literal("edge", [pyEngine.Var("A"), pyEngine.Var("B")]).ask() == [(1, 2)]
    Logic()


def test_a_thread_that_never_called_logic() -> None:
    """A thread in which pyDatalog was never set up asks as any other, and has nothing of it afterwards."""
    found: list[object] = []

    def ask() -> None:
        one = engine(CLOSURE)
        one.add("edge", ("a", "b"))
        found.append(one.query("path", (None, None)))
        found.append(hasattr(Logic.tl, "logic"))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found == [{("a", "b"): 1.0}, False]


def test_engines_in_threads_do_not_meet() -> None:
    """Two engines asked from several threads at once answer from their own facts alone."""

    def run(number: int) -> bool:
        one = engine(CLOSURE)
        rows = {(number * 100 + i, number * 100 + i + 1) for i in range(5)}
        for row in rows:
            one.add("edge", row)
        return all(len(one.query("path", (None, None))) == 15 for _ in range(3))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(8)))


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ("m(a, X, X)", {(3,), (4,)}),
        ("e(X), m(a, X, X)", {(3,), (4,)}),
        ("m(a, X, X), X > 3", {(4,)}),
        ("N = count : { m(a, Y, Y) }, X = N", {(2,)}),
        ("e(X), not m(a, X, X)", set()),
        ("e(X), k(X, X)", {(4,)}),
        ("e(X), e(Y), k(X, Y), X != Y", {(3,), (4,)}),
    ],
)
def test_a_variable_twice_in_what_a_relation_with_modes_gives(body: str, rows: set[tuple[int]]) -> None:
    """Both columns have one value then, whether it is known before or not."""
    text = (
        ".decl e(x: int) .decl m(+k: symbol, x: int, y: int) .decl p(x: int) e(3). e(4)."
        "m(_, X, Y) :- e(X), e(Y). .decl k(+x: int, +y: int) k(X, Y) :- X + Y > 6."
        f"p(X) :- {body}."
    )
    program = analyse([parse(text)])
    for engine in (PyDatalogEngine(program), NativeEngine(program)):
        assert set(engine.query("p", (None,))) == rows
