"""The messages of the Model Context Protocol: JSON-RPC 2.0. See https://modelcontextprotocol.io/specification."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Limits, alike_within, parsed
from mpr_logic.language.lookalikes import alike

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    Message = dict[str, Any]
    Send = Callable[[Message], Awaitable[None]]
    Ask = Callable[[Message], Awaitable[Message]]

SIZE = 8 * 1024 * 1024
"""The most bytes of a message of a client."""
LONGEST = 64 * 1024 * 1024
"""The most bytes of a message of a server."""
METHODS = frozenset(
    """
    initialize ping completion/complete logging/setLevel prompts/get prompts/list resources/list
    resources/read resources/subscribe resources/templates/list resources/unsubscribe
    server/discover subscriptions/listen
    tasks/cancel tasks/get tasks/list tasks/result tools/call tools/list notifications/cancelled
    notifications/elicitation/complete notifications/initialized notifications/progress
    notifications/roots/list_changed notifications/tasks/status
    """.split()
)
"""The methods that a client may send a server. Any other could call a tool, for all that is known."""
_MEMBERS = {"jsonrpc", "id", "method", "params", "result", "error"}
_OF_A_CALL = {alike(each): each for each in "name arguments _meta task requestState inputResponses".split()}
_WHOLE = 2**53 - 1
"""The largest whole number that every reader of JSON takes for itself."""
_LONGEST_ID = 256
_VERSION = "io.modelcontextprotocol/protocolVersion"


class MethodError(StateError):
    """A method is none that passes."""


def read_message(data: bytes | bytearray | str, more: Collection[str] = ()) -> Message:
    """A client's message; nothing where there is none.

    Args:
        data: what it sent.
        more: methods that pass besides those of the protocol.

    Raises:
        StateError: it is none, or more than one, or could be taken for another one by a server.
    """
    value = parsed(data, Limits(size=SIZE), "the message")
    if value == {} and not data.strip():
        return {}
    if not isinstance(value, dict):
        raise StateError("a message is one JSON object")
    if value.keys() - _MEMBERS:  # a server may not tell `method` from `Method`
        raise StateError(f"a message has no member `{min(value.keys() - _MEMBERS)[:60]}`")
    if value.get("jsonrpc") != "2.0":
        raise StateError('a message says `"jsonrpc": "2.0"`')
    if "id" in value and not _is_id(value["id"]):
        raise StateError("an id is a text of some letters, or a whole number that is not too large")
    if "method" in value:
        _hold(value, more)
    elif "params" in value or "id" not in value or ("result" in value) is ("error" in value):
        raise StateError(
            "a message is a request with a method, or an answer with an id and a result or an error"
        )
    return value


def _hold(request: Message, more: Collection[str]) -> None:
    """Hold a request, or a notice, against what a server could take it for."""
    method, params = request["method"], request.get("params", {})
    if not isinstance(method, str) or "result" in request or "error" in request:
        raise StateError("a request has one method, which is a text, and no result")
    if method not in METHODS and method not in more:
        raise MethodError(f"the method `{method[:60]}` does not pass: it is none of the protocol's")
    if not isinstance(params, dict):
        raise StateError("the parameters of a request are an object")
    twice = alike_within({key: each for key, each in params.items() if key != "arguments"})
    if twice is not None:
        raise StateError(
            f"the keys `{twice[0][:60]}` and `{twice[1][:60]}` are one to some readers: leave one out"
        )
    if method != "tools/call":
        return
    for key in params:
        own = _OF_A_CALL.get(alike(key), key)
        if own != key:
            raise StateError(f"the key `{key[:60]}` is `{own}` to some readers: write it so")
    if not isinstance(params.get("arguments", {}), dict) and params["arguments"] is not None:
        raise StateError("the arguments of a call are an object")


def _is_id(id: Any) -> bool:
    """Whether an id is one that every reader takes for the same."""
    if type(id) is int:
        return abs(id) <= _WHOLE
    return isinstance(id, str) and len(id) <= _LONGEST_ID


def read_answer(data: bytes) -> Message:
    """A server's message; empty where it is none, and is passed on as it is."""
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
    """The metadata of a request: what it says of itself and of its client."""
    meta = params_of(message).get("_meta")
    return meta if isinstance(meta, dict) else {}


def is_stateless(message: Message) -> bool:
    """Whether a request is of the protocol's version of 2026-07-28 or newer, which begins with no handshake:
    each request says its version itself."""
    return _VERSION in meta_of(message)


def refusal(id: Any, code: int, text: str) -> Message:
    """A JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}


def refused(data: bytes | bytearray, error: StateError) -> Message:
    """The JSON-RPC error that answers what is no message; with its id, where it has one."""
    found = read_answer(bytes(data)).get("id")
    code = -32601 if isinstance(error, MethodError) else -32600
    return refusal(found if _is_id(found) else None, code, str(error))


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
