"""A guard between one MCP client and one server, whatever carries the messages.

Two methods of the protocol matter here: what ``tools/call`` asks for is checked, and of what ``tools/list``
answers only the tools are left that the guard could ever admit. The protocol's other methods pass, and no
others.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.guard import UNCHECKED
from mpr_logic.integrations.mcp.messages import is_stateless, not_made, params_of, refusal
from mpr_logic.integrations.mcp.person import BY, Person, without_answer
from mpr_logic.integrations.mcp.tools import ServerTools

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Tools
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.integrations.mcp.messages import Ask, Message

_logger = logging.getLogger(__name__)


class Passage(NamedTuple):
    """Where a client's message goes: on to the server, with the verdict where it is a call that was
    admitted; or, where it does not pass, ``message`` is the answer to the client."""

    message: Message
    passes: bool
    verdict: Verdict | None = None


class Gate:
    """What stands between a client and a server.

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
        self._person = Person() if ask else None
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
        """What becomes of a message of the client that :meth:`guards`. Whatever goes wrong here, the call is
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
        """What the client gets of a message of the server.

        Args:
            message: an answer, a request or a notice.
            verdict: of the call that it answers.
        """
        if message.get("method") == "notifications/tools/list_changed":
            self._tools.changed()
        if "method" in message:
            return message
        if verdict is not None and self._tools.guard is not None:
            try:
                await asyncio.to_thread(self._tools.guard.record, verdict, _went(message))
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
