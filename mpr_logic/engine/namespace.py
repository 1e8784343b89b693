"""The names that generated code sees, and how generated code reaches relations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol, TypeAlias

from mpr_logic.engine.deadline import Deadline, late
from mpr_logic.engine.semiring import Semiring
from mpr_logic.engine.store import Relation
from mpr_logic.errors import EvaluationError
from mpr_logic.syntax.ast import Value

_PARAMETER = re.compile(r"\bp(\d+)\b")


@dataclass(frozen=True, slots=True)
class Condition:
    """Tests of stored relations over the parameters p0, p1, ... of a derived one: where one of the
    alternatives holds, the relation does. ``whole`` says that it does nowhere else."""

    alternatives: tuple[Alternative, ...]
    whole: bool

    def of(self, parts: Sequence[str]) -> str:
        """The source of the condition for these columns."""
        return substituted(f"({' or '.join([each.source for each in self.alternatives])})", parts)


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the alternatives of a condition, and the lookups in it."""

    source: str
    reads: tuple[Read, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """How generated code asks a derived relation: the name of the function that answers, and of the
    dictionary of its answers if it keeps them.

    ``inside`` says that the relation takes part in the recursion being written: it returns a snapshot.
    ``by`` are the columns that it is asked with, where others are looked up in its answer. ``tests`` is a
    condition that takes the place of a call, ``enough`` one that may spare it. ``readers`` names the
    dictionary in which those who read an answer are noted; ``label`` goes before the arguments in its keys,
    where it has several functions' answers. ``work`` is what asking costs, in lookups."""

    function: str = ""
    kept: str | None = None
    inside: bool = False
    by: tuple[int, ...] | None = None
    tests: Condition | None = None
    enough: Condition | None = None
    readers: str | None = None
    label: str | None = None
    work: float = 1.0

    def ask(self, parts: Sequence[str]) -> str:
        """The source of the question with these bound columns."""
        if self.tests is not None:
            return self.tests.of(parts)
        if self.by is not None:
            wanted = key([part for i, part in enumerate(parts) if i not in self.by])
            return f"{wanted} in {self.kept}[{self.entry(parts)}]"
        if self.kept is not None:
            return f"{self.kept}[{key(parts) if parts else '()'}]"
        return f"{self.function}({', '.join(parts)})"

    def entry(self, parts: Sequence[str]) -> str:
        """The source of the answer's key among the readers."""
        if self.label is not None:
            return f"({self.label}, ({''.join(p + ', ' for p in parts)}))"
        asked = parts if self.by is None else [parts[i] for i in self.by]
        return key(asked) if asked else "()"


Read: TypeAlias = "tuple[Relation, tuple[int, ...], tuple[str, ...]]"
"""A lookup in a stored relation: by which columns, and the sources of their values."""


def substituted(source: str, parts: Sequence[str]) -> str:
    """The source with these in the place of the parameters p0, p1, ..."""
    return _PARAMETER.sub(lambda m: parts[int(m[1])], source)


class Access(Protocol):
    """How a body reaches relations: stored, or derived by a function."""

    semiring: Semiring

    def stored(self, name: str) -> Relation | None:
        """The relation, if its rows are all stored."""

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""

    def goal(self, name: str, adornment: str) -> Goal:
        """How to ask a derived relation. ``adornment`` has a letter for each argument: b bound, f wanted,
        d of no matter."""

    def readers(self, relation: Relation, positions: tuple[int, ...]) -> str | None:
        """The name of the dictionary in which to note, by the key, that the relation was read by these
        columns; None where nobody wants to know."""
        return None

    def wide(self, name: str, bound: tuple[int, ...]) -> bool:
        """Whether a loop over a relation, these columns being bound, has so many turns that what they
        read is noted for all of them at once."""
        return False

    def rare(self, name: str) -> bool:
        """Whether hardly any row of a relation can be expected for a key."""
        return False

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """The most turns that a loop over a relation takes now, these columns being bound; infinite where
        that is not known, or nobody wants to know."""
        return inf


class Namespace:
    """The names that generated code sees, each object bound once. ``known`` is a plain dictionary: in a kind
    of its own Python looks names up slowly."""

    def __init__(self, deadline: Deadline | None = None) -> None:
        self._names: dict[object, str] = {}
        self.known: dict[str, Any] = {"E": ()}
        self.known["__builtins__"] = {"len": len, "set": set, "dict": dict, "list": list}
        if deadline is not None:
            self.known.update(now=deadline.clock, limit=deadline.limit, late=late)
            self.known.update(polled=deadline.polled, deadline=deadline)

    def __len__(self) -> int:
        return len(self.known)

    def name(self, kind: str, thing: object, identity: object = None) -> str:
        """A name for ``thing``; the same one for the same ``identity`` (default: the object itself)."""
        key = (kind, id(thing) if identity is None else identity)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"{kind}{len(self._names)}"
            self.known[name] = thing
        return name

    def constant(self, value: Value) -> str:
        """A name for a constant."""
        return self.name("C", value, (type(value), value))

    def define(self, name: str, lines: Sequence[str]) -> Any:
        """Run source that defines the function ``name`` here, and return it."""
        source = "\n".join(lines)
        try:
            exec(compile(source, f"<rules {name}>", "exec"), self.known)  # only names made here stand in it
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise EvaluationError(f"a rule is too large to be compiled ({error}): split it") from error
        return self.known[name]


def key(parts: Sequence[str]) -> str:
    """The source of a key: see :mod:`mpr_logic.engine.store`."""
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
