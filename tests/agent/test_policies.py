"""The policies that need no model: what each does, and what it does when it is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Forgetful, Planned, StrongestPreference, View
from mpr_logic.agent.trajectory import Turn
from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import Checker
from tests.agent.test_play import LAWS, boxed
from tests.helpers.boxes import Boxes

PLAN = (Action("open", "box_3"), Action("take", "box_3"))


def played(turns: Sequence[Turn]) -> list[str]:
    """The proposals of each turn but the first; a minus marks a rejected one."""
    return [
        " ".join(f"{'' if d.admissible else '-'}{d.action}" for d in turn.decisions) for turn in turns[1:]
    ]


def forgetful(
    checker: Checker, *, share: float, shadow: bool = False, plan: Sequence[Action] = PLAN
) -> list[Turn]:
    """Turns of a person that forgets to open."""
    policy = Forgetful(plan, forgets=("open",), seed=1, share=share)
    return list(play(Boxes(3), checker, policy, shadow=shadow))


def test_strongest_preference() -> None:
    """It takes the heaviest; of equals the first by name; and nothing where no prefer speaks for any."""
    world, checker = Boxes(3), boxed()
    view = View(world.reset(), world, checker)
    assert StrongestPreference().choose(view) is None
    checker.update(add=world.state())
    assert StrongestPreference().choose(view) == Action("open", "box_1")
    checker.update(add=["opened(box_2)", "coin_in(box_2)"])
    assert StrongestPreference().choose(view) == Action("take", "box_2")


def test_planned() -> None:
    """It does what its plan says, and is at an end with it."""
    assert played(list(play(Boxes(3), boxed(), Planned(PLAN)))) == ["open(box_3)", "take(box_3)"]
    assert played(list(play(Boxes(4), boxed(), Planned(PLAN)))) == ["open(box_3)", "-take(box_3)", ""]


def test_forgetful_that_forgets_nothing() -> None:
    """With a share of 0 it plays its plan."""
    assert played(forgetful(boxed(), share=0)) == ["open(box_3)", "take(box_3)"]


def test_forgetful_under_the_rules() -> None:
    """Told what is missing, it does that first, and then what it had wanted."""
    turns = forgetful(boxed(), share=1)
    assert played(turns) == ["-take(box_3) open(box_3)", "take(box_3)"]
    assert turns[-1].observation.won


def test_forgetful_in_their_shadow() -> None:
    """Untold, it tries twice what comes to nothing, and goes on with its plan to the end."""
    turns = forgetful(boxed(), share=1, shadow=True)
    assert played(turns) == ["-take(box_3)", "-take(box_3)", ""]
    assert not turns[-1].observation.won


def test_forgetful_without_a_repair() -> None:
    """The policy leaves the turn to the fallback when no repair names an action that it has not proposed yet;
    then it proposes again what it had wanted."""
    laws = LAWS.replace("open(B) causes opened(B).", "")
    turns = forgetful(boxed(laws=laws), share=1)
    assert played(turns) == ["-take(box_3)", "-take(box_3)", "-take(box_3)", "take(box_3)"]
    assert [str(turn.action) for turn in turns[1:4]] == ["open(box_1)", "open(box_2)", "open(box_3)"]
    assert [turn.fallback for turn in turns[1:]] == [True, True, True, False]


def test_forgetful_where_the_rules_are_silent() -> None:
    """An admitted action that comes to nothing twice is tried again after one that the rules prefer."""
    laws = LAWS.replace("forbid take", "0.3 :: forbid take")
    turns = forgetful(boxed(laws=laws), share=1)
    found = [proposed.partition("(")[0] for proposed in played(turns)]
    assert found == ["take", "take", "open", "take", "open", "take", "open", "take"]
    assert turns[-1].observation.won


@pytest.mark.parametrize("seed", range(5))
def test_forgetful_by_seed(seed: int) -> None:
    """The forgotten actions depend on the seed alone, and are about the share that was named."""
    plan = [Action("open", f"box_{i}") for i in range(200)]

    def kept() -> list[object]:
        policy = Forgetful(plan, forgets=("open",), seed=seed, share=0.3)
        world = Boxes(1)
        view = View(world.reset(), world, boxed())
        return list(iter(lambda: policy.choose(view), None))

    assert kept() == kept()
    assert 100 < len(kept()) < 180
