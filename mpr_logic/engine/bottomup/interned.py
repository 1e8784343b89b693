"""Binary relations of interned constants: each value has a number, and a set of values is a set of numbers.

Sets of numbers are roaring bitmaps (Chambi, Lemire, Kaser, Godin, 2016) where the package ``pyroaring`` is
installed, and Python's sets where it is not. Rows are made of them when somebody asks for rows.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.store import Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.language.ast import Row, Value

Numbers: TypeAlias = Any
"""A set of numbers, of the kind that :attr:`Interner.numbers` makes."""

Map: TypeAlias = "dict[int, Numbers]"
"""From the number of a value of one column to those of the other."""

AT_ONCE = 64
"""The number of sets that are united between two looks at the clock."""


def _kind() -> Any:
    """The type of sets of numbers: roaring bitmaps with the extra `bitmaps`, else Python's sets."""
    try:
        from pyroaring import BitMap
    except ImportError:
        return set
    return BitMap


NUMBERS: Any = _kind()


class Interner:
    """The numbers of the values of one run, and the kind of sets that they are kept in."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.values: list[Value] = []
        self.numbers: Any = NUMBERS
        self.empty: Numbers = self.numbers()
        self._known: dict[Value, int] = {}

    def number(self, value: Value) -> int:
        """The number of a value, a new one where it has none."""
        known = self._known
        found = known.get(value)
        if found is None:
            found = known[value] = len(known)
            self.values.append(value)
        return found

    def known(self, value: Value) -> int | None:
        """The number of a value, if it has one."""
        return self._known.get(value)

    def map(self, rows: Iterable[Row], column: int) -> Map:
        """The map of a binary relation whose keys are that column."""
        lists: dict[int, list[int]] = {}
        for row in self.deadline.polled(rows):
            lists.setdefault(self.number(row[column]), []).append(self.number(row[1 - column]))
        return {key: self.numbers(found) for key, found in lists.items()}

    def union(self, mapping: Map, keys: Collection[int]) -> Numbers:
        """The union of a map's sets over some keys; of many with looks at the clock."""
        found = self.numbers()
        rest = iter(keys)
        while some := list(islice(rest, AT_ONCE)):
            if len(some) == AT_ONCE:
                self.deadline.poll()
            found |= found.union(*map(mapping.get, some, repeat(self.empty)))
        return found

    def decoded(self, numbers: Iterable[int]) -> Iterator[Value]:
        """The values of some numbers."""
        return map(self.values.__getitem__, numbers)


class InternedRelation:
    """One relation of a component: ``forward`` from the key column to sets of the other, ``backward`` the
    other way round where a rule needs it, ``pending`` what is not joined yet, by keys."""

    def __init__(self, interner: Interner, key_column: int, count: Callable[[int], None]) -> None:
        self.interner = interner
        self.key_column = key_column
        self.forward: Map = {}
        self.backward: Map | None = None
        self.pending: Map = {}
        self._count = count
        self._numbers = interner.numbers

    def emit(self, key: int, values: Numbers) -> None:
        """Facts (key, each value): the new ones are kept, and wait to be joined."""
        known = self.forward.get(key)
        if known is None:
            if not values:
                return
            new = self._numbers(values)
            self.forward[key] = self.pending[key] = new  # one set, until the chunk is taken: see take
        else:
            new = values - known
            if not new:
                return
            known |= new
            waiting = self.pending.get(key)
            if waiting is None:
                self.pending[key] = new
            elif waiting is not known:
                waiting |= new
        if self.backward is not None:
            self._turn(key, new)
        self._count(len(new))

    def take(self, key: int) -> Numbers:
        """The chunk that waits under a key, to be joined: what is emitted meanwhile is not in it."""
        chunk = self.pending.pop(key, None)
        return chunk.copy() if chunk is not None and chunk is self.forward[key] else chunk

    def emit_each(self, keys: Iterable[int], value: int) -> None:
        """Facts (each key, value): as :meth:`emit`, without a set for each."""
        forward, pending = self.forward, self.pending
        new = []
        for key in list(keys):
            known = forward.get(key)
            if known is None:
                forward[key] = pending[key] = self._numbers((value,))
            elif value in known:
                continue
            else:
                known.add(value)
                waiting = pending.get(key)
                if waiting is None:
                    pending[key] = self._numbers((value,))
                elif waiting is not known:
                    waiting.add(value)
            new.append(key)
        if self.backward is not None and new:
            back = self.backward.get(value)
            if back is None:
                self.backward[value] = self._numbers(new)
            else:
                back.update(new)
        self._count(len(new))

    def _turn(self, key: int, values: Iterable[int]) -> None:
        """Enter facts into ``backward``."""
        backward = self.backward
        assert backward is not None
        for value in values:
            back = backward.get(value)
            if back is None:
                backward[value] = self._numbers((key,))
            else:
                back.add(key)

    def map(self, column: int) -> Map:
        """The map whose keys are that column, made now if it was not needed so far."""
        if column == self.key_column:
            return self.forward
        if self.backward is None:
            self.backward = {}
            for key, values in self.forward.items():
                self._count(0)
                self._turn(key, values)
        return self.backward

    def __len__(self) -> int:
        return sum(map(len, self.forward.values()))

    def rows(self) -> Iterator[Row]:
        """The rows, as tuples, with a look at the clock for those of each key."""
        values = self.interner.values
        for key, others in self.forward.items():
            self._count(0)
            found, same = self.interner.decoded(others), repeat(values[key])
            yield from (
                zip(same, found, strict=False) if self.key_column == 0 else zip(found, same, strict=False)
            )

    def holds(self, row: object) -> bool:
        """Whether this is a row."""
        if not isinstance(row, tuple) or len(row) != 2:
            return False
        key, other = self.interner.known(row[self.key_column]), self.interner.known(row[1 - self.key_column])
        return key is not None and other is not None and other in self.forward.get(key, ())


class RowSet(Set):  # type: ignore[type-arg]
    """The rows of a relation, as a set to read. Each row is made when it is asked for."""

    __slots__ = ("_relation",)

    def __init__(self, relation: InternedRelation) -> None:
        self._relation = relation

    @classmethod
    def _from_iterable(cls, rows: Iterable[Any]) -> set[Any]:
        return set(rows)

    def __contains__(self, row: object) -> bool:
        return self._relation.holds(row)

    def __iter__(self) -> Iterator[Row]:
        return self._relation.rows()

    def __len__(self) -> int:
        return len(self._relation)

    def __repr__(self) -> str:
        return repr(set(self))


class _Index:
    """The map from one column to the values of the other, as generated code reads it."""

    def __init__(self, interner: Interner, numbers: Map) -> None:
        self._interner = interner
        self._map = numbers

    def get(self, key: Value, default: Collection[Value] = ()) -> Collection[Value]:
        """The values that stand beside one."""
        number = self._interner.known(key)
        found = None if number is None else self._map.get(number)
        return default if found is None else list(self._interner.decoded(found))

    def __getitem__(self, key: Value) -> Collection[Value]:
        return self.get(key)

    def __contains__(self, key: Value) -> bool:
        return self._interner.known(key) in self._map

    def __len__(self) -> int:
        return len(self._map)

    def values(self) -> Iterator[Collection[int]]:
        """The sets of all keys, for their sizes."""
        return iter(self._map.values())


class DerivedRelation(Relation):
    """A relation that a fixpoint has derived, for the strata above: it is read by its maps, and does not
    change any more."""

    __slots__ = ("_indexes", "_made", "_size", "interned")

    def __init__(self, name: str, interned: InternedRelation) -> None:
        self.interned = interned
        self._made: dict[Row, None] | None = None
        self._indexes: dict[int, _Index] = {}
        self._size = len(interned)
        super().__init__(name, 2)

    @property  # type: ignore[override]
    def rows(self) -> Mapping[Row, None]:
        """The rows, as keys."""
        if self._made is None:
            self._made = dict.fromkeys(self.interned.rows())
        return self._made

    @rows.setter
    def rows(self, _: object) -> None:
        """There are none besides those of the maps."""

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Row]:
        return self.interned.rows() if self._made is None else iter(self._made)

    def index(self, positions: tuple[int, ...]) -> Any:
        """The map from one column to the other; of other positions what every relation has."""
        if len(positions) != 1:
            return super().index(positions)
        found = self._indexes.get(positions[0])
        if found is None:
            found = _Index(self.interned.interner, self.interned.map(positions[0]))
            self._indexes[positions[0]] = found
        return found

    def bucket_size(self, positions: tuple[int, ...]) -> float | None:
        """Return the average number of rows that share a key at these positions; None without rows."""
        if not self._size or not positions:
            return float(self._size) or None
        return 1.0 if len(positions) == 2 else self._size / len(self.index(positions))
