"""mpr_logic itself: text in, decisions out, with weights and types on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.checker.checker import Checker
from mpr_logic.engine.protocol import Budget
from tests.bench.household import THETA

if TYPE_CHECKING:
    from tests.bench.household import Step, World


class Ours:
    """A step is one update and one pass over the candidates, no proof recorded."""

    name = "mpr_logic"
    proofs = False

    def __init__(self, world: World) -> None:
        # without a bound on time, so that a busy machine changes no answer
        self._checker = Checker.from_text(world.program, theta=THETA, budget=Budget())
        self._checker.update(add=world.facts_dl())

    def step(self, step: Step) -> list[bool]:
        checker = self._checker
        checker.update(add=step.add_dl, remove=step.remove_dl)
        decisions = checker.check_all(step.actions_text, proofs=self.proofs)
        return [not decision.admissible for decision in decisions]

    def close(self) -> None:
        """Nothing is shared."""


class Proving(Ours):
    """The same, with the reasons and proofs of every rejection recorded in the step; nobody reads them."""

    name = "mpr_logic, every rejection proved"
    proofs = True
