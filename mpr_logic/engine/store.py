"""Relations in memory: rows, their weights and sources, and hash indexes on the columns that questions bind.

A *key* is what a row, or a part of one, is stored under: the value itself where it is one column,
a tuple otherwise. So ``x in relation.rows`` needs no tuple for a unary relation.
"""

from __future__ import annotations

from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from mpr_logic.language.ast import Row, Span

Key: TypeAlias = Any
FactSource: TypeAlias = "Span | str | None"


SAMPLE = 300
"""The number of rows that are looked at to guess how selective a column is."""


def key_of(positions: tuple[int, ...]) -> Callable[[Row], Hashable]:
    """A function from a row to its key at these positions."""
    return itemgetter(*positions) if positions else _no_key


def _no_key(_: Row) -> tuple[()]:
    return ()


class HashIndex:
    """``buckets[key at positions]`` holds the keys of the remaining columns; none is empty."""

    __slots__ = ("buckets", "key", "positions", "rest")

    def __init__(self, positions: tuple[int, ...], arity: int) -> None:
        self.positions = positions
        self.key = key_of(positions)
        self.rest = key_of(tuple(i for i in range(arity) if i not in positions))
        self.buckets: dict[Key, dict[Key, None]] = {}

    def copy(self, arity: int) -> HashIndex:
        """The same index, to be changed by itself."""
        other = HashIndex(self.positions, arity)
        other.buckets = {key: dict(bucket) for key, bucket in self.buckets.items()}
        return other


class Relation:
    """The rows of one relation. Its dictionaries are changed in place, since compiled code holds on to them;
    only :meth:`take` replaces them, where they are ``shared``.

    Attributes:
        rows: from a row's key to its source.
        weights: from the key to its weight; empty where no row has ever weighed less than 1.
        watches: for each way to read it, by some columns, the answers that depend on it: see
            :mod:`mpr_logic.engine.topdown.memo`.
    """

    __slots__ = ("arity", "indexes", "name", "rows", "shared", "watches", "weighted", "weights")

    def __init__(self, name: str, arity: int) -> None:
        self.name = name
        self.arity = arity
        self.rows: dict[Key, FactSource] = {}
        self.weights: dict[Key, float] = {}
        self.weighted = False
        self.indexes: dict[tuple[int, ...], HashIndex] = {}
        self.watches: list[tuple[dict[Any, Any], Callable[[Row], Key]]] = []
        self.shared = False

    def share(self) -> Relation:
        """A relation with the very same rows. Before either is changed it must :meth:`take` them."""
        other = Relation(self.name, self.arity)
        other.rows, other.weights, other.weighted = self.rows, self.weights, self.weighted
        other.indexes = self.indexes
        self.shared = other.shared = True
        return other

    def take(self) -> None:
        """Go on with rows of its own."""
        self.rows, self.weights = dict(self.rows), dict(self.weights)
        self.indexes = {positions: index.copy(self.arity) for positions, index in list(self.indexes.items())}
        self.shared = False

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, key: Key) -> Row:
        """The row that is stored under a key."""
        return (key,) if self.arity == 1 else key

    def __iter__(self) -> Iterator[Row]:
        return iter([(k,) for k in self.rows] if self.arity == 1 else list(self.rows))

    def key(self, row: Row) -> Key:
        """The key of a row."""
        return row[0] if self.arity == 1 else row

    def weight(self, key: Key) -> float:
        """The weight of the row under a key; 0 where there is none."""
        if key not in self.rows:
            return 0.0
        return self.weights.get(key, 1.0)

    def holds(self, row: Row, weight: float) -> bool:
        """Whether a row is in, and weighs that much."""
        key = row[0] if self.arity == 1 else row
        return key in self.rows and (self.weights[key] if self.weighted else 1.0) == weight

    def add(self, row: Row, weight: float = 1.0, source: FactSource = None) -> bool:
        """Enter a row, or give it another weight and source; says whether the weighing began just now."""
        key = row[0] if self.arity == 1 else row
        if key not in self.rows:
            for index in self.indexes.values():
                at = index.key(row)
                bucket = index.buckets.get(at)
                if bucket is None:
                    index.buckets[at] = {index.rest(row): None}
                else:
                    bucket[index.rest(row)] = None
        self.rows[key] = source
        if self.weighted:
            self.weights[key] = weight
        elif weight != 1.0:
            self.weigh()
            self.weights[key] = weight
            return True
        return False

    def extend(self, keys: Iterable[Key]) -> None:
        """Enter many rows, by their keys, each weighing 1 and without a source."""
        fresh = dict.fromkeys(keys)
        if self.indexes:
            for key in fresh:
                if key not in self.rows:
                    row = self.row(key)
                    for index in self.indexes.values():
                        index.buckets.setdefault(index.key(row), {})[index.rest(row)] = None
        self.rows.update(fresh)
        if self.weighted:
            self.weights.update(dict.fromkeys(fresh, 1.0))

    def enter(self, facts: Sequence[tuple[Row, float | None, FactSource]]) -> bool:
        """Enter rows that weigh 1, each with its source. Says whether that was done: not where they have
        another weight, where weights are kept, or where one of them is in."""
        if self.weighted or self.arity == 1:
            return False
        fresh = {row: source for row, weight, source in facts if weight == 1.0}
        if len(fresh) != len(facts) or not self.rows.keys().isdisjoint(fresh):
            return False
        self.rows.update(fresh)
        for index in self.indexes.values():
            key, rest, buckets = index.key, index.rest, index.buckets
            for row in fresh:
                at = key(row)
                bucket = buckets.get(at)
                if bucket is None:
                    buckets[at] = {rest(row): None}
                else:
                    bucket[rest(row)] = None
        return True

    def weigh(self) -> None:
        """From now on keep a weight for every row."""
        self.weighted = True
        self.weights.update(dict.fromkeys(self.rows, 1.0))

    def remove(self, row: Row) -> None:
        """Take a row out; nothing happens where it is not in."""
        key = row[0] if self.arity == 1 else row
        if key in self.rows:
            del self.rows[key]
            if self.weighted:
                del self.weights[key]
            for index in self.indexes.values():
                at = index.key(row)
                bucket = index.buckets[at]
                del bucket[index.rest(row)]
                if not bucket:
                    del index.buckets[at]

    def is_all(self, rows: Iterable[Row]) -> bool:
        """Whether these rows are all that there are."""
        return {self.key(row) for row in rows} == self.rows.keys()

    def clear(self) -> None:
        """Take all rows out."""
        self.rows.clear()
        self.weights.clear()
        for index in self.indexes.values():
            index.buckets.clear()

    def index(self, positions: tuple[int, ...]) -> dict[Key, dict[Key, None]]:
        """The buckets of the index on these positions, made now if there is none."""
        index = self.indexes.get(positions)
        if index is None:
            index = HashIndex(positions, self.arity)
            buckets, key, rest = index.buckets, index.key, index.rest
            for row in self:
                buckets.setdefault(key(row), {})[rest(row)] = None
            self.indexes[positions] = index
        return index.buckets

    def strongest(self, positions: tuple[int, ...]) -> Callable[[Key], float]:
        """A function from the values at these positions to the weight of the strongest row that has them; 0
        where there is none."""
        buckets, several = self.index(positions), self.arity - len(positions) != 1

        def strongest(wanted: Key) -> float:
            # the rest of the columns is put back between the known ones to find the row's weight
            best = 0.0
            for rest in buckets.get(wanted, ()):
                row = list(rest if several else (rest,))
                values = iter(wanted if len(positions) != 1 else (wanted,))
                for position in positions:
                    row.insert(position, next(values))
                best = max(best, self.weights[self.key(tuple(row))])
            return best

        return strongest

    def largest_bucket(self, positions: tuple[int, ...]) -> int:
        """Return the largest number of rows that share a key at these positions."""
        return max(map(len, self.index(positions).values()), default=0)

    def bucket_size(self, positions: tuple[int, ...]) -> float | None:
        """Return the average number of rows that share a key at these positions, as an index or a sample
        says; None where there are no rows."""
        if not self.rows:
            return None
        if not positions:
            return float(len(self.rows))
        index = self.indexes.get(positions)
        if index is not None:
            return len(self.rows) / len(index.buckets)
        key, sample = key_of(positions), [self.row(k) for k in islice(self.rows, SAMPLE)]
        keys = len({key(row) for row in sample})
        # keys that come again and again in the sample are all there are; else there are more in the rest
        return (len(self.rows) if 2 * keys < len(sample) else len(sample)) / keys
