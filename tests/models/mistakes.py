"""A scripted player of AlfWorld with known mistakes, to learn from and to be judged by. It is no agent: it
has the walkthrough, and draws some of its steps from the simulator's own list."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import AlfWorld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.policies import View
    from mpr_logic.checker.action import Action

ALWAYS = {"look", "inventory", "help"}
"""The actions that can always be done, and teach nothing."""

DETOURS = 3
"""The most detours in front of one step: one fewer than the loop takes proposals in a turn."""


class Mistaken:
    """Scripted: does what the walkthrough says, with detours in front of its steps.

    A detour is drawn from all that the agent could think of, or from what it could do with what is at hand,
    each verb as often as the others. One that
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
        """Draw an action that the agent could think of; half of the time with what is in its hand and where
        it stands."""
        thoughts = list(self._world.candidates())
        if self._draw.random() < 0.5:
            facts = self._world.state()
            near = [a for a in thoughts if a.args and all(_near(str(arg), facts) for arg in a.args)]
            thoughts = near or thoughts
        return self._one_of(thoughts)

    def _listed(self) -> Action:
        """An admissible action, by the simulator's list: a third of them to go somewhere, else what it has
        done least often so far, with things of the kinds that it has done least with."""
        commands = sorted(self._world.simulator.commands())
        listed = [action for each in commands if (action := action_of(each))]
        going = [action for action in listed if action.name == "go_to"]
        if self._draw.random() < 0.3:
            return self._draw.choice(going)
        rare = min(({action.name for action in listed} - ALWAYS) or {"look"}, key=self._times)
        named = [action for action in listed if action.name == rare]
        kinds = {_kind(action) for action in named}
        chosen = min(self._draw.sample(sorted(kinds), len(kinds)), key=lambda kind: self._done[kind])
        self._done[rare] += 1
        self._done[chosen] += 1
        return self._draw.choice([action for action in named if _kind(action) == chosen])

    def _times(self, name: str) -> tuple[int, str]:
        return self._done[name], name

    def _one_of(self, actions: list[Action]) -> Action:
        verb = self._draw.choice(sorted({action.name for action in actions} - ALWAYS))
        return self._draw.choice([action for action in actions if action.name == verb])


def _near(name: str, facts: AbstractSet[str]) -> bool:
    return f"holding({name})" in facts or f"agent_at({name})" in facts


def _kind(action: Action) -> str:
    """The verb, and the kind of the first thing that an action is about."""
    return f"{action.name} {str(action.args[0]).rpartition('_')[0] if action.args else ''}"
