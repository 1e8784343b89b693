"""Recorded episodes, read back: what was tried in each turn, how it went, and how the state changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mpr_logic.memory.trajectory import read_trajectories

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the action that was tried (None: none was), whether it succeeded (None: nobody can tell),
    and the facts that went and came with it, as :meth:`Checker.update` takes them."""

    turn: int
    action: str | None
    succeeded: bool | None
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """What was played from one beginning on. ``id`` tells it from other episodes; those of one ``task`` have
    the same world."""

    id: str
    steps: tuple[Step, ...]
    task: str


class _Seen(Protocol):
    @property
    def succeeded(self) -> bool | None: ...


class Turn(Protocol):
    """What :class:`mpr_logic.agent.play.Turn` has of it."""

    @property
    def number(self) -> int:
        """Which turn of the episode."""

    @property
    def action(self) -> object | None:
        """What was tried."""

    @property
    def observation(self) -> _Seen:
        """What was seen then."""

    @property
    def added(self) -> AbstractSet[str]:
        """The facts that came."""

    @property
    def removed(self) -> AbstractSet[str]:
        """The facts that went."""


def episode_of(id: str, turns: Iterable[Turn], task: str = "") -> Episode:
    """The episode that some turns make."""
    return Episode(id, tuple(_step(turn) for turn in turns), task or id)


def _step(turn: Turn) -> Step:
    action = None if turn.action is None else str(turn.action)
    removed, added = tuple(sorted(turn.removed)), tuple(sorted(turn.added))
    return Step(turn.number, action, turn.observation.succeeded, removed, added)


def read_episodes(lines: Iterable[str], file: str = "<trajectory>") -> list[Episode]:
    """The episodes of a recording (docs/reference/trajectory.md). Each is named by its task, with ``#2``,
    ``#3`` behind it where the same task was played before. A last line that was cut off is left out.

    Raises:
        StateError: a line is none of a recording.
    """
    found: list[Episode] = []
    played: Counter[str] = Counter()
    for each in read_trajectories(lines, file):
        played[each.task] += 1
        id = each.task if played[each.task] == 1 else f"{each.task}#{played[each.task]}"
        steps = tuple(Step(t.number, t.action, t.succeeded, t.removed, t.added) for t in each.turns)
        found.append(Episode(id, steps, each.task))
    return found
