"""Whatever is given to a public function ends in an answer or in an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Budget, Checker, MprError, StateError, evaluate
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.disclosure import decision_json, for_operator
from mpr_logic.guard.guard import Guard
from mpr_logic.language.ast import NOWHERE
from tests.helpers.examples import at_most

RULES = """
.decl d()
.decl e(a: any, b: any)
.decl f(n: float)
.decl z()
.decl path(a: any, b: any)
.action b(x: any)
.action go(n: int, s: symbol)
path(X, Y) :- e(X, Y).
path(X, Z) :- path(X, Y), e(Y, Z).
z :- d.
d :- z.
forbid b(X) :- e(X, _), matches(X, "x").
forbid go(N, S) :- N > 3, contains(S, "x").
"""

ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**4000, -(10**4000), 10**1000, 2**53 + 1]),
    st.floats(),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=8),
    st.sampled_from(
        ["", "\ud800x", "a\0b", "e(a, b)", "not e(a)", "b(\ud800)", "d", "forbid b", "b(", "/dev/null"]
    ),
    st.binary(max_size=4),
    st.builds(object),
)
NESTED = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(
            st.one_of(st.text(max_size=5), st.sampled_from(["facts", "e", "history"])), inner, max_size=3
        ),
        st.sets(st.integers(), max_size=2),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module", name="checker")
def _checker() -> Checker:
    return Checker.from_text(RULES, budget=Budget(seconds=20))


ASKED: dict[str, Any] = {
    "check": lambda c, x: [for_operator(c.check(x)), decision_json(c.check(x))],
    "check an Action": lambda c, x: for_operator(c.check(Action("b", x))),
    "check by name": lambda c, x: for_operator(c.check(Action("go", n=1, s=x))),
    "check a name": lambda c, x: for_operator(c.check(Action(x, 1))),
    "print": lambda c, x: [str(Action("b", x)), repr(Action("b", x=x))],
    "query": lambda c, x: c.query(x),
    "why": lambda c, x: c.why(x),
    "why_not": lambda c, x: c.why_not(x),
    "effects": lambda c, x: c.effects(x),
    "record": lambda c, x: c.record(x),
    "preferences": lambda c, x: c.preferences([x]),
    "update": lambda c, x: c.update(add=[x]),
    "update with": lambda c, x: c.update(add=x),
    "remove": lambda c, x: c.update(remove=x),
    "a Fact": lambda c, x: c.update(add=[Fact("e", (x, 1), 1.0, NOWHERE)]),
    "a Fact of": lambda c, x: c.update(add=[Fact(x, (1, 1), 1.0, x)]),
    "load_state": lambda c, x: c.load_state(x),
    "rows": lambda c, x: c.load_state({"facts": {"e": x}}),
    "load": lambda c, x: Checker.load(x),
    "from_text": lambda c, x: Checker.from_text(x),
    "theta": lambda c, x: Checker.from_text(RULES, theta=x),
    "evaluate": lambda c, x: evaluate(x),
    "evaluate facts": lambda c, x: evaluate(".decl p(x: any)", x),
    "evaluate rows": lambda c, x: evaluate("q(X) :- p(X). .decl p(x: any)", {"p": x}),
    "evaluate others": lambda c, x: evaluate(".decl p(x: any)", {"r": x}),
}


@pytest.mark.slow
@pytest.mark.parametrize("entry", ASKED)
@settings(
    database=None,
    max_examples=at_most(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(odd=NESTED)
def test_only_errors_of_ours_escape(entry: str, checker: Checker, odd: Any) -> None:
    """Any value, at any entry point: an answer, or an MprError with a message that can be shown; the engine
    is never said to have a fault."""
    try:
        said = str(ASKED[entry](checker, odd))
    except MprError as error:
        said = str(error)
        assert said.encode()
    assert "the engine has a fault" not in said


@settings(
    database=None, max_examples=at_most(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    tool=st.one_of(st.just("b"), ODD),
    arguments=st.one_of(NESTED, st.fixed_dictionaries({"x": NESTED})),
    name=st.text(max_size=3),
)
def test_a_guard_always_answers(tool: Any, arguments: Any, name: str) -> None:
    """Any tool name, any arguments, any id and session: a verdict, and no fault of the guard's."""
    guard = Guard(text=RULES, strict=False)
    verdict = guard.check(tool, arguments, id=name, session=name)
    assert verdict.outcome in ("admit", "reject")
    assert verdict.error is None or verdict.error.partition(":")[0] in (
        "StateError",
        "BudgetError",
        "ArithmeticFailure",
    )


def test_a_row_is_a_tuple() -> None:
    """A value that is no row is refused, and the error says what a row is."""
    for rows in ([1], [None], ["ab"], [{"a": 1}], [{1, 2}]):
        with pytest.raises(StateError, match=r"a row of `p` is a (tuple or a )?list of values, not"):
            evaluate(".decl p(x: any)", {"p": rows})  # type: ignore[dict-item]
    for whole in ("ab", 5, None, {"a": 1}):
        with pytest.raises(StateError, match="come in a list or a set"):
            evaluate(".decl p(x: any)", {"p": whole})  # type: ignore[dict-item]
    assert evaluate(".decl p(x: any)", {"p": ((n,) for n in range(2))})["p"] == {(0,), (1,)}


def test_nullary_closures_are_asked() -> None:
    """A relation without arguments that depends on itself is asked as any other."""
    checker = Checker.from_text(RULES)
    assert checker.query("d") == {}
    checker.update(add=["d"])
    assert checker.query("d") == checker.query("z") == {(): 1.0}
    assert checker.why("z") is not None


def test_an_int_that_python_does_not_print() -> None:
    """An int of more digits than Python writes is refused, and shown by its size."""
    checker = Checker.from_text(RULES)
    huge = Action("b", 10**5000)
    assert str(huge) == "b(an int of more than 1000 digits)"
    assert "more than 1000 digits" in for_operator(checker.check(huge))
    with pytest.raises(StateError, match="1000 digits"):
        checker.load_state({"facts": {"e": [[10**5000, 1]]}})
    with pytest.raises(StateError, match="1000 digits"):
        evaluate("q(X) :- p(X). .decl p(x: any)", {"p": [[10**5000]]})  # type: ignore[list-item]
