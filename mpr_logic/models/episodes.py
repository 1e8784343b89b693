"""Episodes as reflection reads them: the turns of a trajectory, with what the agent knew before each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.memory.trajectory import read_trajectories

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.memory.trajectory import RecordedTurn


@dataclass(frozen=True, slots=True)
class ReflectedStep:
    """One turn. ``before`` is what the agent knew when it chose; ``rejected`` the proposals that were not
    done, each with what the agent was told of it."""

    number: int
    rejected: tuple[tuple[str, str], ...]
    action: str | None
    text: str
    succeeded: bool | None
    before: frozenset[str] = field(repr=False)

    @property
    def failed(self) -> bool:
        """Whether something that was proposed in this turn came to nothing."""
        return self.succeeded is False or bool(self.rejected)


@dataclass(frozen=True, slots=True)
class ReflectedEpisode:
    """A played episode. ``over`` is False where the agent gave up, or the recording was cut off."""

    task: str
    kind: str
    steps: tuple[ReflectedStep, ...]
    won: bool
    over: bool


def read_episode(lines: Iterable[str | dict[str, Any]]) -> ReflectedEpisode:
    """The episode of a trajectory: its first line and the turns behind it (docs/reference/trajectory.md).

    Raises:
        StateError: the lines are not those of one episode.
    """
    trajectories = list(read_trajectories(lines))
    if not trajectories or not trajectories[0].turns:
        raise StateError("a trajectory begins with a line `episode`, and has a turn at least")
    first, *more = trajectories
    if more:
        raise StateError(f"{more[0].place} is no turn: give the lines of one episode")
    known: frozenset[str] = frozenset()
    steps = []
    for turn in first.turns:
        steps.append(_step(turn, known))
        known = known.difference(turn.removed).union(turn.added)
    last = first.turns[-1]
    return ReflectedEpisode(first.task, first.kind, tuple(steps), last.won, last.over)


def _step(turn: RecordedTurn, known: frozenset[str]) -> ReflectedStep:
    try:
        rejected = tuple(
            (str(decision["action"]), _told(decision))
            for decision in turn.decisions
            if not decision["admissible"] and decision["action"] != turn.action  # done: in shadow mode
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{turn.place}: a decision cannot be read ({error!r})") from None
    # who gives up tries nothing: what such a turn repeats is what came of the turn before
    succeeded = None if turn.action is None else turn.succeeded
    return ReflectedStep(turn.number, rejected, turn.action, turn.text, succeeded, known)


def _told(decision: Mapping[str, Any]) -> str:
    """The reasons of a rejection that a model may read: nothing of a rule whose author discloses nothing."""
    said = [str(r["text"]) for r in decision.get("reasons", ()) if r.get("disclose") != "nothing"]
    return "; ".join(said) or "a rule stands against it"
