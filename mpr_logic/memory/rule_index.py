"""An index of many rules, asked at once: rules of one shape share a table of their constants.

A rule is *near* an action where at most one literal of its body fails. That is decided for all rules of
a table together, literal by literal. Literals that share a variable which the action does not give are
looked at apart here, so what is found is a superset: the few that are shown are checked one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mpr_logic.analysis.shapes import group_by_shape
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import BodyItem, Row, Term, Value


FEW = 2
"""The most rows of constants that are looked up one by one; for more, one query for all costs less."""

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Marks = np.ndarray[Any, np.dtype[np.bool_]]
Slot = tuple[str, int | str] | None
"""An argument: ``("constant", column)``, ``("variable", name)``, or None for ``_``."""


@dataclass(frozen=True, slots=True)
class Item:
    """A literal of a shape. ``core`` is its relation, ``given`` how many of its arguments must be bound."""

    core: str
    negated: bool
    slots: tuple[Slot, ...]
    given: int


@dataclass(slots=True)
class ShapeTable:
    """The rules of one shape, a row each: its place in the ranking, and the codes of its constants. Where no
    two literals share a variable that the head does not give, what is told of each is ``exact``."""

    head: tuple[Slot, ...]
    items: tuple[Item | None, ...]  # None for what is no literal: taken to hold
    ranks: Numbers
    columns: tuple[Numbers, ...]
    exact: bool
    order: tuple[tuple[int, Item], ...]  # the literals with their places, the cheapest first
    places: dict[int, dict[int, Numbers]] = field(default_factory=dict)

    def rows(self, args: Row, codes: dict[Value, int]) -> tuple[Numbers, dict[str, Value]] | None:
        """The rows whose heads fit, and what the head's variables are; None where none fits."""
        found: Numbers | None = None
        bound: dict[str, Value] = {}
        for slot, value in zip(self.head, args, strict=True):
            if slot is None:
                continue
            kind, what = slot
            if kind == "variable":
                if bound.setdefault(str(what), value) != value:
                    return None
                continue
            rows = self._with(int(what), codes.get(value, -1))
            found = rows if found is None else np.intersect1d(found, rows, assume_unique=True)
            if not len(found):
                return None
        return np.arange(len(self.ranks)) if found is None else found, bound

    def _with(self, column: int, code: int) -> Numbers:
        """The rows that have a constant in a column."""
        if column not in self.places:
            values = self.columns[column]
            order = np.argsort(values, kind="stable")
            starts = np.flatnonzero(np.r_[True, np.diff(values[order]) != 0])
            parts = np.split(order, starts[1:])
            self.places[column] = {int(values[part[0]]): part for part in parts if len(part)}
        return self.places[column].get(code, np.empty(0, np.int64))


class RuleIndex:
    """The tables of some rules. ``ranked`` are the rules, the best first."""

    def __init__(self, ranked: Sequence[Rule]) -> None:
        self.codes: dict[Value, int] = {}
        rank_of = {rule: rank for rank, rule in enumerate(ranked)}
        self.tables: dict[str, list[ShapeTable]] = {}
        for group in group_by_shape(ranked):
            ranks = np.array([rank_of[rule] for rule in group.rules])
            columns = tuple(
                np.array(list(map(self._code, column))) for column in zip(*group.rows, strict=True)
            )
            args, body = group.abstract()
            head, items = tuple(map(_slot, args)), tuple(map(_item, body))
            table = ShapeTable(head, items, ranks, columns, _exact(head, items), _order(items))
            self.tables.setdefault(group.rules[0].head, []).append(table)
        self.values = list(self.codes)

    def numbers(self, rows: Iterable[Row], places: tuple[int, ...]) -> list[int]:
        """The codes at some places of each row, as one number; rows with what is in no rule are left out."""
        codes, size = self.codes, len(self.values)
        found = []
        for row in rows:
            whole = 0
            for place in places:
                code = codes.get(row[place])
                if code is None:
                    break
                whole = whole * size + code
            else:
                found.append(whole)
        return found

    def _code(self, value: Value) -> int:
        return self.codes.setdefault(value, len(self.codes))


def _slot(term: Term) -> Slot:
    """An argument of a shape: its constants are the variables ``$0``, ``$1``, ..."""
    if not isinstance(term, Var) or term.name == "_":
        return None
    return ("constant", int(term.name[1:])) if term.name[0] == "$" else ("variable", term.name)


def _item(item: BodyItem) -> Item | None:
    if not isinstance(item, Literal):
        return None
    return Item(item.atom.name, item.negated, tuple(map(_slot, item.atom.args)), item.given)


def _exact(head: tuple[Slot, ...], items: tuple[Item | None, ...]) -> bool:
    given = {slot for slot in head if slot is not None}
    free: list[Slot] = []
    for item in items:
        if item is None:
            return False
        own = [s for s in item.slots if s is not None and s[0] == "variable" and s not in given]
        if own and (item.negated or any(slot in own for slot in item.slots[: item.given])):
            return False
        free += own
    return len(free) == len(set(free))


def _order(items: tuple[Item | None, ...]) -> tuple[tuple[int, Item], ...]:
    """Those without constants are asked once for the whole table, and come first."""
    literals = [(place, item) for place, item in enumerate(items) if item is not None]
    return tuple(sorted(literals, key=lambda each: _columns(each[1])))


def _columns(item: Item) -> int:
    return sum(slot is not None and slot[0] == "constant" for slot in item.slots)


class StateLookup:
    """One look at a state; what was asked of the engine is kept for the next table."""

    def __init__(self, index: RuleIndex, engine: Engine) -> None:
        self._index = index
        self._engine = engine
        self.deadline = engine.deadline
        self._rows: dict[tuple[str, Pattern], dict[Row, float]] = {}
        self._allowed: dict[tuple[str, Pattern, tuple[int, ...], bool], Marks | Numbers] = {}

    def near(self, head: str, args: Row) -> Iterator[tuple[Numbers, Numbers, bool]]:
        """For each table of a head the ranks of the rules of whose literals at most one fails for these
        arguments, which one (the place of the item, -1 for none), and whether that is exact."""
        for table in self._index.tables.get(head, ()):
            fitting = table.rows(args, self._index.codes)
            if fitting is None:
                continue
            rows, bound = fitting
            fails = np.zeros(len(rows), np.int64)
            which = np.full(len(rows), -1, np.int64)
            for place, item in table.order:
                holds = self._holds(table, item, rows, bound)
                if holds is True or holds is None:
                    continue
                if holds is False:
                    kept = fails == 0
                    fails, which = fails + 1, np.full(len(rows), place, np.int64)
                else:
                    fails = fails + ~holds
                    which[~holds] = place
                    kept = fails <= 1
                if not kept.all():
                    rows, fails, which = rows[kept], fails[kept], which[kept]
                    if not len(rows):
                        break
            if len(rows):
                yield table.ranks[rows], which, table.exact

    def _holds(
        self, table: ShapeTable, item: Item, rows: Numbers, bound: dict[str, Value]
    ) -> Marks | bool | None:
        """Whether a literal holds, for each row or for all of them; None where that cannot be told."""
        pattern: list[Value | None] = []
        places: list[int] = []
        for place, slot in enumerate(item.slots):
            value = None
            if slot is not None and slot[0] == "variable":
                value = bound.get(str(slot[1]))
                if value is None and (item.negated or place < item.given):
                    return None
            elif slot is not None:
                places.append(place)
            pattern.append(value)
        if not places:
            return bool(self._query(item, tuple(pattern))) != item.negated
        columns = [table.columns[int(item.slots[p][1])][rows] for p in places]  # type: ignore[index]
        there = self._there(item, tuple(pattern), tuple(places), columns, len(rows))
        return ~there if item.negated else there

    def _there(
        self, item: Item, pattern: Pattern, places: tuple[int, ...], columns: list[Numbers], n: int
    ) -> Marks:
        """For each row of constants whether the relation has a row with them."""
        key = item.core, pattern, places, item.negated
        # what no argument narrows is asked for once, for all tables and candidates
        few = n <= FEW and key not in self._allowed and any(value is not None for value in pattern)
        if few or places[0] < item.given:  # a column that a question must bind is not asked for as a whole
            return np.array([self._has(item, pattern, places, [c[i] for c in columns]) for i in range(n)])
        size = len(self._index.values)
        if key not in self._allowed:
            numbers = self._index.numbers(self._query(item, pattern), places)
            allowed: Marks | Numbers = np.array(numbers, np.int64)
            if len(places) == 1:
                marks = np.zeros(size, np.bool_)
                marks[allowed] = True
                allowed = marks
            self._allowed[key] = allowed
        found_here = self._allowed[key]
        if len(places) == 1:
            return np.asarray(found_here[columns[0]], np.bool_)
        whole = columns[0]
        for column in columns[1:]:
            whole = whole * size + column
        return np.isin(whole, found_here)

    def _has(self, item: Item, pattern: Pattern, places: tuple[int, ...], codes: list[Any]) -> bool:
        filled = list(pattern)
        for place, code in zip(places, codes, strict=True):
            filled[place] = self._index.values[int(code)]
        return bool(self._query(item, tuple(filled)))

    def _query(self, item: Item, pattern: Pattern) -> dict[Row, float]:
        """The rows that make a literal true, or, of a negated one, altogether false."""
        rows = self.query(item.core, pattern)
        return {row: w for row, w in rows.items() if w >= 1} if item.negated else rows

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """Return the engine's answer to a query, and keep it: the state does not change during a look."""
        key = relation, pattern
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = self._engine.query(relation, pattern)
        return rows
