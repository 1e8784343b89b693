"""What is a message of MCP, and which answers are the proxy's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.adapters.mcp_messages import Questions, read_answer, read_message
from mpr_logic.errors import StateError


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '{"method": null}',
        '{"METHOD": "a"}',
        '{"id": NaN}',
        '{"method": "a", "id": 1.0}',
        '{"method": "a", "id": null}',
        '{"method": "a", "id": true}',
        '{"method": "a", "id": [1]}',
        '{"method": "a", "id": 1, "id": 2}',
    ],
)
def test_what_is_no_message(text: str) -> None:
    """A message is one JSON object with the members of JSON-RPC; nothing at all is passed over."""
    if text:
        with pytest.raises(StateError):
            read_message(text)
    else:
        assert read_message(text) == {}


@pytest.mark.parametrize("data", [b"", b"[1]", b"7", b"{", b"\xff", b"[" * 100_000])
def test_what_a_server_says_that_is_no_message(data: bytes) -> None:
    """It is nothing that the proxy understands, and no error."""
    assert read_answer(data) == {}


def test_answers_to_the_proxys_own_questions() -> None:
    """An answer is the asker's, once and in time; one that comes too late is nobody else's."""

    async def main() -> None:
        questions, sent = Questions(), []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        first = asyncio.create_task(questions.ask({"method": "a"}, send))
        second = asyncio.create_task(questions.ask({"method": "b"}, send))
        await asyncio.sleep(0)
        answer = {"id": sent[0]["id"], "result": {}}
        assert not questions.answered({"id": "another", "result": {}})
        assert not questions.answered({"id": 1})
        assert not questions.answered(answer | {"method": "a"})
        assert not Questions().answered(answer)
        assert questions.answered(answer)
        assert questions.answered(answer | {"result": "again"})
        assert await first == answer
        assert questions.answered(answer | {"result": "too late"})
        second.cancel()
        await asyncio.sleep(0)
        assert questions.answered({"id": sent[1]["id"]})
        third = asyncio.create_task(questions.ask({"method": "c"}, send))
        await asyncio.sleep(0)
        questions.close()
        assert await third == {}

    asyncio.run(main())
