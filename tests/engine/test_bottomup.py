"""Evaluation from the facts up: components of binary relations, joined a set at a time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import evaluate
from mpr_logic.analysis.analyse import analyse
from mpr_logic.language.ast import Row
from mpr_logic.language.parser import parse
from tests.helpers import naive

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
ROWS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=9)


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
@settings(max_examples=200)
@given(recursive=st.lists(rules(), min_size=1, max_size=4), e=ROWS, f=ROWS)
def test_components_of_binary_relations_are_as_rule_by_rule(
    recursive: list[str], e: set[tuple[int, int]], f: set[tuple[int, int]]
) -> None:
    """Whatever binary relations are made of each other, and what is derived from them: the rows are those of
    the naive evaluator."""
    text = "\n".join(["p(X, Y) :- e(X, Y).", "q(X, Y) :- f(X, Y).", *recursive, ABOVE])
    facts: dict[str, list[Row]] = {"e": [*sorted(e)], "f": [*sorted(f)], "u": [(1,), (3,)]}
    program = analyse([parse(text)], declared=False, inputs=facts)
    right = naive.evaluate(program, {name: dict.fromkeys(rows, 1.0) for name, rows in facts.items()}, {})
    found = evaluate(text, facts)
    for relation in ("p", "q", "r", "s", "n", "t"):
        assert found[relation] == set(right.get(relation, {})), relation
