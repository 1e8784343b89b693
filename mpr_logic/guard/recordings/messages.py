"""Messages as model APIs and frameworks write them, read into one form.

One reader serves OpenAI's chat and responses APIs, Anthropic's blocks, LangChain's dumps, and the benchmarks
whose messages look like one of these: they differ in the names of a few keys.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mpr_logic.checker import strict_json
from mpr_logic.errors import MprError
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.recording import BadRecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.guard.conversation import Role

ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
_CLASSES = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}
_CALLS = {"function_call", "custom_tool_call", "local_shell_call", "mcp_call", "computer_call"}
_OUTPUTS = {
    "function_call_output",
    "custom_tool_call_output",
    "local_shell_call_output",
    "computer_call_output",
}
_PASSED = {"reasoning", "item_reference", "web_search_call", "file_search_call", "compaction"}
_FAILED = re.compile(r"\s*(error|exception|traceback)\b\s*[:(]", re.IGNORECASE)
REFUSED = "mpr_refused"
"""The mark of a message that a guard put into the place of a result: the call was not made."""

_LATEST = 10**11
"""Seconds since 1970 are below that; larger numbers count parts of a second."""

_FAR = 10**30
"""No time, in whatever parts of a second."""


class Unread(dict[str, Any]):
    """No arguments, in the place of those of a call that cannot be read; ``given`` is what stood there."""

    def __init__(self, given: Any) -> None:
        super().__init__()
        self.given = given

    def __reduce__(self) -> tuple[type[Unread], tuple[Any]]:
        return Unread, (self.given,)

    def __repr__(self) -> str:
        return f"Unread({self.given!r})"


def is_message(value: Any) -> bool:
    """Whether a JSON value is a message in one of the forms that are read here."""
    if not isinstance(value, dict):
        return False
    kind = _text(value.get("type"))
    if "role" in value:
        return _text(value["role"]) in ROLES and any(
            name in value for name in ("content", "tool_calls", "function_call", "parts", "refusal")
        )
    if kind in _CALLS or kind in _OUTPUTS:
        return "call_id" in value or "name" in value or "output" in value
    if kind == "constructor":
        return _class_of(value) in _CLASSES
    return kind in ROLES and ("data" in value or "content" in value)


def messages_of(values: Iterable[Any], *, guess: bool = True) -> list[Message]:
    """Read messages.

    Args:
        values: one JSON value for each; what stands for nothing that was said or done is passed over.
        guess: whether a result that begins like an error (``Error: ...``), or is an object with an ``error``,
            is one where nothing else says how the call went: for recordings alone, since whoever writes what
            a tool returns could make a live guard take it for an error.

    Raises:
        BadRecordError: one is no message.
    """
    found: list[Message] = []
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            raise BadRecordError(f"message {number} is to be an object, not {type(value).__name__}")
        try:
            found += _message(value, number, guess)
        except MprError:
            raise
        except Exception as error:  # odd values at any place: nothing else may come of them
            raise BadRecordError(f"message {number} cannot be read: {type(error).__name__}") from None
    return found


def _message(value: dict[str, Any], number: int, guess: bool) -> list[Message]:
    raw = _flat(value)
    kind, at = _text(raw.get("type")), time_of(raw)
    if kind in _CALLS:
        return _item_call(raw, at)
    if kind in _OUTPUTS:
        content = result_of(raw.get("output"))
        return [Message("tool", answers=_id(raw), content=content, error=_failed(raw, content, guess), at=at)]
    if kind in _PASSED:
        return []
    role = ROLES.get(str(raw.get("role", kind)))
    if role is None:
        kinds = "system, user, assistant or tool"
        raise BadRecordError(f"message {number} is from `{str(raw.get('role', kind))[:40]}`, not {kinds}")
    content = raw.get("content", raw.get("parts"))
    found = _results_within(content, at) if role != "assistant" else []
    if role == "tool":
        return found or [_result(raw, at, guess)]
    text = text_of(content) or (text_of(raw.get("refusal")) if role == "assistant" else "")
    calls = tuple(_calls(raw, content)) if role == "assistant" else ()
    if text or calls or not found:
        found.append(Message(role, text, calls, at=at))
    return found


def _flat(value: dict[str, Any]) -> dict[str, Any]:
    """A message whose keys lie at the top: LangChain wraps them."""
    kwargs, data = value.get("kwargs"), value.get("data")
    if value.get("type") == "constructor" and isinstance(kwargs, dict):
        return {**kwargs, "role": _CLASSES.get(_class_of(value), "?")}
    if "role" not in value and isinstance(data, dict):
        return {**data, "role": value.get("type")}
    return value


def _class_of(value: dict[str, Any]) -> str:
    names = value.get("id")
    return str(names[-1]) if isinstance(names, list) and names else ""


def _result(raw: Mapping[str, Any], at: float | None, guess: bool) -> Message:
    """The result of a call; the text of an error where the result itself has none."""
    content = result_of(raw.get("content"))
    said = raw.get("error")
    if said and content in ("", None, []):
        content = said.get("message", said) if isinstance(said, dict) else said
    failed = _failed(raw, content, guess)
    call = raw.get("tool_call")
    name = raw.get("name") or raw.get("function") or (call.get("function") if isinstance(call, dict) else "")
    refused = raw.get(REFUSED) is True
    return Message("tool", "", (), _id(raw), _text(name), content, failed, at, refused)


def _failed(raw: Mapping[str, Any], content: Any, guess: bool) -> bool:
    """Whether a result is an error. What the message says of it is believed before any guess."""
    if _says_failed(raw):
        return True
    told = "error" in raw or raw.get("is_error") is False or raw.get("status") == "success"
    return guess and not told and failed_result(content)


def _says_failed(raw: Mapping[str, Any]) -> bool:
    return bool(raw.get("error")) or raw.get("is_error") is True or raw.get("status") in ("error", "failed")


def failed_result(content: Any) -> bool:
    """Whether a result looks like an error: ``Error: ...``, or an object with an ``error``."""
    if isinstance(content, str):
        return bool(_FAILED.match(content))
    return isinstance(content, dict) and bool(content.get("error") or content.get("isError"))


def _results_within(content: Any, at: float | None) -> list[Message]:
    """The results that a message of the user holds as blocks, as Anthropic's API has them."""
    found = []
    for each in content if isinstance(content, list) else ():
        if isinstance(each, dict) and each.get("type") in ("tool_result", "tool_call_response"):
            given = each.get("content", each.get("response", each.get("result")))
            id = _text(each.get("tool_use_id") or each.get("id"))
            found.append(
                Message(
                    "tool",
                    answers=id,
                    content=result_of(given),
                    error=_says_failed(each),
                    at=at,
                    refused=each.get(REFUSED) is True,
                )
            )
    return found


def _calls(raw: Mapping[str, Any], content: Any) -> Iterable[ToolCall]:
    """The calls that a message of the assistant proposes."""
    given = raw.get("tool_calls")
    more = raw.get("additional_kwargs")
    if not given and isinstance(more, dict):
        given = more.get("tool_calls")
    blocks = [
        each
        for each in (content if isinstance(content, list) else ())
        if isinstance(each, dict) and each.get("type") in ("tool_use", "tool_call")
    ]
    found = [each for each in (given if isinstance(given, list) else blocks) if isinstance(each, dict)]
    broken = raw.get("invalid_tool_calls")
    found += [each for each in (broken if isinstance(broken, list) else ()) if isinstance(each, dict)]
    for each in found or blocks:
        yield call_of(each)
    old = raw.get("function_call")
    if isinstance(old, dict) and not found:
        yield call_of(old)


def call_of(raw: Mapping[str, Any]) -> ToolCall:
    """Read a call: its tool is in ``name`` or ``function``, its arguments in any of four keys."""
    function = raw.get("function")
    inner: Mapping[str, Any] = function if isinstance(function, dict) else raw
    name = function if isinstance(function, str) else inner.get("name") or raw.get("name")
    given = next(
        (inner[key] for key in ("arguments", "args", "input", "parameters") if inner.get(key) is not None),
        None,
    )
    return ToolCall(_id(raw), _text(name), arguments_of(given))


def _item_call(raw: Mapping[str, Any], at: float | None) -> list[Message]:
    """A call that is an item of its own, with its result where the provider made it."""
    if raw["type"] in ("local_shell_call", "computer_call"):
        call = ToolCall(_id(raw), _text(raw["type"]).removesuffix("_call"), arguments_of(raw.get("action")))
    elif raw["type"] == "custom_tool_call":
        call = ToolCall(_id(raw), _text(raw.get("name")), {"input": raw.get("input", "")})
    else:
        call = call_of(raw)
    found = [Message("assistant", calls=(call,), at=at)]
    if raw["type"] == "mcp_call" and (raw.get("output") is not None or raw.get("error")):
        content = result_of(raw.get("output") or raw.get("error"))
        found.append(
            Message("tool", answers=call.id, tool=call.tool, content=content, error=_says_failed(raw), at=at)
        )
    return found


def _id(raw: Mapping[str, Any]) -> str:
    """The id of a call, in the call or in what answers it."""
    return _text(raw.get("call_id") or raw.get("tool_call_id") or raw.get("tool_use_id") or raw.get("id"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def arguments_of(given: Any) -> dict[str, Any]:
    """The arguments of a call, an object or the text of one; none at all are an empty object. What is
    neither, or has a key twice, is ``Unread``."""
    found = strict_json.opened(given) if isinstance(given, str) else given
    if isinstance(found, dict):
        return found
    return {} if found is None or (isinstance(found, str) and not found.strip()) else Unread(given)


def result_of(given: Any) -> Any:
    """The result of a tool: a JSON value, or a text. The parts of a text are joined, and a text that is a
    JSON object or array is that."""
    if isinstance(given, list) and given and all(map(_is_text, given)):
        given = text_of(given)
    return strict_json.opened(given) if isinstance(given, str) else given


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in ("text", "input_text", "output_text")


def text_of(content: Any) -> str:
    """The text of a message: itself, or its parts that are texts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    found = []
    for part in content:
        if isinstance(part, str):
            found.append(part)
        elif _is_text(part):
            text = part.get("text", part.get("content"))
            found.append(_text(text.get("value") if isinstance(text, dict) else text))
    return "\n".join(found)


def time_of(raw: Mapping[str, Any]) -> float | None:
    """The time that a record says, in seconds since 1970; None where it says none."""
    for name in ("timestamp", "created_at", "created", "time"):
        found = moment_of(raw.get(name))
        if found is not None:
            return found
    return None


def moment_of(given: Any) -> float | None:
    """A time in seconds since 1970, given as seconds, parts of them, or in ISO 8601; one without a zone is
    UTC. None for what is no time."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        seconds = float(given) if abs(given) < _FAR else float("inf")
        while abs(seconds) >= _LATEST and seconds < float("inf"):
            seconds /= 1000
        return seconds if abs(seconds) < _LATEST else None
    if not isinstance(given, str) or not given:
        return None
    if given.isdecimal():
        return moment_of(int(given[:30]))
    try:
        found = datetime.fromisoformat(given)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
