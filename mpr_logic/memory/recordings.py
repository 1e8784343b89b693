"""Recorded episodes on their way into a memory: lines of docs/reference/trajectory.md, checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1
"""The version of the lines that are understood."""


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
    heading: dict[str, Any] | None = None
    turns: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if isinstance(line, str) and not line.strip():
            continue
        found = _object(line, number)
        if found.get("line") == "episode":
            if heading is not None:
                yield _recording(heading, turns)
            heading, turns = _heading(found, number), []
        elif heading is None:
            raise StoreError(f"line {number}: a trajectory begins with the line of its episode")
        else:
            turns.append(_turn(found, number))
    if heading is not None:
        yield _recording(heading, turns)


def _object(line: str | dict[str, Any], number: int) -> dict[str, Any]:
    found: object = line
    if isinstance(line, str):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise StoreError(f"line {number} is no JSON: record it with `mpr play --record FILE`") from None
    if not isinstance(found, dict):
        raise StoreError(f"line {number} is no JSON object: record it with `mpr play --record FILE`")
    return found


def _heading(found: dict[str, Any], number: int) -> dict[str, Any]:
    version = found.get("mpr_trajectory")
    if type(version) is not int or version > VERSION:
        raise StoreError(f"line {number}: this is a trajectory of version {version!r}, and 1 is understood")
    for name in ("task", "kind", "policy", "rules"):
        if not isinstance(found.get(name), str):
            raise StoreError(f"line {number}: the episode has no text `{name}`")
    return found


def _turn(found: dict[str, Any], number: int) -> dict[str, Any]:
    count = found.get("number")
    if found.get("line") != "turn" or type(count) is not int or not 0 <= count < 1 << 31:
        raise StoreError(f"line {number} is neither an episode nor a turn with its number")
    return found


def _recording(heading: dict[str, Any], turns: list[dict[str, Any]]) -> Recording:
    lines = [json.dumps(each, allow_nan=False) for each in (heading, *turns)]
    return Recording(
        task=storable(heading["task"]),
        kind=storable(heading["kind"]),
        policy=storable(heading["policy"]),
        rules=storable(heading["rules"]),
        won=any(turn.get("won") is True for turn in turns),
        turns=sum(turn.get("action") is not None for turn in turns),
        text="\n".join(lines),
        cited=tuple(_cited(turns)),
    )


def _cited(turns: Iterable[dict[str, Any]]) -> Iterator[Cited]:
    for turn in turns:
        for decision in _dicts(turn.get("decisions")):
            for name in ("reasons", "advice"):
                for reason in _dicts(decision.get(name)):
                    rule = reason.get("rule")
                    if isinstance(rule, dict) and isinstance(rule.get("id"), str):
                        weight = reason.get("weight")
                        yield Cited(
                            turn["number"],
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
