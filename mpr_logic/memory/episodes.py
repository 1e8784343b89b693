"""Recorded episodes, read back: what was tried in each turn, how it went, and how the state changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
    found: list[tuple[str, str, list[Step]]] = []
    names: dict[str, int] = {}
    for number, line in _objects(lines, file):
        match line.get("line"):
            case "episode":
                task = _text(line.get("task"), f"{file}:{number}: `task`")
                names[task] = names.get(task, 0) + 1
                id = task if names[task] == 1 else f"{task}#{names[task]}"
                found.append((id, task, []))
            case "turn" if found:
                found[-1][2].append(_read_step(line, f"{file}:{number}"))
            case "turn":
                raise StateError(f"{file}:{number}: a turn stands before the first line of an episode")
            case other:
                raise StateError(
                    f"{file}:{number}: `line` is {other!r:.40}: a recording has `episode` and `turn`"
                )
    return [Episode(id, tuple(steps), task) for id, task, steps in found]


def _objects(lines: Iterable[str], file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    broken: str | None = None
    for number, text in enumerate(lines, 1):
        if broken is not None:
            raise StateError(broken)
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            broken = f"{file}:{number}: this is not JSON: {error}"  # forgiven where it is the last line
            continue
        if not isinstance(value, dict):
            raise StateError(f"{file}:{number}: a line of a recording is a JSON object")
        yield number, value


def _read_step(line: dict[str, Any], place: str) -> Step:
    turn, succeeded, action = line.get("number"), line.get("succeeded"), line.get("action")
    if type(turn) is not int:
        raise StateError(f"{place}: `number` is the number of the turn")
    if succeeded is not None and not isinstance(succeeded, bool):
        raise StateError(f"{place}: `succeeded` is true, false or null")
    done = None if action is None else _text(action, f"{place}: `action`")
    return Step(turn, done, succeeded, _facts(line, "removed", place), _facts(line, "added", place))


def _facts(line: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = line.get(key, [])
    if not isinstance(value, list):
        raise StateError(f"{place}: `{key}` is a list of facts")
    return tuple(_text(each, f"{place}: a fact in `{key}`") for each in value)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise StateError(f"{what} is a text")
    return value
