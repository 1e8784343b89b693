"""The mirror: the checker's facts are the world's, whatever came before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker, StateError
from mpr_logic.agent.loop import Mirror

RULES = ".decl p(x: symbol) open_world .decl q(x: symbol, n: int) .decl r()"
ATOMS = ["p(a)", "p(b)", 'p("an odd, (name)")', "q(a, 1)", "q(a, -2)", "r"]


@st.composite
def states(draw: st.DrawFn) -> set[str]:
    """A state: some atoms, each certain, likely, or observed to be false."""
    found = set()
    for atom in draw(st.sets(st.sampled_from(ATOMS))):
        forms = ["{}", "0.25 :: {}", "0.8 :: {}", *(["not {}"] if atom.startswith("p") else [])]
        found.add(draw(st.sampled_from(forms)).format(atom))
    return found


def alone(state: set[str]) -> object:
    """The facts of a checker that was told one state and nothing else."""
    checker = Checker.from_text(RULES)
    checker.update(add=state)
    return checker.facts()


@given(st.lists(states(), max_size=8))
def test_the_last_state_holds(sequence: list[set[str]]) -> None:
    """After any sequence of states the checker's facts are those of the last, and the changes lead there."""
    mirror, told = Mirror(Checker.from_text(RULES)), set[str]()
    for state in sequence:
        added, removed = mirror.follow(state)
        assert not added & told
        assert removed <= told
        told = (told - removed) | added
        assert told == state
        assert mirror.checker.facts() == alone(state)


def test_a_live_set() -> None:
    """A world may hand out the same set each time, and change it: what follows is the change."""
    mirror, state = Mirror(Checker.from_text(RULES)), {"p(a)"}
    mirror.follow(state)
    state.add("p(b)")
    assert mirror.follow(state) == ({"p(b)"}, set())


def test_nothing_new() -> None:
    """A state that changes nothing keeps the checker's version, so that earlier decisions still hold."""
    mirror = Mirror(Checker.from_text(RULES))
    mirror.follow({"p(a)"})
    state = mirror.checker.version
    assert mirror.follow({"p(a)"}) == (set(), set())
    assert mirror.checker.version is state


def test_a_state_that_does_not_fit() -> None:
    """A state with a fact that does not fit changes nothing, and the next one is followed."""
    mirror = Mirror(Checker.from_text(RULES))
    mirror.follow({"p(a)"})
    with pytest.raises(StateError, match="`s` is not declared"):
        mirror.follow({"p(b)", "s(a)"})
    assert mirror.checker.query("p(X)") == {("a",): 1.0}
    mirror.follow({"p(b)"})
    assert mirror.checker.query("p(X)") == {("b",): 1.0}


def test_where_facts_come_from() -> None:
    """The source that was named stands in proofs."""
    mirror = Mirror(Checker.from_text(RULES))
    mirror.follow({"p(a)"}, "turn 3")
    proof = mirror.checker.why("p(a)")
    assert getattr(proof, "source", None) == "turn 3"
