"""Transcripts that coding agents keep, and name in their events: what was said in the session so far."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.guard.recordings.coding_agents import CLAUDE_CODE, CODEX, codex_messages

if TYPE_CHECKING:
    from mpr_logic.guard.conversation import Message

SIZE = 256 * 1024 * 1024
"""The most bytes of a transcript."""

_FIELDS = ("transcript_path", "transcriptPath")


def transcript(event: dict[str, Any]) -> list[Message]:
    """The messages of the transcript that an event names; none where it names none. Those of an agent that
    another agent has begun are left out, and what the agent itself wrote in the user's name.

    Args:
        event: as the agent sends it.

    Raises:
        StateError: the file cannot be read, or is no transcript that is known.
    """
    path = next((event[field] for field in _FIELDS if isinstance(event.get(field), str)), "")
    if not path:
        return []
    lines = [each for each in _lines(Path(path)) if not _is_of_another(each)]
    if any(map(CLAUDE_CODE.fits, lines)):
        return [message for found in CLAUDE_CODE.read(lines) for message in found.messages]
    if any(map(CODEX.fits, lines)):
        return codex_messages(lines, guess=False)
    raise StateError("the transcript is of no agent that is known")


def _lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines. The last line may still be being written."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE + 1)
    except (OSError, ValueError) as error:
        raise StateError(f"the transcript cannot be read: {error}") from None
    if len(data) > SIZE:
        raise StateError(f"the transcript has more than {SIZE} bytes")
    *whole, last = data.split(b"\n")
    try:
        found = [json.loads(line) for line in whole if line.strip()]
    except (ValueError, RecursionError):
        raise StateError("a line of the transcript is no JSON") from None
    with suppress(ValueError, RecursionError):
        found += [json.loads(last)] if last.strip() else []
    return [each for each in found if isinstance(each, dict)]


def _is_of_another(line: dict[str, Any]) -> bool:
    """Whether a line is not of the user's conversation with the agent."""
    return line.get("isSidechain") is True or bool(line.get("agentId"))
