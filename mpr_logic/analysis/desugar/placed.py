"""Past time: literals of the history that are placed among the calls, ``past read(D) at I``,
``past send(_) within 1h``, ``past A before past B``, ``not succeeded confirm since succeeded read(D)``.

The number of a call is its position. ``at`` and ``within`` read the calls, the others the first and the last
call of each row: ``past A before past B`` holds where the first ``A`` comes before the last ``B``. What is
denied becomes a count of nothing, so that no relation is added for it.

``since`` is that of past-time linear temporal logic (O. Lichtenstein, A. Pnueli, L. Zuck, The glory of the
past, 1985), for events: ``not A since B`` is its ``(not A) S B``, there was a ``B`` and no ``A`` after it.
``A since B`` is what is left where there was a ``B``: an ``A`` came after the last one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

from mpr_logic.analysis.desugar.part import Part
from mpr_logic.analysis.occurrences import AGE, CALL, FIRST, LAST
from mpr_logic.analysis.program import Rule
from mpr_logic.analysis.safety import bound_outside
from mpr_logic.analysis.terms import literals, names, places_calls, term_span, vars_of
from mpr_logic.analysis.times import UNTIMED
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import (
    NOWHERE,
    Aggregate,
    Arithmetic,
    Atom,
    Clause,
    Comparison,
    Const,
    Literal,
    Placed,
    Test,
    Var,
)
from mpr_logic.language.moments import SECOND, Duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import BodyItem, Span, Term, WrittenItem

_Items: TypeAlias = "list[Literal | Comparison | Test]"


def expand_placed(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with literals of numbered calls in place of those that are placed in time."""
    if not any(map(places_calls, clause.body)):
        return (Part(clause),)
    before = context.report.broken
    body = _Expansion(clause, context).body()
    return (Part(replace(clause, body=body)),) if context.report.broken == before else ()


class _Expansion:
    """The body of one clause without literals that are placed in time."""

    def __init__(self, clause: Clause, context: Context) -> None:
        self._clause = clause
        self._context = context
        self._made = 0
        self._denied: list[tuple[Literal, Span]] = []  # what only uses values

    def body(self) -> tuple[WrittenItem, ...]:
        found: list[WrittenItem] = []
        for item in self._clause.body:
            if isinstance(item, Aggregate):
                found.append(self._aggregate(item))
            elif isinstance(item, Placed):
                found += self._items(item)
            else:
                found.append(item)
        self._check_bound(cast("list[BodyItem]", found))
        return tuple(found)

    def _aggregate(self, item: Aggregate) -> Aggregate:
        inner: _Items = []
        for each in cast("tuple[WrittenItem, ...]", item.body):
            if not isinstance(each, Placed):
                inner.append(cast("Literal", each))
            elif each.word == "at" or (each.word == "within" and not each.literal.negated):
                inner += cast("_Items", self._items(each))
            else:
                said = f"{'not ' * each.literal.negated}{each.literal.tense} ... {each.word}"
                self._context.report.error(
                    "E0290",
                    f"`{said}` stands inside braces",
                    each.span,
                    "derive a relation from it, and count that; or give the calls positions, `past A at I`, "
                    "and compare those",
                )
        return replace(item, body=tuple(inner))

    def _items(self, item: Placed) -> Sequence[BodyItem]:
        literal, other, span = item.literal, item.other, item.span
        if item.word == "at":
            assert not isinstance(other, Literal)
            self._see_that_calls_have(item, other)
            return (replace(self._numbered(CALL, literal, other, span), negated=literal.negated),)
        if item.word == "within":
            assert not isinstance(other, Literal)
            self._see_that_calls_have(item, other)
            return self._denied_or(item, self._within(literal, other, span))
        assert isinstance(other, Literal)
        if item.word == "since":
            return self._since(literal, other, span)
        first, second = (FIRST, LAST) if item.word == "before" else (LAST, FIRST)
        one, two = self._number(span), self._number(span)
        order = Comparison("<" if item.word == "before" else ">", one, two, span)
        found: _Items = [
            self._numbered(first, literal, one, span),
            self._numbered(second, other, two, span),
            order,
        ]
        return self._denied_or(item, found)

    def _within(self, literal: Literal, length: Term, span: Span) -> _Items:
        clock = self._context.schema.relations.get("called")
        if clock is None or not clock.builtin:
            self._context.report.error(
                "E0262",
                f"`{literal.tense} ... within` asks when a call was made, and here nothing tells that",
                span,
                "a program whose relations are declared has a clock; in this one compare positions, `past A "
                "at I`, or times of your own",
            )
        number, age = self._number(span), self._number(span)
        known = Literal(Atom(f"{AGE}{literal.tense} {literal.atom.name}", (number, age), (), span), span=span)
        return [self._numbered(CALL, literal, number, span), known, Test("within", (age, length), span=span)]

    def _see_that_calls_have(self, item: Placed, place: Term) -> None:
        """Report a constant position, or length of time, that no call has."""
        value = place.value if isinstance(place, Const) else None
        if type(value) is int and value < 1 and item.word == "at":
            message = f"no call has the position {value}"
            help = (
                "they are counted from 1; a rule may ask which call is the last: `past A at I, I = max J : "
                "{ past any at J }`"
            )
        elif isinstance(value, Duration) and value.number <= 0 and item.word == "within":
            message = f"no call was made within {value}"
            help = "write how long ago it may be at most, such as `24h`"
        else:
            return
        self._context.report.error("E0292", message, term_span(place, item.span), help)

    def _since(self, literal: Literal, other: Literal, span: Span) -> Sequence[BodyItem]:
        """``not A since B``: no A is after a B. ``A since B``: one A is after a B, and no B after it."""
        one, two = self._number(span), self._number(span)
        after = Comparison(">", one, two, span)
        if literal.negated:
            self._denied.append((literal, span))
            begun = self._numbered(LAST, other, two, span)
            return [begun, *self._none([self._numbered(LAST, literal, one, span), after], span)]
        begun, later = self._numbered(LAST, other, two, span), self._number(span)
        again: _Items = [self._numbered(LAST, other, later, span), Comparison(">", later, one, span)]
        return [begun, self._numbered(LAST, literal, one, span), after, *self._none(again, span)]

    def _denied_or(self, item: Placed, found: _Items) -> Sequence[BodyItem]:
        if not item.literal.negated:
            return found
        self._denied += [(each, item.span) for each in item.literals]
        return self._none(found, item.span)

    def _none(self, found: _Items, span: Span) -> Sequence[BodyItem]:
        """The items that say that there is nothing of the kind."""
        number = self._number(span)
        many = Aggregate(number, "count", None, tuple(found), span)
        return [many, Comparison("<", number, Const(1, span), span)]

    def _numbered(self, prefix: str, literal: Literal, number: Term, span: Span) -> Literal:
        atom = literal.atom
        names = ("", *atom.names) if atom.names else ()
        name = f"{prefix}{literal.tense} {atom.name}"
        return Literal(Atom(name, (number, *atom.args), names, atom.span), span=span)

    def _number(self, span: Span) -> Var:
        self._made += 1
        return Var(f"#placed{self._made}", span)

    def _check_bound(self, body: Sequence[BodyItem]) -> None:
        """Report variables of what is denied that nothing else binds: in braces they would be groups."""
        clause, relations = self._clause, self._context.schema.relations
        head = relations.get(clause.head.name)
        given = head.given if head is not None else 0
        if clause.kind != "relation":
            given = len(clause.head.args)
        for literal, span in self._denied:
            asked = [self._asked(each) for each in body]
            known = bound_outside(asked, names(vars_of(clause.head.args[:given])))
            for var in vars_of(literal.atom.args):
                if not var.anonymous and var.name not in known:
                    self._context.report.error(
                        "E0303",
                        f"`{var.name}` stands in a negated literal, but nothing binds it",
                        term_span(var, span),
                        f"write `_` where any value will do, or bind `{var.name}` by a positive literal",
                    )

    def _asked(self, item: BodyItem) -> BodyItem:
        """An item, with the number of arguments that must have values before it is asked."""
        if not isinstance(item, Literal) or item.tense is not None:
            return item
        signature = self._context.schema.relations.get(item.atom.name)
        if signature is None or not signature.given:
            return item
        return replace(item, given=len(item.atom.args) if item.atom.names else signature.given)


# ---- how long ago a call was made


def ages_read(body: Iterable[BodyItem]) -> Iterator[str]:
    """The relations with ages of calls that a body reads."""
    return (literal.atom.name for literal in literals(body) if literal.atom.name.startswith(AGE))


def age_rules(relation: str, schema: Schema) -> Iterator[Rule]:
    """The rules that derive how long ago each call of a history was made, which is never less than no time: a
    clock may have been set back since. Of a call whose time nobody told, or where there is no clock, they
    derive that it is not known."""
    history = relation.removeprefix(AGE)
    number, age, second, now = (Var(f"#{name}") for name in ("number", "age", "second", "now"))
    anything = Var("_")
    columns = columns_of(schema, CALL + history)
    made = Literal(Atom(CALL + history, (number, *(anything for _ in columns.params[1:]))))
    told = Literal(Atom("called", (number, anything, second)))
    passed = Arithmetic("*", Arithmetic("-", now, second), Const(Duration(SECOND)))
    clock = (made, told, Literal(Atom("now", (now,))))
    known = (*clock, Comparison("<=", second, now), Comparison("=", age, passed))
    set_back = (*clock, Comparison(">", second, now))
    untold = (made, Literal(Atom("called", (number, anything, anything)), True))
    no_clock = (made, Literal(Atom("now", (anything,)), True))
    head = Atom(relation, (number, age))
    unknown = Const(UNTIMED)
    rules: list[tuple[tuple[BodyItem, ...], Term]]
    rules = [(known, age), (set_back, Const(Duration(0))), (untold, unknown), (no_clock, unknown)]
    for part, (body, last) in enumerate(rules):
        clause = Clause("relation", replace(head, args=(number, last)), body, span=NOWHERE)
        yield Rule(relation, relation, (number, last), body, 1.0, 0, clause, part)
