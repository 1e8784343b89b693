"""Enumerated types: the values that ``.type cabin <: symbol {economy, business}`` lists; and what a function
such as ``weekday`` may give.

A value that comes from outside a program is held to them where it is held to its built-in type
(:mod:`mpr_logic.analysis.atoms`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.atoms import stored
from mpr_logic.analysis.report import outside
from mpr_logic.analysis.terms import flat, literals, term_span
from mpr_logic.analysis.types import base, columns_of, listing
from mpr_logic.language.ast import Call, Comparison, Const, Literal, Var
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.desugar.part import SetFacts
    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import Param, Span, Term, TypeDecl, Value

Members = dict[str, tuple["Value", ...]]

NULL = "null"
"""The name that stands for an argument that a call leaves out."""


def read_members(
    declared: Sequence[TypeDecl], types: Mapping[str, str], report: DiagnosticCollector
) -> Members:
    """The values of each type that lists them, as columns hold them; what is wrong is reported."""
    found: Members = {}
    for each in declared:
        if each.members and types.get(each.name) == each.base and each.name not in found:
            found[each.name] = _values(each, base(types, each.base), report)
    for each in declared:
        over = listing(found, types, each.base)
        if over is not None:
            for member in each.members:
                value = stored(member.value, base(types, each.base))
                if value is not None and value not in found[over]:
                    span = term_span(member, each.span)
                    message, help = outside(value, over, found[over])
                    report.error("E0231", message, span, help)
    return found


def _values(declared: TypeDecl, kind: str, report: DiagnosticCollector) -> tuple[Value, ...]:
    values: dict[Value, None] = {}
    for member in declared.members:
        span = term_span(member, declared.span)
        value = stored(member.value, kind)
        if value is None:
            message = f"`{print_value(member.value)}` is no {kind}, and `{declared.name}` stands under {kind}"
            report.error("E0232", message, span, "let the type stand under another, or take the value away")
        elif value in values:
            message = f"`{declared.name}` lists {print_value(value)} twice"
            report.error("E0232", message, span, "keep one of them")
        else:
            values[value] = None
    return tuple(values)


def allowed(
    members: Mapping[str, tuple[Value, ...]], types: Mapping[str, str], param: Param
) -> frozenset[Value] | None:
    """The values that an argument takes; None where its type lists none."""
    over = listing(members, types, param.type)
    if over is None:
        return None
    return frozenset((*members[over], NULL)) if param.optional else frozenset(members[over])


class EnumeratedTerm(NamedTuple):
    """A term that stands where a type is asked for that lists its ``values``."""

    term: Term
    type: str
    values: frozenset[Value]
    kind: str  # the built-in type

    def takes(self, value: Value) -> bool:
        """Whether the type lists a value, in whatever form it is written."""
        return value in self.values or stored(value, self.kind) in self.values


def enumerated_places(clause: Resolved, schema: Schema, env: Mapping[str, str]) -> Iterator[EnumeratedTerm]:
    """The places where a clause wants a value of an enumerated type, or one that a function gives; ``env``
    are its variables' types."""
    given = given_by_functions(clause)
    if not (schema.members or given):
        return
    yield from _arguments(clause.args, [p for s in clause.columns for p in s.params], schema)
    for item in flat(clause.body):
        if isinstance(item, Literal):
            yield from _arguments(item.atom.args, columns_of(schema, item.atom.name).params, schema)
        elif isinstance(item, Comparison) and item.op in ("=", "!="):
            for one, other in ((item.left, item.right), (item.right, item.left)):
                listed = _listed(one, schema, env, given)
                if listed is not None:
                    yield EnumeratedTerm(other, *listed)


def _listed(
    term: Term, schema: Schema, env: Mapping[str, str], given: Mapping[Term, str]
) -> tuple[str, frozenset[Value], str] | None:
    """The name, the values and the built-in type of the list that a term's values are in; None if in none."""
    if term in given:
        return given[term], frozenset(FUNCTIONS[given[term]].values), "symbol"
    over = listing(schema.members, schema.types, env.get(term.name, "")) if isinstance(term, Var) else None
    if over is None:
        return None
    return over, frozenset((*schema.members[over], NULL)), base(schema.types, over)


def given_by_functions(clause: Resolved) -> dict[Term, str]:
    """The calls of functions that give only a few symbols, and the variables that are set to one, each with
    the function's name."""
    found: dict[Term, str] = {}
    for item in flat(clause.body):
        if isinstance(item, Comparison):
            for one, other in ((item.left, item.right), (item.right, item.left)):
                if isinstance(one, Call) and FUNCTIONS[one.function].values:
                    found[one] = one.function
                    if isinstance(other, Var) and item.op == "=":
                        found[other] = one.function
        elif isinstance(item, Literal):
            for one in item.atom.args:
                if isinstance(one, Call) and FUNCTIONS[one.function].values:
                    found[one] = one.function
    return found


def _arguments(args: Iterable[Term], params: Iterable[Param], schema: Schema) -> Iterator[EnumeratedTerm]:
    for term, param in zip(args, params, strict=True):
        values = allowed(schema.members, schema.types, param)
        if values is not None:
            yield EnumeratedTerm(term, param.type, values, base(schema.types, param.type))


def check_constants(places: Iterable[EnumeratedTerm], otherwise: Span, report: DiagnosticCollector) -> None:
    """Report the constants that are none of the values that are asked for."""
    for place in places:
        if isinstance(term := place.term, Const) and not place.takes(term.value):
            message, help = outside(term.value, place.type, place.values - {NULL})
            report.error("E0231", message, term_span(term, otherwise), help)


def check_sets(
    clause: Resolved,
    schema: Schema,
    env: Mapping[str, str],
    sets: Mapping[str, SetFacts],
    report: DiagnosticCollector,
) -> None:
    """Report the members of a set that a term whose values are listed cannot be."""
    if not sets:
        return
    given = given_by_functions(clause)
    for literal in literals(clause.body):
        if literal.atom.name not in sets:
            continue
        (term,) = literal.atom.args
        listed = _listed(term, schema, env, given)
        if listed is not None:
            place = EnumeratedTerm(term, *listed)
            for value in sets[literal.atom.name].values:
                if not place.takes(value):
                    message, help = outside(value, place.type, place.values - {NULL})
                    report.error("E0231", message, term_span(term, literal.span), help)


Watched = tuple[int, EnumeratedTerm]


def watched(places: Iterable[EnumeratedTerm]) -> tuple[Watched, ...]:
    """The constants of a clause that stand where values are listed, with these: they are counted, and in the
    clause the variables ``$0``, ``$1``, ... stand in their places."""
    return tuple(
        (int(each.term.name[1:]), each)
        for each in places
        if isinstance(each.term, Var) and each.term.name[0] == "$"
    )
