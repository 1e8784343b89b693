"""Conditions that hang together with nothing: with no argument of the call, or with each other's opposite."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import named_in_texts
from mpr_logic.analysis.desugar.classes import class_of
from mpr_logic.analysis.lints.bodies import whole_numbers
from mpr_logic.analysis.lints.constraints import Constraints, negation
from mpr_logic.analysis.lints.domains import literals_outside
from mpr_logic.analysis.lints.swaps import given_names
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.report import where
from mpr_logic.analysis.terms import item_terms, item_vars, literals, names, rewrite_item, term_vars
from mpr_logic.language.ast import Aggregate, Comparison, Literal, Var
from mpr_logic.language.printer import print_item, print_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Param

MOST_PERMITS = 50
"""Of more permits of one action no two are held against each other."""


def check_links(subject: Subject, report: DiagnosticCollector) -> None:
    """Report conditions that have nothing to do with the call, sums of a variable that has one value, and
    permits that together admit every call."""
    asking = _asking(subject.program)
    for rule in subject.program.rules:
        _own_variable(rule, report)
        if rule.clause.kind in ("forbid", "permit") and rule.given:
            _unlinked(rule, asking, subject.program, report)
    _together(subject.program, report)


def _own_variable(rule: Rule, report: DiagnosticCollector) -> None:
    for item in rule.body:
        if not isinstance(item, Aggregate) or item.expression is None:
            continue
        summed = names(term_vars(item.expression))
        inside = {name for each in item.body for name in names(item_vars(each))}
        outside = {name for term in rule.args for name in names(term_vars(term))}
        outside |= {n for i in rule.body if i is not item for t in item_terms(i) for n in names(term_vars(t))}
        if summed and summed <= inside & outside:
            shown = print_term(item.expression)
            report.error(
                "E0614",
                f"`{item.function}` takes `{shown}` from outside of its braces: there it has one value, and "
                "only what is equal to it counts",
                item.span,
                f"give it another name inside the braces, and behind `{item.function}`",
            )


def _unlinked(
    rule: Rule, asking: Mapping[str, set[int]], program: Program, report: DiagnosticCollector
) -> None:
    given = given_names(rule)
    if not all(isinstance(term, Var) for term in rule.args[: rule.given]):
        return
    asked = {name for item in rule.body for name in names(item_vars(item))}
    counts = Counter(v.name for item in rule.body for v in item_vars(item) if v.name != "_")
    said = set(named_in_texts(rule.clause))
    idle = given - said - asked
    unasked = [
        (param.name, base)
        for param, base, term in zip(*_columns(rule, program), rule.args, strict=False)
        if isinstance(term, Var) and term.name not in asked and _is_shared(param.name, rule, program)
    ]
    for literal in literals_outside(rule.body):
        name = literal.atom.name
        relation = program.schema.relations.get(name.removeprefix("not "))
        if relation is None or name.partition(" ")[0] in HISTORY or relation.builtin or relation.key == ():
            continue
        free = {
            place
            for place, term in enumerate(literal.atom.args)
            if isinstance(term, Var) and term.name not in given | said and counts[term.name] <= 1
        }
        of_key = set(relation.key or range(relation.arity))
        if not of_key or not of_key <= free:
            continue
        # where it opens, what else the rule asks for is no matter
        opens = literal.negated == (rule.clause.kind == "forbid")
        alike = any(relation.params[place].name == name for place in of_key for name, _ in unasked)
        # other rules ask it of a call, and here an argument of that type is left out
        elsewhere = any(
            relation.bases[place] == base
            for place in of_key & asking.get(relation.name, set())
            for _, base in unasked
        )
        if (alike or idle or elsewhere) and (opens or relation.key is not None or not asked & given):
            report.warn(
                "W0627",
                f"`{print_item(literal)}` asks about no argument of the call: it says that "
                f"{'there is nothing at all' if literal.negated else 'there is something'} in "
                f"`{relation.name}`",
                literal.span,
                f"name the argument of `{rule.clause.head.name}` in the head and here: "
                f"{print_term(Var(min(idle))) if idle else 'X'}",
            )


def _is_shared(name: str, rule: Rule, program: Program) -> bool:
    """Whether the head of a rule can name an argument: of a class those that its members share."""
    of = class_of(rule.clause, program.schema)
    return of is None or any(param.name == name for param in of.signature.params[: of.shared])


def _columns(rule: Rule, program: Program) -> tuple[Sequence[Param], Sequence[str]]:
    signature = program.schema.actions[str(rule.action)]
    return signature.params, signature.bases


def _asking(program: Program) -> dict[str, set[int]]:
    """The relations that some law asks about an argument of its call, with the places of these arguments."""
    found: dict[str, set[int]] = {}
    for rule in program.rules:
        given = given_names(rule)
        for literal in literals(rule.body) if given else ():
            for place, term in enumerate(literal.atom.args):
                if isinstance(term, Var) and term.name in given:
                    found.setdefault(literal.atom.name.removeprefix("not "), set()).add(place)
    return found


def _together(program: Program, report: DiagnosticCollector) -> None:
    for action, signature in program.schema.actions.items():
        permits = [rule for rule in program.rules_for(f"permit {action}") if len(rule.body) == 1]
        if len(permits) > MOST_PERMITS:
            continue
        told: set[str] = set()
        for one, other in itertools.combinations(permits, 2):
            lifted = [program.overrides.get(each.id, frozenset()) for each in (one, other)]
            if not (lifted[0] & lifted[1] or action in program.schema.closed) or other.id in told:
                continue
            if _is_all(one, other, program, signature.arity):
                told.add(other.id)
                report.warn(
                    "W0631",
                    f"this permit and the one{where(one.clause.span)} together permit every call",
                    other.clause.head.span,
                    "one of them is enough: to ask for both conditions, write them into one permit",
                )


def _is_all(one: Rule, other: Rule, program: Program, arity: int) -> bool:
    """Whether one of two conditions holds of every call."""
    first, second = (_of_places(each, arity) for each in (one, other))
    if first is None or second is None:
        return False
    if isinstance(first, Literal) and isinstance(second, Literal):
        return first.atom == second.atom and first.negated != second.negated
    denied = [negation(first), negation(second)]
    whole = {
        f"#{place}"
        for rule in (one, other)
        for place, term in enumerate(rule.args[:arity])
        if isinstance(term, Var) and term.name in whole_numbers(program, rule)
    }
    known = [each for each in denied if each is not None]
    return len(known) == 2 and Constraints(known, whole=whole).fault() is not None


def _of_places(rule: Rule, arity: int) -> BodyItem | None:
    """The one item of a rule's body, with the arguments of the action named by their places; None where it
    speaks of more than these, or the head asks something of them."""
    places = {
        t.name: f"#{i}" for i, t in enumerate(rule.args[:arity]) if isinstance(t, Var) and t.name != "_"
    }
    named = [t for t in rule.args[:arity] if t != Var("_")]
    item = rule.body[0]
    if len(places) != len(named) or not names(item_vars(item)) or not names(item_vars(item)) <= set(places):
        return None
    if not isinstance(item, (Comparison, Literal)):
        return None
    return rewrite_item(item, lambda t: Var(places.get(t.name, t.name)) if isinstance(t, Var) else t)
