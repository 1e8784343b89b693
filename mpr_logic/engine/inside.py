"""Access to relations from inside a recursion that is evaluated with tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine.namespace import Goal

if TYPE_CHECKING:
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.store import Relation


class Inside:
    """Access from inside a recursion: its own relations answer with what is known so far."""

    def __init__(self, goals: Goals, component: tuple[str, ...]) -> None:
        self.semiring = goals.semiring
        self.stored = goals.stored
        self.weighted = goals.weighted
        self._goals = goals
        self._component = component
        self._tables = goals.tables(component[0])

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access."""
        tables = self._tables
        if name not in self._component:
            tables.coarse.update(map(self._goals.stored_name, self._goals.below[name]))
            return self._goals.goal(name, adornment)
        label = self._goals.table_body(name, adornment)
        ask = tables.weighted_snapshot if self.weighted(name) else tables.snapshot
        return Goal(self._goals.namespace.name("A", lambda *args: ask(label, args), label), inside=True)

    def watch(self, relation: Relation, positions: tuple[int, ...]) -> int | None:
        """See Access."""
        return self._tables.watch(relation.name, positions)
