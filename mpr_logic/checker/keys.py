"""Keys of relations: which row of a state a later one replaces."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from mpr_logic.analysis.key_constraints import conflict, key_columns, key_text
from mpr_logic.errors import StateError
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from mpr_logic.analysis.program import Fact, Signature
    from mpr_logic.language.ast import Row


class Keys:
    """The rows of a state by their keys. ``columns`` has, for each relation that is declared with a key, the
    function from a row to it; what is not in there may have many rows."""

    def __init__(self, relations: Mapping[str, Signature]) -> None:
        self._relations = relations
        self.columns = key_columns(relations)
        self._rows: dict[str, dict[Hashable, Row]] = {name: {} for name in self.columns}

    def fork(self) -> Keys:
        """The same, to be changed by itself."""
        other = copy(self)
        other._rows = {name: dict(rows) for name, rows in self._rows.items()}
        return other

    def check(self, facts: Iterable[Fact]) -> None:
        """See that no two of some facts, which come at once, are two rows for one key.

        Raises:
            StateError: two are.
        """
        if not self.columns:
            return
        found = conflict(facts, self.columns)
        if found is None:
            return
        first, second = found
        place = second.span
        where = f"{place}: " if place.line else f"{place.file}: " if place.file.strip("<>") else ""
        rows = f"`{print_row(first.relation, first.row)}` and `{print_row(second.relation, second.row)}`"
        key = key_text(self._relations[first.relation])
        raise StateError(f"{where}{rows} come at once, and `{first.relation}` has {key}: keep one of them")

    def other(self, relation: str, row: Row) -> Row | None:
        """The row that is there under the key of this one, and is another."""
        key = self.columns.get(relation)
        if key is None:
            return None
        found = self._rows[relation].get(key(row))
        return found if found != row else None

    def enter(self, relation: str, row: Row) -> None:
        """A row has come."""
        key = self.columns.get(relation)
        if key is not None:
            self._rows[relation][key(row)] = row

    def leave(self, relation: str, row: Row) -> None:
        """A row has gone."""
        key = self.columns.get(relation)
        if key is not None and self._rows[relation].get(key(row)) == row:
            del self._rows[relation][key(row)]
