"""AgentDojo: an element of a pipeline between the model's tool calls and what executes them.

``ToolsExecutionLoop([GuardedExecutor(guard), llm])``: it stands where ``ToolsExecutor()`` stood.
"""

from __future__ import annotations

from ast import literal_eval
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.errors import GuardError, RejectedError
from mpr_logic.extras import needed
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.plain import Guarding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agentdojo.functions_runtime import Env, Function, FunctionCall, FunctionsRuntime
    from agentdojo.types import ChatMessage

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

    BasePipelineElement = object  # the package says nothing of its types
else:
    BasePipelineElement = needed("agentdojo.agent_pipeline", "agentdojo").BasePipelineElement

MOST = 100
"""The most runs that an element knows at a time; the one that began first is forgotten first."""
_KEY = "mpr_logic.session"


class GuardedExecutor(BasePipelineElement):
    """Lets each tool call of the last message through a guard, and makes those that it admits. What it
    rejects is answered as a tool's error is, with the guard's message.

    Args:
        guard: it decides.
        executor: the element that makes the calls; by default a ``ToolsExecutor()``.
        session: the conversation or run; by default each run of the pipeline is one.
    """

    def __init__(self, guard: Guard, executor: Any = None, *, session: str | None = None) -> None:
        self._guard = guard
        self._executor = executor or needed("agentdojo.agent_pipeline", "agentdojo").ToolsExecutor()
        self._session = session
        self._runs: deque[str] = deque()

    def query(
        self,
        query: str,
        runtime: FunctionsRuntime,
        env: Env = None,
        messages: Sequence[ChatMessage] = (),
        extra_args: dict[str, Any] | None = None,
    ) -> tuple[str, FunctionsRuntime, Env, Sequence[ChatMessage], dict[str, Any]]:
        """Check the calls, and make those that are admitted, one after the other.

        Raises:
            GuardError: the pipeline has lost the name of the session.
        """
        extra = dict(extra_args or {})  # the framework's default is one object for all runs
        last = messages[-1] if messages else {"role": ""}
        if last["role"] != "assistant" or not last["tool_calls"]:
            return query, runtime, env, messages, extra
        session = self._session_of(messages, extra)
        said = [*messages]
        for place, proposed in enumerate(last["tool_calls"]):
            try:
                with Guarding(
                    self._guard,
                    proposed.function,
                    _arguments(proposed),
                    id=_id(proposed, len(messages) - 1, place),
                    session=session,
                    conversation=partial(conversation, said),
                ) as call:
                    alone = {**last, "tool_calls": [_admitted(proposed, call.verdict)]}
                    before = [*said[: len(messages) - 1], alone]
                    query, runtime, env, after, extra = self._executor.query(
                        query, runtime, env, before, extra
                    )
                    told = after[len(before) :]
                    _note(call, told, hears=self._guard.hears)
                    said += told
            except RejectedError as error:
                said.append(_told(proposed, error))
        return query, runtime, env, said, extra

    def _session_of(self, messages: Sequence[ChatMessage], extra: dict[str, Any]) -> str:
        """The session of a run, whose name goes with the run through the pipeline.

        Raises:
            GuardError: it got lost on the way: the calls that were made would be known no more.
        """
        if self._session is not None:
            return self._session
        if _KEY not in extra:
            if any(each["role"] == "tool" for each in messages):
                raise GuardError(
                    "an element of the pipeline drops `extra_args`: pass them on, or give `session`"
                )
            extra[_KEY] = uuid4().hex
            self._runs.append(extra[_KEY])
            if len(self._runs) > MOST:
                self._guard.end(self._runs.popleft())
        return str(extra[_KEY])


def tools_of(functions: Iterable[Function]) -> Tools:
    """The tools of a suite (``suite.tools``) with their schemas, for a guard."""
    return Tools(
        {
            "name": each.name,
            "description": each.description,
            "parameters": each.parameters.model_json_schema(),
        }
        for each in functions
    )


def conversation(messages: Iterable[ChatMessage]) -> list[Message]:
    """The messages of a conversation in AgentDojo's form, for rules that read it."""
    return messages_of(_with_ids(messages), guess=False)


def _with_ids(messages: Iterable[ChatMessage]) -> Iterator[dict[str, Any]]:
    """The messages as JSON. Some models give their calls no ids: the places of the calls are theirs, and the
    results come in the order of the calls."""
    ids: list[str] = []
    for number, each in enumerate(messages):
        raw = dict(each)
        if raw["role"] == "assistant":
            calls = raw["tool_calls"] or ()
            ids = [_id(call, number, place) for place, call in enumerate(calls)]
            raw["tool_calls"] = [
                {"id": id, "name": call.function, "arguments": _arguments(call)}
                for id, call in zip(ids, calls, strict=True)
            ]
        elif raw["role"] == "tool":
            own = ids.pop(0) if ids else ""
            raw["tool_call_id"] = raw["tool_call_id"] or own
            raw["tool_call"] = {"function": raw["tool_call"].function}
        yield raw


def _id(call: FunctionCall, number: int, place: int) -> str:
    """The id of a call; one without has the number of its message and its place there."""
    return call.id or f"{number}.{place}"


def _arguments(call: FunctionCall) -> dict[str, Any]:
    """The arguments as the tool gets them: the framework makes a list of a text that reads as one."""
    return {name: _listed(value) for name, value in call.args.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return value
    return found if isinstance(found, list) else value


def _admitted(call: FunctionCall, verdict: Verdict) -> FunctionCall:
    """The call with the arguments that were checked; in shadow mode it is made as it is."""
    return call if verdict.mode == "shadow" else call.model_copy(update={"args": verdict.arguments})


def _note(call: Guarding, told: Sequence[ChatMessage], *, hears: bool) -> None:
    """Note how a call went, and what it returned where a rule reads that."""
    for each in told[:1]:
        call.succeeded = each["error"] is None
        if not hears:
            return
        said = {"role": "tool", "content": each["content"], "error": each["error"]}
        call.result = messages_of([said], guess=False)[0].content


def _told(call: FunctionCall, error: RejectedError) -> ChatMessage:
    """The answer to a call that is not made, in the form of a tool's error."""
    return {
        "role": "tool",
        "content": [{"type": "text", "content": ""}],
        "tool_call_id": call.id,
        "tool_call": call,
        "error": str(error),
    }
