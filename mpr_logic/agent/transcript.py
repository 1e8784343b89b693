"""A played episode for people: turns as they come, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.report import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.trajectory import Turn
    from mpr_logic.checker.decision import Decision


ADVICE = 3
"""The most pieces of advice that are shown of a decision."""


@dataclass(slots=True)
class Score:
    """The outcome and the counts of an episode.

    Attributes:
        turns: the actions that were done.
        proposed: the proposals that were decided about.
        rejected: those of them that were rejected.
        nothing: the actions that were done and came to nothing.
        repaired: the turns in which, after a rejection, an action that a repair named was done.
    """

    task: str
    kind: str
    won: bool = False
    turns: int = 0
    proposed: int = 0
    rejected: int = 0
    repaired: int = 0
    fallbacks: int = 0
    nothing: int = 0

    def count(self, turn: Turn) -> None:
        """Count a turn."""
        self.won = self.won or turn.observation.won
        self.proposed += len(turn.decisions)
        refused = [d for d in turn.decisions if not d.admissible]
        self.rejected += len(refused)
        if turn.action is None:
            return
        self.turns += 1
        self.fallbacks += turn.fallback
        self.nothing += turn.observation.succeeded is False
        named = {text for d in refused for repair in d.repairs for text in repair.actions}
        self.repaired += str(turn.action) in named

    def content(self) -> dict[str, Any]:
        """The score as data."""
        return asdict(self)

    def text(self) -> str:
        """The score in a line."""
        ended = f"{'won' if self.won else 'not won'} in {count(self.turns, 'turn')}"
        parts = [
            f"{self.rejected} of {count(self.proposed, 'proposal')} rejected",
            f"{count(self.repaired, 'repair')} taken",
        ]
        if self.fallbacks:
            parts.append(count(self.fallbacks, "fallback"))
        return f"{ended}: {', '.join(parts)}, {count(self.nothing, 'action')} came to nothing"


def turn_text(turn: Turn, who: str, *, shadow: bool, shown: int = 0) -> str:
    """The text of a turn for people. ``who`` names the player; ``shown`` is how many of the decisions were
    shown already."""
    return "\n".join(_lines(turn, who, shadow=shadow, shown=shown))


def _lines(turn: Turn, who: str, *, shadow: bool, shown: int) -> Iterator[str]:
    label = f"{turn.number:3} "
    for decision in turn.decisions[shown:]:
        probed = turn.probed and decision is turn.decisions[-1]
        yield from decision_lines(decision, label, shadow=shadow, probed=probed)
        label = "    "
    if turn.fallback and turn.action is not None:
        yield f"{label}✓ {turn.action} (fallback: what the rules prefer)"
        label = "    "
    if turn.action is None and turn.number:
        yield f"{label}given up: {who} proposed nothing more"
        return
    for line in turn.observation.text.splitlines():
        if line.strip():
            yield f"{label if not turn.number else '    '}  {line.strip()}"
            label = "    "


def decision_lines(decision: Decision, label: str, *, shadow: bool, probed: bool = False) -> Iterator[str]:
    """Yield the lines of a decision: its action, the reasons, the first repair, and advice."""
    mark = "✓" if decision.admissible else "✗"
    how = "probe" if probed else "shadow"
    done = f" ({how}: done all the same)" if (shadow or probed) and not decision.admissible else ""
    yield f"{label}{mark} {decision.action}{done}"
    for reason in decision.reasons:
        named = f" [{reason.id}]" if reason.id is not None else ""
        yield f"        because {reason.text}{named}"
    for repair in decision.repairs:
        if repair.actions:
            yield f"        repair: {repair}"
            break
    for reason in decision.advice[:ADVICE]:
        yield f"        advice ({reason.weight:g}): {reason.text}"
