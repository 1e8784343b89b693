"""Key constraints: a relation with a key has at most one row for each value of the key's arguments."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from mpr_logic.analysis.program import Fact, Signature
    from mpr_logic.language.ast import Row

    Columns = Mapping[str, Callable[[Row], Hashable]]


def key_columns(relations: Mapping[str, Signature]) -> Columns:
    """For each relation that has a key, the function from a row to its key."""
    return {
        name: itemgetter(*signature.key) if signature.key else _one
        for name, signature in relations.items()
        if signature.key is not None
    }


def _one(_: Row) -> tuple[()]:
    """The key of a relation that has one row at all."""
    return ()


def conflict(facts: Iterable[Fact], columns: Columns) -> tuple[Fact, Fact] | None:
    """The first two of some facts that are different rows for one key."""
    seen: dict[tuple[str, Hashable], Fact] = {}
    for fact in facts:
        key = columns.get(fact.relation)
        if key is not None:
            first = seen.setdefault((fact.relation, key(fact.row)), fact)
            if first.row != fact.row:
                return first, fact
    return None


def key_text(signature: Signature) -> str:
    """The number of rows that a key allows, in words."""
    names = [f"`{signature.params[place].name}`" for place in signature.key or ()]
    return f"one row for each {' and '.join(names)}" if names else "one row at a time"
