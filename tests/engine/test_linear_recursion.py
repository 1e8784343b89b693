"""Linear recursion, asked in every way: walked from goal to goal, from answer to answer, or tabled."""

from __future__ import annotations

from itertools import product

import pytest

from mpr_logic import evaluate
from mpr_logic.analysis import analyse
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine
from mpr_logic.language.ast import Row
from mpr_logic.language.parser import parse
from tests.helpers import naive

DECLARED = (
    ".decl e(a: symbol, b: symbol) .decl n(a: symbol) .decl p(a: symbol, b: symbol) "
    ".decl q(a: symbol) q(X) :- n(Y), p(X, Y)."
    " .action act(a: symbol, b: symbol) forbid act(X, Y) :- p(X, Y). "
)
FACTS = "e(a, b). e(b, c). e(c, b). e(c, d). e(x, x). n(b). n(d)."
RULES = {
    "right": "p(X, Y) :- e(X, Y). p(X, Z) :- e(X, Y), p(Y, Z).",
    "left": "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), e(Y, Z).",
    "another beginning": "p(X, Y) :- e(Y, X). p(X, Z) :- e(X, Y), p(Y, Z).",
    "both ends": "p(X, Y) :- e(X, Y). p(X, Z) :- e(Y, X), p(Y, W), e(W, Z).",
    "not linear": "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), p(Y, Z).",
    "negation": "p(X, Y) :- e(X, Y), not n(X). p(X, Z) :- e(X, Y), not n(Y), p(Y, Z).",
    "constant": "p(X, Y) :- e(X, Y). p(a, Z) :- e(X, b), p(X, Z).",
    "one variable twice": "p(X, Y) :- e(X, Y). p(X, X) :- e(X, Y), p(Y, X).",
    "weighted": "0.9 :: p(X, Y) :- e(X, Y). 0.8 :: p(X, Z) :- e(X, Y), p(Y, Z).",
    "empty group": "p(X, Y) :- e(X, Y). p(X, Z) :- e(X, Y), p(Y, Z), 0 = count : { n(Y) }.",
    "group of what is asked": "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), e(Y, Z), 0 = count : { n(X) }.",
    "group of all": "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), e(Y, Z), 0 = count : { e(Y, X), n(X) }.",
    "group of its literal": "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), e(Y, Z), 0 = count : { n(Y) }.",
}


@pytest.mark.parametrize("name", RULES)
def test_every_question_has_the_right_answer(name: str) -> None:
    """Whatever a question binds, its answer is that part of all rows, before and after changes."""
    program = analyse([parse(DECLARED + RULES[name] + FACTS)])
    engine = NativeEngine(program)
    facts: dict[str, dict[Row, float]] = {"e": {}, "n": {}}
    for fact in program.facts:
        facts[fact.relation][fact.row] = fact.weight
    changes: list[tuple[str, str, Row]] = [
        ("remove", "e", ("c", "b")),
        ("add", "e", ("d", "a")),
        ("remove", "n", ("b",)),
    ]
    for verb, relation, row in [("", "", ("",)), *changes]:
        if verb == "add":
            engine.add(relation, row)
            facts[relation][row] = 1.0
        elif verb == "remove":
            engine.remove(relation, row)
            del facts[relation][row]
        right = naive.evaluate(program, facts, {}, "maxmin")["p"]
        for pattern in product([None, *"abcdx"], repeat=2):
            wanted = {
                r: w for r, w in right.items() if all(p in (None, v) for p, v in zip(pattern, r, strict=True))
            }
            assert engine.query("p", pattern) == pytest.approx(wanted)
        for row in product("abcdx", repeat=2):  # asked by other rules, kept and not
            weights = [weight for _, weight in engine.fired("forbid act", row)]
            assert weights == pytest.approx([right[row]] if row in right else [])
        marked = {x: max([right.get((x, y), 0.0) for (y,) in facts["n"]]) for x in "abcdx"}
        assert engine.query("q", (None,)) == pytest.approx({(x,): w for x, w in marked.items() if w})


def test_an_empty_group_counts_where_the_recursive_literal_binds_it() -> None:
    """Variables that only the recursive literal binds are bound outside the braces: their count may be 0."""
    program = analyse(
        [
            parse(
                ".decl e0(c: symbol) .decl e1(n: int, c: symbol) .decl p1(n: int, c: symbol) e0(b)."
                "p1(N, X) :- N = count : { e1(I, X) }, p1(I, X). p1(3, X) :- e0(X)."
            )
        ]
    )
    assert NativeEngine(program).query("p1", (None, None)) == {(3, "b"): 1.0, (0, "b"): 1.0}


def test_a_recursion_that_counts_ends() -> None:
    """A goal asks for the next number only where another literal holds of its own, so that it ends."""
    program = analyse(
        [
            parse(
                ".decl b(a: symbol, n: int) .decl e(a: symbol, f: symbol, n: int) .decl p(a: symbol, n: int)"
                "p(X, N) :- b(X, N). p(X, N) :- e(X, F, N), p(X, N + 1). b(a, 5). e(a, f, 4). e(a, g, 2)."
            )
        ]
    )
    engine = NativeEngine(program, budget=Budget(seconds=10))
    rows = {("a", 5): 1.0, ("a", 4): 1.0}
    for pattern in product((None, "a"), (None, 1, 2, 4, 5, 6)):
        wanted = {r for r in rows if all(p in (None, v) for p, v in zip(pattern, r, strict=True))}
        assert engine.query("p", pattern).keys() == wanted


def test_a_recursion_without_arguments() -> None:
    """A relation without columns that rests on itself holds where its other rule does."""
    text = (
        ".decl e(a: symbol) .decl p() .decl q() .action act() q() :- e(_). p() :- q(). p() :- p(), q()."
        "forbid act() :- p()."
    )
    engine = NativeEngine(analyse([parse(text)]))
    assert (engine.query("p", ()), engine.fired("forbid act", ())) == ({}, [])
    engine.add("e", ("x",))
    assert engine.query("p", ()) == {(): 1.0}
    assert len(engine.fired("forbid act", ())) == 1


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_a_literal_that_waits_for_others_is_a_test_then(weight: float) -> None:
    """``q(N + 1, X)`` waits until ``q(N, Y)`` has been looked up; all of it is known by then."""
    text = (
        ".decl e(a: symbol) .decl f(n: int, a: symbol) .decl q(n: int, a: symbol) .action act(n: int)"
        f"e(x). {weight} :: f(1, x). q(N, X) :- f(N, X). q(0, X) :- f(_, X), f(1, X)."
        "0.5 :: forbid act(N) :- q(N + 1, X), e(X), q(N, Y), q(_, Y)."
    )
    engine = NativeEngine(analyse([parse(text)]))
    assert [[w for _, w in engine.fired("forbid act", (n,))] for n in (0, 1)] == [[0.5], []]


def test_a_goal_that_only_the_recursion_binds() -> None:
    """Where what is asked gets its value from the recursive literal alone, the goals are not walked."""
    program = analyse(
        [
            parse(
                ".decl e(a: symbol, b: symbol) .decl m(+a: symbol, b: symbol)\n"
                ".decl p(a: symbol) .decl q(a: symbol)\n"
                "m(X, X). p(a). e(a, b). e(b, c).\n"
                "p(Y) :- p(X), m(X, _), N = count : { e(_, Y) }, N > 0.\n"
                "q(X) :- p(X), e(_, X)."
            )
        ]
    )
    assert set(NativeEngine(program).query("q", (None,))) == {("b",), ("c",)}


@pytest.mark.parametrize("listed", ["", " {a, b}"])
def test_a_test_of_a_type_comes_first(listed: str) -> None:
    """A function of a text is not asked of a number which a test of a type rules out, listed or not."""
    program = analyse(
        [
            parse(
                f".type node <: symbol{listed} .action go(c: any)\n"
                'prefer go(Z) :- M <= 4, M = length(concat("x", Z)), Z is node.'
            )
        ]
    )
    for engine in (NativeEngine(program), PyDatalogEngine(program)):
        assert set(engine.query("prefer go", (1,))) == set()
        assert set(engine.query("prefer go", ("a",))) == {("a",)}


def test_a_recursion_that_counts_asks_on_from_what_holds() -> None:
    """``p(X + 1, Y, X + 1)`` waits until ``p(X, Z, _)`` holds, whichever is written first: it would else ask
    of ever larger numbers."""
    program = analyse(
        [
            parse(
                ".decl e(x: int) .decl p(x: int, y: int, z: int) e(1). e(2)."
                "p(X, X, X) :- e(X). p(Y, Z, X) :- p(X + 1, Y, X + 1), p(X, Z, _), Y < 9."
            )
        ]
    )
    engine = NativeEngine(program, budget=Budget(facts=1_000))
    assert engine.query("p", (None, None, 1)).keys() == {(1, 1, 1), (2, 1, 1)}
    assert engine.query("p", (None, None, None)).keys() == {(1, 1, 1), (2, 2, 2), (2, 1, 1)}


@pytest.mark.parametrize(
    "rule",
    [
        "p(X, Y, Z) :- p(X + 1, Y, Z), p(X, Y, _).",
        "p(Z, Y, X) :- p(X + 1, Y, Z), p(X, Y, _).",
        "p(X, Y, Z) :- W = X + 1, p(W, Y, Z), p(_, Y, X).",
    ],
)
def test_a_recursion_on_a_computed_number_asks_the_others_first(rule: str) -> None:
    """Whatever stands first in the body: to ask for X + 1, X + 2 and so on would not end."""
    text = f".decl e(x: int, y: int, z: int) .decl p(x: int, y: int, z: int) p(X, Y, Z) :- e(X, Y, Z). {rule}"
    rows = {(1, 3, 2), (2, 2, 2), (2, 1, 3), (3, 1, 1), (3, 3, 3)}
    engine = NativeEngine(analyse([parse(text)]), budget=Budget(facts=500))
    for row in rows:
        engine.add("e", row)
    found = evaluate(text, {"e": rows})["p"]
    for pattern in product((None, 1, 9), (None, 2), (None, 2)):
        fitting = {row for row in found if all(p in (None, v) for p, v in zip(pattern, row, strict=True))}
        assert set(engine.query("p", pattern)) == fitting
