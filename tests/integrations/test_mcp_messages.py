"""The reader tells messages of MCP from other texts, and which answers are to the proxy's own questions."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.errors import StateError
from mpr_logic.integrations.mcp.messages import MethodError, Questions, read_answer, read_message

CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
READ: dict[str, Any] = CALL | {"params": {"name": "read", "arguments": {"path": "a"}}}
PING = '{"jsonrpc": "2.0", "method": "ping", '
IDS = ["1.0", "null", "true", "[1]", "1e3", "{}", str(2**53), '"' + "a" * 300 + '"']
METHODS = [
    *("tools/Call", " tools/call", "tools/call\n", "Tools/call", "tool\u017f/call", "tools\u2215call"),
    *("tools//call", "tools/execute", "sampling/createMessage", "", "rpc.call"),
]


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        "1",
        "{}",
        '{"method": null}',
        '{"METHOD": "a"}',
        '{"id": NaN}',
        *[
            f'{PING}"id": {id}}}'
            for id in ("1.0", "null", "true", "[1]", "1e3", "{}", 2**53, f'"{"a" * 300}"')
        ],
        f'{PING}"id": 1, "id": 2}}',
        '{"method": "ping", "id": 1}',
        *[f'{{"jsonrpc": {n}, "method": "ping", "id": 1}}' for n in ('"2"', "2.0", '"1.0"', "null")],
        f'{PING}"id": 1, "result": {{}}}}',
        '{"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}}',
        '{"jsonrpc": "2.0", "id": 1, "result": {}, "params": {}}',
        '{"jsonrpc": "2.0", "id": 1}',
        '{"jsonrpc": "2.0", "result": {}}',
        f'{PING}"params": [], "id": 1}}',
        f'{PING}"params": {{}}, "params": {{}}, "id": 1}}',
        *[json.dumps(CALL | {"method": each}) for each in METHODS],
        json.dumps(READ | {"params": {"Name": "pay", "name": "read"}}),
        json.dumps(READ | {"params": {"name": "read", "Arguments": {}}}),
        json.dumps(READ | {"params": {"name": "read", "argument\u017f": {}}}),
        json.dumps(READ | {"params": {"name": "read", "_meta": {"a": 1, "A": 2}}}),
        json.dumps(READ | {"params": {"name": "read", "arguments": '{"path": "a"}'}}),
        json.dumps(READ | {"params": {"name": "read", "arguments": [1]}}),
        "\ufeff" + json.dumps(READ),
        json.dumps([READ]),
        json.dumps(READ) + json.dumps(READ),
    ],
)
def test_what_is_no_message(text: str) -> None:
    """A message is one JSON object with the members of JSON-RPC, and nothing that a reader takes for more."""
    for data in (text, text.encode()):
        with pytest.raises(StateError):
            read_message(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_other_encodings(encoding: str) -> None:
    """A message is UTF-8, without a mark before it."""
    with pytest.raises(StateError):
        read_message(json.dumps(READ).encode(encoding))


def test_what_is_a_message() -> None:
    """Requests, notices and answers pass as they are; nothing at all is none."""
    assert read_message("") == read_message(b" \n") == {}
    answer = {"jsonrpc": "2.0", "id": "a", "result": {"Path": 1, "path": 2}}  # no tool is called by it
    notice = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for message in (READ, CALL, answer, notice, READ | {"id": "x"}, READ | {"id": -(2**53) + 1}):
        assert read_message(json.dumps(message)) == message
    own = CALL | {"method": "office/motto"}
    with pytest.raises(MethodError, match="does not pass"):
        read_message(json.dumps(own))
    assert read_message(json.dumps(own), {"office/motto"}) == own


@pytest.mark.parametrize("data", [b"", b"[1]", b"7", b"{", b"\xff", b"[" * 100_000])
def test_what_a_server_says_that_is_no_message(data: bytes) -> None:
    """A server's line that is no message counts as an empty one, and is no error."""
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


def test_a_message_that_is_no_json_is_told_where() -> None:
    """The error for a message that is no JSON says what is wrong with it, and where."""
    with pytest.raises(StateError, match="the message is no JSON: expecting value at line 1, column 13"):
        read_message(b'{"jsonrpc": }')
