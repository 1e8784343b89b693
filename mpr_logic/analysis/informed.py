"""Rules that ask to look first: where a law hangs on something unknown, the call that tells it comes first.

``get_details(R) tells reservation(R, _).`` declares that who has made the call knows the rows of
``reservation`` with that ``R``. A law may read the relation, itself or through other rules. For each such law
:func:`asking_rules` makes further rules with the same head and id. They forbid the action while

- no row of the relation with these arguments is known, no absence of one either, and the call has not
  succeeded, and
- the other conditions of the law hold, as far as they can be worked out without the relation.

Of several unknown relations the law asks for one after the other, in the order in which their arguments get
values. The conditions that are left are necessary for the law to hold, so the rules ask too often rather
than too rarely. A cycle of rules is not followed into a second turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.safety import bound_outside
from mpr_logic.analysis.terms import (
    inner_terms,
    item_terms,
    item_vars,
    literals,
    names,
    rewrite_item,
    term_vars,
    vars_of,
)
from mpr_logic.language.ast import Aggregate, Atom, Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.analysis.program import Rule, Schema, Tells
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Term

MOST = 32
"""The most rules that ask which one clause may come to."""


MOST_READ = 1_000
"""The most places that are looked at for one clause."""


class _TooManyError(Exception):
    """A law reads what calls tell in too many ways."""


class Site(NamedTuple):
    """A place where a law reads a relation that a call tells, or one that is not followed further: the
    literal, and the conditions beside it."""

    literal: Literal
    conditions: tuple[BodyItem, ...]


def unasked(rules: Sequence[Rule], schema: Schema) -> list[tuple[Rule, Literal]]:
    """The literals of laws, and of the rules below them, that read what calls tell while no call can be asked
    for: each with its law."""
    reader = _Reader([rule for rule in rules if rule.asks is None], schema)
    for rule in rules:
        if rule.clause.kind == "forbid" and rule.asks is None:
            reader.asking(rule)
    return reader.unasked


def asking_rules(
    rules: Sequence[Rule], schema: Schema, report: DiagnosticCollector
) -> tuple[list[Rule], frozenset[str]]:
    """The rules that ask to look first, and the relations that calls tell, themselves or through others.

    Args:
        rules: the rules of the program.
        schema: its declarations, with what calls tell.
        report: takes the laws of which too many such rules would come.
    """
    reader = _Reader(rules, schema)
    parts: dict[int, int] = {}
    for rule in rules:
        parts[id(rule.clause)] = max(parts.get(id(rule.clause), 0), rule.part + 1)
    found: list[Rule] = []
    for rule in rules:
        if rule.clause.kind != "forbid":
            continue
        try:
            made = reader.asking(rule)
        except _TooManyError:
            report.error(
                "E0273",
                f"this law reads what calls tell in more than {MOST} ways",
                rule.clause.head.span,
                "derive a relation from a part of it that reads fewer of them, and state that from outside",
            )
            continue
        for body, asks in made.items():
            number = parts[id(rule.clause)]
            parts[id(rule.clause)] += 1
            found.append(replace(rule, body=body, part=number, asks=asks))
    return found, reader.uncertain


class _Reader:
    """Finds where laws read what calls tell."""

    def __init__(self, rules: Sequence[Rule], schema: Schema) -> None:
        self._schema = schema
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.clause.kind == "relation":
                self._rules.setdefault(rule.head, []).append(rule)
        self._tells: dict[str, list[Tells]] = {}
        for each in schema.tells:
            self._tells.setdefault(each.relation, []).append(each)
        self._reading = self._readers()
        self.uncertain = frozenset({*self._tells, *self._reading})
        self._fresh = 0
        self.unasked: list[tuple[Rule, Literal]] = []

    def _readers(self) -> set[str]:
        """The derived relations that read what calls tell, themselves or through others."""
        uses: dict[str, set[str]] = {}
        for head, rules in self._rules.items():
            for literal in (each for rule in rules for each in literals(rule.body)):
                uses.setdefault(relation_asked(literal), set()).add(head)
        found: set[str] = set()
        todo = list(self._tells)
        while todo:
            new = uses.get(todo.pop(), set()) - found
            found |= new
            todo += new
        return found

    def asking(self, law: Rule) -> dict[tuple[BodyItem, ...], Atom]:
        """The bodies of the rules that ask for a law, each with the call that it asks for."""
        given = {name for term in law.args[: law.given] for name in names(term_vars(term))}
        found: dict[tuple[BodyItem, ...], Atom] = {}
        if not any(map(self._touches, law.body)):
            return found
        read = 0
        for site in self._sites(law.body, (), frozenset(), given):
            if relation_asked(site.literal) not in self._tells:
                self.unasked.append((law, site.literal))
                continue
            conditions = _that_can_be_worked_out(site.conditions, law.args, given)
            bound = bound_outside(conditions, given)
            tells = [
                each
                for each in self._tells[relation_asked(site.literal)]
                if _key(each, site.literal, bound) is not None
            ]
            if not tells:
                self.unasked.append((law, site.literal))
            # what tells it need not be asked for before it is called
            if tells and all(each.action != law.action for each in tells):
                body = (*conditions, *self._unknown(site.literal, tells))
                found.setdefault(body, _call(tells[0], site.literal))
            read += 1
            if len(found) > MOST or read > MOST_READ:
                raise _TooManyError
        return found

    def _touches(self, item: BodyItem) -> bool:
        return any(relation_asked(each) in self.uncertain for each in literals((item,)))

    def _sites(
        self, body: Sequence[BodyItem], outer: tuple[BodyItem, ...], within: frozenset[str], given: set[str]
    ) -> Iterator[Site]:
        """The places in a body, in the order in which their arguments get values.

        Args:
            body: the items of a rule.
            outer: the conditions outside of that rule.
            within: the derived relations whose rules are being read.
            given: the variables that the action gives values.
        """
        known = (*outer, *(item for item in body if not self._touches(item)))
        open_items = [item for item in body if self._touches(item)]
        while open_items:
            bound = bound_outside(known, given)
            place = next((n for n, i in enumerate(open_items) if self._is_ready(i, bound)), 0)
            item = open_items.pop(place)
            yield from self._sites_of(item, known, within, given)
            known = (*known, item)

    def _is_ready(self, item: BodyItem, bound: set[str]) -> bool:
        if not isinstance(item, Literal):
            return True
        tells = self._tells.get(relation_asked(item))
        return tells is None or any(_key(each, item, bound) is not None for each in tells)

    def _sites_of(
        self, item: BodyItem, known: tuple[BodyItem, ...], within: frozenset[str], given: set[str]
    ) -> Iterator[Site]:
        if isinstance(item, Aggregate):
            yield from self._sites(item.body, known, within, given)
        elif isinstance(item, Literal):
            name = relation_asked(item)
            if name in self._tells:
                yield Site(item, known)
            if name in within:
                yield Site(item, known)  # a second turn, which is not followed
            elif name in self._reading:
                for rule in self._rules[name]:
                    body = self._opened(rule, item)
                    if body is not None:
                        yield from self._sites(body, known, within | {name}, given)

    def _opened(self, rule: Rule, literal: Literal) -> list[BodyItem] | None:
        """The body of a rule whose head is a literal; None where they differ in a constant."""
        self._fresh += 1
        new: dict[str, Term] = {}
        equal: list[BodyItem] = []
        for ours, theirs in zip(rule.args, literal.atom.args, strict=True):
            if any(isinstance(term, Var) and term.anonymous for term in (ours, theirs)):
                continue
            if isinstance(ours, Var) and ours.name not in new:
                new[ours.name] = theirs
            elif isinstance(ours, Const) and isinstance(theirs, Const):
                if ours.value != theirs.value:
                    return None
            else:
                value = new[ours.name] if isinstance(ours, Var) else ours
                equal.append(Comparison("=", theirs, value, literal.span))

        def leaf(term: Term) -> Term:
            if not isinstance(term, Var) or term.anonymous:
                return term
            return new.get(term.name) or Var(f"#{self._fresh}{term.name}", term.span)

        return [*equal, *(rewrite_item(item, leaf) for item in rule.body)]

    def _unknown(self, literal: Literal, tells: Sequence[Tells]) -> Iterator[BodyItem]:
        """The items that say that nothing is known of what a literal speaks of."""
        name, args, span = relation_asked(literal), literal.atom.args, literal.span
        known = {place for place, _ in tells[0].places}
        wanted = tuple(term if place in known else Var("_") for place, term in enumerate(args))
        yield Literal(Atom(name, wanted, (), span), True, None, span)
        if self._schema.relations[name].open_world:
            yield Literal(Atom(f"not {name}", wanted, (), span), True, None, span)
        for each in tells:
            call = _call(each, literal)
            yield Literal(Atom(f"succeeded {call.name}", call.args, (), span), True, None, span)


def relation_asked(literal: Literal) -> str:
    """The relation that a core literal speaks of, whether of its rows or of its observed absences."""
    return literal.atom.name.removeprefix("not ")


def _key(tells: Tells, literal: Literal, bound: set[str]) -> dict[int, Term] | None:
    """The arguments of the call that tells what a literal speaks of; None where one has no value."""
    found: dict[int, Term] = {}
    for place, argument in tells.places:
        term = literal.atom.args[place]
        occurrences = list(term_vars(term))
        if any(v.anonymous for v in occurrences) or not names(occurrences) <= bound:
            return None
        found[argument] = term
    return found


def _call(tells: Tells, literal: Literal) -> Atom:
    args: list[Term] = [Var("_")] * tells.arity
    for place, argument in tells.places:
        args[argument] = literal.atom.args[place]
    return Atom(tells.action, tuple(args), (), literal.span)


def _that_can_be_worked_out(
    conditions: Sequence[BodyItem], args: Sequence[Term], given: set[str]
) -> tuple[BodyItem, ...]:
    """The conditions whose variables have values without the others."""
    outside = names(v for term in args for v in term_vars(term))
    outside |= names(v for item in conditions for term in item_terms(item) for v in term_vars(term))
    kept = tuple(conditions)
    while True:
        bound = bound_outside(kept, given)
        now = tuple(item for item in kept if _is_safe(item, bound, outside))
        if len(now) == len(kept):
            return kept
        kept = now


def _is_safe(item: BodyItem, bound: set[str], outside: set[str]) -> bool:
    if isinstance(item, Literal):
        needed = item_vars(item) if item.negated else vars_of(item.atom.args[: item.given])
        return names(needed) <= bound
    if isinstance(item, Aggregate):
        inner = names(v for term in inner_terms(item) for v in term_vars(term))
        return inner & outside <= bound
    return names(item_vars(item)) <= bound
