"""Rules whose bodies can never hold, by themselves or with the values that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.classes import names_member
from mpr_logic.analysis.lints.aggregates import bounds_of
from mpr_logic.analysis.lints.constraints import Constraints, negation
from mpr_logic.analysis.lints.settled import settled_body
from mpr_logic.analysis.lints.texts import lowered_in
from mpr_logic.analysis.terms import item_terms, item_vars, literals, term_vars
from mpr_logic.analysis.totality import given_by
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import (
    Aggregate,
    Alternatives,
    Arithmetic,
    Call,
    Comparison,
    Const,
    Literal,
    Test,
    Var,
)
from mpr_logic.language.printer import print_item, print_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Term, Value, WrittenItem


LEAST = {"called": {0: 1, 2: 0}, "item": {1: 0}, "list_length": {1: 0}, "now": {0: 0}} | {
    name: {0: 0} for name in ("said", "returned", "refused", "asked_with")
}
"""By relation and place, the number that none there is less than."""


def check_bodies(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each rule whose body cannot hold, and each aggregate that can range over nothing."""
    program = subject.program
    for rule in program.rules:
        domains = subject.domains.of(rule)
        _openings(subject, rule, report)
        if not _worth(rule, domains or {}):
            continue
        whole, least = whole_numbers(program, rule), _least(rule)
        fault = _fault(rule, subject)
        if fault is not None:
            rules = program.rules_of(rule.clause)
            if rule is not rules[0] or not all(contradicts_itself(each, subject) for each in rules):
                _alternative(rule, whole, least, report)
                continue  # of alternatives and members one may be ruled out by what stands beside it
            report.error(
                "E0608",
                f"this rule can never hold: {fault}",
                rule.clause.head.span,
                _meant(rule) or "change it, or what contradicts it, or take the rule away",
            )
            continue
        body = settled_body(rule)
        for item in body:
            if isinstance(item, Aggregate):
                outside = [each for each in body if not isinstance(each, Aggregate)]
                within = subject.domains.within(domains or {}, item.body)
                inside = Constraints([*outside, *item.body], within, whole, least).fault()
                if inside is not None:
                    report.error(
                        "E0608",
                        f"this `{item.function}` ranges over nothing: {inside}",
                        item.span,
                        "change one of them",
                    )
        if not any(names_member(item, rule) for item in rule.body):
            _always(body, whole, least, report)


def _alternative(rule: Rule, whole: set[str], least: Mapping[str, int], report: DiagnosticCollector) -> None:
    """Report an alternative that can never hold, whatever stands beside it."""
    for branch in _branches(rule.clause.body):
        spans = {item.span for item in branch}
        inside = [item for item in settled_body(rule) if item.span in spans]
        fault = Constraints(inside, None, whole, least).fault()
        if fault is not None:
            report.error(
                "E0608",
                f"this alternative can never hold: {fault}",
                inside[0].span,
                "change it, or take it away",
            )


def _branches(body: Iterable[WrittenItem]) -> Iterator[tuple[WrittenItem, ...]]:
    """The branches of the alternatives in a body, and of those inside them."""
    for item in body:
        if isinstance(item, Alternatives):
            for branch in item.branches:
                yield branch
                yield from _branches(branch)


def _always(
    body: Sequence[BodyItem], whole: set[str], least: Mapping[str, int], report: DiagnosticCollector
) -> None:
    """Report each comparison, and each test, that always holds, whatever the others ask for."""
    meaning = [item for item in body if isinstance(item, Aggregate) or _defines(item)]
    for item in body:
        if isinstance(item, Aggregate):
            _always(item.body, whole, least, report)
            continue
        denied = None if _is_of_lower_case(item, body) else negation(item)
        known = [each for each in meaning if each is not item]
        if denied is None or Constraints([*known, denied], None, whole, least).fault() is None:
            continue
        star = isinstance(item, Test) and item.name == "matches"
        report.warn(
            "W0619",
            f"`{print_item(item)}` always holds",
            item.span,
            "an expression matches every text if a part is empty, or may stand no times and nothing else must"
            if star
            else "take it away, or write what it should ask for",
        )


def _is_of_lower_case(item: BodyItem, body: Sequence[BodyItem]) -> bool:
    """Whether an item denies something of a text in lower case, which is told by its own lint."""
    return (
        isinstance(item, Test)
        and item.negated
        and (item.args[0] in lowered_in(body) or isinstance(item.args[0], Call))
    )


def _defines(item: BodyItem) -> bool:
    """Whether an item says what a variable stands for."""
    return (
        isinstance(item, Comparison)
        and item.op == "="
        and any(isinstance(term, (Arithmetic, Call)) for term in (item.left, item.right))
        and any(isinstance(term, Var) for term in (item.left, item.right))
    )


def contradicts_itself(rule: Rule, subject: Subject) -> bool:
    """Whether a rule has an error of its own: its body can never hold."""
    return _fault(rule, subject) is not None


def _fault(rule: Rule, subject: Subject) -> str | None:
    """The reason why a rule's body can never hold; None where it may."""
    domains = subject.domains.of(rule)
    whole = whole_numbers(subject.program, rule)
    bounds = bounds_of(rule, subject.domains, domains or {})
    return Constraints(settled_body(rule), domains, whole, _least(rule), bounds).fault()


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


def _openings(subject: Subject, rule: Rule, report: DiagnosticCollector) -> None:
    """Report what looks into a number for a field, or for an item that is a text: a number has no field, and
    itself as its only item."""
    program = subject.program
    numbers = {
        term.name
        for term, base in _columns(program, rule)
        if base in ("int", "float") and isinstance(term, Var) and term.name != "_"
    }
    # a tool's objects and lists are declared as the texts that they are canonically
    texts = _given_texts(program, rule) if subject.deployment.tools is None else set()
    for literal in literals(rule.body):
        name, args = literal.atom.name, literal.atom.args
        if name == "field" and args[0] in texts and program.schema.relations[name].builtin:
            report.error(
                "E0608",
                f"`{print_term(args[0])}` is a text, which has no fields",
                literal.span,
                "name the argument that holds an object, or declare this one as any",
            )
        elif name == "field" or (
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


def _given_texts(program: Program, rule: Rule) -> set[Term]:
    """The arguments of a rule's action that are texts: a call with an object there is refused."""
    if rule.action is None:
        return set()
    bases = program.schema.actions[rule.action].bases
    return {term for term, base in zip(rule.args, bases, strict=False) if base == "symbol"} - {Var("_")}


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
    if rule.given:
        yield from zip(rule.args[: rule.given], given_by(program, rule).bases, strict=False)
    yield from _of_body(program, rule.body)


def _of_body(program: Program, body: Iterable[BodyItem]) -> Iterator[tuple[Term, str]]:
    for item in body:
        if isinstance(item, Literal) and not item.negated:
            yield from zip(item.atom.args, columns_of(program.schema, item.atom.name).bases, strict=True)
        elif isinstance(item, Aggregate):
            yield from _of_body(program, item.body)
