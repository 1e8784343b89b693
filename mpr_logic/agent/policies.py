"""Who decides what an agent does next: policies that need no model."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mpr_logic.checking.action import Action
from mpr_logic.checking.disclosure import repairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.checking.checker import Checker
    from mpr_logic.checking.decision import Decision


@dataclass(slots=True)
class View:
    """What a policy chooses by. ``refused`` are the decisions about what it has proposed in this turn
    already, all of them rejections: the state is still the same. ``guided`` says whether it is told what
    the rules say; one that plays in their shadow is not."""

    observation: Observation
    world: Environment
    checker: Checker
    guided: bool = True
    refused: tuple[Decision, ...] = ()


class Policy(Protocol):
    """Proposes actions. ``name`` says what it is; a scripted one says so."""

    name: str

    def choose(self, view: View) -> Action | str | None:
        """The action to propose, as an Action or as its text; None where there is no other.

        What is rejected is not done: the policy is asked again, with the rejection in the view. None after
        a rejection leaves the turn to the safe fallback; None as the first answer of a turn gives up.
        """


class StrongestPreference:
    """Does what the strongest ``prefer`` speaks for among the actions that the checker admits: no model,
    no search. Of several that are equally strong it takes the first by name."""

    name = "the strongest preference"

    def choose(self, view: View) -> Action | None:
        """The next action; None where no ``prefer`` speaks for any that is admissible.

        Raises:
            EvaluationError: the engine could not finish.
        """
        preferred = view.checker.preferences(view.world.candidates())
        return preferred[0][0] if preferred else None


class Planned:
    """Does what a plan says, one action after the other, whatever happens."""

    name = "the walkthrough"

    def __init__(self, plan: Sequence[Action]) -> None:
        self._plan = iter(plan)

    def choose(self, view: View) -> Action | None:
        """The next action of the plan; None at its end."""
        return next(self._plan, None)


class Forgetful:
    """Scripted: a person who knows what to do and forgets half of the little steps.

    It has a plan that works, and leaves each of its ``forgets`` actions out with a probability. Told why
    what it proposes will not do, it does first what the repair names, and then what it had proposed. What
    comes to nothing it tries once more; then it does what the rules prefer, and tries again. Where the
    rules are not told, it goes on with its plan.

    Args:
        plan: actions that win.
        forgets: the names of the actions that it forgets.
        seed: for what it forgets.
        share: how often.
    """

    name = "forgetful (scripted)"

    def __init__(
        self, plan: Sequence[Action], *, forgets: Sequence[str], seed: int, share: float = 0.5
    ) -> None:
        draw = random.Random(seed)
        kept = [a for a in plan if not (a.name in forgets and draw.random() < share)]
        self._plan = iter(kept)
        self._wanted: Action | None = None
        self._proposed: Action | str | None = None
        self._failures = 0

    def choose(self, view: View) -> Action | str | None:
        """What a repair asks for, where there was one; else the next of the plan."""
        if view.refused:
            tried = {str(decision.action) for decision in view.refused}
            self._proposed = next((text for text in _mending(view.refused[-1]) if text not in tried), None)
        elif self._proposed is not self._wanted:  # that came first; now for what it was good for
            self._proposed = self._wanted
        else:
            self._proposed = self._next(view)
        return self._proposed

    def _next(self, view: View) -> Action | None:
        """What follows on what was wanted, and done."""
        self._failures = self._failures + 1 if view.observation.succeeded is False else 0
        if self._failures == 1 or (self._failures and view.guided):
            return StrongestPreference().choose(view) if self._failures > 1 else self._wanted
        self._failures = 0
        self._wanted = next(self._plan, None)
        return self._wanted


def _mending(decision: Decision) -> Iterator[str]:
    """The actions that the repairs of a rejection name."""
    for repair in repairs_of(decision):
        yield from repair.actions
