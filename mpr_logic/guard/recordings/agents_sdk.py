"""Traces of the OpenAI Agents SDK: traces and spans as their ``export()`` gives them.

A span of a response has no content in an export; then the calls are those of the spans of functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import ToolCall
from mpr_logic.guard.recordings.histories import Ran, completed, grown
from mpr_logic.guard.recordings.messages import (
    arguments_of,
    failed_result,
    is_message,
    messages_of,
    moment_of,
    result_of,
)
from mpr_logic.guard.recordings.recording import Format, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.guard.conversation import Message


def _fits(value: Any) -> bool:
    return isinstance(value, dict) and value.get("object") in ("trace", "trace.span") and "id" in value


def _trace(value: Any) -> str | None:
    if not _fits(value):
        return None
    return str(value["id"] if value["object"] == "trace" else value.get("trace_id"))


def _read(values: Any) -> Iterator[Recording]:
    spans = [
        each for each in values if each["object"] == "trace.span" and isinstance(each.get("span_data"), dict)
    ]
    spans.sort(key=lambda each: moment_of(each.get("started_at")) or 0.0)
    histories: list[Sequence[Message]] = []
    ran: list[Ran] = []
    for span in spans:
        data = span["span_data"]
        if data.get("type") == "generation":
            said = [*_listed(data.get("input")), *_listed(data.get("output"))]
            histories.append(messages_of(each for each in said if is_message(each)))
        elif data.get("type") == "function":
            content = result_of(data.get("output"))
            error = bool(span.get("error")) or failed_result(content)
            call = ToolCall(
                str(span.get("id", "")), str(data.get("name", "")), arguments_of(data.get("input"))
            )
            began, ended = moment_of(span.get("started_at")), moment_of(span.get("ended_at"))
            ran.append(Ran(call, content, error, began, ended))
    yield Recording("", tuple(completed(grown(histories), ran)))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


AGENTS_SDK = Format("Agents SDK", 'lines {"object": "trace.span", "span_data"}', _fits, _read, _trace)
