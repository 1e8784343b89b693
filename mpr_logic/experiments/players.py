"""Who plays in an experiment: a scripted person, or a language model; as data, and opened where it plays."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from mpr_logic.agent.scripted import Forgetful, Planned, Reminded
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.policies import Policy
    from mpr_logic.agent.worlds import Episode
    from mpr_logic.experiments.methods import Method

Script: TypeAlias = Literal["absent-minded", "forgetful", "walkthrough"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a policy is made for: the episode, what is easily forgotten in it, what chance is drawn from, the
    method, and the lessons of earlier trials."""

    episode: Episode
    forgets: tuple[str, ...]
    draw: str
    method: Method
    lessons: tuple[str, ...] = ()


class Seat(Protocol):
    """A player who is there, and may be asked."""

    def policy(self, asked: Asked) -> Policy:
        """A policy for one episode.

        Raises:
            GameError: the player cannot play this episode.
        """

    def used(self) -> dict[str, Any]:
        """The calls, tokens and cost since this was asked last, by the names of a result."""

    def lesson(self, lines: list[dict[str, Any]]) -> str:
        """What the player tells itself after an episode that was lost, from its trajectory.

        Raises:
            ModelError: the model cannot be reached.
        """


class Player(Protocol):
    """A player as plain data. ``reads`` says whether it understands text, and so can take a lesson."""

    @property
    def name(self) -> str:
        """What it is called; one that is scripted says so."""

    @property
    def reads(self) -> bool:
        """Whether it understands text."""

    def opened(self) -> contextlib.AbstractContextManager[Seat]:
        """The player, ready to be asked.

        Raises:
            ModelError: there is no such model, or a package is missing.
        """


@dataclass(frozen=True, slots=True)
class Scripted:
    """A scripted player: it knows a plan that wins, and makes known mistakes by its seed.

    ``share`` is how often it leaves a little step out; ``heeds`` how often it pays heed to guidance.
    """

    script: Script = "absent-minded"
    share: float = 0.5
    heeds: float = 0.6

    @property
    def name(self) -> str:
        """Its script, and that it is scripted."""
        return f"{self.script} (scripted)"

    @property
    def reads(self) -> bool:
        """No script reads."""
        return False

    @contextlib.contextmanager
    def opened(self) -> Iterator[Seat]:
        """Nothing is to be opened."""
        yield self

    def policy(self, asked: Asked) -> Policy:
        """See :meth:`Seat.policy`."""
        plan = asked.episode.plan
        if not plan:
            raise GameError(f"{asked.episode.id} has no walkthrough: no scripted player can play it")
        if self.script == "walkthrough":
            return Planned(plan)
        if self.script == "forgetful":
            return Forgetful(plan, forgets=asked.forgets, seed=asked.draw, share=self.share)
        return Reminded(plan, forgets=asked.forgets, seed=asked.draw, share=self.share, heeds=self.heeds)

    def used(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def lesson(self, lines: list[dict[str, Any]]) -> str:
        """None: a script learns no lesson."""
        return ""
