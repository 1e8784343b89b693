"""A scripted player of AlfWorld with known mistakes, to learn from and to be judged by. It is no agent: it has
the walkthrough, and draws some of its detours from the simulator's own list."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import AlfWorld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.policies import View
    from mpr_logic.checking.action import Action

ALWAYS = {"look", "inventory", "help"}
"""What can always be done, and teaches nothing."""

DETOURS = 3
"""So many detours stand in front of one step at most: one fewer than the loop takes proposals in a turn."""


class Mistaken:
    """Scripted: does what the walkthrough says, with detours in front of its steps.

    A detour is drawn from all that the agent could think of, each verb as often as the others. One that
    leads elsewhere is followed by the way back. With ``wander`` it does not follow the walkthrough, and makes
    that many steps, half of them of that kind and half of what is admissible.
    """

    def __init__(self, world: AlfWorld, seed: str, *, wander: int = 0) -> None:
        self.name = "scripted: wandering" if wander else "scripted: the walkthrough with detours"
        self._world = world
        self._draw = random.Random(f"{seed} {world.game.id} {wander}")
        self._proposals = self._wandering(wander) if wander else self._detours()
        self._refused = 0
        self._done: Counter[str] = Counter()

    def choose(self, view: View) -> Action | None:
        """The next proposal, whatever came of the last."""
        self._refused = len(view.refused)
        return next(self._proposals, None)

    def _detours(self) -> Iterator[Action]:
        back: Action | None = None
        for command in self._world.simulator.walkthrough:
            step = action_of(command)
            if step is None:
                continue
            for _ in range(DETOURS):
                if self._draw.random() < 0.5:
                    break
                detour = self._thought()
                yield detour
                if detour.name == "go_to" and not self._refused and back is not None:
                    yield back
            if step.name == "go_to":
                back = step
            yield step

    def _wandering(self, steps: int) -> Iterator[Action]:
        for _ in range(steps):
            yield self._thought() if self._draw.random() < 0.5 and self._refused < 2 else self._listed()

    def _thought(self) -> Action:
        return self._one_of(list(self._world.candidates()))

    def _listed(self) -> Action:
        """An admissible action, by the simulator's list: a third of them to go somewhere, else what it has done
        least often so far."""
        listed = [action for each in self._world.simulator.commands() if (action := action_of(each))]
        going = [action for action in listed if action.name == "go_to"]
        if self._draw.random() < 0.3:
            return self._draw.choice(going)
        rare = min({action.name for action in listed} - ALWAYS, key=lambda name: (self._done[name], name))
        self._done[rare] += 1
        return self._draw.choice([action for action in listed if action.name == rare])

    def _one_of(self, actions: list[Action]) -> Action:
        verb = self._draw.choice(sorted({action.name for action in actions} - ALWAYS))
        return self._draw.choice([action for action in actions if action.name == verb])
