"""The tool calls that a model proposes through the package ``openai``: checked, made, and answered.

Chat completions and responses, whole or streamed. Nothing is made before the answer has ended.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.adapters.extras import needed
from mpr_logic.adapters.plain import Guarding
from mpr_logic.errors import GuardError, MprError, RejectedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from mpr_logic.adapters.guard import Guard

    Functions = Mapping[str, Callable[..., Any]]

_logger = logging.getLogger(__name__)
CUT = "The call was not made: the answer that it stands in was cut off."
_ENDS = ("response.completed", "response.incomplete", "response.failed")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call in an answer: ``arguments`` is the text of a JSON object; of a custom tool, an object with
    the model's text as ``input``. ``whole`` is False where the answer was cut off. ``shape`` is that of
    the message which answers it."""

    tool: str
    arguments: Any
    id: str
    whole: bool
    shape: dict[str, str]

    def message(self, text: str) -> dict[str, Any]:
        """What to send to the model."""
        return {**self.shape, ("content" if "role" in self.shape else "output"): text}

    def made(self, call: Guarding, functions: Functions) -> Any:
        """What the function returns. In shadow mode it is called as it would be without a guard."""
        if self.tool not in functions:
            raise GuardError(f"no function is given for the tool `{self.tool[:60]}`")
        shadow = call.verdict.mode == "shadow" and isinstance(self.arguments, str)
        return functions[self.tool](**(json.loads(self.arguments or "{}") if shadow else call.arguments))


class Streamed:
    """Passes on what a stream of the API gives, sync or async, and keeps the whole answer."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._chat = needed("openai.lib.streaming.chat", "models").ChatCompletionStreamState()
        self._answer: Any = None

    def __iter__(self) -> Iterator[Any]:
        for event in self._stream:
            self._keep(event)
            yield event

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for event in self._stream:
            self._keep(event)
            yield event

    def _keep(self, event: Any) -> None:
        if getattr(event, "type", None) in _ENDS:
            self._answer = event.response
        elif getattr(event, "object", None) == "chat.completion.chunk":
            self._chat.handle_chunk(event)
            if any(choice.finish_reason for choice in event.choices):
                self._answer = self._chat.current_completion_snapshot

    @property
    def answer(self) -> Any:
        """The completion or response.

        Raises:
            GuardError: it has not come to its end.
        """
        if self._answer is None:
            raise GuardError("the answer has not ended: read the stream to its end before its calls are made")
        return self._answer


def tool_calls(answer: Any) -> list[ToolCall]:
    """The calls in a completion (its first choice), a response, or a :class:`Streamed` one."""
    answer = answer.answer if isinstance(answer, Streamed) else answer
    if answer.object == "response":
        whole = answer.status in ("completed", None)
        kinds = ("function_call", "custom_tool_call")
        items = [(each, each, each.call_id) for each in answer.output if each.type in kinds]
    else:
        whole = answer.choices[0].finish_reason in ("tool_calls", "stop", "function_call")
        found = answer.choices[0].message.tool_calls or ()
        items = [(each, each.custom if each.type == "custom" else each.function, each.id) for each in found]
    calls = []
    for item, said, id in items:
        free = item.type in ("custom", "custom_tool_call")
        shape = (
            {"type": f"{item.type}_output", "call_id": id}
            if answer.object == "response"
            else {"role": "tool", "tool_call_id": id}
        )
        calls.append(ToolCall(said.name, {"input": said.input} if free else said.arguments, id, whole, shape))
    return calls


def answer_calls(guard: Guard, answer: Any, functions: Functions, *, session: str = "") -> list[Any]:
    """Make the calls of an answer that the guard admits, one after the other.

    Args:
        guard: it decides.
        answer: a completion, a response, or a :class:`Streamed` one that was read to its end.
        functions: by the name of the tool, what is called with the arguments.
        session: the conversation or run.

    Returns:
        One message for each call, in the form of the API: the function's result (what is no text, as
        JSON), why it was not called, or that it failed; the exception itself goes to the log alone.

    Raises:
        GuardError: the answer has not ended.
    """

    def one(call: ToolCall) -> str:
        if not call.whole:
            return CUT
        try:
            with Guarding(guard, call.tool, call.arguments, id=call.id, session=session) as entered:
                found = call.made(entered, functions)
                if inspect.iscoroutine(found):
                    found.close()
                    raise GuardError(f"the function of `{call.tool}` is async: use `aanswer_calls`")
                return _text(found)
        except Exception as error:
            return _failed(call, error)

    return [each.message(one(each)) for each in tool_calls(answer)]


async def aanswer_calls(guard: Guard, answer: Any, functions: Functions, *, session: str = "") -> list[Any]:
    """:func:`answer_calls` for async hosts: all calls at once; functions may be async, and those that are
    not run in threads."""

    async def one(call: ToolCall) -> str:
        if not call.whole:
            return CUT
        try:
            async with Guarding(guard, call.tool, call.arguments, id=call.id, session=session) as entered:
                found = await asyncio.to_thread(call.made, entered, functions)
                return _text(await found if inspect.isawaitable(found) else found)
        except Exception as error:
            return _failed(call, error)

    calls = tool_calls(answer)
    told = await asyncio.gather(*map(one, calls))
    return [each.message(text) for each, text in zip(calls, told, strict=True)]


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    return str(needed("pydantic_core", "models").to_json(result, fallback=str).decode())


def _failed(call: ToolCall, error: Exception) -> str:
    """What the model is told of an exception; of ours the message, of others the kind alone."""
    if not isinstance(error, RejectedError):
        _logger.error("the tool `%s` failed", call.tool, exc_info=error)
    return str(error) if isinstance(error, MprError) else f"The tool failed: {type(error).__name__}."
