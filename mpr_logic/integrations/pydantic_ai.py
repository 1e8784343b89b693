"""Agents of Pydantic AI: a capability that lets every call of a function or MCP tool through a guard.

It stands innermost: the arguments are checked after all validation, and after what other capabilities
made of them.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import RejectedError, StateError
from mpr_logic.extras import needed
from mpr_logic.guard.calls import read_arguments
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.messages import arguments_of
from mpr_logic.guard.schemas import properties
from mpr_logic.integrations.plain import Guarding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

needed("pydantic_ai", "pydantic-ai")  # where it is missing, this says what to install

from pydantic_ai import ToolFailed  # noqa: E402
from pydantic_ai.capabilities import AbstractCapability, CapabilityOrdering  # noqa: E402
from pydantic_ai.toolsets import AbstractToolset, WrapperToolset  # noqa: E402
from pydantic_core import to_jsonable_python  # noqa: E402


@dataclass
class Guarded(AbstractCapability[Any]):
    """A capability for an agent: ``Agent(..., capabilities=[Guarded(guard)])``. What is not admitted fails
    with the message for the model, and uses up no retries.

    Args:
        guard: it decides.
        session: the conversation or run; or what tells it, by the run's context:
            ``lambda ctx: ctx.conversation_id``.
    """

    guard: Guard
    session: str | Callable[[Any], str] = ""

    def get_ordering(self) -> CapabilityOrdering:
        """Innermost: nothing changes the arguments behind the guard."""
        return CapabilityOrdering(position="innermost")

    def get_wrapper_toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any]:
        """The tools of a run, guarded."""
        return _GuardedTools(toolset, self)

    def session_of(self, ctx: Any) -> str:
        """The session of a run."""
        return self.session if isinstance(self.session, str) else self.session(ctx)

    async def before_tool_validate(self, ctx: Any, *, call: Any, tool_def: Any, args: Any) -> Any:
        """The framework reads arguments less strictly than a guard, so that is done before."""
        try:
            read_arguments(args, self.guard.limits)
        except StateError:
            verdict = await self.guard.acheck(
                call.tool_name, args, id=call.tool_call_id, session=self.session_of(ctx)
            )
            if not verdict.runs:
                raise ToolFailed(verdict.message) from None
        return args


@dataclass
class _GuardedTools(WrapperToolset[Any]):
    """The tools of an agent, behind a guard."""

    by: Guarded

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: Any, tool: Any) -> Any:
        given, session = _plain(tool_args, ctx, tool), self.by.session_of(ctx)
        try:
            async with Guarding(
                self.by.guard,
                name,
                given,
                id=ctx.tool_call_id,
                session=session,
                conversation=lambda: messages(ctx.messages),
            ) as call:
                arguments = await _changed(call.verdict, tool_args, ctx, tool)
                found = await self.wrapped.call_tool(name, arguments, ctx, tool)
                call.result = found
                return found
        except RejectedError as error:
            raise ToolFailed(str(error)) from None


def messages(conversation: Iterable[Any]) -> list[Message]:
    """The messages of a conversation in Pydantic AI's classes, for rules that read it."""
    found: list[Message] = []
    for each in conversation:
        if each.kind == "response":
            texts = [part.content for part in each.parts if part.part_kind == "text"]
            calls = [part for part in each.parts if part.part_kind == "tool-call"]
            proposed = [ToolCall(c.tool_call_id, c.tool_name, arguments_of(c.args)) for c in calls]
            found.append(Message("assistant", "\n".join(texts), tuple(proposed)))
        else:
            found += [message for part in each.parts for message in _asked(part)]
    return found


def _asked(part: Any) -> Iterator[Message]:
    """The message that a part of a request to the model is, if it is one."""
    if part.part_kind == "system-prompt":
        yield Message("system", part.content)
    elif part.part_kind == "user-prompt":
        said = [part.content] if isinstance(part.content, str) else part.content
        texts = [each if isinstance(each, str) else getattr(each, "content", "") for each in said]
        yield Message("user", "\n".join(each for each in texts if isinstance(each, str)))
    elif part.part_kind in ("tool-return", "retry-prompt") and part.tool_name:
        failed = part.part_kind == "retry-prompt" or part.outcome != "success"
        content = to_jsonable_python(part.content, fallback=str)
        yield Message("tool", answers=part.tool_call_id, tool=part.tool_name, content=content, error=failed)


def _plain(arguments: dict[str, Any], ctx: Any, tool: Any) -> Any:
    """Validated arguments as the JSON that the schema speaks of; what has no JSON is left as it is, and
    the guard rejects it. Of a function with one model as its only argument, the schema is the model's."""
    try:
        found = to_jsonable_python(arguments)
    except (ValueError, TypeError):
        return arguments
    inner = next(iter(found.values()), None)
    if len(found) == 1 and isinstance(inner, dict) and _reads_as(inner, arguments, ctx, tool):
        found = inner
    said = properties(tool.tool_def.parameters_json_schema)
    left_out = {name for name, each in said.items() if each.default == (None,)}
    return {name: value for name, value in found.items() if value is not None or name not in left_out}


def _reads_as(inner: dict[str, Any], arguments: dict[str, Any], ctx: Any, tool: Any) -> bool:
    """Whether the tool would be called with these arguments, had the model written what is inside."""
    try:
        return bool(_validated(inner, ctx, tool) == arguments)
    except ValueError:
        return False


def _validated(arguments: dict[str, Any], ctx: Any, tool: Any) -> dict[str, Any]:
    text, context = json.dumps(arguments), ctx.validation_context
    found: dict[str, Any] = tool.args_validator.validate_json(text, context=context)
    return found


async def _changed(verdict: Verdict, arguments: dict[str, Any], ctx: Any, tool: Any) -> dict[str, Any]:
    """The arguments to call with: the very same, unless a rule rewrote them; then validated anew."""
    if not verdict.rewritten:
        return arguments
    new = _validated(verdict.arguments, ctx, tool)
    if tool.args_validator_func is not None:
        said = tool.args_validator_func(ctx, **new)
        if inspect.isawaitable(said):
            await said
    return new
