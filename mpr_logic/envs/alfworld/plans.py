"""Conditions of PDDL over facts: facts with an index, and plans that find what makes a condition true."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

Fact = tuple[str, ...]
Binding = dict[str, str]


class Facts:
    """A set of facts, found by predicate and by any one of their arguments."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._all: set[Fact] = set()
        self._of: defaultdict[str, set[Fact]] = defaultdict(set)
        self._with: defaultdict[tuple[str, int, str], set[Fact]] = defaultdict(set)
        for fact in facts:
            self.add(fact)

    def __contains__(self, fact: Fact) -> bool:
        return fact in self._all

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._all)

    def add(self, fact: Fact) -> None:
        """Let a fact hold."""
        self._all.add(fact)
        self._of[fact[0]].add(fact)
        for place in range(1, len(fact)):
            self._with[fact[0], place, fact[place]].add(fact)

    def discard(self, fact: Fact) -> None:
        """Let a fact not hold."""
        if fact in self._all:
            self._all.remove(fact)
            self._of[fact[0]].remove(fact)
            for place in range(1, len(fact)):
                self._with[fact[0], place, fact[place]].remove(fact)

    def matching(self, predicate: str, values: Mapping[int, str]) -> Collection[Fact]:
        """The facts of a predicate that may have these values at these places: narrowed by the rarest one."""
        if not values:
            return self._of.get(predicate, frozenset())
        return min((self._with[predicate, place, values[place]] for place in values), key=len)


class Step(Protocol):
    """A step of a plan."""

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """Extend the binding in each way in which the step succeeds; take the extension back at the end."""


def solutions(plan: tuple[Step, ...], facts: Facts, binding: Binding, start: int = 0) -> Iterator[Binding]:
    """Yield the binding, extended, for each way through a plan. It is one object, changed on the way."""
    if start == len(plan):
        yield binding
        return
    for _ in plan[start].run(facts, binding):
        yield from solutions(plan, facts, binding, start + 1)


@dataclass(frozen=True, slots=True)
class Match:
    """A positive atom some of whose variables are not bound yet; ``members`` are what each may stand for."""

    predicate: str
    args: tuple[str, ...]
    bound: tuple[int, ...]
    free: tuple[int, ...]
    members: Mapping[str, frozenset[str]]

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """See :meth:`Step.run`."""
        args = self.args
        values = {place + 1: binding.get(args[place], args[place]) for place in self.bound}
        for fact in list(facts.matching(self.predicate, values)):
            if all(fact[place] == value for place, value in values.items()) and self._bind(fact, binding):
                yield
            for place in self.free:
                binding.pop(args[place], None)

    def _bind(self, fact: Fact, binding: Binding) -> bool:
        for place in self.free:
            name, value = self.args[place], fact[place + 1]
            if binding.setdefault(name, value) != value or value not in self.members[name]:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Check:
    """A literal all of whose variables are bound."""

    predicate: str
    args: tuple[str, ...]
    negated: bool

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """See :meth:`Step.run`."""
        if ((self.predicate, *[binding.get(arg, arg) for arg in self.args]) in facts) != self.negated:
            yield


@dataclass(frozen=True, slots=True)
class Each:
    """A variable that no atom binds: each object of its type."""

    name: str
    members: tuple[str, ...]

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """See :meth:`Step.run`."""
        for value in self.members:
            binding[self.name] = value
            yield
        binding.pop(self.name, None)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of some plans; where nothing is left to bind, once at most."""

    plans: tuple[tuple[Step, ...], ...]
    once: bool

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """See :meth:`Step.run`."""
        for plan in self.plans:
            for _ in solutions(plan, facts, dict(binding) if self.once else binding):
                yield
                if self.once:
                    return


@dataclass(frozen=True, slots=True)
class Never:
    """No way through a plan all of whose outer variables are bound."""

    plan: tuple[Step, ...]

    def run(self, facts: Facts, binding: Binding) -> Iterator[None]:
        """See :meth:`Step.run`."""
        if not any(True for _ in solutions(self.plan, facts, dict(binding))):
            yield


class Planner:
    """Makes plans for the conditions of one problem.

    ``sizes`` says how many facts of each predicate there are at first, ``members`` the objects of each type.
    """

    def __init__(self, sizes: Mapping[str, int], members: Mapping[str, tuple[str, ...]]) -> None:
        self._sizes = sizes
        self._members = members

    def plan(
        self, condition: Any, variables: Mapping[str, str], bound: Iterable[str] = ()
    ) -> tuple[Step, ...]:
        """A plan for a condition, in Fast Downward's classes, that binds all ``variables`` (with types).

        ``bound`` are those that have a value already. Raises GameError at a condition of an unknown kind.
        """
        return self._plan(condition, dict(variables) | _quantified(condition), list(variables), set(bound))

    def _plan(
        self, condition: Any, types: Mapping[str, str], wanted: Iterable[str], known: set[str]
    ) -> tuple[Step, ...]:
        pending = list(condition.parts) if _kind(condition) == "Conjunction" else [condition]
        known = set(known)
        steps: list[Step] = []
        while pending:
            part = min(pending, key=lambda part: self._cost(part, known))
            pending.remove(part)
            steps.extend(self._steps(part, types, known))
            known |= part.free_variables()
        return (*steps, *(self._each(name, types) for name in wanted if name not in known))

    def _cost(self, part: Any, known: set[str]) -> tuple[int, int]:
        """Rank a part, the lowest first: checks, then atoms by their matches, alternatives, negations."""
        if part.free_variables() <= known:
            return (0, len(part.parts))
        if _kind(part) == "Atom":
            size = self._sizes.get(part.predicate, 0)
            joined = size <= 1 or any(arg in known or not arg.startswith("?") for arg in part.args)
            return (1 if joined else 2, size)
        return (4 if _kind(part) in ("NegatedAtom", "UniversalCondition") else 3, 0)

    def _steps(self, part: Any, types: Mapping[str, str], known: set[str]) -> list[Step]:
        kind = _kind(part)
        free = sorted(part.free_variables() - known)
        if kind == "Atom" and free:
            return [self._match(part, types, known)]
        if kind in ("Disjunction", "ExistentialCondition"):
            return [Either(tuple(self._plan(each, types, free, known) for each in part.parts), once=not free)]
        if kind == "Truth":
            return []
        if kind == "Falsity":
            return [Either((), once=True)]
        each = [self._each(name, types) for name in free]
        if kind in ("Atom", "NegatedAtom"):
            return [*each, Check(part.predicate, part.args, part.negated)]
        if kind == "UniversalCondition":
            return [*each, Never(self._plan(part.parts[0].negate(), types, (), known | set(free)))]
        raise GameError(f"a condition of an unknown kind in the PDDL: {kind}")

    def _match(self, atom: Any, types: Mapping[str, str], known: set[str]) -> Match:
        free = tuple(i for i, arg in enumerate(atom.args) if arg.startswith("?") and arg not in known)
        bound = tuple(i for i in range(len(atom.args)) if i not in free)
        members = {atom.args[i]: frozenset(self._members.get(types[atom.args[i]], ())) for i in free}
        return Match(atom.predicate, atom.args, bound, free, members)

    def _each(self, name: str, types: Mapping[str, str]) -> Each:
        return Each(name, self._members.get(types[name], ()))


def _kind(condition: Any) -> str:
    return type(condition).__name__


def _quantified(condition: Any) -> dict[str, str]:
    """The variables of all quantifiers inside, with their types; the parser gives each its own name."""
    found = {each.name: each.type_name for each in getattr(condition, "parameters", ())}
    for part in condition.parts:
        found |= _quantified(part)
    return found
