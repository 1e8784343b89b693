"""Answers to a question with a pattern, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.engine.base import Pattern
    from mpr_logic.engine.goals import Goals
    from mpr_logic.syntax.ast import Row


def matching(goals: Goals, name: str, pattern: Pattern) -> dict[Row, float]:
    """The rows of a core relation that match a pattern, each with its weight."""
    bound = tuple(i for i, v in enumerate(pattern) if v is not None)
    values = tuple(v for v in pattern if v is not None)
    free = tuple(i for i in range(len(pattern)) if i not in bound)
    wanted = values[0] if len(values) == 1 else values
    relation = goals.stored(name)
    if relation is not None:
        keys: Iterable[Any] = relation.index(bound).get(wanted, ()) if free else [()]
        rows = [_row(bound, values, free, k) for k in keys]
        found = {row: relation.weight(relation.key(row)) for row in rows}
    else:
        adornment = "".join("b" if i in bound else "f" for i in range(len(pattern)))
        answer = goals.function(name, adornment)(*values)
        if not free:
            found = {values: float(answer)}
        elif isinstance(answer, dict):
            found = {_row(bound, values, free, k): w for k, w in answer.items()}
        else:
            found = {_row(bound, values, free, k): 1.0 for k in answer}
    if not goals.semiring.weighted:
        return {row: 1.0 for row, weight in found.items() if weight}
    return {row: weight for row, weight in found.items() if weight}


def _row(bound: tuple[int, ...], values: Row, free: tuple[int, ...], key: Any) -> Row:
    """The row of the bound values and the key of the free columns."""
    rest = (key,) if len(free) == 1 else key
    columns = dict(zip(bound, values, strict=True)) | dict(zip(free, rest, strict=True))
    return tuple(columns[i] for i in range(len(columns)))
