"""Totality: whether the evaluation of a rule can fail, such as by a division by zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.strata import read_by
from mpr_logic.analysis.terms import divides, flat, item_terms, item_vars, literals, names, term_vars
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Test, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import Program, Rule, Signature
    from mpr_logic.language.ast import BodyItem, Term

_NUMBERS = ("int", "float")


def is_total(program: Program, heads: Iterable[str]) -> bool:
    """Whether no rule of these core relations, nor any below them, can fail in any state.

    They do no arithmetic and call no built-in, their only aggregate is the count, and where they order two
    values, both are declared to be numbers or both symbols.
    """
    heads = tuple(heads)
    rules = (rule for head in {*heads, *read_by(program, heads)} for rule in program.rules_for(head))
    return all(_rule_is_total(program, rule) for rule in rules)


def _rule_is_total(program: Program, rule: Rule) -> bool:
    items = list(flat(rule.body))
    terms = [*rule.args, *(term for item in items for term in item_terms(item))]
    if not all(isinstance(term, Var | Const) for term in terms):
        return False
    kinds = _kinds(program, rule, items)
    return all(_item_is_total(item, kinds) for item in items)


def _item_is_total(item: BodyItem, kinds: dict[str, str]) -> bool:
    match item:
        case Test():
            return False
        case Aggregate():
            return item.function == "count"
        case Comparison(op) if op not in ("=", "!="):
            left, right = _kind(item.left, kinds), _kind(item.right, kinds)
            return left == right and left in ("number", "symbol")
    return True


def _kinds(program: Program, rule: Rule, items: Iterable[BodyItem]) -> dict[str, str]:
    """The base types of a rule's variables, as far as declarations and counts tell."""
    columns = list(zip(rule.args[: rule.given], _given_bases(program, rule), strict=False))
    kinds: dict[str, str] = {}
    for item in items:
        if isinstance(item, Literal) and not item.negated:
            columns += zip(item.atom.args, columns_of(program.schema, item.atom.name).bases, strict=True)
        elif isinstance(item, Aggregate) and item.function == "count":
            columns.append((item.target, "int"))
    for term, base in columns:
        if isinstance(term, Var):
            kinds[term.name] = base
    return kinds


def _given_bases(program: Program, rule: Rule) -> tuple[str, ...]:
    return given_by(program, rule).bases if rule.given else ()


def given_by(program: Program, rule: Rule) -> Signature:
    """The declaration of what a question binds for a rule: of its action, or of its relation."""
    return program.schema.relations[rule.head] if rule.action is None else program.schema.actions[rule.action]


def _kind(term: Term, kinds: dict[str, str]) -> str | None:
    if isinstance(term, Const):
        return "symbol" if isinstance(term.value, str) else "number"
    base = kinds.get(term.name) if isinstance(term, Var) else None
    return "number" if base in _NUMBERS else base


def may_fail(program: Program, rule: Rule) -> bool:
    """Whether a rule fails in some state: it divides, or needs a number or a text where another value may be.

    Narrower than the contrary of :func:`is_total`: arithmetic on what is declared a number does not fail.
    """
    items = list(flat(rule.body))
    terms = [*rule.args, *(term for item in items for term in item_terms(item))]
    terms += [
        each.expression for each in items if isinstance(each, Aggregate) and each.expression is not None
    ]
    if any(map(divides, terms)):
        return True
    atoms = [(each.atom.args, columns_of(program.schema, each.atom.name)) for each in literals(rule.body)]
    if rule.given:
        atoms.append((rule.args[: rule.given], given_by(program, rule)))
    unsure = {
        name
        for args, signature in atoms
        for term, base in zip(args, signature.bases, strict=False)
        if base == "any"
        for name in names(term_vars(term))
    }
    return not unsure.isdisjoint(names(_needed(items, terms)))


def _needed(items: Iterable[BodyItem], terms: Iterable[Term]) -> Iterator[Var]:
    """The variables that must be numbers or texts, or may be another name of one that must."""
    for term in terms:
        if not isinstance(term, Var):
            yield from term_vars(term)
    for item in items:
        if isinstance(item, Test) or (isinstance(item, Comparison) and item.op != "!="):
            yield from item_vars(item)
        elif isinstance(item, Aggregate) and item.expression is not None:
            yield from term_vars(item.expression)
