"""LangChain and LangGraph: a middleware around the tool calls of an agent.

It goes last into an agent's list of middleware: what stands behind it may still change a call. Tool nodes of
LangGraph take its two methods: ``ToolNode(tools, wrap_tool_call=m.wrap_tool_call,
awrap_tool_call=m.awrap_tool_call)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.errors import RejectedError
from mpr_logic.extras import needed
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.integrations.plain import Guarding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
    from langchain_core.messages import ToolMessage
    from langgraph.types import Command

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

    Result = ToolMessage | Command[Any]
else:
    AgentMiddleware = needed("langchain.agents.middleware", "langchain").AgentMiddleware


class GuardMiddleware(AgentMiddleware):
    """Lets every tool call of an agent through a guard.

    Args:
        guard: it decides.
        session: the conversation or run; by default the thread that the graph runs in.
        interrupts: what the rules leave to a person interrupts the graph, which then must have a
            checkpointer; ``Command(resume=True)`` approves. Without, the guard's approver is asked.
    """

    def __init__(self, guard: Guard, *, session: str | None = None, interrupts: bool = False) -> None:
        super().__init__()
        self._guard = guard
        self._session = session
        self._interrupts = interrupts

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Result]
    ) -> Result:
        """Check a call, and make it where it is admitted."""
        try:
            with self._guarding(request) as call:
                result = handler(_as_admitted(request, call.verdict))
                self._note(call, result)
                return result
        except RejectedError as error:
            return _told(request, error)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Result]]
    ) -> Result:
        """The same, in an event loop."""
        try:
            async with self._guarding(request) as call:
                result = await handler(_as_admitted(request, call.verdict))
                self._note(call, result)
                return result
        except RejectedError as error:
            return _told(request, error)

    def _note(self, call: Guarding, result: Result) -> None:
        """Note how a call went, and what it returned: of a command for the graph that is nothing."""
        call.succeeded = getattr(result, "status", "success") != "error"
        if self._guard.hears and hasattr(result, "content"):
            (said,) = messages([result])
            call.result = said.content

    def _guarding(self, request: ToolCallRequest) -> Guarding:
        call, session = request.tool_call, self._session
        if session is None:
            config: Any = getattr(request.runtime, "config", None) or {}
            session = str(config.get("configurable", {}).get("thread_id", ""))
        person = _interrupted if self._interrupts else None
        return Guarding(
            self._guard,
            call["name"],
            call["args"],
            id=call["id"] or "",
            session=session,
            person=person,
            conversation=lambda: messages(_said(request.state)),
        )


def _interrupted(verdict: Verdict) -> bool:
    """Ask a person: the graph stops before there is an answer, and comes here again."""
    asked = {"tool": verdict.call.tool, "arguments": verdict.arguments, "message": verdict.message}
    return needed("langgraph.types", "langchain").interrupt(asked) is True


def messages(conversation: Iterable[Any]) -> list[Message]:
    """The messages of a conversation in LangChain's classes, for rules that read it."""
    return messages_of(
        ({"type": each.type, "data": each.model_dump(mode="json")} for each in conversation), guess=False
    )


def _said(state: Any) -> Sequence[Any]:
    """The messages of a graph's state."""
    if isinstance(state, list):
        return state
    found: Sequence[Any] = state.get("messages", ()) if isinstance(state, dict) else state.messages
    return found


def _told(request: ToolCallRequest, error: RejectedError) -> ToolMessage:
    """The message that the model reads in place of a result."""
    call = request.tool_call
    message = needed("langchain_core.messages", "langchain").ToolMessage
    told: ToolMessage = message(
        content=str(error), name=call["name"], tool_call_id=call["id"], status="error"
    )
    return told


def _as_admitted(request: ToolCallRequest, verdict: Verdict) -> ToolCallRequest:
    """The request with the arguments that were admitted."""
    if not verdict.rewritten:
        return request
    return request.override(tool_call={**request.tool_call, "args": verdict.arguments})
