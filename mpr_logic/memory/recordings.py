"""Recorded episodes on their way into a memory: lines of docs/reference/trajectory.md, checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError, StoreError
from mpr_logic.memory.trajectory import read_trajectories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.memory.trajectory import RecordedTurn, Trajectory


@dataclass(frozen=True, slots=True)
class Cited:
    """A rule that a recorded decision named, as a reason of a rejection (``law``) or as advice."""

    turn: int
    rule: str
    action: str
    law: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Recording:
    """One episode: ``text`` is its lines."""

    task: str
    kind: str
    policy: str
    rules: str
    won: bool
    turns: int
    text: str
    cited: tuple[Cited, ...]


def recordings(lines: Iterable[str | dict[str, Any]]) -> Iterator[Recording]:
    """The episodes of some lines, one after the other.

    Args:
        lines: JSON texts, or what was read from them.

    Raises:
        StoreError: a line is not of a trajectory; nothing after it is read.
    """
    try:
        yield from map(_recording, read_trajectories(lines))
    except StateError as error:
        raise StoreError(f"{error}: record it with `mpr play --record FILE`") from None


def _recording(trajectory: Trajectory) -> Recording:
    try:
        lines = [json.dumps(line, allow_nan=False) for line in trajectory.lines]
    except (ValueError, TypeError) as error:
        raise StoreError(f"{trajectory.place}: the episode is no JSON: {error}") from None
    return Recording(
        task=storable(trajectory.task),
        kind=storable(trajectory.kind),
        policy=storable(trajectory.policy),
        rules=storable(trajectory.rules),
        won=any(turn.won for turn in trajectory.turns),
        turns=sum(turn.action is not None for turn in trajectory.turns),
        text="\n".join(lines),
        cited=tuple(_cited(trajectory.turns)),
    )


def _cited(turns: Iterable[RecordedTurn]) -> Iterator[Cited]:
    for turn in turns:
        for decision in turn.decisions:
            for name in ("reasons", "advice"):
                said: set[str] = set()  # a rule that says several things is cited once
                for reason in _dicts(decision.get(name)):
                    rule = reason.get("rule")
                    if isinstance(rule, dict) and isinstance(rule.get("id"), str) and rule["id"] not in said:
                        said.add(rule["id"])
                        weight = reason.get("weight")
                        yield Cited(
                            turn.number,
                            storable(rule["id"]),
                            storable(str(decision.get("action"))),
                            name == "reasons",
                            float(weight) if isinstance(weight, (int, float)) else 0.0,
                        )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def storable(text: str) -> str:
    """A text with what not every database can hold written out: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
