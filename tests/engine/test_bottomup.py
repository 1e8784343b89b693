"""Evaluation from the facts up: components of binary relations, joined a set at a time."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import evaluate
from mpr_logic.analysis.analyse import analyse
from mpr_logic.engine.bottomup import interned
from mpr_logic.language.ast import Row
from mpr_logic.language.parser import parse
from tests.helpers import naive
from tests.helpers.examples import at_most

NAMES = ("e", "f", "p", "q")
VARIABLES = "ABCD"
ABOVE = """
r(X, Y) :- p(X, Y), not q(X, Y).
r(X, Y) :- q(Y, X), p(X, Z), f(Z, Y).
s(X) :- p(X, _), q(_, X).
n(N) :- N = count : { p(_, Y), q(Y, _) }.
t(X, Z) :- p(X, Y), t(Y, Z).
t(X, Y) :- q(X, Y).
"""
VALUES = st.sampled_from([0, 1, 3, "a", "b c", 10**12])
ROWS = st.sets(st.tuples(VALUES, VALUES), max_size=9)
CLOSURE = "path(X, Y) :- edge(X, Y). path(X, Z) :- path(X, Y), edge(Y, Z)."


@st.composite
def rules(draw: st.DrawFn) -> str:
    """One recursive rule of p or q: up to four literals, each of two variables."""
    pairs = st.lists(st.sampled_from(VARIABLES), min_size=2, max_size=2, unique=True)
    body = draw(st.lists(st.tuples(st.sampled_from(NAMES), pairs), min_size=1, max_size=4))
    bound = sorted({variable for _, names in body for variable in names})
    head = draw(st.lists(st.sampled_from(bound), min_size=2, max_size=2, unique=True))
    tests = draw(st.sampled_from(["", "", "", f", {bound[0]} != {bound[-1]}", f", u({bound[0]})"]))
    literals = ", ".join(f"{name}({', '.join(names)})" for name, names in body)
    return f"{draw(st.sampled_from('pq'))}({', '.join(head)}) :- {literals}{tests}."


@pytest.mark.heavy
@settings(max_examples=at_most(200))
@given(recursive=st.lists(rules(), min_size=1, max_size=4), e=ROWS, f=ROWS, bitmaps=st.booleans())
def test_components_of_binary_relations_are_as_rule_by_rule(
    recursive: list[str], e: set[Row], f: set[Row], bitmaps: bool
) -> None:
    """Whatever binary relations are made of each other, and what is derived from them: the rows are those of
    the naive evaluator, with roaring bitmaps and with Python's sets."""
    text = "\n".join(["p(X, Y) :- e(X, Y).", "q(X, Y) :- f(X, Y).", *recursive, ABOVE])
    facts: dict[str, list[Row]] = {"e": [*e], "f": [*f], "u": [(1,), (3,), ("a",)]}
    program = analyse([parse(text)], declared=False, inputs=facts)
    right = naive.evaluate(program, {name: dict.fromkeys(rows, 1.0) for name, rows in facts.items()}, {})
    kind = interned.NUMBERS if bitmaps else set
    with mock.patch.object(interned, "NUMBERS", kind):
        found = evaluate(text, facts)
    for relation in ("p", "q", "r", "s", "n", "t"):
        assert found[relation] == set(right.get(relation, {})), relation


def test_rows_are_a_set_to_read() -> None:
    """A large relation is read, compared and combined like any set."""
    path = evaluate(CLOSURE, {"edge": [(1, 2), (2, 3)]})["path"]
    assert path == {(1, 2), (2, 3), (1, 3)}
    assert {(1, 2), (2, 3), (1, 3)} == path
    assert path != {(1, 2)}
    assert (1, 3) in path
    assert not {(3, 1), (1, 4), (1,), "no row"} & path
    assert path - {(1, 2)} == {(2, 3), (1, 3)}
    assert path | {(0, 0)} == {(0, 0), (1, 2), (2, 3), (1, 3)}
    assert repr(path) == repr(set(path))
    assert len(path) == len(list(path)) == 3


def test_a_float_stays_a_float_beside_an_int() -> None:
    """1 and 1.0 are equal, so numbers could not tell them apart: each column keeps its own kind."""
    text = ".decl edge(a: float, b: float) .decl path(a: float, b: float) " + CLOSURE
    text += " .decl step(a: int, b: int) .decl way(a: int, b: int) way(X, Y) :- step(X, Y)."
    text += " way(X, Z) :- way(X, Y), step(Y, Z)."
    found = evaluate(text, {"edge": [(1, 2)], "step": [(1, 2)]})
    assert repr(found["path"]) == "{(1.0, 2.0)}"
    assert repr(found["way"]) == "{(1, 2)}"
