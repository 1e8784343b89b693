"""The tools of an MCP server, as a guard between a client and the server knows them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import MprError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.mcp.messages import meta_of, params_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.integrations.mcp.messages import Ask, Message

SECONDS = 30.0
"""So long a server may take to list its tools."""
_PAGES = 1_000
_logger = logging.getLogger(__name__)


class ServerTools:
    """A guard whose tools are those of a server.

    Args:
        guard: its tools are all that there are; or a function that makes a guard of those that the server
            lists, whenever it lists others.
    """

    def __init__(self, guard: Guard | Callable[[Tools], Guard]) -> None:
        self.make = None if isinstance(guard, Guard) else guard
        self.guard = guard if isinstance(guard, Guard) else None
        self._lock = asyncio.Lock()
        self._stale = True

    def changed(self) -> None:
        """The server's tools are others now."""
        self._stale = True

    async def learn(self, request: Message, server: Ask) -> None:
        """Know the server's tools before a request is handled; ``server`` asks it."""
        async with self._lock:
            again = request["method"] == "tools/list" and "cursor" not in params_of(request)
            if self.make is None or not (self._stale or again):
                return
            try:
                listed = await asyncio.wait_for(_listed(meta_of(request), server), SECONDS)
                await asyncio.to_thread(self._use, Tools(listed, strict=False))
                self._stale = False
            except (MprError, OSError, TimeoutError) as error:
                why = str(error) or "it does not answer"
                _logger.error("the tools of the server cannot be guarded: %s", why)

    def _use(self, tools: Tools) -> None:
        for name, reason in tools.refused.items():
            _logger.warning("the tool `%s` is left out: %s", name, reason)
        if self.guard is None and self.make is not None:
            self.guard = self.make(tools)
        elif self.guard is not None:
            self.guard.use(tools)

    def offered(self, answer: Message) -> Message:
        """An answer without the tools that are never admitted."""
        result = answer.get("result")
        tools = result.get("tools") if isinstance(result, dict) else None
        if not isinstance(tools, list) or not isinstance(result, dict):
            return answer
        kept = [each for each in tools if isinstance(each, dict) and self._offers(each.get("name"))]
        return answer | {"result": result | {"tools": kept}}

    def _offers(self, name: Any) -> bool:
        if self.guard is None or not isinstance(name, str):
            return False
        return self.guard.mode == "shadow" or self.guard.rules.may_admit(name)


async def _listed(meta: Message, server: Ask) -> list[Any]:
    """All tools of a server."""
    found: list[Any] = []
    # who asks, and in which version of the protocol, as the client says it; its progress is its own
    told = {key: value for key, value in meta.items() if key != "progressToken"}
    params: Message = {"_meta": told} if told else {}
    for _ in range(_PAGES):
        answer = await server({"jsonrpc": "2.0", "method": "tools/list", "params": params})
        if not answer:
            raise ConnectionError("it does not answer")
        result = answer.get("result")
        if not isinstance(result, dict) or not isinstance(result.get("tools"), list):
            break
        found += result["tools"]
        if not isinstance(result.get("nextCursor"), str):
            break
        params = params | {"cursor": result["nextCursor"]}
    return found
