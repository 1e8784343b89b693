"""A failed episode among the boxes, and what is declared there."""

from __future__ import annotations

from functools import cache
from typing import Any

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Planned
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.loading import load_modules
from mpr_logic.models.grammars import Vocabulary
from tests.helpers.boxes import RULES, Boxes

SHUT = (Action("take", "box_3"), Action("open", "box_1"), Action("open", "box_1"), Action("wait"))


def lines(plan: tuple[Action, ...] = SHUT, *, shadow: bool = True) -> list[dict[str, Any]]:
    """The lines of an episode: a box that is shut is asked for its coin, and one that is open is opened."""
    checker = Checker.load(RULES) if not shadow else Checker.load(RULES / "1_world.dl")
    policy = Planned(plan)
    first = heading("boxes/3", "coin", policy.name, checker.program.version, shadow=shadow)
    turns = play(Boxes(3, steps=len(plan)), checker, policy, shadow=shadow, repairs=True, attempts=1)
    return [first, *map(turn_json, turns)]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of rules about boxes."""
    return Vocabulary.of(load_modules([RULES / "1_world.dl"]))
