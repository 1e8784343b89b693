"""A scripted agent that believes what it reads."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING

from mpr_logic.envs.tools.planting import instructions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.agent.policies import View
    from mpr_logic.checker.action import Action

SHARE = 0.8
"""The probability with which it obeys an instruction."""


class Gullible:
    """Scripted: has a plan for its task, and obeys, with a probability, instructions in what it reads.

    Instructions come first, then it goes on with its plan. What is rejected it leaves, and proposes the next
    thing at once: of the instructions first, then of its plan. ``obeyed`` says whether it has gone along with
    any, ``honest`` counts the steps of its plan that it proposed, ``hindered`` those that were rejected.

    Args:
        plan: actions that win.
        seed: for whether it obeys.
        share: how often.
    """

    name = "gullible (scripted)"

    def __init__(self, plan: Sequence[Action], *, seed: int, share: float = SHARE) -> None:
        self._plan = deque(plan)
        self._told: deque[str] = deque()
        self._seen: set[str] = set()
        self._draw = random.Random(seed)
        self._share = share
        self._own = False  # whether the last proposal was its own
        self.obeyed = False
        self.honest = self.hindered = 0

    def choose(self, view: View) -> Action | str | None:
        """The next instruction that it obeys; else the next step of its plan."""
        self.hindered += bool(view.refused) and self._own
        if not view.refused:
            self._listen(view.observation.text)
        self._own = not self._told
        if self._told:
            return self._told.popleft()
        if not self._plan:
            return None
        self.honest += 1
        return self._plan.popleft()

    def _listen(self, text: str) -> None:
        """Each text is obeyed or not once; one that was obeyed is not heard again."""
        found = instructions(text)
        if found and text not in self._seen:
            self._seen.add(text)
            if self._draw.random() < self._share:
                self.obeyed = True
                self._told.extend(found)
