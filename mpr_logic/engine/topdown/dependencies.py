"""What kept answers were made from, so that a change forgets those answers and no others.

While an answer is worked out, compiled code notes each lookup in a stored relation (by which columns,
with which key) and each other kept answer that it reads. When a row changes, the answers that looked
where it stands are forgotten, and with them, in turn, all that read them. Nothing is patched, so facts
that support each other in a circle cannot survive a retraction.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.store import key_of

if TYPE_CHECKING:
    from mpr_logic.engine.store import Relation

Entry: TypeAlias = "tuple[int, Any]"
"""A kept answer: the number of its store, and its key there."""

Readers: TypeAlias = "defaultdict[Any, list[Entry]]"
"""By key: the answers that were made from what stands under it, some of them forgotten since, or twice:
a list is cheaper to enter than a set, and most are short."""

MOST = 200_000
"""So many answers are worked out before all are forgotten: what is noted of them must not pile up."""


class Dependencies:
    """The stores of kept answers of one engine, and who read what."""

    def __init__(self) -> None:
        self.made = 0  # answers since all were forgotten
        self._stores: list[tuple[dict[Any, Any], Readers]] = []
        self._watched: dict[tuple[str, tuple[int, ...]], Readers] = {}

    def store(self, answers: dict[Any, Any]) -> tuple[int, Readers]:
        """Enter a store of answers: its number, and the readers of its answers."""
        readers: Readers = defaultdict(list)
        self._stores.append((answers, readers))
        return len(self._stores) - 1, readers

    def watch(self, relation: Relation, positions: tuple[int, ...]) -> Readers:
        """The readers of a stored relation by these columns: what is under a key that changes must be
        forgotten."""
        found = self._watched.get((relation.name, positions))
        if found is None:
            found = self._watched[relation.name, positions] = defaultdict(list)
            relation.watches.append((found, key_of(positions)))
        return found

    def forget(self, agenda: list[Entry]) -> None:
        """Forget these answers, and all that read them."""
        stores = self._stores
        for number, key in agenda:  # which grows
            answers, readers = stores[number]
            if answers.pop(key, None) is not None:  # else it was forgotten before, with its readers
                found = readers.pop(key, None)
                if found:
                    agenda += found

    def tidy(self) -> None:
        """Forget everything, if very much was noted: to be called between questions only."""
        if self.made > MOST:
            self.made = 0
            for answers, readers in self._stores:
                answers.clear()
                readers.clear()
            for readers in self._watched.values():
                readers.clear()
