"""What a world must offer so that an agent can act in it under the checker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.checker.action import Action


@dataclass(frozen=True, slots=True)
class Observation:
    """What the agent is told after an action, or at the beginning.

    ``text`` is what it reads; ``succeeded`` whether the action did what it was meant to, None where
    nobody can tell and at the beginning; ``won`` whether the task is done; ``over`` whether the episode
    has ended, won or not.
    """

    text: str
    succeeded: bool | None = None
    won: bool = False
    over: bool = False


class Environment(Protocol):
    """A world, as one agent meets it: an attribute and four methods.

    ``declarations`` is the text of the ``.dl`` declarations of the relations and actions that the world
    speaks of; rule files add to it. All that the agent may know comes out of :meth:`state`, and nothing
    that it has not seen goes in there.
    """

    declarations: str

    def reset(self) -> Observation:
        """Begin the episode anew; the text states the task."""

    def step(self, action: Action) -> Observation:
        """Try an action. One that cannot be done changes nothing and has not ``succeeded``."""

    def state(self) -> AbstractSet[str]:
        """All that the agent knows now, as facts that :meth:`Checker.update` takes: ``holding(apple_1)``,
        ``0.8 :: at(cup_1, shelf_1)``; ``not at(cup_1, shelf_1)`` where it has seen that it is not so."""

    def candidates(self) -> Sequence[Action]:
        """The actions that the agent could think of: every declared one over all that it has seen,
        whether it can be done or not."""
