"""The rules of a program, grouped by shape, with tables of constants that are reduced to what can fire.

Most of ten thousand learned rules speak of something that is not so: of another task, of an object that
nobody holds. A condition such as ``task(task_7)``, on constants alone and about a relation that is stored,
says so whatever is asked. So the table of a shape is kept *semi-joined* with the relations of such
conditions: it has the row of a rule while all the rule's conditions hold, and follows the state as rows come
and go. The conditions stay in the body, so the reduction only leaves out what could not have matched.
(Semi-joins: Bernstein and Chiu 1981.)
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.engine.rule_groups import RuleGroup, asserted, copy_asserted, group, relations_below
from mpr_logic.engine.store import Relation
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.engine.store import Key
    from mpr_logic.language.ast import BodyItem, Row

MOST_BEHIND_ONE = 8
"""The most rules of a table that one row of the state may decide about, for its condition to be followed: a
change of the state stays cheap."""

RowCondition: TypeAlias = "tuple[str, Callable[[Row], Key]]"
"""A relation, and from the constants of a rule to the key that must be among its rows."""


class RuleSet:
    """The rules of a program under a semiring. Nothing in it belongs to a state, so all sessions share it, in
    several threads: what compiles holds the ``lock``.

    ``groups`` and ``copies`` have the groups that derive each relation, ``tables`` the constants of rules of
    one shape, by name, to be shared into each state, and ``reduction`` the conditions that reduce them."""

    def __init__(self, program: Program, semiring: Semiring) -> None:
        self.program = program
        self.semiring = semiring
        self.lock = threading.RLock()
        self.order = {rule: i for i, rule in enumerate(program.rules)}
        heads: dict[str, list[Rule]] = defaultdict(list)
        for rule in program.rules:
            heads[rule.head].append(rule)
        self.groups: dict[str, list[RuleGroup]] = {}
        self.copies: dict[str, RuleGroup | None] = {}
        self.tables: dict[str, Relation] = {}
        for head, rules in heads.items():
            plain = rules[0].given == 0 and " " not in head
            self.copies[head] = copy_asserted(head, program.arity[head]) if plain else None
            self.groups[head] = group(rules, head)
        self.reduction = Reduction()
        for each in [g for groups in self.groups.values() for g in groups]:
            if each.table is not None:
                self.tables[each.table.name] = each.table
                self.reduction.enter(each.table, each.body, self._empty)
        self.component = {n: s for s in program.strata for n in s if n in program.recursive}
        self.below = relations_below(program, self.groups)

    def _empty(self, name: str) -> Relation | None:
        """A relation that no rule derives, without rows."""
        return None if name in self.groups else Relation(name, self.program.arity[name])

    def stored_name(self, name: str) -> str:
        """The name of a core relation's stored rows."""
        return asserted(name) if name in self.groups else name


class Reduction:
    """The conditions by which the tables of one program are reduced.

    ``reduced`` are the names of the tables that have any, ``constant`` of those that never change.
    ``followed`` has by stored relation and key the rows that depend on it: the table, the row, its
    conditions. Nothing in it changes with a state."""

    def __init__(self) -> None:
        self.reduced: set[str] = set()
        self.constant: set[str] = set()
        self.followed: dict[str, dict[Key, list[tuple[str, Row, list[RowCondition]]]]] = {}

    def enter(
        self, table: Relation, body: Iterable[BodyItem], stored: Callable[[str], Relation | None]
    ) -> None:
        """Take in the table behind a body, before anything is asserted: it is empty then if it has
        conditions. ``stored`` has the relations that no rule derives."""
        conditions: list[RowCondition] = []
        for name, positions in _on_constants(body):
            relation, key = stored(name), itemgetter(*positions)
            if relation is not None and max(Counter(map(key, table.rows)).values()) <= MOST_BEHIND_ONE:
                conditions.append((name, key))
                followed = self.followed.setdefault(relation.name, {})
                for row in table:
                    followed.setdefault(key(row), []).append((table.name, row, conditions))
        (self.reduced if conditions else self.constant).add(table.name)
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
            joins = there and all(wanted(own) in stored(name).rows for name, wanted in conditions)
            if joins != (own in stored(table).rows):
                yield table, own, joins


def _on_constants(body: Iterable[BodyItem]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The literals of a body that say of constants alone that something holds: the relation, and the
    columns of the table that have its arguments."""
    for item in body:
        if isinstance(item, Literal) and not item.negated and item.atom.args:
            names = [t.name for t in item.atom.args if isinstance(t, Var) and t.name.startswith("$")]
            if len(names) == len(item.atom.args) and all(n[1:].isdigit() for n in names):
                yield item.atom.name, tuple(int(n[1:]) for n in names)
