"""The tests of a text that let a call pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.texts import tests_in
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import Aggregate, Comparison, Const, Test, Var

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.program import Program, Rule


def letting_pass(program: Program) -> Iterator[tuple[Rule, Test]]:
    """The tests of a text that let a call pass: of a permit, of a forbid of all else, or of a relation that
    one of them asks."""
    for rule in program.rules:
        kind = rule.clause.kind
        if kind == "forbid" or (kind == "relation" and relying(program, rule.head, denied=True)):
            yield from ((rule, test) for test in rule.body if isinstance(test, Test) and test.negated)
            yield from ((rule, test) for test in _of_none(rule))
        if kind == "permit" or (kind == "relation" and relying(program, rule.head)):
            yield from ((rule, test) for test in tests_in(rule.body) if not test.negated)


def relying(program: Program, relation: str, *, denied: bool = False) -> list[Rule]:
    """The laws that let pass what is in a relation: permits that ask it, and forbids of all else. With
    ``denied``, those that let pass what is not in it."""
    return [
        rule
        for rule in program.rules
        if rule.clause.kind in ("forbid", "permit")
        and any(
            each.atom.name == relation and each.negated == ((rule.clause.kind == "forbid") != denied)
            for each in literals(rule.body)
        )
    ]


def _of_none(rule: Rule) -> Iterator[Test]:
    """The tests in aggregates of a law that asks for a count of 0: that of what lets a call pass."""
    for item in rule.body:
        if isinstance(item, Aggregate) and item.function == "count" and _is_none(item, rule):
            yield from (test for test in tests_in(item.body) if not test.negated)


def _is_none(aggregate: Aggregate, rule: Rule) -> bool:
    if isinstance(aggregate.target, Const):
        return aggregate.target.value == 0
    return any(
        (item.left, item.op, item.right.value)
        in [(aggregate.target, "=", 0), (aggregate.target, "<", 1), (aggregate.target, "<=", 0)]
        for item in rule.body
        if isinstance(item, Comparison) and isinstance(item.left, Var) and isinstance(item.right, Const)
    )
