"""Spans by OpenTelemetry's conventions for generative AI: OTLP in JSON, or the Python SDK's ``to_json``.

Read are ``gen_ai.input.messages``, ``gen_ai.output.messages`` and ``gen_ai.system_instructions`` of spans of
models, the older numbered ``gen_ai.prompt.0.role`` and ``gen_ai.completion.0.role``, and spans of tools
(``execute_tool``). Traces of one ``gen_ai.conversation.id`` are one recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.checker import strict_json
from mpr_logic.guard.conversation import ToolCall
from mpr_logic.guard.recordings.histories import Ran, completed, grown
from mpr_logic.guard.recordings.messages import (
    arguments_of,
    is_message,
    messages_of,
    moment_of,
    result_of,
)
from mpr_logic.guard.recordings.recording import Format, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.guard.conversation import Message

_MOST_NUMBERED = 10_000


def _fits(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if "resourceSpans" in value or "resource_spans" in value:
        return True
    attributes = value.get("attributes")
    traced = "traceId" in value or "trace_id" in value or isinstance(value.get("context"), dict)
    return traced and isinstance(attributes, (dict, list)) and "name" in value


class _Span:
    """A span: its trace, its attributes as plain values, and its times."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        context = raw.get("context")
        inner: Mapping[str, Any] = context if isinstance(context, dict) else raw
        self.trace = str(inner.get("traceId") or inner.get("trace_id") or "")
        given = raw.get("attributes")
        self.attributes: Mapping[str, Any] = given if isinstance(given, dict) else _attributes(given)
        self.began = moment_of(raw.get("startTimeUnixNano") or raw.get("start_time"))
        self.ended = moment_of(raw.get("endTimeUnixNano") or raw.get("end_time"))
        status = raw.get("status")
        code = (status.get("code") or status.get("status_code")) if isinstance(status, dict) else None
        self.error = code in (2, "STATUS_CODE_ERROR", "ERROR") or "error.type" in self.attributes

    def value(self, name: str) -> Any:
        """An attribute; a text that is JSON is that."""
        given = self.attributes.get(name)
        return strict_json.opened(given) if isinstance(given, str) else given


def _spans(values: Iterable[Any]) -> Iterator[_Span]:
    for value in values:
        if not isinstance(value, dict):
            continue
        resources = value.get("resourceSpans") or value.get("resource_spans")
        if resources is None:
            if _fits(value):
                yield _Span(value)
            continue
        for resource in resources:
            for scope in resource.get("scopeSpans") or resource.get("scope_spans") or ():
                for span in scope.get("spans") or ():
                    yield _Span(span)


def _attributes(given: Any) -> dict[str, Any]:
    """The attributes of OTLP, a list of keys with typed values, as an object."""
    return {
        each["key"]: _plain(each.get("value")) for each in given if isinstance(each, dict) and "key" in each
    }


def _plain(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [_plain(each) for each in inner.get("values") or ()]
    if kind == "kvlistValue":
        return _attributes(inner.get("values") or ())
    return int(inner) if kind == "intValue" else inner


def _read(values: Any) -> Iterator[Recording]:
    spans = list(_spans(values))
    talks = {
        span.trace: str(span.attributes["gen_ai.conversation.id"])
        for span in spans
        if "gen_ai.conversation.id" in span.attributes
    }
    groups: dict[str, list[_Span]] = {}
    for span in spans:
        if any(name.startswith("gen_ai.") for name in span.attributes):
            groups.setdefault(talks.get(span.trace, span.trace), []).append(span)
    for name, group in groups.items():
        group.sort(key=lambda span: span.began or 0.0)
        histories = [found for found in map(_history, group) if found]
        ran = [each for each in map(_ran, group) if each is not None]
        yield Recording(name[:80], tuple(completed(grown(histories), ran)))


def _history(span: _Span) -> Sequence[Message]:
    """The messages that a span of a model tells of."""
    if span.attributes.get("gen_ai.operation.name") in ("execute_tool", "invoke_agent"):
        return ()
    first = span.value("gen_ai.system_instructions")
    raw = [{"role": "system", "content": first}] if first else []
    for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
        given = span.value(name)
        raw += given if isinstance(given, list) else []
    for name in ("gen_ai.prompt", "gen_ai.completion"):
        raw += _numbered(span.attributes, name)
    return messages_of(each for each in raw if is_message(each))


def _numbered(attributes: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Messages of which each entry is an attribute with a number in its name."""
    for number in range(_MOST_NUMBERED):
        at = f"{name}.{number}."
        found = {key.removeprefix(at): value for key, value in attributes.items() if key.startswith(at)}
        if not found:
            return
        calls = (
            [
                {key: found.get(f"tool_calls.{place}.{key}") for key in ("id", "name", "arguments")}
                for place in range(_MOST_NUMBERED)
                if f"tool_calls.{place}.name" in found
            ]
            if any(key.startswith("tool_calls.") for key in found)
            else []
        )
        yield {"content": "", **found, "tool_calls": calls}


def _ran(span: _Span) -> Ran | None:
    """The tool that a span tells of; None for a span of something else."""
    name = span.attributes.get("gen_ai.tool.name")
    if span.attributes.get("gen_ai.operation.name") != "execute_tool" or not name:
        return None
    id = str(span.attributes.get("gen_ai.tool.call.id") or "")
    call = ToolCall(id, str(name), arguments_of(span.attributes.get("gen_ai.tool.call.arguments")))
    content = result_of(span.attributes.get("gen_ai.tool.call.result"))
    return Ran(call, content, span.error, span.began, span.ended)


OPENTELEMETRY = Format(
    "OpenTelemetry GenAI",
    '{"resourceSpans": [...]}, or lines of spans with gen_ai attributes',
    _fits,
    _read,
    lambda value: "",
)
