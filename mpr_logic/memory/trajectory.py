"""The one reader of recorded episodes: their lines (docs/reference/trajectory.md), read and checked, and what
a memory keeps of them.

What a line leaves out takes its default, and what else it holds is passed over, so that lines with fewer
keys and with newer ones can be read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.strict_json import no_number
from mpr_logic.errors import StateError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


VERSION = 1
"""The version of the lines that are understood."""

JsonLine = dict[str, Any]
MISSING = object()
NOTHING = type(None)
# each key with the types that its values have, and what a line without it means
HEADING: Mapping[str, tuple[tuple[type, ...], object]] = {
    "mpr_trajectory": ((int,), VERSION),
    "kind": ((str,), ""),
    "policy": ((str,), ""),
    "rules": ((str,), ""),
    "group": ((str,), ""),
}
TURN: Mapping[str, tuple[tuple[type, ...], object]] = {
    "number": ((int,), MISSING),
    "decisions": ((list,), ()),
    "action": ((str, NOTHING), None),
    "text": ((str,), ""),
    "succeeded": ((bool, NOTHING), None),
    "won": ((bool,), False),
    "over": ((bool,), False),
    "added": ((list,), ()),
    "removed": ((list,), ()),
}
MOST = 1 << 31
"""Turns are numbered below this, as databases hold it."""


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """The line of a turn; ``place`` is where it stands, as messages name it."""

    place: str
    number: int
    decisions: tuple[JsonLine, ...]
    action: str | None
    text: str
    succeeded: bool | None
    won: bool
    over: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A recorded episode. ``lines`` are its lines as they were read, ``place`` is where the first stands.
    Episodes of one ``group`` are no independent evidence: the task is the group where no other is named."""

    place: str
    task: str
    kind: str
    policy: str
    rules: str
    turns: tuple[RecordedTurn, ...]
    lines: tuple[JsonLine, ...]
    group: str


def read_trajectories(lines: Iterable[str | JsonLine], file: str | None = None) -> Iterator[Trajectory]:
    """The episodes of some lines, one after the other. A last line that was cut off is left out.

    Args:
        lines: JSON texts, or what was read from them; empty ones are passed over.
        file: what they were read from, for messages.

    Raises:
        StateError: a line is none of a trajectory; nothing after it is read.
    """
    heading: tuple[str, JsonLine] | None = None
    turns: list[tuple[RecordedTurn, JsonLine]] = []
    for place, line in _objects(lines, file):
        match line.get("line"):
            case "episode":
                if heading is not None:
                    yield _trajectory(*heading, turns)
                heading, turns = (place, line), []
            case "turn" if heading is not None:
                turns.append((_turn(line, place), line))
            case "turn":
                raise StateError(
                    f"{place}: a turn stands before the first line of an episode: "
                    "a trajectory begins with a line `episode`"
                )
            case other:
                raise StateError(f"{place}: `line` is {other!r:.40}: a recording has `episode` and `turn`")
    if heading is not None:
        yield _trajectory(*heading, turns)


def _objects(lines: Iterable[str | JsonLine], file: str | None) -> Iterator[tuple[str, JsonLine]]:
    """Each line with its place."""
    broken: str | None = None
    begun = False
    for number, line in enumerate(lines, start=1):
        if broken is not None:
            raise StateError(broken)
        if isinstance(line, str) and not line.strip():
            continue
        place = f"line {number} of the trajectory" if file is None else f"{file}:{number}"
        found: object = line
        if isinstance(line, str):
            try:
                found = json.loads(line, parse_constant=no_number)
            except (ValueError, RecursionError) as error:
                broken = f"{place}: this is not JSON: {error}"
                continue
        if not isinstance(found, dict):
            raise StateError(f"{place}: a line of a recording is a JSON object")
        begun = True
        yield place, found
    if broken is not None and not begun:
        raise StateError(broken)  # forgiven is what was cut off behind a line of an episode


def _trajectory(place: str, heading: JsonLine, turns: list[tuple[RecordedTurn, JsonLine]]) -> Trajectory:
    found = _values(heading, HEADING, place)
    version = found.pop("mpr_trajectory")
    if version > VERSION:
        raise StateError(f"{place}: this is a trajectory of version {version}, and {VERSION} is understood")
    return Trajectory(
        place=place,
        task=_text(heading.get("task"), f"{place}: `task`"),
        turns=tuple(turn for turn, _ in turns),
        lines=(heading, *(line for _, line in turns)),
        **found | {"group": found["group"] or heading["task"]},
    )


def _turn(line: JsonLine, place: str) -> RecordedTurn:
    found = _values(line, TURN, place)
    if not 0 <= found["number"] < MOST:
        raise StateError(f"{place}: `number` is {found['number']}: turns count from 0")
    if found["action"] is not None:
        _text(found["action"], f"{place}: `action`")
    for key in ("added", "removed"):
        if not all(isinstance(fact, str) and fact for fact in found[key]):
            raise StateError(f"{place}: a fact in `added` or `removed` is no text")
        found[key] = tuple(found[key])
    for decision in found["decisions"]:
        if not isinstance(decision, dict):
            raise StateError(f"{place}: a decision cannot be read: it is no JSON object")
    return RecordedTurn(place, **found | {"decisions": tuple(found["decisions"])})


def _values(
    line: JsonLine, keys: Mapping[str, tuple[tuple[type, ...], object]], place: str
) -> dict[str, Any]:
    found = {}
    for key, (kinds, default) in keys.items():
        value = line.get(key, default)
        if type(value) not in kinds and (key in line or value is MISSING):
            raise StateError(f"{place}: `{key}` is missing, or no {kinds[0].__name__}")
        found[key] = value
    return found


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise StateError(f"{what} is a text")
    return value


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
    group: str


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
        group=storable(trajectory.group),
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
