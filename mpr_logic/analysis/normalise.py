"""Rewrites a resolved clause so that engines meet fewer cases.

* A variable that stands inside the braces of an aggregate and in no place outside of braces gets a
  name of its own in each aggregate: two aggregates never share a local variable.
* An argument that is computed becomes a fresh variable with a comparison before the atom:
  ``p(N + 1)`` is ``#1 = N + 1, p(#1)``. No text can contain a name with ``#``.
* Rows of a float column hold floats: an int constant there becomes a float, an int variable in a
  head is added to 0.0.
* So does an int that is passed to a float column of a relation with modes.
* A sum of floats is a float where there is nothing to sum, too: where that can be told (a column of floats
  takes it, or the clause divides), 0.0 is added.
* A sum of durations is one where there is nothing to sum: 0s is added. A text that stands for a time is one.
* A function that may have no value is worked out in a comparison of its own, ``#1 = to_int(T)``, and the test
  of a type asks for the built-in one below it.
* ``item(L, -1, X)``, the last item, is ``list_length(L, #1), #2 = #1 + -1, item(L, #2, X)``.
* The members of a set are as the column that they are compared with has them: ints, floats or times.
* In the braces of an aggregate a literal of the history becomes one of calls: see
  :mod:`mpr_logic.analysis.occurrences`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.atoms import stored
from mpr_logic.analysis.desugar.part import SetFacts
from mpr_logic.analysis.occurrences import tell_apart
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.safety import shared
from mpr_logic.analysis.terms import (
    divides,
    inner_terms,
    is_partial,
    item_terms,
    names,
    partial_calls,
    rewrite_item,
    term_span,
    term_vars,
)
from mpr_logic.analysis.times import MOMENTS, as_moment
from mpr_logic.analysis.types import Typing, base, columns_of, type_tests
from mpr_logic.language.ast import Aggregate, Arithmetic, Call, Comparison, Const, Literal, Test, Var
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.moments import Duration
from mpr_logic.language.printer import print_value
from mpr_logic.language.sets import is_set, set_kind, set_relation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import BodyItem, Span, Term, Value


def apart(clause: Resolved) -> Resolved:
    """The clause with the local variables of its aggregates renamed where two aggregates use one name."""
    if sum(isinstance(i, Aggregate) for i in clause.body) < 2:
        return clause
    seen: set[str] = set()
    body: list[BodyItem] = []
    for place, item in enumerate(clause.body):
        if isinstance(item, Aggregate):
            local = {n for t in inner_terms(item) for n in names(term_vars(t))}
            local -= shared(clause.args, clause.body, item)
            twice = local & seen
            seen |= local
            if twice:
                item = _rename(item, {name: f"{name}#{place}" for name in twice})
        body.append(item)
    return replace(clause, body=tuple(body))


def _rename(item: Aggregate, new: Mapping[str, str]) -> Aggregate:
    def leaf(term: Term) -> Term:
        return replace(term, name=new[term.name]) if isinstance(term, Var) and term.name in new else term

    renamed = rewrite_item(item, leaf)
    assert isinstance(renamed, Aggregate)
    return renamed


class Normaliser:
    """The rewriting of one clause; ``env`` are the types of its variables, ``sets`` the sets by relation."""

    def __init__(self, schema: Schema, env: Mapping[str, str], sets: dict[str, SetFacts]) -> None:
        self.schema = schema
        self.typing = Typing(schema, DiagnosticCollector())
        self.typing.env = dict(env)
        self.sets = sets
        self.fresh = 0
        self.divides = False
        self.sums: set[str] = set()  # the variables that are sums of floats
        self.numbers: set[str] = set()  # those that a test has found to be numbers: ints too

    def head(self, clause: Resolved) -> tuple[tuple[Term, ...], list[BodyItem]]:
        """The head's arguments, and the comparisons that work them out: they go behind the body."""
        args: list[Term] = []
        after: list[BodyItem] = []
        bases = [b for s in clause.columns for b in s.bases]
        for place, (term, column) in enumerate(zip(clause.args, bases, strict=True)):
            span = clause.clause.head.span
            if not isinstance(term, (Var, Const)):
                term = self._total(term, span, after)
            if isinstance(term, Const):
                args.append(as_column(term, column))
            elif column == "float" and place >= clause.given and self._becomes_float(term):
                as_float = Arithmetic("+", term, Const(0.0), term_span(term, span))
                args.append(self._compute(as_float, span, after))
            elif isinstance(term, (Arithmetic, Call)):
                args.append(self._compute(term, span, after))
            else:
                args.append(term)
        return (clause.args if all(map(_same, args, clause.args)) else tuple(args)), after

    def clause(self, clause: Resolved) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
        """The head's arguments and the body."""
        terms = [*clause.args, *(t for item in clause.body for t in item_terms(item))]
        self.divides = any(isinstance(term, Arithmetic) and divides(term) for term in terms)
        self.numbers = {n for n, kind in type_tests(clause.body) if base(self.schema.types, kind) == "float"}
        body = self.body(clause.body)
        args, after = self.head(clause)
        return args, (*body, *after)

    def body(self, items: Sequence[BodyItem]) -> list[BodyItem]:
        """The items of a body, comparisons put before the atoms whose arguments they work out."""
        done: list[BodyItem] = []
        for item in items:
            done += self.item(item)
        return done

    def item(self, item: BodyItem) -> list[BodyItem]:
        """One item of a body, as one item or more."""
        if isinstance(item, Literal):
            before: list[BodyItem] = []
            literal = self._literal(self._counted(item, before), before)
            return [*before, literal]
        if isinstance(item, Aggregate):
            inner: list[Literal | Comparison | Test] = []
            after: list[BodyItem] = []
            if item.expression is not None and partial_calls(item.expression):
                item = replace(item, expression=self._total(item.expression, item.span, after))
            for each in [*self.body(tell_apart(item.body, self._name)), *after]:
                assert not isinstance(each, Aggregate)  # the grammar has no nested ones
                inner.append(each)
            if len(inner) != len(item.body) or not all(map(_same, inner, item.body)):
                item = replace(item, body=tuple(inner))
            return self._sum(item) if item.function == "sum" else [self._target(item)]
        if isinstance(item, Test):
            return self._test(item)
        item = self._moments(item)
        return self._comparison(item) if any(map(partial_calls, (item.left, item.right))) else [item]

    def _counted(self, item: Literal, before: list[BodyItem]) -> Literal:
        """A literal of a list's item whose position counts from the end, as one whose position is known."""
        if item.atom.name != "item" or not columns_of(self.schema, "item").builtin:
            return item
        whole, position, value = item.atom.args
        if not (isinstance(position, Const) and isinstance(position.value, int) and position.value < 0):
            return item
        length = Var(self._name(), position.span)
        before.append(Literal(replace(item.atom, name="list_length", args=(whole, length)), span=item.span))
        place = self._compute(Arithmetic("+", length, position, position.span), item.span, before)
        return replace(item, atom=replace(item.atom, args=(whole, place, value)))

    def _test(self, item: Test) -> list[BodyItem]:
        """A test of terms that have a value; of a built-in type."""
        before: list[BodyItem] = []
        first, second = item.args
        if partial_calls(first) or partial_calls(second):
            first, second = self._total(first, item.span, before), self._total(second, item.span, before)
        if item.name == "is" and isinstance(second, Const):
            second = Const(base(self.schema.types, str(second.value)), second.span)
        if (first, second) == item.args:
            return [item]
        return [*before, replace(item, args=(first, second))]

    def _comparison(self, item: Comparison) -> list[BodyItem]:
        """A comparison of terms that have a value; ``=`` may itself ask for that of one function."""
        before: list[BodyItem] = []
        sides = item.left, item.right
        for call, other in (sides, sides[::-1]) if item.op == "=" else ():
            if is_partial(call) and isinstance(other, (Var, Const)):
                assert isinstance(call, Call)
                args = tuple([self._total(each, item.span, before) for each in call.args])
                kept = item if args == call.args else _with(item, call, replace(call, args=args))
                return [*before, kept]
        left, right = (self._total(each, item.span, before) for each in sides)
        return [*before, replace(item, left=left, right=right)]

    def _total(self, term: Term, span: Span, items: list[BodyItem]) -> Term:
        """The term with variables for functions that may have no value: they are worked out before."""
        if not partial_calls(term):
            return term
        if isinstance(term, Arithmetic):
            left, right = self._total(term.left, span, items), self._total(term.right, span, items)
            return replace(term, left=left, right=right)
        assert isinstance(term, Call)
        call = replace(term, args=tuple([self._total(each, span, items) for each in term.args]))
        return self._compute(call, span, items) if is_partial(call) else call

    def _target(self, item: Aggregate) -> Aggregate:
        """A least or greatest value that is given: a text, where times are looked at, is a time."""
        if item.expression is None or not isinstance(item.target, Const):
            return item
        kind = self._base(item.expression)
        return replace(item, target=as_column(item.target, kind)) if kind in MOMENTS else item

    def _moments(self, item: Comparison) -> Comparison:
        """A comparison; a text that is compared with a value of a type of time is such a value."""
        left, right = item.left, item.right
        if isinstance(left, Const) == isinstance(right, Const):
            return item
        other = self._base(right if isinstance(left, Const) else left)
        if other not in MOMENTS:
            return item
        new = [as_column(side, other) if isinstance(side, Const) else side for side in (left, right)]
        return item if all(map(_same, new, (left, right))) else replace(item, left=new[0], right=new[1])

    def _base(self, term: Term) -> str:
        """The built-in type of a term."""
        return base(self.schema.types, self.typing.type_of(term) or "any")

    def _sum(self, item: Aggregate) -> list[BodyItem]:
        """A sum, and what makes a float of it."""
        target = item.target
        assert item.expression is not None
        nothing: Value = 0.0
        if self._base(item.expression) == "duration":
            nothing = Duration(0)
            target = as_column(target, "duration") if isinstance(target, Const) else target
        elif not isinstance(target, Var) or not self._is_float(item.expression):
            return [item]
        else:
            self.sums.add(target.name)
            if not self.divides:
                return [item]
        whole = Var(self._name(), target.span)
        made = Arithmetic("+", whole, Const(nothing), item.span)
        return [replace(item, target=whole), Comparison("=", target, made, item.span)]

    def _becomes_float(self, term: Term) -> bool:
        """Whether a term may be an int that stands for a float."""
        return self._is_int(term) or (
            isinstance(term, Var) and (term.name in self.sums or term.name in self.numbers)
        )

    def _is_float(self, term: Term) -> bool:
        """Whether a term can be no int."""
        if isinstance(term, Arithmetic):
            return self._is_float(term.left) or self._is_float(term.right)
        if isinstance(term, Const):
            return isinstance(term.value, float)
        if isinstance(term, Call):
            return FUNCTIONS[term.function].gives == "float"
        return self._base(term) == "float"

    def _literal(self, literal: Literal, before: list[BodyItem]) -> Literal:
        if is_set(literal.atom.name):
            literal = self._as_compared(literal)
        bases = columns_of(self.schema, literal.atom.name).bases
        args: list[Term] = []
        for place, (term, column) in enumerate(zip(literal.atom.args, bases, strict=True)):
            if isinstance(term, Const):
                args.append(as_column(term, column))
            elif place < literal.given and column == "float" and self._is_int(term):
                as_float = Arithmetic("+", term, Const(0.0), term_span(term, literal.span))
                args.append(self._compute(as_float, literal.span, before))
            elif isinstance(term, Var):
                args.append(term)
            else:
                term = self._total(term, literal.span, before)
                args.append(term if isinstance(term, Var) else self._compute(term, literal.span, before))
        if all(map(_same, args, literal.atom.args)):
            return literal
        return replace(literal, atom=replace(literal.atom, args=tuple(args)))

    def _as_compared(self, literal: Literal) -> Literal:
        """A literal of a set, its members as the column has them that the term comes from."""
        (term,), name = literal.atom.args, literal.atom.name
        own = set_kind(name)
        kind = base(self.schema.types, self.typing.type_of(term) or own)
        if kind != "float" and kind not in MOMENTS:
            kind = "any" if own == "float" else own  # where numbers that are whole are ints
        if kind == own:
            return literal
        values, span = self.sets[name]
        held = tuple(value for each in values if (value := stored(each, kind)) is not None)
        name = set_relation(kind, map(print_value, held))
        self.sets.setdefault(name, SetFacts(held, span))
        return replace(literal, atom=replace(literal.atom, name=name))

    def _is_int(self, term: Term) -> bool:
        """Whether a term may turn out to be an int: floats are contagious, so no float stands in it."""
        if isinstance(term, Arithmetic):
            return self._is_int(term.left) and self._is_int(term.right)
        if isinstance(term, Const):
            return type(term.value) is int
        if isinstance(term, Call):
            return FUNCTIONS[term.function].gives == "int"
        return self._base(term) == "int"

    def _compute(self, term: Term, span: Span, items: list[BodyItem]) -> Var:
        var = Var(self._name(), term_span(term, span))
        if isinstance(term, Call):
            self.typing.env[var.name] = f"={FUNCTIONS[term.function].gives}"
        items.append(Comparison("=", var, term, term_span(term, span)))
        return var

    def _name(self) -> str:
        self.fresh += 1
        return f"#{self.fresh}"


def _with(item: Comparison, old: Term, new: Term) -> Comparison:
    return replace(
        item, left=new if item.left is old else item.left, right=new if item.right is old else item.right
    )


def as_column(term: Const, column: str) -> Const:
    """The constant as a column of this built-in type stores it: an int among floats is a float, a text among
    times is an instant."""
    value = as_stored(term.value, column)
    return term if value is term.value else Const(value, term.span)


def as_stored(value: Value, column: str) -> Value:
    """A constant's value as a column of this built-in type stores it."""
    if column == "float" and isinstance(value, int):
        return float(value)
    return value if column not in MOMENTS else as_moment(value, column) or value


def _same(new: object, old: object) -> bool:
    return new is old
