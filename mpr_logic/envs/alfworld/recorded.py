"""AlfWorld's transcripts as recordings: calls of declared actions, and what the agent knew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.envs.alfworld.belief import Belief
from mpr_logic.envs.alfworld.commands import named
from mpr_logic.envs.alfworld.transcripts import holds_games, transcripts_in
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.recording import BadRecordError, Format, Known, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.envs.alfworld.transcripts import Transcript
    from mpr_logic.guard.recordings.recording import Label

NO_COMMAND = "no_command"
"""The tool of a call that is no command of the games; its argument is the line."""

SHOWN = 3
"""The most answers that could not be read and are quoted."""


def recording_of(transcript: Transcript) -> Recording:
    """A transcript as a recording. A step whose outcome cannot be read has no result."""
    belief = Belief()
    held: frozenset[str] = frozenset()
    known: dict[int, Known] = {}
    unread: list[str] = []
    messages = [Message("user", transcript.first)]

    def learned() -> None:
        nonlocal held
        now = frozenset(belief.facts)
        known[len(messages) - 1] = Known(tuple(sorted(now - held)), tuple(sorted(held - now)))
        held = now

    belief.observe(None, transcript.first)
    learned()
    for number, step in enumerate(transcript.steps, 1):
        tool = NO_COMMAND if step.action is None else step.action.name
        arguments = {"line": step.said} if step.action is None else named(step.action)
        call = ToolCall(str(number), tool, arguments)
        messages.append(Message("assistant", step.thought, (call,)))
        if not step.answer:
            continue
        before = belief.unread
        succeeded = belief.observe(step.action, step.answer)
        if belief.unread > before:
            unread.append(f"`{step.answer[:60]}`")
            messages.append(Message("user", step.answer))
        else:
            failed = succeeded is False or step.action is None
            messages.append(Message("tool", "", (), call.id, tool, step.answer, failed))
        learned()
    labels: dict[str, Label] = dict(transcript.labels)
    if transcript.won is not None:
        labels["won"] = transcript.won
    shown = ", ".join([*unread[:SHOWN], *["..."] * (len(unread) > SHOWN)])
    remark = f"not understood of what the game answers: {shown} ({len(unread)} in all)"
    return Recording(
        transcript.name.replace(" ", "_"), tuple(messages), labels, known, (remark,) if unread else ()
    )


def _read(value: Any) -> Iterator[Recording]:
    found = transcripts_in(value)
    if not found:
        raise BadRecordError("it has a game in it that nobody plays: an example, or a task alone")
    for each in found:
        yield recording_of(each)


TRANSCRIPTS = Format(
    "AlfWorld transcripts",
    "a text, messages or steps in which `You are in the middle of a room` begins a game",
    holds_games,
    _read,
)
