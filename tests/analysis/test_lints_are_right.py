"""The lints are right in what they say of conditions and expressions: the engine and RE2 agree with them."""

from __future__ import annotations

import itertools

import re2
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.analysis.lints.regex import Reach
from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import Checker
from mpr_logic.language.parser import parse

NUMBERS = range(-7, 8)
HEAD = ".action act(x: int, y: int)\n"

terms = st.recursive(
    st.sampled_from(["X", "Y"]) | st.integers(-4, 9).map(str),
    lambda inner: (
        st.builds(
            lambda left, op, right: f"({left} {op} {right})", inner, st.sampled_from(["+", "-", "*"]), inner
        )
        | st.builds(
            lambda left, op, n: f"({left} {op} {n})", inner, st.sampled_from(["mod", "/"]), st.integers(1, 4)
        )
    ),
    max_leaves=3,
)
comparisons = st.builds(
    lambda left, op, right: f"{left} {op} {right}",
    terms,
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    terms,
)


@given(body=st.lists(comparisons, min_size=1, max_size=3))
def test_a_body_that_cannot_hold_holds_of_no_call(body: list[str]) -> None:
    """A law that is said never to hold rejects no call, and one condition that always holds rejects all."""
    modules = [parse(f'{HEAD}@because("no") forbid act(X, Y) :- {", ".join(body)}.')]
    program = analyse(modules)
    found = {each.code for each in vet(program, None, modules)}
    if not found:
        return
    calls = [Action("act", x, y) for x in NUMBERS for y in NUMBERS]
    admitted = {decision.admissible for decision in Checker(program).check_all(calls)}
    if "E0608" in found:
        assert admitted == {True}
    elif "W0619" in found and len(body) == 1:
        assert admitted == {False}


DAYS = [f'"2024-01-0{day}"' for day in range(1, 8)]
of_days = st.builds(
    lambda left, op, right: f"{left} {op} {right}",
    st.sampled_from(["X", "Y"]),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    st.sampled_from(["X", "Y", *DAYS[2:5]]),
)


@given(body=st.lists(of_days, min_size=1, max_size=4))
def test_comparisons_of_dates_that_cannot_hold_hold_of_no_call(body: list[str]) -> None:
    """The same of dates; two bounds of one date that leave no day are always found."""
    rule = f'@because("no") forbid act(X, Y) :- {", ".join(body)}.'
    modules = [parse(f".action act(x: date, y: date)\n{rule}")]
    program = analyse(modules)
    found = {each.code for each in vet(program, None, modules)}
    actions = [f"act({x}, {y})" for x in DAYS for y in DAYS]
    admitted = {decision.admissible for decision in Checker(program).check_all(actions)}
    if "E0608" in found:
        assert admitted == {True}
    elif "W0619" in found and len(body) == 1:
        assert admitted == {False}
    if len(body) == 2 and all(each[0] == "X" and '"' in each for each in body):
        assert admitted != {True} or "E0608" in found


expressions = st.recursive(
    st.sampled_from(["a", "b", ".", "^", "$", "\\b", "[ab]", "(?m:^)", "\\n"]),
    lambda inner: (
        st.builds(lambda parts: "".join(parts), st.lists(inner, min_size=1, max_size=3))
        | st.builds(
            lambda each, times: f"({each}){times}", inner, st.sampled_from(["*", "+", "?", "{2}", ""])
        )
        | st.builds(lambda one, other: f"(?:{one}|{other})", inner, inner)
        | st.builds(lambda one: f"(?s:{one})", inner)
    ),
    max_leaves=6,
)
TEXTS = ["".join(each) for length in range(5) for each in itertools.product("ab\n", repeat=length)]


@given(expression=expressions)
def test_what_an_expression_reaches(expression: str) -> None:
    """One that is said to match nothing matches no text, one that is said to match everything all."""
    reach, matcher = Reach(expression), re2.compile(expression)
    matched = {matcher.search(text) is not None for text in TEXTS}
    if reach.nothing:
        assert matched == {False}
    if reach.everything:
        assert matched == {True}
