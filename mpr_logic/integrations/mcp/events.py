"""The answers of an MCP server over streamable HTTP in parts: the events of a stream, or a whole body."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.integrations.mcp.messages import LONGEST, read_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mpr_logic.integrations.mcp.messages import Message

STREAM = "text/event-stream"
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")


def kind_of(answer: Any) -> str:
    """The media type of an answer."""
    kind: str = answer.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


async def parts(answer: Any) -> AsyncIterator[bytes]:
    """The events of a stream, comments too, each with the blank line behind it; of any other answer its body.

    Raises:
        StateError: one is too long.
    """
    rest, looked, stream = bytearray(), 0, kind_of(answer) == STREAM
    async for chunk in answer.aiter_bytes():
        rest += chunk
        while stream and (end := _END.search(rest, looked)):
            yield bytes(rest[: end.end()])
            del rest[: end.end()]
            looked = 0
        looked = max(0, len(rest) - 3)  # a blank line may be cut anywhere
        if len(rest) > LONGEST:
            raise StateError(f"an answer of the server is larger than {LONGEST} bytes")
    if rest:
        yield bytes(rest)


def message_in(part: bytes) -> Message:
    """The message of an event, or of a body; nothing where it holds none."""
    fields = [line[5:] for line in _LINE.split(part) if line.startswith(b"data:")]
    return read_answer(b"\n".join(fields) if fields else part)


def with_message(part: bytes, message: Message) -> bytes:
    """An event, or a body, with another message in it."""
    lines = _LINE.split(part.strip())
    others = [line for line in lines if not line.startswith(b"data:")]
    return event(message, others) if len(others) < len(lines) else json.dumps(message).encode()


def event(message: Message, fields: list[bytes] | None = None) -> bytes:
    """An event that holds a message."""
    return b"\n".join([*(fields or []), b"data: " + json.dumps(message).encode()]) + b"\n\n"
