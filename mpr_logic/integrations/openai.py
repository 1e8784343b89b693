"""The tool calls that a model proposes through the package ``openai``: checked, made, and answered.

Chat completions and responses, whole or streamed. Nothing is made before the answer has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import GuardError
from mpr_logic.extras import needed
from mpr_logic.guard.calls import Call
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.integrations import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.integrations.plain import Functions

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
        """The message that answers the call."""
        return {**self.shape, ("content" if "role" in self.shape else "output"): text}


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
    if getattr(answer, "object", None) not in ("response", "chat.completion"):
        raise GuardError(
            f"this is no answer of the package, but of type {type(answer).__name__}: "
            "make JSON a `ChatCompletion` or a `Response` by its `model_validate`"
        )
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


def messages(conversation: Any) -> list[Message]:
    """The messages of a conversation, for rules that read it.

    Args:
        conversation: the ``messages`` of chat completions or the ``input`` of a response: a text, or a list
            of JSON objects and of the package's own.

    Raises:
        GuardError: something in it is no message.
    """
    items = [{"role": "user", "content": conversation}] if isinstance(conversation, str) else conversation
    if not isinstance(items, Iterable):
        raise GuardError(f"a conversation is a text or a list of messages, not {type(items).__name__}")
    return messages_of(map(_plain, items), guess=False)


def _plain(item: Any) -> Any:
    return item.model_dump(mode="json") if hasattr(item, "model_dump") else item


def _hear(guard: Guard, answer: Any, conversation: Any, session: str) -> None:
    """Tell the guard of the conversation, with the answer at its end, whether that stands there or not."""

    def whole() -> list[Message]:
        of = answer.answer if isinstance(answer, Streamed) else answer
        said = messages(of.output if of.object == "response" else [of.choices[0].message])
        before = messages(conversation)
        return before if said and before[-len(said) :] == said else [*before, *said]

    if conversation is not None:
        plain.follow(guard, whole, session)


def answer_calls(
    guard: Guard, answer: Any, functions: Functions, *, session: str = "", conversation: Any = None
) -> list[Any]:
    """Make the calls of an answer that the guard admits, one after the other.

    Args:
        guard: it decides.
        answer: a completion, a response, or a :class:`Streamed` one that was read to its end.
        functions: by the name of the tool, what is called with the arguments.
        session: the conversation or run.
        conversation: all messages that led to the answer, for rules that read them: the ``messages`` of chat
            completions, or the ``input`` of a response. The answer may stand at the end.

    Returns:
        One message for each call, in the form of the API: the function's result (what is no text, as
        JSON), why it was not called, or that it failed; the exception itself goes to the log alone.

    Raises:
        GuardError: the answer has not ended, or is none of the package's.
    """
    calls = tool_calls(answer)
    _hear(guard, answer, conversation, session)
    return _messages(calls, plain.answer_calls(guard, _proposed(calls, session), functions))


async def aanswer_calls(
    guard: Guard, answer: Any, functions: Functions, *, session: str = "", conversation: Any = None
) -> list[Any]:
    """:func:`answer_calls` for async hosts: all calls at once; functions may be async, and those that are
    not run in threads."""
    calls = tool_calls(answer)
    _hear(guard, answer, conversation, session)
    return _messages(calls, await plain.aanswer_calls(guard, _proposed(calls, session), functions))


def _proposed(calls: list[ToolCall], session: str) -> list[Call]:
    return [Call(each.tool, each.arguments, each.id, session) for each in calls if each.whole]


def _messages(calls: list[ToolCall], told: list[str]) -> list[Any]:
    """One message for each call, from what is told of those that were whole."""
    texts = iter(told)
    return [each.message(next(texts) if each.whole else CUT) for each in calls]
