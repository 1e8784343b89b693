"""Answers to a question with a pattern, as rows."""

from __future__ import annotations

from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.engine.protocol import Pattern
    from mpr_logic.engine.topdown.goals import Goals
    from mpr_logic.language.ast import Row


def matching(goals: Goals, name: str, pattern: Pattern) -> dict[Row, float]:
    """The rows of a core relation that match a pattern, each with its weight."""
    bound = tuple(i for i, v in enumerate(pattern) if v is not None)
    values = tuple(v for v in pattern if v is not None)
    free = tuple(i for i in range(len(pattern)) if i not in bound)
    wanted = values[0] if len(values) == 1 else values
    relation = goals.stored(name)
    if relation is not None:
        rows = _rows(values, bound, free, relation.index(bound).get(wanted, ()) if free else [()])
        found = {row: relation.weight(relation.key(row)) for row in rows}
    else:
        adornment = "".join("b" if i in bound else "f" for i in range(len(pattern)))
        answer = goals.function(name, adornment)(*values)
        if not free:
            found = {values: float(answer)}
        else:
            weights = answer.values() if isinstance(answer, dict) else repeat(1.0)
            found = dict(zip(_rows(values, bound, free, answer), weights, strict=False))
    if not goals.semiring.weighted:
        return {row: 1.0 for row, weight in found.items() if weight}
    return {row: weight for row, weight in found.items() if weight}


def _rows(values: Row, bound: tuple[int, ...], free: tuple[int, ...], keys: Iterable[Any]) -> Iterable[Row]:
    """The rows of the bound values and the keys of the free columns."""
    rests: Iterable[Row] = zip(keys) if len(free) == 1 else keys
    if not bound:
        return rests
    if not free:
        return [values]
    columns = (*bound, *free)
    ordered = itemgetter(*map(columns.index, range(len(columns))))
    return [ordered(values + rest) for rest in rests]
