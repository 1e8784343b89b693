"""The messages of the Model Context Protocol: JSON-RPC 2.0. See https://modelcontextprotocol.io/specification."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.adapters.calls import Limits, parsed
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Message = dict[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Ask = Callable[[Message], Awaitable[Message]]

SIZE = 8 * 1024 * 1024
"""So many bytes a message of a client has at most."""
LONGEST = 64 * 1024 * 1024
"""So many bytes a message of a server has at most."""
_MEMBERS = {"jsonrpc", "id", "method", "params", "result", "error"}
_VERSION = "io.modelcontextprotocol/protocolVersion"


def read_message(data: bytes | bytearray | str) -> Message:
    """A client's message.

    Raises:
        StateError: it is none, or more than one, or could be taken for another one by a server.
    """
    value = parsed(data, Limits(size=SIZE))
    if not isinstance(value, dict) or not isinstance(value.get("method", ""), str):
        raise StateError("a message is one JSON object")
    if value.keys() - _MEMBERS:  # a server may not tell `method` from `Method`
        raise StateError(f"a message has no member `{min(value.keys() - _MEMBERS)[:60]}`")
    if "method" in value and type(value.get("id", "")) not in (str, int):
        raise StateError("the id of a request is a text or a whole number")
    return value


def read_answer(data: bytes) -> Message:
    """What a server says; nothing where it is no message, which is passed on as it is."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def written(message: Message) -> bytes:
    """A message on one line.

    Raises:
        StateError: it holds a number that JSON cannot write.
    """
    try:
        return json.dumps(message, allow_nan=False).encode() + b"\n"
    except ValueError:
        raise StateError("a number in the message is too large") from None


def params_of(message: Message) -> dict[str, Any]:
    """The parameters of a request; none where they are no object."""
    params = message.get("params")
    return params if isinstance(params, dict) else {}


def meta_of(message: Message) -> dict[str, Any]:
    """What a request says of itself and of its client."""
    meta = params_of(message).get("_meta")
    return meta if isinstance(meta, dict) else {}


def is_stateless(message: Message) -> bool:
    """Whether a request is of the protocol's version of 2026-07-28 or newer, which begins with no handshake:
    each request says its version itself."""
    return _VERSION in meta_of(message)


def refusal(id: Any, code: int, text: str) -> Message:
    """A JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}


def not_made(request: Message, text: str) -> Message:
    """The answer to a tools/call that is not made: the model reads the text."""
    if "task" in params_of(request):  # its answer would have to be a task
        return refusal(request.get("id"), -32602, text)
    result: Message = {"content": [{"type": "text", "text": text}], "isError": True}
    if is_stateless(request):
        result["resultType"] = "complete"
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}


class Questions:
    """Requests of the proxy's own, to one side, that wait for their answers."""

    def __init__(self) -> None:
        self._prefix = f"mpr-{uuid4().hex}-"
        self._waiting: dict[str, asyncio.Future[Message]] = {}

    async def ask(self, message: Message, send: Send) -> Message:
        """Send a request under an id of its own, and wait for the answer."""
        id = f"{self._prefix}{uuid4().hex}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        try:
            await send(message | {"id": id})
            return await answer
        finally:
            del self._waiting[id]

    def answered(self, message: Message) -> bool:
        """Whether a message answers one of them, in time or too late: it is not for the other side."""
        id = message.get("id")
        if "method" in message or not isinstance(id, str) or not id.startswith(self._prefix):
            return False
        waiting = self._waiting.get(id)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        return True

    def close(self) -> None:
        """Nobody will answer: whoever waits gets an empty message."""
        for each in self._waiting.values():
            if not each.done():
                each.set_result({})
