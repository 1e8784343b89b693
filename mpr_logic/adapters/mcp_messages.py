"""The messages of the Model Context Protocol, and what a guard between a client and a server does to them.

A message is JSON-RPC 2.0. Two of its methods matter here: what ``tools/call`` asks for is checked, and of
what ``tools/list`` answers only the tools are left that the guard could ever admit. All else passes.
See https://modelcontextprotocol.io/specification.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from mpr_logic.adapters.calls import Limits, parsed
from mpr_logic.adapters.guard import UNCHECKED, Guard
from mpr_logic.adapters.tools import Tools
from mpr_logic.errors import MprError, StateError
from mpr_logic.syntax.ast import Var

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mpr_logic.adapters.ruleset import Ruleset
    from mpr_logic.adapters.verdict import Verdict

    Message = dict[str, Any]
    Ask = Callable[[Message], Awaitable[Message]]

SIZE = 8 * 1024 * 1024
"""So many bytes a message of a client has at most."""
SECONDS = 30.0
"""So long a server may take to list its tools."""
_PAGES = 1_000
_MEMBERS = {"jsonrpc", "id", "method", "params", "result", "error"}
_VERSION = "io.modelcontextprotocol/protocolVersion"
_logger = logging.getLogger(__name__)


class Gate:
    """A guard between one client and one server.

    Args:
        guard: it decides, and its tools are those that there are; or a function that makes it of the tools
            that the server lists, whenever it lists others.
        session: the conversation or run.
    """

    def __init__(self, guard: Guard | Callable[[Tools], Guard], *, session: str = "") -> None:
        self._make = None if isinstance(guard, Guard) else guard
        self._guard = guard if isinstance(guard, Guard) else None
        self._session = session
        self._lock = asyncio.Lock()
        self._stale = True

    def changed(self) -> None:
        """The server's tools are others now."""
        self._stale = True

    async def ready(self, message: Message, ask: Ask) -> None:
        """Know the server's tools before a message is handled; ``ask`` sends a request to the server."""
        async with self._lock:
            again = message["method"] == "tools/list" and "cursor" not in _params(message)
            if self._make is None or not (self._stale or again):
                return
            try:
                listed = await asyncio.wait_for(_listed(_params(message).get("_meta"), ask), SECONDS)
                await asyncio.to_thread(self._use, Tools(listed, strict=False))
                self._stale = False
            except (MprError, OSError, TimeoutError) as error:
                _logger.error(
                    "the tools of the server cannot be guarded: %s", str(error) or "it does not answer"
                )

    def _use(self, tools: Tools) -> None:
        for name, reason in tools.refused.items():
            _logger.warning("the tool `%s` is left out: %s", name, reason)
        if self._guard is None and self._make is not None:
            self._guard = self._make(tools)
        elif self._guard is not None:
            self._guard.use(tools)

    async def check(self, message: Message) -> tuple[Message, Verdict | None]:
        """What to do about a tools/call: the message to send to the server and the verdict that admits it;
        or the answer to send back, and None."""
        params = _params(message)
        extra = [k for k in params if k not in ("name", "arguments") and k.lower() in ("name", "arguments")]
        if self._guard is None or extra:  # a server may not tell `name` from `Name`
            return told(message, UNCHECKED), None
        name: Any = params.get("name")  # what is no text is rejected
        verdict = await self._guard.acheck(
            name,
            params.get("arguments"),
            id=str(message.get("id", "")),
            session=self._session,
        )
        if not verdict.runs:
            return told(message, verdict.message), None
        if verdict.rewritten:
            message = message | {"params": params | {"arguments": verdict.arguments}}
        return message, verdict

    async def record(self, verdict: Verdict, answer: Message) -> None:
        """Enter what the server answered to an admitted call."""
        result = answer.get("result")
        went: bool | None = False
        if isinstance(result, dict) and result.get("isError") is not True:
            # a task that goes on, or a question to the person: how it went is not known yet
            went = True if "content" in result else None
        try:
            if self._guard is not None:
                await asyncio.to_thread(self._guard.record, verdict, went)
        except MprError as error:
            _logger.warning("the result of a call could not be recorded: %s", error)

    def filtered(self, answer: Message) -> Message:
        """An answer without the tools that are never admitted."""
        result = answer.get("result")
        tools = result.get("tools") if isinstance(result, dict) else None
        if not isinstance(tools, list) or not isinstance(result, dict):
            return answer
        kept = [each for each in tools if isinstance(each, dict) and self._offered(each.get("name"))]
        return answer | {"result": result | {"tools": kept}}

    def _offered(self, name: Any) -> bool:
        if self._guard is None or not isinstance(name, str):
            return False
        return self._guard.mode == "shadow" or may_admit(self._guard.rules, name)

    def close(self) -> None:
        """Forget the session, and end the guard where it was made here."""
        if self._guard is not None and self._make is not None:
            self._guard.close()
        elif self._guard is not None and self._session:
            self._guard.end(self._session)


def may_admit(rules: Ruleset, tool: str) -> bool:
    """Whether a tool is one, and neither forbidden whatever its arguments are, nor by default without any
    permit."""
    try:
        action = rules.actions.action_of(tool).name
    except StateError:
        return False
    program = rules.program
    if action in program.schema.closed and not program.rules_for(f"permit {action}"):
        return False
    lifted = {id for each in program.overrides.values() for id in each}
    return not any(
        not rule.body
        and rule.weight >= 1.0  # no theta is higher
        and rule.id not in lifted
        and rule.id not in rules.directives
        and len(rule.variables) == sum(isinstance(arg, Var) and arg.name != "_" for arg in rule.args)
        and all(isinstance(arg, Var) for arg in rule.args)
        for rule in program.rules_for(f"forbid {action}")
    )


def read_message(data: bytes | str) -> Message:
    """A client's message.

    Raises:
        StateError: it is none, or more than one, or has members that JSON-RPC does not know.
    """
    value = parsed(data, Limits(size=SIZE))
    if not isinstance(value, dict) or not isinstance(value.get("method", ""), str):
        raise StateError("a message is one JSON object")
    if value.keys() - _MEMBERS:  # a server may not tell `method` from `Method`
        raise StateError(f"a message has no member `{min(value.keys() - _MEMBERS)[:60]}`")
    return value


def told(message: Message, text: str) -> Message:
    """The answer to a tools/call that is not made: the model reads the text."""
    if "task" in _params(message):  # its answer would have to be a task
        return refusal(message.get("id"), -32602, text)
    result: Message = {"content": [{"type": "text", "text": text}], "isError": True}
    meta: Any = _params(message).get("_meta")
    if isinstance(meta, dict) and _VERSION in meta:
        result["resultType"] = "complete"  # since 2026-07-28, which says itself so in every request
    return {"jsonrpc": "2.0", "id": message.get("id"), "result": result}


def refusal(id: Any, code: int, text: str) -> Message:
    """A JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}


def written(message: Message) -> bytes:
    """A message on one line.

    Raises:
        StateError: it holds a number that JSON cannot write.
    """
    try:
        return json.dumps(message, allow_nan=False).encode() + b"\n"
    except ValueError:
        raise StateError("a number in the message is too large") from None


def _params(message: Message) -> dict[str, Any]:
    params = message.get("params")
    return params if isinstance(params, dict) else {}


async def _listed(meta: Any, ask: Ask) -> list[Any]:
    """All tools of a server."""
    found: list[Any] = []
    # who asks, and in which version of the protocol, as the client says it; its progress is its own
    keys = (
        {key: value for key, value in meta.items() if key != "progressToken"}
        if isinstance(meta, dict)
        else {}
    )
    params: dict[str, Any] = {"_meta": keys} if keys else {}
    for _ in range(_PAGES):
        answer = await ask({"jsonrpc": "2.0", "method": "tools/list", "params": params})
        result = answer.get("result")
        if not isinstance(result, dict) or not isinstance(result.get("tools"), list):
            break
        found += result["tools"]
        if not isinstance(result.get("nextCursor"), str):
            break
        params = params | {"cursor": result["nextCursor"]}
    return found
