"""Findings of a replay: counts, first examples, and what two sets of rules say differently. A tally is small
however many calls it counts, and those of several processes add up."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.guard.replay import OUTCOMES, STOPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.guard.recordings.recording import Broken, Label, Recording
    from mpr_logic.guard.replay import Decided

EXAMPLES = 3
"""The most examples of one rule and outcome, and of one change."""

MOST_TOOLS = 1_000
"""The most undeclared tools that are told apart: a recording may name any."""

MOST_BROKEN = 20
"""The most broken records, and the most remarks, that are told; the others are counted."""

DISTINCT, ASKED_FOR = 10, 200
"""A label with more values than these is none to count by; the second number is for one that is asked for."""

_FINE = 1.02
"""Times are counted in classes, each so much longer than the one before."""


class Example(NamedTuple):
    """A call to look at: the recording with its number, and the decision."""

    place: tuple[int, int]
    recording: str
    decided: Decided
    before: Decided | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """The call, and what was said of it: one file may hold several recordings of one name."""
        return self.place, self.recording, self.decided.outcome, self.decided.rules

    def to_json(self) -> dict[str, Any]:
        """The example as JSON."""
        call = self.decided.call
        found: dict[str, Any] = {
            "recording": self.recording,
            "call": self.decided.number,
            "tool": call.tool,
            "arguments": _strict(dict(call.arguments)),
            **_said(self.decided),
        }
        if self.before is not None:
            found["before"] = _said(self.before)
        return found


def _strict(value: Any) -> Any:
    """A value of which JSON knows each part: a recording may hold infinite numbers."""
    return json.loads(json.dumps(value, default=str), parse_constant=str)


def _said(decided: Decided) -> dict[str, Any]:
    said: dict[str, Any] = {
        "outcome": decided.outcome,
        "rules": list(decided.rules),
        "message": decided.message,
    }
    if decided.explanation is not None:
        said["decision"] = decided.explanation.content
    return said


@dataclass(slots=True)
class Count:
    """The numbers of calls up to the first that is stopped and after it, and of recordings that have one."""

    calls: int = 0
    after: int = 0
    recordings: int = 0

    def count(self, key: Any, after: bool, seen: set[Any]) -> None:
        """Count one more call. What is ``seen`` was counted in this recording."""
        self.calls += not after
        self.after += after
        self.recordings += key not in seen
        seen.add(key)

    def add(self, other: Count) -> None:
        """Add another count."""
        self.calls += other.calls
        self.after += other.after
        self.recordings += other.recordings


Row = tuple[str, str, str]
"""A rule, a tool and an outcome."""

Change = tuple[str, str, tuple[str, ...], str, tuple[str, ...]]
"""A tool; what the other rules say of it, and which of them; and what these say."""


@dataclass(slots=True)
class Tally:
    """The counts of a replay.

    Args:
        by: the labels to count by; None for all truth values and numbers that have few values.
    """

    by: tuple[str, ...] | None = None
    recordings: int = 0
    calls: int = 0
    without_clock: int = 0
    outcomes: dict[str, Count] = field(default_factory=dict)
    rows: dict[Row, Count] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    labelled: dict[tuple[tuple[str, Label], ...], Counter[str]] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    undeclared: Counter[str] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[Example]] = field(default_factory=dict)
    changes: dict[Change, Count] = field(default_factory=dict)
    changed: dict[Change, list[Example]] = field(default_factory=dict)
    broken: int = 0
    named: list[tuple[int, str, str]] = field(default_factory=list)
    remarked: int = 0
    remarks: list[tuple[int, str, str]] = field(default_factory=list)
    times: Counter[int] = field(default_factory=Counter)

    # -- counting ------------------------------------------------------------------------------

    def add(
        self,
        number: int,
        recording: Recording,
        decided: Sequence[Decided],
        before: Sequence[Decided] | None = None,
    ) -> None:
        """Count a recording.

        Args:
            number: of the recording among all.
            recording: what was replayed.
            decided: what the rules say of its calls.
            before: what other rules say of them.
        """
        self.recordings += 1
        self.calls += len(decided)
        self.without_clock += all(message.at is None for message in recording.messages)
        self.remarked += bool(recording.remarks)
        self.remarks += [(number, recording.name, each[:2000]) for each in recording.remarks]
        del self.remarks[MOST_BROKEN:]
        stopped = False
        seen: set[Any] = set()
        for each in decided:
            if each.outcome == "undeclared":
                new = each.call.tool not in self.undeclared and len(self.undeclared) >= MOST_TOOLS
                self.undeclared["..." if new else each.call.tool] += 1
                continue
            self.times[_class_of(each.seconds)] += 1
            _of(self.outcomes, each.outcome).count(each.outcome, stopped, seen)
            for rule in each.rules or ("",):
                row = (rule, each.call.tool, str(each.outcome))
                _of(self.rows, row).count(row, stopped, seen)
                if each.outcome != "admitted" and not stopped:
                    example = Example((number, each.number), recording.name, each)
                    _keep(self.examples.setdefault((rule, str(each.outcome)), []), example, _first)
            stopped = stopped or each.stops
        self._ends(recording, end_of(decided))
        if before is not None:
            self._compare(number, recording, decided, before)

    def _ends(self, recording: Recording, end: str) -> None:
        """Count a recording by what came of it: the outcome that stopped it, or its gravest one."""
        self.ends[end] += 1
        wanted = recording.labels.keys() if self.by is None else self.by
        labels = tuple(
            (name, recording.labels[name])
            for name in wanted
            if name in recording.labels
            and name not in self.left_out
            and (self.by is not None or not isinstance(recording.labels[name], str))
        )
        new = labels not in self.labelled
        self.labelled.setdefault(labels, Counter())[end] += 1
        if new:
            self._leave_out()

    def _leave_out(self) -> None:
        """Count no longer by labels that have many values, or are left out already."""
        most = DISTINCT if self.by is None else ASKED_FOR
        values: dict[str, set[Label]] = {}
        for labels in self.labelled:
            for name, value in labels:
                values.setdefault(name, set()).add(value)
        self.left_out |= {name for name, found in values.items() if len(found) > most}
        if not self.left_out.isdisjoint(values):
            old, self.labelled = self.labelled, {}
            for labels, ends in old.items():
                rest = tuple(each for each in labels if each[0] not in self.left_out)
                self.labelled.setdefault(rest, Counter()).update(ends)

    def _compare(
        self, number: int, recording: Recording, decided: Sequence[Decided], before: Sequence[Decided]
    ) -> None:
        """Count the calls of which two sets of rules say different things."""
        stopped = False
        seen: set[Any] = set()
        for now, old in zip(decided, before, strict=True):
            if (now.outcome, now.rules) != (old.outcome, old.rules):
                change = (now.call.tool, str(old.outcome), old.rules, str(now.outcome), now.rules)
                _of(self.changes, change).count(change, stopped, seen)
                example = Example((number, now.number), recording.name, now, old)
                _keep(self.changed.setdefault(change, []), example, _smallest)
            stopped = stopped or now.stops or old.stops

    def add_broken(self, number: int, record: Broken) -> None:
        """Count a record that could not be read or replayed."""
        self.broken += 1
        self.named.append((number, record.name, record.error[:2000]))
        self.named.sort()
        del self.named[MOST_BROKEN:]

    def merge(self, other: Tally) -> None:
        """Add the counts of another part of the recordings."""
        self.recordings += other.recordings
        self.calls += other.calls
        self.without_clock += other.without_clock
        self.broken += other.broken
        self.ends.update(other.ends)
        self.undeclared.update(other.undeclared)
        self.times.update(other.times)
        for said, count in other.outcomes.items():
            _of(self.outcomes, said).add(count)
        for row, count in other.rows.items():
            _of(self.rows, row).add(count)
        for change, count in other.changes.items():
            _of(self.changes, change).add(count)
        for kind, examples in other.examples.items():
            for each in examples:
                _keep(self.examples.setdefault(kind, []), each, _first)
        for change, examples in other.changed.items():
            for each in examples:
                _keep(self.changed.setdefault(change, []), each, _smallest)
        self.named = sorted([*self.named, *other.named])[:MOST_BROKEN]
        self.remarked += other.remarked
        self.remarks = sorted([*self.remarks, *other.remarks])[:MOST_BROKEN]
        self.left_out |= other.left_out
        for labels, ends in other.labelled.items():
            self.labelled.setdefault(labels, Counter()).update(ends)
        self._leave_out()

    def explain(self, found: Iterable[Example]) -> None:
        """Put explained examples in the place of those that are not."""
        explained = {each.key: each for each in found}
        for examples in (*self.examples.values(), *self.changed.values()):
            examples[:] = [explained.get(each.key, each) for each in examples]

    # -- what was found ------------------------------------------------------------------------

    @property
    def stopped(self) -> int:
        """The recordings with a call that would not run."""
        return sum(number for end, number in self.ends.items() if end in STOPS)

    def seconds(self, share: float) -> float:
        """The time within which that share of the decisions was made."""
        left = share * sum(self.times.values())
        for kind, number in sorted(self.times.items()):
            left -= number
            if left <= 0:
                return float(_FINE**kind)
        return 0.0


def end_of(decided: Sequence[Decided]) -> str:
    """The end of a recording: the outcome of the first call that is stopped, or the gravest one of all;
    ``undeclared`` where no call of it was decided."""
    said = [str(each.outcome) for each in decided if each.outcome != "undeclared"]
    first = next((each for each in said if each in STOPS), None)
    if decided and not said:
        return "undeclared"
    return first or min(said, key=RANKS.__getitem__, default="admitted")


RANKS: Mapping[str, int] = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}
"""The gravity of each outcome; the smaller the graver."""


def _class_of(seconds: float) -> int:
    return round(math.log(max(seconds, 1e-9), _FINE))


def _of(counts: dict[Any, Count], key: Any) -> Count:
    return counts.setdefault(key, Count())


def _first(example: Example) -> Any:
    return example.place


def _smallest(example: Example) -> Any:
    return example.decided.size, example.place


def _keep(examples: list[Example], new: Example, order: Any) -> None:
    """Keep an example where it is among the first in an order."""
    if len(examples) < EXAMPLES or order(new) < order(examples[-1]):
        examples.append(new)
        examples.sort(key=order)
        del examples[EXAMPLES:]
