"""The values that each relation may ever hold: an abstract interpretation of the program over sets of values.

The program's own facts and rules say it, as long as nothing else fills a relation. The host fills what is
declared ``input``, what it sees in part (``open_world``), what its functions return, what the state says, and
the built-in relations; effects fill what actions cause. Of such a relation no value is known to be missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.constraints import Constraints
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.language.ast import Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.lints.deployment import Deployment, Domain
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import BodyItem, Term, Value

MOST_ROUNDS = 50
"""Domains grow with each round; what still grows then may be anything."""


class Domains:
    """The relations of a program, and what fills them. ``columns`` has the domains of every core relation
    that may hold a row; what is not in it is empty for ever. ``settings`` are relations with a fact that
    reads a parameter, so that the host sets it."""

    def __init__(
        self,
        program: Program,
        deployment: Deployment,
        actions: Mapping[str, tuple[Domain, ...]],
        settings: Iterable[str] = (),
    ) -> None:
        self.program = program
        self.actions = actions  # those that may be called, with the domains of their arguments
        self.columns: dict[str, tuple[Domain, ...]] = {}
        self.effects = self._effects_of()
        self.hosted = frozenset((*self._hosted(deployment), *settings))
        for name in self.hosted:
            self.columns[name] = (None,) * program.arity.get(name, 0)
        for name, domains in actions.items():
            for word in HISTORY:
                self.columns[f"{word} {name}"] = domains
        self.stated: dict[str, int] = {}  # how many rows there are of what facts alone fill
        self._facts()
        self._grow()

    def has_source(self, relation: str) -> bool:
        """Whether anything at all is meant to fill a relation: the host, a fact, a rule or an effect."""
        return relation in self.columns or bool(self.program.rules_for(relation)) or relation in self.effects

    def of(self, rule: Rule) -> dict[str, frozenset[Value]] | None:
        """The domains of a rule's variables, as far as there are only some values; None where what it needs
        of a relation is never there."""
        found = _narrowed(self._bindings(rule))
        needed = (item.atom.name for item in literals_outside(rule.body) if not item.negated)
        return None if any(name not in self.columns for name in needed) else found

    def within(
        self, outside: Mapping[str, frozenset[Value]], body: Iterable[BodyItem]
    ) -> dict[str, frozenset[Value]] | None:
        """The domains of the variables inside the braces of an aggregate, beside those outside."""
        given = ((Var(name), domain) for name, domain in outside.items())
        return _narrowed([*given, *self._columns(body)])

    # -- inside --------------------------------------------------------------------------------

    def _hosted(self, deployment: Deployment) -> Iterator[str]:
        yield from deployment.functions
        yield from (fact.relation for fact in deployment.facts)
        for name, signature in self.program.schema.relations.items():
            if signature.builtin or signature.input or signature.shared or signature.changed_by is not None:
                yield name
            if signature.open_world:
                yield name
                yield f"not {name}"

    def _effects_of(self) -> dict[str, list[Rule]]:
        found: dict[str, list[Rule]] = {}
        for rule in self.program.rules:
            if rule.clause.kind == "causes" and rule.clause.effect is not None:
                found.setdefault(rule.clause.effect.name, []).append(rule)
        return found

    def _facts(self) -> None:
        values: dict[str, list[set[Value]]] = {}
        for fact in self.program.facts:
            if fact.relation in self.hosted:
                continue
            columns = values.setdefault(fact.relation, [set() for _ in fact.row])
            for column, value in zip(columns, fact.row, strict=True):
                column.add(value)
        for name, columns in values.items():
            if not self.program.rules_for(name) and name not in self.effects:
                self.stated[name] = len({f.row for f in self.program.facts if f.relation == name})
            known = self.columns.get(name)
            if known is None:
                self.columns[name] = tuple(map(frozenset, columns))

    def _grow(self) -> None:
        """Add what rules and effects derive, until nothing new comes."""
        derived = [(rule, rule.head, 0) for rule in self.program.rules if rule.clause.kind == "relation"]
        derived += [(r, name, r.given) for name, rules in self.effects.items() for r in rules]
        derived = [each for each in derived if each[1] not in self.hosted]
        for number in range(MOST_ROUNDS):
            grown = False
            for rule, name, given in derived:
                row = self._row(rule, given)
                if row is not None:
                    grown = self._add(name, row, number == MOST_ROUNDS - 1) or grown
            if not grown:
                return

    def _row(self, rule: Rule, given: int) -> tuple[Domain, ...] | None:
        """The values that a rule can put into each column; None where it can derive nothing."""
        if rule.action is not None and rule.action not in self.actions:
            return None
        found = self.of(rule)
        if found is None or Constraints(rule.body, found).fault() is not None:
            return None
        for item in rule.body:  # an equation names the only value
            if isinstance(item, Comparison) and item.op == "=":
                for term, other in ((item.left, item.right), (item.right, item.left)):
                    if isinstance(term, Var) and isinstance(other, Const):
                        found[term.name] = frozenset((other.value,))
        return tuple(self._value(term, found) for term in rule.args[given:])

    def _value(self, term: Term, found: Mapping[str, frozenset[Value]]) -> Domain:
        if isinstance(term, Const):
            return frozenset((term.value,))
        return found.get(term.name) if isinstance(term, Var) else None

    def _add(self, name: str, row: tuple[Domain, ...], last: bool) -> bool:
        old = self.columns.get(name)
        if old is None:
            self.columns[name] = row
            return True
        new = tuple(_joined(a, b, last) for a, b in zip(old, row, strict=True))
        self.columns[name] = new
        return new != old

    def _bindings(self, rule: Rule) -> Iterator[tuple[Term, Domain]]:
        if rule.action is not None and rule.action in self.actions:
            yield from zip(rule.args, self.actions[rule.action], strict=False)
        yield from self._columns(rule.body)

    def _columns(self, body: Iterable[BodyItem]) -> Iterator[tuple[Term, Domain]]:
        for literal in literals_outside(body):
            if not literal.negated:
                columns = self.columns.get(literal.atom.name)
                if columns is not None:
                    yield from zip(literal.atom.args, columns, strict=True)


def _narrowed(bindings: Iterable[tuple[Term, Domain]]) -> dict[str, frozenset[Value]] | None:
    """The values that variables have by all their bindings; None where a constant is none of its domain."""
    found: dict[str, frozenset[Value]] = {}
    for term, domain in bindings:
        if domain is None:
            continue
        if isinstance(term, Var) and term.name != "_":
            found[term.name] = found[term.name] & domain if term.name in found else domain
        elif isinstance(term, Const) and term.value not in domain:
            return None
    return found


def literals_outside(body: Iterable[BodyItem]) -> Iterator[Literal]:
    """The literals of a body that stand outside of braces."""
    return (item for item in body if isinstance(item, Literal))


def _joined(one: Domain, other: Domain, last: bool) -> Domain:
    """The values of either; any, where there are more after the last round."""
    if one is None or other is None or (last and not other <= one):
        return None
    return one | other
