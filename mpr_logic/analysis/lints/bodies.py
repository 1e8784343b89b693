"""Rules whose bodies can never hold, by themselves or with the values that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.constraints import Constraints
from mpr_logic.analysis.terms import item_terms, item_vars, literals, term_vars
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Test, Var
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Term, Value


LEAST = {"called": {0: 1, 2: 0}, "item": {1: 0}, "list_length": {1: 0}, "now": {0: 0}}
"""By relation and place, the number that none there is less than."""


def check_bodies(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each rule whose body cannot hold, and each aggregate that can range over nothing."""
    program = subject.program
    for rule in program.rules:
        domains = subject.domains.of(rule)
        _openings(program, rule, report)
        if not _worth(rule, domains or {}):
            continue
        whole, least = whole_numbers(program, rule), _least(rule)
        fault = Constraints(rule.body, domains, whole, least).fault()
        if fault is not None:
            if rule.part or not all(contradicts_itself(each, subject) for each in program.parts_of(rule)):
                continue  # of alternatives one may be ruled out by what stands beside them
            report.error(
                "E0608",
                f"this rule can never hold: {fault}",
                rule.clause.head.span,
                _meant(rule) or "change it, or what contradicts it, or take the rule away",
            )
            continue
        for item in rule.body:
            if isinstance(item, Aggregate):
                outside = [each for each in rule.body if not isinstance(each, Aggregate)]
                within = subject.domains.within(domains or {}, item.body)
                inside = Constraints([*outside, *item.body], within, whole, least).fault()
                if inside is not None:
                    report.error(
                        "E0608",
                        f"this `{item.function}` ranges over nothing: {inside}",
                        item.span,
                        "change one of them",
                    )


def contradicts_itself(rule: Rule, subject: Subject) -> bool:
    """Whether a rule has an error of its own: its body can never hold."""
    domains = subject.domains.of(rule)
    return (
        Constraints(rule.body, domains, whole_numbers(subject.program, rule), _least(rule)).fault()
        is not None
    )


def _least(rule: Rule) -> dict[str, int]:
    """The variables of a rule that stand for what begins with some number."""
    return {
        term.name: number
        for literal in literals(rule.body)
        for place, number in LEAST.get(literal.atom.name, {}).items()
        if place < len(literal.atom.args) and not literal.negated
        for term in [literal.atom.args[place]]
        if isinstance(term, Var) and term.name != "_"
    }


def _openings(program: Program, rule: Rule, report: DiagnosticCollector) -> None:
    """Report what looks into a number for a field, or for an item that is a text: a number has no field, and
    itself as its only item."""
    numbers = {
        term.name
        for term, base in _columns(program, rule)
        if base in ("int", "float") and isinstance(term, Var) and term.name != "_"
    }
    for literal in literals(rule.body):
        name, args = literal.atom.name, literal.atom.args
        if name == "field" or (
            name == "item" and isinstance(args[2], Const) and isinstance(args[2].value, str)
        ):
            term = args[0]
            if not program.schema.relations[name].builtin:
                continue
            if (isinstance(term, Var) and term.name in numbers) or (
                isinstance(term, Const) and not isinstance(term.value, str)
            ):
                report.error(
                    "E0608",
                    f"`{print_term(term)}` is a number, which has no "
                    + ("fields" if name == "field" else "item but itself"),
                    literal.span,
                    f"name the argument that holds {'an object' if name == 'field' else 'a list'}",
                )


def _meant(rule: Rule) -> str:
    """A lower-case name in a test that is that of a variable of the rule, but for its first letter."""
    known = {var.name for term in rule.args for var in term_vars(term)}
    known |= {var.name for item in rule.body for var in item_vars(item)}
    for item in rule.body:
        for term in item_terms(item) if isinstance(item, (Test, Comparison)) else ():
            if isinstance(term, Const) and isinstance(term.value, str):
                capital = term.value[:1].upper() + term.value[1:]
                if capital in known and capital != term.value:
                    return f"did you mean the variable `{capital}`?"
    return ""


def _worth(rule: Rule, domains: Mapping[str, frozenset[Value]]) -> bool:
    """Whether there is anything that might not hold together: an item that is no literal, a relation that is
    both asserted and denied, or a variable without a value."""
    if not all(isinstance(item, Literal) for item in rule.body) or not all(domains.values()):
        return True
    asked = {each.atom.name for each in literals(rule.body) if not each.negated}
    denied = {each.atom.name for each in literals(rule.body) if each.negated}
    denied |= {name.removeprefix("not ") for name in asked if name.startswith("not ")}
    return any(name in asked or name.startswith("past ") for name in denied)


def whole_numbers(program: Program, rule: Rule) -> set[str]:
    """The variables that are ints, by the columns that they stand in."""
    return {
        term.name
        for term, base in _columns(program, rule)
        if base == "int" and isinstance(term, Var) and term.name != "_"
    }


def _columns(program: Program, rule: Rule) -> Iterator[tuple[Term, str]]:
    if rule.action is not None:
        yield from zip(rule.args, program.schema.actions[rule.action].bases, strict=False)
    yield from _of_body(program, rule.body)


def _of_body(program: Program, body: Iterable[BodyItem]) -> Iterator[tuple[Term, str]]:
    for item in body:
        if isinstance(item, Literal) and not item.negated:
            yield from zip(item.atom.args, columns_of(program.schema, item.atom.name).bases, strict=True)
        elif isinstance(item, Aggregate):
            yield from _of_body(program, item.body)
