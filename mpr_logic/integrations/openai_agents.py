"""Agents of the OpenAI Agents SDK: every call of their function and MCP tools goes through a guard.

A tool input guardrail of the SDK can refuse a call, and cannot change it or hear how it went. So the
tools themselves are wrapped, behind the guardrails, and what runs is what was checked.
"""

from __future__ import annotations

import copy
import json
import logging
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import GuardError, RejectedError
from mpr_logic.extras import needed
from mpr_logic.integrations.openai import messages
from mpr_logic.integrations.plain import Guarding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from agents import Agent

    from mpr_logic.guard.guard import Guard

    SessionOf = str | Callable[[Any], str]

_logger = logging.getLogger(__name__)
_GUARD = "_mpr_guard"


def guard_agent(
    guard: Guard, agent: Agent[Any], *, session: SessionOf = "", unchecked: Collection[str] = ()
) -> None:
    """Let every tool call of an agent through a guard, from its next turn on; also those of agents that it
    hands over to, that are its tools, and that are cloned from it, and of tools that it gets later.

    Args:
        guard: it decides.
        agent: it is changed in place.
        session: the conversation or run; or what tells it, by the context of the tool.
        unchecked: names of tools that run without a check. Tools of other kinds than function and MCP
            tools (hosted ones, shell, computer) cannot be checked.

    Raises:
        GuardError: the agent has another guard, or a tool that cannot be checked and is not named as
            unchecked; where it gets one later, the run ends with this error.
    """
    kind = type(agent)
    present = getattr(kind, _GUARD, None)
    if present is not None and present is not guard:
        raise GuardError(f"the agent `{agent.name}` has another guard")
    if present is not None:
        return

    def wrap(tool: Any) -> Any:
        return tool if tool.name in unchecked else _wrapped(guard, tool, session)

    def prepare(each: Any) -> None:
        tools = [wrap(tool) for tool in each.tools]
        if any(new is not old for new, old in zip(tools, each.tools, strict=True)):
            each.tools = tools  # the SDK goes by which tools these are: it must know the wrapped ones
        for other in [*each.handoffs, *(getattr(tool, "_agent_instance", None) for tool in tools)]:
            follow(other)

    def follow(other: Any) -> None:
        if hasattr(other, "get_all_tools"):
            guard_agent(guard, other, session=session, unchecked=unchecked)
        elif other is not None and not hasattr(other.on_invoke_handoff, _GUARD):
            other.on_invoke_handoff = _handing_over(other.on_invoke_handoff, follow)

    async def get_all_tools(self: Any, run_context: Any) -> list[Any]:
        prepare(self)
        return [wrap(tool) for tool in await kind.get_all_tools(self, run_context)]

    agent.__class__ = type(kind.__name__, (kind,), {"get_all_tools": get_all_tools, _GUARD: guard})
    try:
        prepare(agent)
    except GuardError:
        agent.__class__ = kind
        raise


def descriptions(tools: Iterable[Any]) -> list[dict[str, Any]]:
    """The function tools among these, for ``Tools`` of a guard."""
    return [
        {"name": each.qualified_name, "description": each.description, "parameters": each.params_json_schema}
        for each in tools
        if isinstance(each, needed("agents", "agents").FunctionTool)
    ]


def _handing_over(invoke: Any, follow: Callable[[Any], None]) -> Any:
    async def invoked(context: Any, text: str) -> Any:
        other = await invoke(context, text)
        follow(other)
        return other

    setattr(invoked, _GUARD, True)
    return invoked


def _wrapped(guard: Guard, tool: Any, session: SessionOf) -> Any:
    sdk = needed("agents.tool", "agents")
    if getattr(tool, _GUARD, None) is guard:
        return tool
    if not isinstance(tool, sdk.FunctionTool):
        raise GuardError(
            f"the tool `{tool.name}` ({type(tool).__name__}) cannot be checked: take it from the agent, "
            f"or say unchecked=['{tool.name}']"
        )
    inner, outer = copy.copy(tool), copy.copy(tool)
    inner.timeout_seconds = None  # the outer one counts

    async def invoke(context: Any, text: str) -> Any:
        of = session if isinstance(session, str) else session(context)
        try:
            async with Guarding(
                guard,
                tool.qualified_name,
                text,
                id=context.tool_call_id,
                session=of,
                conversation=lambda: messages(context.turn_input),
            ) as call:
                given = json.dumps(call.arguments, ensure_ascii=False) if call.verdict.rewritten else text
                found = await sdk.invoke_function_tool(function_tool=inner, context=context, arguments=given)
                call.result = found
                return found
        except RejectedError as error:
            return str(error)

    setattr(outer, _GUARD, guard)
    outer.on_invoke_tool = invoke
    if not hasattr(tool.on_invoke_tool, "__agents_bind_function_tool__"):
        return outer
    # Such a tool makes a text of its exceptions. The guard hears of them first, and the outer tool then
    # does what was set for this one.
    sdk.set_function_tool_failure_error_function(inner, None)
    outer.on_invoke_tool = sdk.with_function_tool_failure_error_handler(invoke, _note)
    return copy.copy(outer)  # binds the handler


def _note(tool: Any, error: Exception, _: str) -> None:
    _logger.warning("the tool `%s` failed", tool.name, exc_info=error)
