"""The parts of an answer over streamable HTTP, however the network cut it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.integrations.mcp.events import event, message_in, parts, with_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class ScriptedAnswer:
    """An answer that comes in these pieces."""

    def __init__(self, chunks: list[bytes], kind: str) -> None:
        self.chunks = chunks
        self.headers = {"content-type": kind}

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for each in self.chunks:
            yield each


def split(chunks: list[bytes], kind: str = "text/event-stream; charset=utf-8") -> list[bytes]:
    """The parts of an answer."""

    async def main() -> list[bytes]:
        return [each async for each in parts(ScriptedAnswer(chunks, kind))]

    return asyncio.run(main())


LINES = st.lists(
    st.sampled_from([b"data: {}", b'data: {"id": 1}', b": ping", b"id: 7", b"event: message", b"retry: 1"]),
    min_size=1,
    max_size=4,
)
MESSAGES = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3)


@given(st.lists(LINES, max_size=5), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_events_are_the_same_however_they_were_cut(
    events: list[list[bytes]], end: bytes, data: st.DataObject
) -> None:
    """Each event comes whole, with its blank line, and nothing is lost."""
    wholes = [end.join(lines) + end + end for lines in events]
    stream = b"".join(wholes)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert split(chunks) == wholes


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_body_is_one_part(first: bytes, second: bytes) -> None:
    """A body that is no stream of events comes as a whole, blank lines and all."""
    assert split([first, second], "application/json") == [first + second] * bool(first + second)


@given(MESSAGES, MESSAGES)
def test_a_message_in_the_place_of_another(old: dict[str, Any], new: dict[str, Any]) -> None:
    """An event keeps its other fields, a body is the message alone."""
    part = b"id: 7\nevent: message\n" + event(old)
    assert message_in(part) == old
    replaced = with_message(part, new)
    assert message_in(replaced) == new
    assert replaced.startswith(b"id: 7\nevent: message\ndata: ")
    assert split([replaced]) == [replaced]


def test_a_message_on_several_lines() -> None:
    """An event may hold its message on several lines; a body is not read for such."""
    assert message_in(b'data: {"id":\r\ndata: 1}\r\n\r\n') == {"id": 1}
    assert with_message(b'{"id": 1}', {"id": 2}) == b'{"id": 2}'
