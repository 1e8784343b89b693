"""Declarations of what calls tell: ``get_details(R) tells reservation(R, _).``"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.program import Tells
from mpr_logic.analysis.resolve import Resolver
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Atom, TellsDecl, Var
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.analysis.program import Rule, Schema
    from mpr_logic.analysis.report import DiagnosticCollector

_FORM = "the form is `action(X) tells relation(X, _).`"


def collect_tells(
    declared: Iterable[TellsDecl], schema: Schema, report: DiagnosticCollector
) -> tuple[Tells, ...]:
    """Read declarations of what calls tell; those that are wrong are reported and left out."""
    found = (_read(each, schema, report) for each in declared)
    return tuple(each for each in found if each is not None)


def tells_declaration(tells: Tells, schema: Schema) -> TellsDecl:
    """The statement that declares what a call tells."""
    names = {place: f"X{number + 1}" for number, place in enumerate(sorted(a for _, a in tells.places))}
    of = {place: names[argument] for place, argument in tells.places}
    arity = schema.relations[tells.relation].arity
    return TellsDecl(
        Atom(tells.action, tuple(Var(names.get(place, "_")) for place in range(tells.arity))),
        Atom(tells.relation, tuple(Var(of.get(place, "_")) for place in range(arity))),
    )


def check_tells(schema: Schema, rules: Sequence[Rule], report: DiagnosticCollector) -> None:
    """Report calls that are said to tell what rules derive, unless that is from results of calls."""
    if not schema.tells:
        return
    read: dict[str, set[str]] = {}
    for rule in rules:
        if rule.clause.kind == "relation":
            read.setdefault(rule.head, set()).update(each.atom.name for each in literals(rule.body))
    for each in schema.tells:
        if each.relation in read and RESULTS.isdisjoint(_below(each.relation, read)):
            report.error(
                "E0272",
                f"`{each.relation}` is derived by rules, so no call tells it",
                each.span,
                "name the relations that its rules read, or derive it from what the call returned",
            )


RESULTS = frozenset({"returned", "refused"})
"""The built-in relations with the results of calls."""


def _below(relation: str, read: Mapping[str, set[str]]) -> set[str]:
    """The relations that a relation is derived from, directly or through others."""
    found: set[str] = set()
    left = [relation]
    while left:
        new = read.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _read(each: TellsDecl, schema: Schema, report: DiagnosticCollector) -> Tells | None:
    """Resolve one declaration; None where it is declared wrongly (reported)."""
    names = Resolver(schema, report)
    action = names.action(each.action.name, each.action.span)
    relation = names.relation(each.relation.name, each.relation.span)
    if action is None or relation is None:
        return None
    args = names.place(each.action, action, ".action", fill=True)
    told = names.place(each.relation, relation, ".decl", fill=True)
    if args is None or told is None:
        return None
    known: dict[str, int] = {}
    for place, term in enumerate(args):
        if not isinstance(term, Var) or term.name in known:
            message = f"the arguments of `{action.name}` are different variables here"
            report.error("E0270", message, term_span(term, each.span), _FORM)
            return None
        if not term.anonymous:
            known[term.name] = place
    places: list[tuple[int, int]] = []
    for place, term in enumerate(told):
        if isinstance(term, Var) and term.anonymous:
            continue
        if not isinstance(term, Var) or term.name not in known:
            message = f"`{print_term(term)}` is no argument of the call"
            help = f"write `_` for what the call tells; {_FORM}"
            report.error("E0270", message, term_span(term, each.span), help)
            return None
        places.append((place, known[term.name]))
    return Tells(action.name, relation.name, tuple(places), action.arity, each.span)
