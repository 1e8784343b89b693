"""Who decides what an agent does next: the protocol of a policy, what it sees, and the rules' own policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.agent.play import Turn
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.memory.retrieval import Retrieved


@dataclass(slots=True)
class View:
    """What a policy chooses by.

    ``guided`` says whether it is told anything of the rules, by guidance or by rejections. ``guidance`` are
    the rules that it is told before it chooses. ``refused`` are the decisions about what it has proposed in
    this turn already, all of them rejections: the state is still the same. ``history`` are the turns so
    far, that of the beginning too.
    """

    observation: Observation
    world: Environment
    checker: Checker
    guided: bool = True
    refused: tuple[Decision, ...] = ()
    guidance: Sequence[Retrieved] = ()
    history: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Pass:
    """What a policy answers that cannot propose anything in this turn, and would go on with the next: the
    turn is left to the safe fallback. ``reason`` says why."""

    reason: str


class Policy(Protocol):
    """Proposes actions. ``name`` says what it is; a scripted one says so."""

    name: str

    def choose(self, view: View) -> Action | str | Pass | None:
        """The action to propose, as an Action or as its text; None where there is no other.

        What is rejected is not done: the policy is asked again, with the rejection in the view. None after
        a rejection, or a Pass, leaves the turn to the safe fallback; None as the first answer of a turn
        gives up.
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
