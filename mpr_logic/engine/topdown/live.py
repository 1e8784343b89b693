"""Tables of constants that hold the rules that can fire now, and no others.

Most of ten thousand learned rules speak of something that is not so: of another task, of an object that
nobody holds. A condition such as ``task(task_7)``, on constants alone and about a relation that is
stored, says so whatever is asked. A table follows the rows that such conditions name: it holds the
constants of those rules whose conditions are all met. The conditions stay in the body, so a table only
leaves out what could not have matched.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mpr_logic.engine.store import Key, Relation
    from mpr_logic.language.ast import BodyItem, Row

MOST_BEHIND_ONE = 8
"""A condition is followed where no row decides about more rules of a table than this: a change of the
state stays cheap."""

Condition: TypeAlias = "tuple[str, Callable[[Row], Key]]"
"""A relation, and from the constants of a rule to the key that must be among its rows."""


class Live:
    """Follows the conditions of the tables of one program. ``tables`` are the names of those that have
    any, ``fixed`` of those that never change; ``followed`` has by stored relation and key the rows that
    hang on it: the table, the row, its conditions. Nothing in it changes with a state."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.fixed: set[str] = set()
        self.followed: dict[str, dict[Key, list[tuple[str, Row, list[Condition]]]]] = {}

    def enter(
        self, table: Relation, body: Iterable[BodyItem], stored: Callable[[str], Relation | None]
    ) -> None:
        """Let the table behind a body follow its conditions, before anything is asserted: it is empty then.
        ``stored`` has the relations that no rule derives."""
        conditions: list[Condition] = []
        for name, positions in _on_constants(body):
            relation, key = stored(name), itemgetter(*positions)
            if relation is not None and max(Counter(map(key, table.rows)).values()) <= MOST_BEHIND_ONE:
                conditions.append((name, key))
                followed = self.followed.setdefault(relation.name, {})
                for row in table:
                    followed.setdefault(key(row), []).append((table.name, row, conditions))
        (self.tables if conditions else self.fixed).add(table.name)
        if conditions:
            table.rows.clear()

    def follow(
        self, relation: Relation, row: Row, stored: Callable[[str], Relation]
    ) -> Iterator[tuple[str, Row, bool]]:
        """A row of a relation has come or gone: the rows of tables that come or go with it, by the table's
        name, and whether they come. ``stored`` has the relations of the state."""
        key = relation.key(row)
        there = key in relation.rows
        for table, own, conditions in self.followed[relation.name].get(key, ()):
            lives = there and all(wanted(own) in stored(name).rows for name, wanted in conditions)
            if lives != (own in stored(table).rows):
                yield table, own, lives


def _on_constants(body: Iterable[BodyItem]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The literals of a body that say of constants alone that something holds: the relation, and the
    columns of the table that have its arguments."""
    for item in body:
        if isinstance(item, Literal) and not item.negated and item.atom.args:
            names = [t.name for t in item.atom.args if isinstance(t, Var) and t.name.startswith("$")]
            if len(names) == len(item.atom.args) and all(n[1:].isdigit() for n in names):
                yield item.atom.name, tuple(int(n[1:]) for n in names)
