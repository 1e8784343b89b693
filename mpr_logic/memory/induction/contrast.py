"""Contrast: what changed between a failure of an action and its next success, and what that leaves open.

"Nothing happened" says that something was amiss, not what. Where the same action goes well later in the same
episode, what made the difference has changed in between. So a condition is *essential* where in some such
pairs nothing else that could explain failures has changed (as an essential prime implicant covers what no
other does: McCluskey 1956). So is one that rules of other actions have needed, and that was known not to hold
in :data:`KNOWN` of the successes. A failure that an essential condition may explain, since it held or nobody
knew, is no evidence for another condition. What is left is all that speaks for that one; and where it goes
together there with a third one, nothing tells the two apart.

An example: a robot that leaves out going to a box fails, goes, and succeeds. By going it is at the box, and
has looked inside. When it fails and goes once more, it has looked inside before. So being there is essential,
and having looked inside explains nothing that was seen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.memory.induction.replay import Replay

KNOWN = 0.9
"""The share of the successes in which a condition must be known not to hold, so that it may explain a failure
in which nobody knew."""

GROUPS = 2
"""The number of groups in which a condition must be the only one that has changed, to be essential."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A failure of an action, and its next success with the same arguments in the same episode: the numbers
    of the trials. ``group`` is theirs."""

    failure: int
    success: int
    group: str


def pairs_of(replay: Replay, action: str) -> list[Pair]:
    """The pairs of an action: each failure that the same action with the same arguments succeeded after."""
    waiting: dict[tuple[str, object], list[int]] = defaultdict(list)
    found: list[Pair] = []
    for number, trial in enumerate(replay.trials):
        if trial.action != action:
            continue
        key = trial.episode, trial.args
        if not trial.succeeded:
            waiting[key].append(number)
        else:
            found += [Pair(failure, number, trial.group) for failure in waiting.pop(key, ())]
    return found


def changed(pairs: Sequence[Pair], possible: int) -> int:
    """The pairs, as a mask of their places, in which a condition may have held at the failure, and did not at
    the success. ``possible`` is the mask of the trials in which it may have held."""
    last = max((max(pair.failure, pair.success) for pair in pairs), default=0)
    held = possible.to_bytes((last >> 3) + 1 + (possible.bit_length() + 7) // 8, "little")
    found = 0
    for place, pair in enumerate(pairs):
        before = held[pair.failure >> 3] >> (pair.failure & 7) & 1
        if before and not held[pair.success >> 3] >> (pair.success & 7) & 1:
            found |= 1 << place
    return found


def essential(pairs: Sequence[Pair], changes: Iterable[int]) -> set[int]:
    """Those of some conditions that are essential, each by the pairs in which it has changed: in pairs of
    :data:`GROUPS` groups at least nothing else has changed. Conditions that changed in the same pairs are
    taken for one."""
    seen = twice = 0
    distinct = set(changes) - {0}
    for each in distinct:
        twice |= seen & each
        seen |= each
    alone = seen & ~twice
    return {each for each in distinct if len(_groups(pairs, each & alone)) >= GROUPS}


def _groups(pairs: Sequence[Pair], places: int) -> set[str]:
    return {pair.group for place, pair in enumerate(pairs) if places >> place & 1}
