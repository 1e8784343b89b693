"""Traces of LangChain and LangGraph: runs, nested or one a line, as LangSmith and its tracers export them.
Dumps of messages alone are read as other conversations are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from mpr_logic.checker import strict_json
from mpr_logic.guard.conversation import ToolCall
from mpr_logic.guard.recordings.histories import Ran, completed, grown
from mpr_logic.guard.recordings.messages import (
    Unread,
    arguments_of,
    failed_result,
    is_message,
    messages_of,
    moment_of,
    result_of,
)
from mpr_logic.guard.recordings.recording import Format, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.guard.conversation import Message


def _fits(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("run_type"), str) and "inputs" in value


def _trace(value: Any) -> str | None:
    return str(value.get("trace_id") or value.get("id") or "") if _fits(value) else None


def _read(values: Any) -> Iterator[Recording]:
    runs = sorted(_runs(values), key=lambda run: moment_of(run.get("start_time")) or 0.0)
    histories: list[Sequence[Message]] = []
    states: list[Sequence[Message]] = []
    ran: list[Ran] = []
    for run in runs:
        if run["run_type"] in ("llm", "chat_model"):
            said = [*_asked(run.get("inputs")), *_answered(run.get("outputs"))]
            histories.append(messages_of(each for each in said if is_message(each)))
        elif run["run_type"] == "tool":
            ran.append(_ran(run))
        else:
            said = [*_asked(run.get("inputs")), *_asked(run.get("outputs"))]
            states.append(messages_of(each for each in said if is_message(each)))
    whole = max(grown(histories), grown(states), key=len)  # tracers may keep the prompt as one text
    yield Recording("", tuple(completed(whole, ran)))


def _runs(values: Iterable[Any]) -> Iterator[Any]:
    """The runs, and those below them."""
    left = list(values)
    while left:
        each = left.pop()
        if _fits(each):
            yield each
            left += each.get("child_runs") or ()


def _asked(inputs: Any) -> Sequence[Any]:
    """The messages that a model was given, or that a graph has; of a batch, the first."""
    found = inputs.get("messages") if isinstance(inputs, dict) else None
    while isinstance(found, list) and found and isinstance(found[0], list):
        found = found[0]
    return found if isinstance(found, list) else ()


def _answered(outputs: Any) -> Sequence[Any]:
    """The messages that the model answered with."""
    found = outputs.get("generations") if isinstance(outputs, dict) else None
    while isinstance(found, list) and found:
        found = found[0]
    message = found.get("message") if isinstance(found, dict) else None
    return [message] if message is not None else []


def _ran(run: Any) -> Ran:
    inputs, outputs = run.get("inputs"), run.get("outputs")
    output = outputs.get("output") if isinstance(outputs, dict) else outputs
    id, error = "", bool(run.get("error"))
    if is_message(output):
        (message,) = messages_of([output])
        id, content, error = message.answers, message.content, error or message.error
    else:
        content = result_of(output)
        error = error or failed_result(content)
    call = ToolCall(id, str(run.get("name", "")), _arguments(inputs))
    return Ran(call, content, error, moment_of(run.get("start_time")), moment_of(run.get("end_time")))


def _arguments(inputs: Any) -> dict[str, Any]:
    """The arguments that a tool ran with: tracers write them as the text of a Python dict."""
    given = inputs.get("input") if isinstance(inputs, dict) and inputs.keys() == {"input"} else inputs
    if isinstance(given, str) and isinstance(strict_json.opened(given), str) and given.startswith("{"):
        try:
            given = ast.literal_eval(given)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return Unread(given)
    return arguments_of(given)


LANGCHAIN = Format("LangChain", '{"run_type", "inputs", "outputs", "child_runs"}', _fits, _read, _trace)
