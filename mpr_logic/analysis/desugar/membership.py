"""Sets, ``X in {a, b}``: a literal of an anonymous relation, of which the members are facts.

So a set binds and tests as relations do, by an index: one of thousands of members costs no more than one of
two, and makes no further rules. Equal sets are one relation (:mod:`mpr_logic.language.sets`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from mpr_logic.analysis.atoms import stored
from mpr_logic.analysis.desugar.part import Part, SetFacts
from mpr_logic.analysis.terms import term_span
from mpr_logic.analysis.types import join, listing, value_type
from mpr_logic.language.ast import Aggregate, Atom, Const, Literal, Membership, Test, Var
from mpr_logic.language.printer import print_value
from mpr_logic.language.sets import set_relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.language.ast import Clause, WrittenItem


def expand_memberships(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with a literal in the place of each membership, in braces too, and of each test whether a
    value is of an enumerated type."""
    sugar = (Membership, Aggregate, Test) if context.schema.members else (Membership, Aggregate)
    if not any(isinstance(item, sugar) for item in clause.body):
        return (Part(clause),)
    body = tuple(_expanded(item, context) for item in clause.body)
    if all(new is old for new, old in zip(body, clause.body, strict=True)):
        return (Part(clause),)
    return (Part(replace(clause, body=body)),)


def _expanded(item: WrittenItem, context: Context) -> WrittenItem:
    if isinstance(item, Membership):
        return _literal(item, context)
    if isinstance(item, Test) and item.name == "is" and isinstance(item.args[1], Const):
        over = listing(context.schema.members, context.schema.types, str(item.args[1].value))
        if over is not None:
            members = tuple(map(Const, context.schema.members[over]))
            return _literal(Membership(item.args[0], members, item.negated, item.span), context)
    if isinstance(item, Aggregate) and any(isinstance(inner, (Membership, Test)) for inner in item.body):
        body = tuple(_expanded(inner, context) for inner in item.body)
        return replace(item, body=cast("tuple[Literal, ...]", body))
    return item


def _literal(item: Membership, context: Context) -> Literal:
    values = [member.value for member in item.members if isinstance(member, Const)]
    kinds = {value_type(value) for value in values}
    kind = "float" if kinds == {"int", "float"} else _joined(kinds)
    held = tuple(dict.fromkeys(value for each in values if (value := stored(each, kind)) is not None))
    name = set_relation(kind, map(print_value, held))
    context.sets.setdefault(name, SetFacts(held, item.span))
    if isinstance(item.term, Var) and item.term.anonymous:
        help = "name the variable that another item binds; `_` is another value each time"
        context.report.error("E0127", "`_` stands before `in`", term_span(item.term, item.span), help)
    return Literal(Atom(name, (item.term,), (), item.span), item.negated, None, item.span)


def _joined(kinds: set[str]) -> str:
    first, *others = sorted(kinds)
    for other in others:
        first = join(first, other)
    return first
