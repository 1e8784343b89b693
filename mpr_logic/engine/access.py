"""The access of compiled code to relations: stored rows by lookups, derived relations by goals.

A *goal* is a derived relation asked with some columns bound. The code generator needs of it the source of the
question, and what an answer to it rests on; each class here is one way to answer.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol, TypeAlias

from mpr_logic.engine.namespace import key
from mpr_logic.engine.semiring import Semiring
from mpr_logic.engine.store import Relation

_PARAMETER = re.compile(r"\bp(\d+)\b")

Lookup: TypeAlias = "tuple[str, tuple[int, ...], Sequence[str]]"
"""A lookup in a stored relation, by its name: by which columns, and the sources of their values."""


class Goal(ABC):
    """A derived relation asked with some columns bound. ``parts`` are the sources of their values."""

    work: float = 1.0
    """The cost of an answer, in lookups."""

    snapshot: bool = False
    """Whether it answers with what is known so far, from inside a recursion."""

    @abstractmethod
    def ask(self, parts: Sequence[str]) -> str:
        """The source of the question."""

    def lookups(self, parts: Sequence[str]) -> Iterable[Lookup]:
        """The stored rows that the question itself reads."""
        return ()

    def entries(self, parts: Sequence[str]) -> Iterable[tuple[str, str]]:
        """The memoised answers that it reads: the name of the dictionary of their dependents, and the source
        of the key there."""
        return ()


@dataclass(frozen=True, slots=True)
class InlinedGoal(Goal):
    """Rules that are a few tests of stored rows, written out where the relation is asked. ``source`` and
    ``reads`` speak of the columns as p0, p1, ..."""

    source: str
    reads: tuple[Lookup, ...]
    work: float = 1.0

    def ask(self, parts: Sequence[str]) -> str:
        """See Goal."""
        return _substituted(self.source, parts)

    def lookups(self, parts: Sequence[str]) -> Iterable[Lookup]:
        """See Goal."""
        return [(name, at, [_substituted(each, parts) for each in values]) for name, at, values in self.reads]


@dataclass(frozen=True, slots=True)
class CalledGoal(Goal):
    """A function whose answers are not memoised."""

    function: str
    work: float = 1.0
    snapshot: bool = False

    def ask(self, parts: Sequence[str]) -> str:
        """See Goal."""
        return f"{self.function}({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class MemoisedGoal(Goal):
    """A function whose answers stand in a dictionary, under their bound columns."""

    memo: str
    dependents: str

    def ask(self, parts: Sequence[str]) -> str:
        """See Goal."""
        return f"{self.memo}[{key(parts) if parts else '()'}]"

    def entries(self, parts: Sequence[str]) -> Iterable[tuple[str, str]]:
        """See Goal."""
        return [(self.dependents, key(parts) if parts else "()")]


@dataclass(frozen=True, slots=True)
class WiderGoal(Goal):
    """The memoised answers to a wider question, which binds the columns ``by`` alone: the others are looked
    up in the answer."""

    wider: MemoisedGoal
    by: tuple[int, ...]

    def ask(self, parts: Sequence[str]) -> str:
        """See Goal."""
        wanted = key([part for i, part in enumerate(parts) if i not in self.by])
        return f"{wanted} in {self.wider.ask([parts[i] for i in self.by])}"

    def entries(self, parts: Sequence[str]) -> Iterable[tuple[str, str]]:
        """See Goal."""
        return self.wider.entries([parts[i] for i in self.by])


@dataclass(frozen=True, slots=True)
class TabledGoal(Goal):
    """A recursion with tables, asked from outside. The answers of all its functions have one dictionary of
    dependents: ``label`` says whose they are."""

    function: str
    dependents: str
    label: str
    work: float = inf

    def ask(self, parts: Sequence[str]) -> str:
        """See Goal."""
        return f"{self.function}({', '.join(parts)})"

    def entries(self, parts: Sequence[str]) -> Iterable[tuple[str, str]]:
        """See Goal."""
        return [(self.dependents, f"({self.label}, ({''.join(p + ', ' for p in parts)}))")]


def _substituted(source: str, parts: Sequence[str]) -> str:
    """The source with these in the place of the parameters p0, p1, ..."""
    return _PARAMETER.sub(lambda m: parts[int(m[1])], source)


class Access(Protocol):
    """A body's access to relations, which are stored, or derived by a function."""

    semiring: Semiring

    recording: bool = False
    """Whether what an answer rests on is recorded."""

    def stored(self, name: str) -> Relation | None:
        """The relation, if its rows are all stored."""

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""

    def goal(self, name: str, adornment: str) -> Goal:
        """Return the goal that asks a derived relation. ``adornment`` has a letter for each argument: b
        bound, f wanted (free), d of no matter (don't care)."""

    def dependents(self, relation: str, positions: tuple[int, ...]) -> str | None:
        """The name of the dictionary in which to record, by the key, that the relation was read by these
        columns; None where nothing is recorded."""
        return None

    def wide(self, name: str, bound: tuple[int, ...]) -> bool:
        """Whether a loop over a relation, these columns being bound, has so many turns that its support is
        recorded once for all of them."""
        return False

    def rare(self, name: str) -> bool:
        """Whether hardly any row of a relation can be expected for a key."""
        return False

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """The most turns that a loop over a relation takes now, these columns being bound; infinite where
        that is not known, or nobody wants to know."""
        return inf
