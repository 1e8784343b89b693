"""Access to relations from functions whose answers are kept: what they read is noted."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from mpr_logic.engine.namespace import Goal

if TYPE_CHECKING:
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.store import Relation

WIDE = 8
"""A loop of more turns than this is wide."""


class Noting:
    """Access that notes each lookup, for the entry ``me`` that is being worked out."""

    def __init__(self, goals: Goals) -> None:
        self.semiring = goals.semiring
        self.stored = goals.stored
        self.weighted = goals.weighted
        self.rare = goals.rare
        self._goals = goals

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access: only what is kept itself can be noted."""
        return self._goals.goal(name, adornment, noted=True)

    def readers(self, relation: Relation, positions: tuple[int, ...]) -> str | None:
        """See Access."""
        return self._goals.noted(relation, positions)

    def wide(self, name: str, bound: tuple[int, ...]) -> bool:
        """See Access. Of a derived relation it is not known."""
        return self.stored(name) is not None and self._goals.cost(name, bound) > WIDE

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access: what is kept is so whatever it costs."""
        return inf


class Inside(Noting):
    """The same from inside a recursion with tables: its own relations answer with what is known so far."""

    def __init__(self, goals: Goals, component: tuple[str, ...]) -> None:
        super().__init__(goals)
        self._component = component
        self._tables = goals.tables(component[0])

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access."""
        if name not in self._component:
            return super().goal(name, adornment)
        tables = self._tables
        label = self._goals.table_body(name, adornment)
        ask = tables.weighted_snapshot if self.weighted(name) else tables.snapshot
        return Goal(self._goals.namespace.name("A", lambda *args: ask(label, args), label), inside=True)
