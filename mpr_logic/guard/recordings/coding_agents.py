"""Transcripts of coding agents: Claude Code's (``~/.claude/projects/.../SESSION.jsonl``) and Codex's
(``~/.codex/sessions/.../rollout-*.jsonl``, and what ``codex exec --json`` writes)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.messages import arguments_of, is_message, messages_of, result_of, time_of
from mpr_logic.guard.recordings.recording import Format, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CLAUDE_TYPES = {
    "user",
    "assistant",
    "system",
    "summary",
    "file-history-snapshot",
    "queue-operation",
    "progress",
}
_CLAUDE_KEYS = ("sessionId", "parentUuid", "leafUuid", "messageId", "isSidechain")
_CODEX_TYPES = {"session_meta", "response_item", "event_msg", "turn_context", "compacted"}
_STREAMED = re.compile(r"(thread|turn|item)\.[a-z]+")
_COMMANDS = {"shell", "local_shell", "shell_command", "exec_command", "container.exec"}
"""The tools of Codex that run commands."""

_EXIT = re.compile(r"\s*(?:exit code:|process exited with code)\s*(-?\d+)", re.IGNORECASE)


def _is_claude(value: Any) -> bool:
    if not isinstance(value, dict) or str(value.get("type")) not in _CLAUDE_TYPES:
        return False
    return any(key in value for key in _CLAUDE_KEYS)


def _thread(value: Any) -> str | None:
    """The session that a line is of; that of an agent below has a name of its own."""
    if value.get("type") not in ("user", "assistant") or not isinstance(value.get("message"), dict):
        return None
    session = str(value.get("sessionId") or "")
    below = value.get("agentId") or ("agent" if value.get("isSidechain") is True else "")
    return f"{session} {below}".strip()


def _is_own(line: Mapping[str, Any]) -> bool:
    """Whether the agent itself wrote a line in the user's name: what it tells the model beside, and its
    summary of what was said before."""
    return line.get("isMeta") is True or line.get("isCompactSummary") is True


def _read_claude(values: Any) -> Iterator[Recording]:
    def messages() -> Iterator[Any]:
        for line in values:
            if isinstance(line, dict) and isinstance(line.get("message"), dict) and not _is_own(line):
                yield {"timestamp": line.get("timestamp"), "role": line.get("type")} | line["message"]

    yield Recording("", tuple(messages_of(messages(), guess=False)))


def _is_codex(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    kind = str(value.get("type"))
    if kind in _CODEX_TYPES:
        return isinstance(value.get("payload"), dict)
    return bool(_STREAMED.fullmatch(kind)) and value.keys() != {"type", "data"}


def _read_codex(values: Any) -> Iterator[Recording]:
    yield Recording("", tuple(codex_messages(values)))


def codex_messages(lines: Iterable[Any], *, guess: bool = True) -> list[Message]:
    """The messages in lines of Codex.

    Args:
        lines: JSON objects.
        guess: whether any result may tell by its text that its call failed. Else only those of commands do,
            where Codex itself writes the exit code in front of what the command wrote.

    Raises:
        BadRecordError: one is no message.
    """
    found: list[Message] = []
    commands: set[str] = set()
    for line in lines:
        payload = line.get("payload")
        if line.get("type") == "response_item" and is_message(payload):
            said = messages_of([payload | {"timestamp": line.get("timestamp")}], guess=guess)
            for call in (call for each in said for call in each.calls):
                if call.tool in _COMMANDS:
                    commands.add(call.id)
                else:
                    commands.discard(call.id)
            found += [
                _with_exit(each) if each.role == "tool" and (guess or each.answers in commands) else each
                for each in said
            ]
        elif line.get("type") == "item.completed" and isinstance(line.get("item"), dict):
            found += _streamed(line["item"], time_of(line))
    return found


def _with_exit(message: Message) -> Message:
    """A result with what it says of its end: commands tell their exit code in it."""
    content = message.content
    code: Any = None
    if isinstance(content, dict):
        told = content.get("metadata")
        code = told.get("exit_code") if isinstance(told, dict) else content.get("exit_code")
        code = 1 if content.get("success") is False else code
        content = result_of(content["output"]) if isinstance(content.get("output"), str) else content
    elif isinstance(content, str) and (said := _EXIT.match(content)):
        code = int(said[1])
    failed = message.error if code is None else code != 0
    return replace(message, content=content, error=failed)


def _streamed(item: dict[str, Any], at: float | None) -> Iterable[Message]:
    """The messages of an item that is completed, in the stream of ``codex exec --json``."""
    id, kind = str(item.get("id", "")), item.get("type")
    failed = item.get("status") in ("failed", "declined") or bool(item.get("error"))
    if kind in ("agent_message", "assistant_message"):
        return [Message("assistant", str(item.get("text", "")), at=at)]
    if kind == "command_execution":
        call = ToolCall(id, "shell", {"command": item.get("command", "")})
        content, failed = item.get("aggregated_output"), failed or item.get("exit_code") not in (0, None)
    elif kind == "mcp_tool_call":
        arguments = item.get("arguments")
        call = ToolCall(id, str(item.get("tool", "")), arguments_of(arguments))
        content = result_of(item.get("result"))
    elif kind == "file_change":
        call, content = ToolCall(id, "apply_patch", {"changes": item.get("changes", [])}), None
    else:
        return []
    return [
        Message("assistant", calls=(call,), at=at),
        Message("tool", "", (), id, call.tool, content, failed, at),
    ]


CLAUDE_CODE = Format(
    "Claude Code", 'lines {"type": "user", "sessionId", "message": {...}}', _is_claude, _read_claude, _thread
)
CODEX = Format(
    "Codex",
    'lines {"type": "response_item", "payload": {...}}',
    _is_codex,
    _read_codex,
    lambda value: "",
)
