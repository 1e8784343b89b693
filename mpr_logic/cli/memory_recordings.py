"""Recorded conversations as episodes of a memory: their calls, and how these went."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpr_logic.guard.actions import Actions
    from mpr_logic.guard.conversation import Message, ToolCall
    from mpr_logic.guard.recordings.recording import Known, Recording
    from mpr_logic.memory.store import Memory

_AGAIN = re.compile(r" (?:trial|epoch) \d+$")
"""The end of a name that tells one run of a task from another: they have the same world."""


@dataclass(slots=True)
class RecordedEpisodes:
    """The episodes in a file of recordings.

    Args:
        lines: of trajectories, as docs/reference/trajectory.md has them.
        broken: the records that could not be read, each with the reason.
        remarked: what of the others was not understood.
        left_out: the calls that are no declared action, or do not fit it, by tool.
    """

    lines: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    remarked: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def remarks(self, file: str) -> list[str]:
        """Lines that tell what was left out."""
        from mpr_logic.analysis.report import count

        told = [f"{each}; it is left out" for each in self.broken]
        told += self.remarked
        return told + [
            f"{file}: {count(number, 'call')} of `{tool[:60]}` left out: they are no declared action"
            for tool, number in self.left_out.most_common()
        ]


def holds_recordings(file: str) -> bool:
    """Whether a file holds recorded conversations. A ``.jsonl`` may hold trajectories instead: its first
    lines decide.

    Raises:
        OSError: it cannot be read.
    """
    from mpr_logic.guard.recordings.files import begins_recorded

    return not file.endswith(".jsonl") or begins_recorded(file)


def episodes_in(file: str, memory: Memory) -> RecordedEpisodes:
    """Read a file of recordings. The memory's declarations say what action a call is.

    Raises:
        StoreError: no record in the file can be read.
        MprError: the memory cannot be read.
    """
    from mpr_logic.analysis import analyse
    from mpr_logic.errors import StoreError
    from mpr_logic.guard.actions import Actions
    from mpr_logic.guard.recordings.files import recordings_in
    from mpr_logic.guard.recordings.recording import Broken
    from mpr_logic.language.parser import parse

    actions = Actions(analyse([parse(memory.declarations(), "<memory>")]), None)
    found = RecordedEpisodes()
    for _, recording in recordings_in([file]):
        if isinstance(recording, Broken):
            found.broken.append(f"{recording.name}: {recording.error}")
        else:
            own = recording.name.removeprefix(file).partition(" ")[2]
            task = _AGAIN.sub("", own) or recording.name
            found.lines.append({"mpr_trajectory": 1, "line": "episode", "task": task, "policy": "recorded"})
            found.lines += _turns(recording, actions, found.left_out)
            found.remarked += [f"{recording.name}: {each}" for each in recording.remarks]
    if not found.lines:
        raise StoreError(next(iter(found.broken), f"{file}: there are no recordings in it"))
    return found


def _turns(recording: Recording, actions: Actions, left_out: Counter[str]) -> list[dict[str, Any]]:
    """The turns of a recording: a call each, with its outcome where that is recorded, and what the agent knew
    of its world behind it."""
    from mpr_logic.guard.replay import answered_calls, refused_calls

    results = answered_calls(recording.messages)
    refused = refused_calls(recording.messages, results)
    turns: list[dict[str, Any]] = [{"line": "turn", "number": 0}]
    made: dict[tuple[int, int], dict[str, Any]] = {}
    for place, message in enumerate(recording.messages):
        for each, call in enumerate(message.calls):
            if (place, each) in refused:  # it was not made
                continue
            action = _action(call, actions)
            if action is None:
                left_out[call.tool] += 1
                continue
            turn = {"line": "turn", "number": len(made) + 1, "action": action, "succeeded": None}
            made[place, each] = turn
            turns.append(turn)
        if place in results and results[place] in made:
            made[results[place]]["succeeded"] = not message.error
        if place in recording.known:
            _learn(turns[-1], recording.known[place], message)
    if recording.labels.get("won") is True:
        turns[-1] |= {"won": True, "over": True}
    return turns


def _learn(turn: dict[str, Any], known: Known, message: Message) -> None:
    """Enter into a turn what the agent read, and knew then. What it learned from a call that was left out is
    the last turn's too."""
    turn["text"] = str(message.content) if message.role == "tool" else message.text
    added, removed = set(turn.get("added", ())), set(turn.get("removed", ()))
    turn["added"] = sorted(added.difference(known.removed).union(known.added))
    turn["removed"] = sorted(removed.union(known.removed))


def _action(call: ToolCall, actions: Actions) -> str | None:
    """The text of the action that a call is; None where it is none."""
    from mpr_logic.errors import StateError
    from mpr_logic.guard.recordings.messages import Unread

    try:
        if isinstance(call.arguments, Unread):
            return None
        return str(actions.of(call.tool).propose(dict(call.arguments), frozenset()).action)
    except StateError:
        return None
