"""An episode as reflection reads it: the lines of its trajectory, what failed, and the state along it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEYS: Mapping[str, tuple[type, ...]] = {
    "number": (int,),
    "decisions": (list,),
    "action": (str, type(None)),
    "text": (str,),
    "succeeded": (bool, type(None)),
    "won": (bool,),
    "over": (bool,),
    "added": (list,),
    "removed": (list,),
}


@dataclass(frozen=True, slots=True)
class Step:
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
class Episode:
    """A played episode. ``over`` is False where the agent gave up, or the recording was cut off."""

    task: str
    kind: str
    steps: tuple[Step, ...]
    won: bool
    over: bool


def read_episode(lines: Iterable[Mapping[str, Any]]) -> Episode:
    """The episode of a trajectory: its first line and the turns behind it (docs/reference/trajectory.md).

    Raises:
        StateError: the lines are not those of one episode.
    """
    first, *turns = [*lines] or [{}]
    if first.get("line") != "episode" or not turns:
        raise StateError("a trajectory begins with a line `episode`, and has a turn at least")
    known: frozenset[str] = frozenset()
    steps = []
    for at, turn in enumerate(turns, start=2):
        _check(turn, at)
        steps.append(_step(turn, known, at))
        known = known.difference(turn["removed"]).union(turn["added"])
    last = turns[-1]
    return Episode(
        str(first.get("task", "")), str(first.get("kind", "")), tuple(steps), last["won"], last["over"]
    )


def _check(turn: Mapping[str, Any], at: int) -> None:
    if turn.get("line") != "turn":
        raise StateError(f"line {at} of the trajectory is no turn: give the lines of one episode")
    for key, kinds in _KEYS.items():
        if not isinstance(turn.get(key, ...), kinds):
            raise StateError(f"line {at} of the trajectory: `{key}` is missing, or no {kinds[0].__name__}")
    if not all(isinstance(fact, str) for fact in (*turn["added"], *turn["removed"])):
        raise StateError(f"line {at} of the trajectory: a fact in `added` or `removed` is no text")


def _step(turn: Mapping[str, Any], known: frozenset[str], at: int) -> Step:
    try:
        rejected = tuple(
            (str(decision["action"]), _told(decision))
            for decision in turn["decisions"]
            if not decision["admissible"] and decision["action"] != turn["action"]  # done: in shadow mode
        )
    except (KeyError, TypeError) as error:
        raise StateError(f"line {at} of the trajectory: a decision cannot be read ({error!r})") from None
    # who gives up tries nothing: what such a turn repeats is what came of the turn before
    succeeded = None if turn["action"] is None else turn["succeeded"]
    return Step(turn["number"], rejected, turn["action"], turn["text"], succeeded, known)


def _told(decision: Mapping[str, Any]) -> str:
    """What a model may read of a rejection: nothing of a rule whose author discloses nothing."""
    said = [str(r["text"]) for r in decision.get("reasons", ()) if r.get("disclose") != "nothing"]
    return "; ".join(said) or "a rule stands against it"
