"""A guard between one MCP client and one server, whatever carries the messages.

Two methods of the protocol matter here: what ``tools/call`` asks for is checked, and of what ``tools/list``
answers only the tools are left that the guard could ever admit. The protocol's other methods pass, and no
others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic import moved
from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.guard import UNCHECKED, UNKNOWN, Guard
from mpr_logic.guard.recordings.messages import result_of, text_of
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.mcp.messages import is_stateless, meta_of, not_made, params_of, refusal
from mpr_logic.integrations.mcp.person import BY, ClientUser, without_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.integrations.mcp.messages import Ask, Message

SECONDS = 30.0
"""The seconds that a server may take to list its tools."""
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


class Passage(NamedTuple):
    """The way of a client's message: on to the server, with the verdict where it is a call that was
    admitted; or, where it does not pass, ``message`` is the answer to the client."""

    message: Message
    passes: bool
    verdict: Verdict | None = None


class Gateway:
    """A guard between a client and a server.

    Args:
        guard: it decides, and its tools are those that there are; or a function that makes it of the tools
            that the server lists, whenever it lists others.
        session: the conversation or run.
        ask: whether the client's user is asked about what rules leave to a person, where the guard has no
            approver of its own.
    """

    def __init__(
        self, guard: Guard | Callable[[Tools], Guard], *, session: str = "", ask: bool = True
    ) -> None:
        self._tools = ServerTools(guard)
        self._person = ClientUser() if ask else None
        self._session = session

    def hello(self, initialize: Message) -> None:
        """Note what a client says of itself at the beginning of a session."""
        if self._person is not None:
            self._person.hello(initialize)

    @staticmethod
    def guards(message: Message) -> bool:
        """Whether a message is one that waits for the guard. All others may pass it by.

        Raises:
            StateError: it would be, but nobody waits for its answer.
        """
        if message.get("method") not in ("tools/call", "tools/list"):
            return False
        if "id" not in message:
            raise StateError("who asks for a tool wants an answer: send an id")
        return True

    async def up(self, message: Message, server: Ask, client: Ask) -> Passage:
        """Decide about a message of the client that :meth:`guards`. Whatever goes wrong here, the call is
        not made.

        Args:
            message: a request.
            server: sends a request to the server, and waits for its answer.
            client: the same, to the client.
        """
        try:
            await self._tools.learn(message, server)
            if message["method"] == "tools/list":
                return Passage(message, True)
            return await self._checked(message, client)
        except Exception:
            _logger.exception("a message was not passed on")
            if message["method"] == "tools/call":
                return Passage(not_made(message, UNCHECKED), False)
            return Passage(refusal(message["id"], -32603, "the tools could not be listed"), False)

    async def _checked(self, call: Message, client: Ask) -> Passage:
        guard, person, params = self._tools.guard, self._person, params_of(call)
        if guard is None:
            return Passage(not_made(call, UNCHECKED), False)
        said = person.answered(call) if person is not None else None
        if said is not None:
            verdict = await asyncio.to_thread(guard.answer, *said, by=BY)
            call = without_answer(call, verdict)
        else:
            asks = guard.approver is None and person is not None and person.can_be_asked(call)
            name: Any = params.get("name")  # what is no text is rejected
            verdict = await guard.acheck(
                name, params.get("arguments"), id=str(call["id"]), session=self._session, ask=not asks
            )
            if asks and person is not None and verdict.outcome == "escalate" and not verdict.runs:
                if is_stateless(call):
                    return Passage(person.question(call, verdict), False)
                approved = await person.ask(verdict, client, guard.approval_timeout)
                verdict = await asyncio.to_thread(guard.answer, verdict, approved, by=BY)
        if not verdict.runs:
            return Passage(not_made(call, verdict.message), False)
        if verdict.rewritten:
            call = call | {"params": params_of(call) | {"arguments": verdict.arguments}}
        return Passage(call, True, verdict)

    async def down(self, message: Message, verdict: Verdict | None = None) -> Message:
        """A message of the server as the client gets it.

        Args:
            message: an answer, a request or a notice.
            verdict: of the call that it answers.
        """
        if message.get("method") == "notifications/tools/list_changed":
            self._tools.changed()
        if "method" in message:
            return message
        guard = self._tools.guard
        if verdict is not None and guard is not None:
            try:
                result = _returned(message) if guard.hears else UNKNOWN
                await asyncio.to_thread(partial(guard.record, verdict, _went(message), result=result))
            except MprError as error:
                _logger.warning("the result of a call could not be recorded: %s", error)
        return self._tools.offered(message)

    async def lost(self, verdict: Verdict | None) -> None:
        """Note that nobody will say how a call went: it may have been made, or not."""
        if verdict is not None and self._tools.guard is not None:
            try:
                await asyncio.to_thread(self._tools.guard.record, verdict, None)
            except MprError as error:
                _logger.warning("a call that was lost could not be recorded: %s", error)

    def restarted(self) -> None:
        """The server is another process now, and its tools may be others."""
        self._tools.changed()

    def close(self) -> None:
        """Forget the session, and end the guard where it was made here."""
        guard = self._tools.guard
        if guard is not None and self._tools.make is not None:
            guard.close()
        elif guard is not None and self._session:
            guard.end(self._session)


def _went(answer: Message) -> bool | None:
    """Whether a call did what it was meant to."""
    result = answer.get("result")
    if not isinstance(result, dict) or result.get("isError") is True:
        return False
    # a task that goes on, or a question to the person: how it went is not known yet
    return True if "content" in result else None


def _returned(answer: Message) -> Any:
    """The result of a call, as JSON where the server says that it is; of one that failed, the message. A text
    that the server wraps, since structured content is an object, is the text."""
    result, error = answer.get("result"), answer.get("error")
    if isinstance(result, dict) and "content" in result:
        said, content = result.get("structuredContent"), result["content"]
        return result_of(content) if said in (None, {"result": text_of(content)}) else said
    return str(error.get("message", "")) if isinstance(error, dict) else UNKNOWN


MOST = 200
"""The most sessions of one client: of more it loses the one that was quiet longest."""
IN_ALL = 10 * MOST
"""The most sessions of all: of more the client with the most loses one."""


class Gateways:
    """The gateways between the server and each session. A session is one that the server has begun: who names
    another one would have a history of its own for each call.

    Args:
        make: makes it for a session of that name.
    """

    def __init__(self, make: Callable[[str], Gateway]) -> None:
        self._make = make
        self._gateways: dict[str, tuple[Gateway, str]] = {}
        self._of: dict[str, OrderedDict[str, None]] = {}

    def of(self, name: str) -> Gateway | None:
        """The gateway of a session; of those without a name there is always one. None where the server has
        begun none of that name, or it is forgotten."""
        if name not in self._gateways:
            return None if name else self._add("", "")
        gateway, client = self._gateways[name]
        self._of[client].move_to_end(name)
        return gateway

    def begin(self, name: str, client: str) -> Gateway:
        """The gateway of a session that the server has begun for a client."""
        found = self.of(name)
        return self._add(name, client) if found is None else found

    def _add(self, name: str, client: str) -> Gateway:
        gateway = self._make(name)
        self._gateways[name] = gateway, client
        mine = self._of.setdefault(client, OrderedDict())
        mine[name] = None
        if client and len(mine) > MOST:
            self.end(next(iter(mine)))
        if len(self._gateways) > IN_ALL:
            others = (each for each in self._of if each)
            self.end(next(iter(self._of[max(others, key=lambda each: len(self._of[each]))])))
        return gateway

    def end(self, name: str) -> None:
        """Forget a session."""
        if name in self._gateways:
            gateway, client = self._gateways.pop(name)
            del self._of[client][name]
            if not self._of[client]:
                del self._of[client]
            gateway.close()

    def close(self) -> None:
        """End all sessions."""
        for name in list(self._gateways):
            self.end(name)


if not TYPE_CHECKING:
    __getattr__ = moved.names(
        __name__, Gate="integrations.mcp.gateway.Gateway", Gates="integrations.mcp.gateway.Gateways"
    )
