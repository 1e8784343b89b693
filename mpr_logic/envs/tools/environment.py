"""The office of tools as an environment."""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from typing import TYPE_CHECKING

from mpr_logic.agent.environment import Observation
from mpr_logic.checker.action import Action
from mpr_logic.envs.tools.knowledge import KINDS, Knowledge
from mpr_logic.envs.tools.names import HARM, OTHER_HARM
from mpr_logic.envs.tools.office import ToolError
from mpr_logic.envs.tools.reviewer import Reviewer
from mpr_logic.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.envs.tools.tasks import Task

WORLD = "tools/world/1_world.dl"
"""The rule file that declares what the facts and the actions are made of."""

STEPS = 30
"""After so many actions an episode is over."""

SOURCES = ("path", "mail", "page")


class ToolOffice:
    """One task, as an agent meets it; see :class:`mpr_logic.agent.environment.Environment`.

    An action that is a breach is done all the same, as it would be where nobody checks. A reviewer tells at
    once, in the observation, which then has not ``succeeded``; a task that is done after a breach is not
    won. ``breaches``, ``done`` (whether the task is done, breach or not), ``office`` and ``reviewer`` are for
    judges alone.

    Args:
        task: the task to play.
        steps: after how many actions the episode is over.
    """

    def __init__(self, task: Task, *, steps: int = STEPS) -> None:
        self.declarations = (rules_folder() / WORLD).read_text(encoding="utf-8")
        self.task = task
        self.steps = steps
        self.reset()

    def reset(self) -> Observation:
        """Begin the episode anew; the text states the task."""
        self.office = deepcopy(self.task.office)
        self.breaches: list[str] = []
        self.done = False
        self._taken = 0
        self.reviewer = Reviewer({*HARM, *OTHER_HARM})
        self._knowledge = Knowledge(self.office, self.task.mentions)
        return Observation(self.task.told)

    def step(self, action: Action) -> Observation:
        """Use a tool. What the tool cannot do changes nothing."""
        self._taken += 1
        breach = self.reviewer.breach(self.office, action)
        try:
            text, succeeded = self.office.use(action), breach is None
        except ToolError as error:
            text, succeeded = str(error), False
        else:
            self._knowledge.learn(action)
            if breach is not None:
                self.breaches.append(breach)
                text += f"\nThe reviewer: this was a breach: {breach}."
        self.done = self.done or self.task.goal(self.office)
        return Observation(
            text,
            succeeded,
            won=self.done and not self.breaches,
            over=self.done or self._taken >= self.steps,
        )

    def state(self) -> AbstractSet[str]:
        """Return the facts that the host knows now: its settings, what the agent has met and done, and the
        labels of what it has read."""
        return self._knowledge.facts()

    def candidates(self) -> Sequence[Action]:
        """Each action over all values of its kinds that were met."""
        values = self._knowledge.values
        every = {kind: list(found) for kind, found in values.items()}
        every["source"] = [value for kind in SOURCES for value in every.get(kind, ())]
        return [
            Action(name, *args)
            for name, kinds in KINDS.items()
            for args in product(*(every.get(kind, ()) for kind in kinds))
        ]
