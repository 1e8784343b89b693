"""The turns of a played episode, and their JSON lines: what was proposed, decided, done and seen, and how the
state changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from mpr_logic.checker.disclosure import decision_json

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Observation
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.decision import Decision

VERSION = 1
"""The version of the lines: ``{"mpr_trajectory": 1, ...}``; docs/reference/trajectory.md has the keys."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was proposed, what was done, what came of it.

    ``decisions`` are about the proposals in their order, their reasons recorded; all but the last were
    rejected. ``action`` is what was tried in the world, None where the agent gave up; ``fallback`` says
    that it was not the policy's own. ``probed`` says that it was rejected and let through all the same, to
    try the rules. ``added`` and ``removed`` are the changes of what the agent knows.
    """

    number: int
    decisions: tuple[Decision, ...]
    action: Action | None
    observation: Observation
    added: AbstractSet[str] = frozenset()
    removed: AbstractSet[str] = frozenset()
    fallback: bool = False
    probed: bool = False


def heading(
    task: str, kind: str, policy: str, rules: str, *, shadow: bool, group: str = ""
) -> dict[str, Any]:
    """The first line of an episode. ``rules`` is the version of the rules that decided; episodes of one
    ``group`` are no independent evidence (empty: those of one task)."""
    return {
        "mpr_trajectory": VERSION,
        "line": "episode",
        "task": task,
        "kind": kind,
        "policy": policy,
        "rules": rules,
        "shadow": shadow,
        "group": group or task,
    }


def turn_json(turn: Turn) -> dict[str, Any]:
    """The line of a turn. Its decisions must have their reasons and repairs recorded."""
    seen = turn.observation
    return {
        "line": "turn",
        "number": turn.number,
        "decisions": [decision_json(decision) for decision in turn.decisions],
        "action": None if turn.action is None else str(turn.action),
        "fallback": turn.fallback,
        "probed": turn.probed,
        "text": seen.text,
        "succeeded": seen.succeeded,
        "won": seen.won,
        "over": seen.over,
        "added": sorted(turn.added),
        "removed": sorted(turn.removed),
    }


class Recorder:
    """Writes lines as they come, so that an episode that is cut off is there up to its last turn."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: dict[str, Any]) -> None:
        """Write one line.

        Raises:
            OSError: it could not be written.
        """
        self._stream.write(json.dumps(line, allow_nan=False) + "\n")
        self._stream.flush()
