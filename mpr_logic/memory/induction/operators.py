"""Refinement operators: how a rule is specialised, by literals from a declared language bias, and how it is
generalised, by an item left out or a constant turned into a variable (Muggleton and De Raedt 1994).

A *refinement* is one to three body items that hang together by new variables of their own, so that
refinements of one rule meet in the rule's variables only. Each literal brings one new variable at most:

===========================================  ====================================================
``p(X, c)``, ``not p(X, _)``                 a literal over variables, ``_`` and constants of kinds
``p(X, N), q(N, Y)``, ``p(X, N), not q(N)``  a new variable, and what is said of it
``p(X, N), N != Y``                          a new variable that is another thing
``p(X, N), r(Y, M), not q(N, M)``            two new variables, and how they stand to each other
===========================================  ====================================================

Constants are taken of *kinds* only: of the types of columns that no action takes. What actions take are
individuals, and a rule about ``apple_1`` says nothing of the next room. Relations whose facts or rules carry
weights are left out, and history too: what an agent did before is not why the world says no.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from itertools import chain, combinations, product
from typing import TYPE_CHECKING, TypeVar

from mpr_logic.analysis.terms import (
    checked,
    flat,
    item_terms,
    item_vars,
    names,
    rewrite_term,
    rewrite_written,
    term_vars,
)
from mpr_logic.analysis.types import meet, under
from mpr_logic.language.ast import Arithmetic, Atom, BodyItem, Call, Clause, Comparison, Const, Literal, Var
from mpr_logic.language.printer import print_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.language.ast import Param, Row, Term, Value


T = TypeVar("T")


class StepBudget:
    """Counts the steps of a search.

    Args:
        most: the number of steps that may be done.
        until: when it must be over, by ``time.monotonic``.
    """

    def __init__(self, most: int, until: float) -> None:
        self._left = most
        self._until = until
        self.cut: str | None = None
        """The reason why not all was done; None where it was."""

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """The things, one for each step, as long as there is work left."""
        for thing in things:
            if self._left <= 0:
                self.cut = self.cut or "there was more to try than is tried"
            elif time.monotonic() > self._until:
                self.cut = "the time was over"
            if self.cut:
                return
            self._left -= 1
            yield thing


Refinement = tuple[BodyItem, ...]

ANY = Var("_")

FEW_CONSTANTS = 2
"""Literals with more constants than this come after all other refinements."""

MOST_CONSTANTS = 200
"""The most constants of one column that are tried, those that occur in most states first."""


class RefinementOperator:
    """Lists the refinements that can be said of some variables.

    Args:
        program: the declarations and derived relations.
        seen: facts of states, as core relations and rows, each as often as it was seen: constants are taken
            from them, and from the program's own facts.
        excluded: relations that no refinement speaks of.
    """

    def __init__(
        self, program: Program, seen: Iterable[tuple[str, Row]], excluded: Iterable[str] = ()
    ) -> None:
        schema = program.schema
        self._types = schema.types
        weighted = {f.relation for f in program.facts if f.weight < 1}
        weighted |= {r.head for r in program.rules if r.weight < 1}
        left_out = weighted | set(excluded)
        # of built-in relations only those that something is known of
        seen = list(seen)
        held = {relation for relation, _ in seen}
        self._relations = [
            s
            for n, s in sorted(schema.relations.items())
            if n not in left_out and (not s.builtin or n in held)
        ]
        self._taken = {p.type for s in schema.actions.values() for p in s.params}
        self._constants = self._of_kinds([*((f.relation, f.row) for f in program.facts), *seen])

    def refinements(self, clause: Clause, variables: Mapping[str, str], work: StepBudget) -> list[Refinement]:
        """All refinements over a rule's variables (name to type), none twice, the simplest first. Where
        ``work`` is cut short, as many as were reached: relation by relation in turn, those with few constants
        before others. None that the rule has already."""
        found: dict[Refinement, None] = {}
        few = [self._literals(variables, n) for n in range(FEW_CONSTANTS + 1)]
        most = max((len(s.params) for s in self._relations), default=0)
        many = [self._literals(variables, n) for n in range(FEW_CONSTANTS + 1, most + 1)]
        pairs = (self._chains(variables), self._pairs(variables))
        for refinement in work.each(chain(*few, *pairs, *many)):
            if refinement is not None:
                found.setdefault(refinement)
        has = set(clause.body)
        return sorted((c for c in found if not has.issuperset(c)), key=simplicity)

    def types(self, clause: Clause, head: Signature) -> dict[str, str]:
        """The types of a rule's variables: of the action's arguments and of the positive literals."""
        found: dict[str, str] = {}
        signatures = {s.name: s for s in self._relations}
        atoms = [(clause.head, head)] + [
            (item.atom, signatures[item.atom.name])
            for item in clause.body
            if isinstance(item, Literal) and not item.negated and not item.tense
            if item.atom.name in signatures and not item.atom.names
        ]
        for atom, signature in atoms:
            for term, param in zip(atom.args, signature.params, strict=False):
                if isinstance(term, Var) and not term.anonymous:
                    known = found.get(term.name, param.type)
                    found[term.name] = meet(self._types, known, param.type) or known
        return found

    # -- inside --------------------------------------------------------------------------------

    def _of_kinds(self, facts: Iterable[tuple[str, Row]]) -> dict[tuple[str, int], list[Const]]:
        count: dict[tuple[str, int], dict[Value, int]] = defaultdict(lambda: defaultdict(int))
        kinds = {
            (s.name, i)
            for s in self._relations
            for i, p in enumerate(s.params)
            if all(meet(self._types, p.type, taken) is None for taken in self._taken)
        }
        for name, row in facts:
            for i, value in enumerate(row):
                if (name, i) in kinds:
                    count[name, i][value] += 1
        return {
            column: [Const(v) for v in sorted(found, key=lambda v: (-found[v], str(v)))[:MOST_CONSTANTS]]
            for column, found in count.items()
        }

    def _fitting(self, variables: Mapping[str, str], type: str) -> list[Term]:
        return [Var(n) for n, t in variables.items() if meet(self._types, t, type) is not None]

    def _terms(self, variables: Mapping[str, str], param: Param) -> list[Term]:
        """The terms that may stand for an argument: variables, and `_` where a question need not bind it."""
        if param.bound:
            return [Var(n) for n, t in variables.items() if under(self._types, t, param.type)]
        return [*self._fitting(variables, param.type), ANY]

    def _literals(self, variables: Mapping[str, str], constants: int) -> Iterator[Refinement | None]:
        """Literals over the variables, ``_`` and ``constants`` constants: with a variable, or with ``_``
        alone; None for a row of terms that says nothing."""
        return _in_turn([self._literals_of(s, variables, constants) for s in self._relations])

    def _literals_of(
        self, s: Signature, variables: Mapping[str, str], constants: int
    ) -> Iterator[Refinement | None]:
        kinds = [i for i in range(len(s.params)) if self._constants.get((s.name, i))]
        for places in combinations(kinds, constants):
            columns: list[Sequence[Term]] = [
                self._constants[s.name, i] if i in places else self._terms(variables, p)
                for i, p in enumerate(s.params)
            ]
            for args in product(*columns):
                if _variables(args) or all(a is ANY for a in args):
                    for literal in self._signed(s, args):
                        yield (literal,)
                else:
                    yield None

    def _signed(self, s: Signature, args: tuple[Term, ...]) -> Iterator[Literal]:
        yield Literal(Atom(s.name, args))
        if not (s.open_world and ANY in args):  # nobody has observed every value
            yield Literal(Atom(s.name, args), negated=True)

    def _opening(
        self, variables: Mapping[str, str], letter: str | None = None
    ) -> Iterator[tuple[Literal, str, str]]:
        """Positive literals with one new variable, over variables and ``_``; its name, and its type."""
        for s in self._relations:
            for i, new in enumerate(s.params):
                if new.bound:
                    continue  # it gives a variable no value
                name = fresh(letter or new.name, variables)
                columns = [
                    [Var(name)] if j == i else self._terms(variables, p) for j, p in enumerate(s.params)
                ]
                for args in product(*columns):
                    yield Literal(Atom(s.name, args)), name, new.type

    def _chains(self, variables: Mapping[str, str]) -> Iterator[Refinement | None]:
        for first, name, type in self._opening(variables):
            bound = _variables(first.atom.args) - {name}
            for other in self._fitting(variables, type):
                yield (first, Comparison("!=", Var(name), other))
            for second in self._closing(variables, {name: type}):
                reached = _variables(second.atom.args) - {name}
                fits = (bound or reached) and second.atom != first.atom
                yield (first, second) if fits else None

    def _pairs(self, variables: Mapping[str, str]) -> Iterator[Refinement | None]:
        """Two new variables of two literals, and a third literal that holds both."""
        for first, name, type in self._opening(variables):
            one = _variables(first.atom.args) - {name}
            if len(one) != 1:
                yield None
                continue
            for second, other, another in self._opening({**variables, name: type}):
                two = _variables(second.atom.args) - {other}
                if len(two) != 1 or two & {name, *one} or min(one) > min(two):
                    yield None
                    continue
                for third in self._closing({}, {name: type, other: another}):
                    yield (first, second, third)

    def _closing(self, variables: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Literal]:
        """Literals that hold all of the new variables, and else variables and ``_``."""
        for s in self._relations:
            columns = [self._terms({**variables, **new}, p) for p in s.params]
            for args in product(*columns):
                if new.keys() <= _variables(args):
                    yield from self._signed(s, args)


def _in_turn(generators: Sequence[Iterator[T]]) -> Iterator[T]:
    """One of each, then another of each, until all have ended."""
    waiting = list(generators)
    while waiting:
        for each in list(waiting):
            try:
                yield next(each)
            except StopIteration:
                waiting.remove(each)


def fresh(word: str, taken: Iterable[str]) -> str:
    """A variable that is not taken, after a word: ``K``, ``K2``, ``K3``."""
    letter = word[:1].upper() if word[:1].isalpha() else "X"
    name, number = letter, 1
    while name in taken:
        number += 1
        name = f"{letter}{number}"
    return name


def simplicity(refinement: Refinement) -> tuple[int, int, int, str]:
    """The order of refinements of one reach: items, constants, negations, text."""
    text = ", ".join(map(print_item, refinement))
    literals = [item for item in refinement if isinstance(item, Literal)]
    constants = sum(isinstance(term, Const) for each in literals for term in each.atom.args)
    return len(refinement), constants, sum(each.negated for each in literals), text


def _variables(args: Iterable[Term]) -> set[str]:
    return names(v for term in args for v in term_vars(term))


def generalisations(clause: Clause) -> Iterator[Clause]:
    """Each rule without one body item, and without all that speak of one variable, as long as something is
    left; then each in which one constant is a new variable, everywhere. Some may be unsafe."""
    shorter = [clause.body[:i] + clause.body[i + 1 :] for i in range(len(clause.body))]
    named = dict.fromkeys(v.name for item in clause.body for v in item_vars(item) if not v.anonymous)
    shorter += [tuple(i for i in clause.body if name not in names(item_vars(i))) for name in named]
    for body in dict.fromkeys(shorter):
        if body:
            yield replace(clause, body=body)
    terms = [*clause.head.args, *(term for item in flat(clause.body) for term in item_terms(item))]
    taken = names(v for term in terms for v in term_vars(term))
    taken |= {n for item in clause.body for n in names(item_vars(item))}
    for constant in dict.fromkeys(c for term in terms for c in _constants(term)):
        yield _with_variable(clause, constant, fresh(str(constant.value), taken))


def without_literals(clause: Clause) -> Iterator[Clause]:
    """The rule without one of its body items, without two, and so on, at last without all: those that keep
    most come first. Some may be unsafe."""
    for kept in range(len(clause.body) - 1, -1, -1):
        for body in combinations(clause.body, kept):
            yield replace(clause, body=body)


def _constants(term: Term) -> Iterator[Const]:
    if isinstance(term, Const):
        yield term
    elif isinstance(term, Arithmetic):
        yield from _constants(term.left)
        yield from _constants(term.right)
    elif isinstance(term, Call):
        kept = checked(term)
        for each in term.args:
            yield from _constants(each) if each is not kept else ()


def _with_variable(clause: Clause, constant: Const, name: str) -> Clause:
    def leaf(term: Term) -> Term:
        return Var(name) if term == constant else term

    head = replace(clause.head, args=tuple(rewrite_term(term, leaf) for term in clause.head.args))
    return replace(clause, head=head, body=tuple(rewrite_written(item, leaf) for item in clause.body))
