"""Runs of agents in a shell: OpenHands' events, and InterCode (arXiv 2306.14898)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.messages import arguments_of, result_of, time_of
from mpr_logic.guard.recordings.recording import Format, Recording, held, listed, scalars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.guard.conversation import Role
    from mpr_logic.guard.recordings.recording import Label

_EVENTS = ("steps", "history", "events", "trajectory")
_WORDS = frozenset({"message", "system", "finish", "think"})
"""Actions that say something; the others do."""

_PASSED = frozenset({"recall", "null", "change_agent_state", "agent_state_changed"})


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and "source" in value and ("action" in value or "observation" in value)


def _events(value: Any) -> list[Any] | None:
    """The events of a run; None where there are none."""
    if isinstance(value, dict):
        return next((found for found in map(_events, map(value.get, _EVENTS)) if found is not None), None)
    return value if isinstance(value, list) and value and _is_event(value[0]) else None


def _fits_openhands(value: Any) -> bool:
    return _events(value) is not None


def _read_openhands(value: Any) -> Iterator[Recording]:
    messages = [
        each for event in listed(_events(value), "events") for each in _event(held(event, "an event"))
    ]
    labels: dict[str, Label] = {}
    name = ""
    if isinstance(value, dict):
        name = str(next((value[key] for key in ("task", "instance_id", "id") if value.get(key)), ""))[:80]
        score = value.get("score")
        final = score.get("final_score") if isinstance(score, dict) else None
        labels = scalars(value, "score", "resolved") | (scalars(final) if isinstance(final, dict) else {})
    yield Recording(name, tuple(messages), labels)


def _event(event: Mapping[str, Any]) -> Iterator[Message]:
    """The message that an event is: words, a call, or what came of one."""
    at, kind = time_of(event), str(event.get("action") or event.get("observation"))
    arguments = arguments_of(event.get("args"))
    if kind in _PASSED:
        return
    if "action" not in event:
        code = _exit_code(event)
        failed = kind == "error" or bool(event.get("error")) or code not in (0, None)
        content = result_of(event.get("content"))
        yield Message("tool", "", (), str(event.get("cause", "")), "", content, failed, at)
    elif kind in _WORDS or event.get("source") != "agent":
        texts = map(arguments.get, ("content", "thought", "final_thought"))
        said = next((each for each in texts if isinstance(each, str)), "")
        role: Role = "assistant" if event.get("source") == "agent" else "user"
        yield Message("system" if kind == "system" else role, said, at=at)
    else:
        yield Message("assistant", calls=(ToolCall(str(event.get("id", "")), kind, arguments),), at=at)


def _exit_code(event: Mapping[str, Any]) -> Any:
    extras = event.get("extras")
    metadata = extras.get("metadata") if isinstance(extras, dict) else None
    return metadata.get("exit_code") if isinstance(metadata, dict) else event.get("exit_code")


def _is_intercode_run(value: Any) -> bool:
    history = value.get("turn_history") if isinstance(value, dict) else None
    return isinstance(history, dict) and isinstance(history.get("actions"), list)


def _fits_intercode(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return _is_intercode_run(value) or _is_intercode_run(next(iter(value.values())))


def _read_intercode(value: Any) -> Iterator[Recording]:
    for run in [value] if _is_intercode_run(value) else value.values():
        yield _intercode_run(held(run, "a run"))


def _intercode_run(run: Mapping[str, Any]) -> Recording:
    history = held(run.get("turn_history"), "`turn_history`")
    seen = listed(history.get("observations", []), "`observations`")
    valid = listed(history.get("valid_action", []), "`valid_action`")
    tool = str(run.get("environment") or "bash").removeprefix("ic_")
    messages = [Message("user", str(run.get("query", "")))]
    for place, action in enumerate(listed(history.get("actions"), "`actions`")):
        messages.append(Message("assistant", calls=(ToolCall(str(place), tool, {"command": action}),)))
        if place < len(seen):
            failed = place < len(valid) and valid[place] is False
            messages.append(Message("tool", "", (), str(place), tool, result_of(seen[place]), failed))
    summary = run.get("summary")
    labels = scalars(summary, "max_reward") if isinstance(summary, dict) else {}
    return Recording(f"task {run.get('task_id', '?')}", tuple(messages), labels)


OPENHANDS = Format(
    "OpenHands",
    'events {"source", "action", "args"}, or an object with them',
    _fits_openhands,
    _read_openhands,
)
INTERCODE = Format(
    "InterCode", '{"query", "turn_history": {"actions": [...]}}', _fits_intercode, _read_intercode
)
