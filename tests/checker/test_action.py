"""A typed action: what it equals, and that it is decided as its text is."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Action, Checker
from mpr_logic.errors import StateError

VALUES = st.one_of(st.text(max_size=5), st.integers(), st.booleans(), st.floats(allow_nan=False), st.none())


def test_equal_numbers_of_other_types_are_other_actions() -> None:
    """1, 1.0 and True are three arguments, also where they are named."""
    found = [Action("b", value) for value in (1, 1.0, True, "1")]
    found += [Action("b", x=value) for value in (1, 1.0, True, "1")]
    assert len(set(found)) == 8
    assert [a == b for a in found for b in found].count(True) == 8
    assert Action("b", 1) == Action("b", 1)
    assert Action("b", x=1, y=2) == Action("b", y=2, x=1)
    assert Action("b", 1) != ("b", (1,), ())


@given(name=st.sampled_from(["put", "go"]), args=st.lists(VALUES, max_size=3))
def test_a_copy_is_equal(name: str, args: list[object]) -> None:
    """Copied and pickled it is the same action, with the same parts."""
    action = Action(name, *args)  # type: ignore[arg-type]
    for each in (copy.copy(action), copy.deepcopy(action), pickle.loads(pickle.dumps(action))):
        assert each == action
        assert hash(each) == hash(action)
        assert (each.name, each.args, each.named) == (name, tuple(args), ())


@pytest.mark.parametrize("part", ["name", "args", "named"])
def test_its_parts_cannot_be_changed(part: str) -> None:
    """An action stays the one that was decided on: its parts cannot be set."""
    with pytest.raises(AttributeError):
        setattr(Action("go", "a"), part, ("b",))


RULES = """
.action put(what: symbol, into: symbol)
.action wait(seconds: int)
.action warm(to: float, now: bool)
forbid put(X, X).
forbid wait(N) :- N > 10.
forbid warm(T, true) :- T > 30.0.
"""


@given(
    name=st.sampled_from(["put", "wait", "warm", "fly"]),
    args=st.lists(st.one_of(st.sampled_from(["a", "b", "é", "x y"]), VALUES), max_size=3),
)
def test_it_is_decided_as_its_text_is(name: str, args: list[object]) -> None:
    """The short way and the way through the parser come to the same, twice in a row."""
    short = Checker.from_text(RULES)
    action = Action(name, *args)  # type: ignore[arg-type]
    for _ in range(2):
        decision = short.check(action)
        try:
            atom = action.atom()
        except StateError:
            assert decision.verdict == "undecided"
            continue
        from mpr_logic.language.printer import print_atom

        assert decision.verdict == short.check(print_atom(atom)).verdict


@pytest.mark.parametrize("wrong", [None, 7, ["go"], ("go", ("a",), (), str), object()])
def test_what_is_no_action_is_rejected(wrong: object) -> None:
    """Also what looks like the inside of one."""
    checker = Checker.from_text(".action go(a: symbol)")
    decision = checker.check(wrong)  # type: ignore[arg-type]
    assert decision.verdict == "undecided"
    checker.check(Action("go", "a"))
    assert checker.check(wrong).verdict == "undecided"  # type: ignore[arg-type]


def test_an_argument_that_cannot_be_looked_up_is_rejected() -> None:
    """A list is no value; nothing is raised."""
    checker = Checker.from_text(".action go(a: symbol)")
    assert checker.check(Action("go", ["a"])).verdict == "undecided"  # type: ignore[arg-type]
