"""Conversations as the APIs of models take and give them: OpenAI's chat and responses, Anthropic's messages,
LangChain's and LangGraph's dumps of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.guard.recordings.messages import is_message, messages_of
from mpr_logic.guard.recordings.recording import Format, Recording, listed, scalars

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("messages", "input", "items", "conversation")
"""The keys under which an object has its messages."""

_PARTS = ("body", "request", "kwargs", "values")
"""The keys of a logged request that hold such an object."""


def conversation_of(value: Any) -> list[Any] | None:
    """The messages of a request, an answer, or both, as JSON values; None where there are none."""
    if isinstance(value, list):
        return value if value and is_message(value[0]) else None
    if not isinstance(value, dict):
        return None
    found = _asked(value)
    if found is None:
        found = next((each for each in map(_asked, map(value.get, _PARTS)) if each is not None), None)
    answer = value.get("response", value)
    if isinstance(answer, dict) and isinstance(answer.get("body"), dict):
        answer = answer["body"]
    said = _answered(answer)
    return None if found is None and not said else [*(found or ()), *said]


def _asked(value: Any) -> list[Any] | None:
    """The messages that a request holds, with its instructions in front."""
    if not isinstance(value, dict):
        return None
    for key in _KEYS:
        given = value.get(key)
        if isinstance(given, str) and key == "input" and ("output" in value or "instructions" in value):
            given = [{"role": "user", "content": given}]
        if isinstance(given, list) and given and is_message(given[0]):
            first = value.get("system", value.get("instructions"))
            system = [{"role": "system", "content": first}] if first else []
            return [*system, *given]
    data = value.get("data")
    return data if isinstance(data, list) and data and is_message(data[0]) else None


def _answered(value: Any) -> list[Any]:
    """The messages that an answer holds."""
    if not isinstance(value, dict):
        return []
    output, choices = value.get("output"), value.get("choices")
    if isinstance(output, list):
        return [each for each in output if is_message(each)]
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return [choices[0]["message"]] if is_message(choices[0].get("message")) else []
    return []


def _read(value: Any) -> Iterator[Recording]:
    said = listed(conversation_of(value), "the conversation")
    labels = {}
    name = ""
    if isinstance(value, dict):
        labels = scalars(value) | scalars(value.get("metadata") or {})
        name = str(next((value[key] for key in ("id", "custom_id", "name") if value.get(key)), ""))[:80]
        for key in ("id", "custom_id", "name", "object", "model", "method", "url"):
            labels.pop(key, None)
    yield Recording(name, tuple(messages_of(said)), labels)


def _read_messages(values: Any) -> Iterator[Recording]:
    yield Recording("", tuple(messages_of(each for each in values if is_message(each))))


CHAT = Format(
    "OpenAI chat or responses",
    '{"messages": [...]}, {"input": [...], "output": [...]}, or a list of messages',
    lambda value: conversation_of(value) is not None,
    _read,
)
MESSAGES = Format("messages", "JSON lines of one message each", is_message, _read_messages, lambda value: "")
