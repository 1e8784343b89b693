"""Access to relations from functions whose answers are kept: what they read is noted."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from mpr_logic.engine.namespace import Goal

if TYPE_CHECKING:
    from mpr_logic.engine.topdown.compiler import Compiler

WIDE = 8
"""A loop of more turns than this is wide."""


class Noting:
    """Access that notes each lookup, for the entry ``me`` that is being worked out."""

    def __init__(self, compiler: Compiler) -> None:
        self.semiring = compiler.semiring
        self.stored = compiler.stored
        self.weighted = compiler.weighted
        self.rare = compiler.rare
        self._compiler = compiler

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access: only what is kept itself can be noted."""
        return self._compiler.goal(name, adornment, noted=True)

    def readers(self, relation: str, positions: tuple[int, ...]) -> str | None:
        """See Access."""
        return self._compiler.noted(relation, positions)

    def wide(self, name: str, bound: tuple[int, ...]) -> bool:
        """See Access. Of a derived relation it is not known."""
        return self.stored(name) is not None and self._compiler.cost(name, bound) > WIDE

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access: what is kept is so whatever it costs."""
        return inf


class Inside(Noting):
    """The same from inside a recursion with tables: its own relations answer with what is known so far."""

    def __init__(self, compiler: Compiler, component: tuple[str, ...]) -> None:
        super().__init__(compiler)
        self._component = component

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access."""
        if name not in self._component:
            return super().goal(name, adornment)
        label, weighted = f"{name} {adornment}", self.weighted(name)

        def ask(user: Any) -> Any:
            tables = user.tables(name)
            known = tables.weighted_snapshot if weighted else tables.snapshot
            return lambda *args: known(label, args)

        return Goal(self._compiler.namespace.own("A", label, ask), inside=True)
