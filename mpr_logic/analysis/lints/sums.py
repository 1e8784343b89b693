"""Limits on a sum of numbers that calls choose: a negative one lowers the sum, and makes room for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.numbers import linear
from mpr_logic.analysis.terms import literals, names, term_vars
from mpr_logic.language.ast import Aggregate, Arithmetic, Comparison, Var
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Term


def check_sums(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each sum that a law bounds from above, and that a call with a negative number lowers."""
    limits = _Limits(subject.program)
    for rule in subject.program.rules:
        for item in rule.body:
            if (
                isinstance(item, Aggregate)
                and item.function == "sum"
                and item.expression is not None
                and isinstance(item.target, Var)
                and names(term_vars(item.expression)).isdisjoint(rule.variables - rule.groups)
                and limits.bound(rule, item.target.name)
                and subject.negatives.may_be(rule, item.expression, item.body)
            ):
                amount = print_term(item.expression)
                report.warn(
                    "W0674",
                    f"`{amount}` may be negative: such a call lowers this sum, and the next may be of more",
                    item.span,
                    f"forbid what is less than 0, `... :- {amount} < 0.`; or sum what is more, "
                    f"`{amount} > 0` in the braces",
                )


class _Limits:
    """The laws that reject what is too much."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._signs: dict[str, set[int]] = {}

    def bound(self, rule: Rule, name: str, depth: int = 4) -> bool:
        """Whether a variable that is too great makes a law reject: in this rule, or in one that reads it."""
        known = {name}
        for item in rule.body:  # what is computed with it
            if isinstance(item, Comparison) and item.op == "=":
                for one, other in ((item.left, item.right), (item.right, item.left)):
                    if isinstance(one, Var) and any(_sign(other, each) > 0 for each in known):
                        known.add(one.name)
        signs = self._of(rule)
        for item in rule.body:
            if isinstance(item, Comparison) and item.op in ("<", "<=", ">", ">="):
                more = 1 if item.op in (">", ">=") else -1
                apart = Arithmetic("-", item.left, item.right)
                if any(more * _sign(apart, each) * sign > 0 for each in known for sign in signs):
                    return True
        if rule.clause.kind != "relation" or not depth:
            return False
        return any(
            self.bound(reader, term.name, depth - 1)
            for reader in self._program.rules
            for literal in literals(reader.body)
            if literal.atom.name == rule.head and not literal.negated
            for term, own in zip(literal.atom.args, rule.args, strict=True)
            if isinstance(term, Var) and not term.anonymous and isinstance(own, Var) and own.name in known
        )

    def _of(self, rule: Rule) -> set[int]:
        """1 where a law rejects if a rule fires, -1 where it lets pass."""
        if rule.clause.kind != "relation":
            return {{"forbid": 1, "permit": -1}.get(rule.clause.kind, 0)}
        if rule.head not in self._signs:
            self._signs[rule.head] = set()
            found = {
                -sign if literal.negated else sign
                for reader in self._program.rules
                for literal in literals(reader.body)
                if literal.atom.name == rule.head
                for sign in self._of(reader)
            }
            self._signs[rule.head] = found
        return self._signs[rule.head]


def _sign(term: Term, name: str) -> int:
    """The number of times that a variable stands in a term that is a sum."""
    return linear(term)[0].get(Var(name), 0)
