"""Remainders of numbers that may be negative: a remainder has the sign of what is divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.ast import Arithmetic, Comparison, Const, Var
from mpr_logic.language.printer import print_item

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector


def check_remainders(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each test for a remainder above 0 that a negative number of a call never has."""
    for rule in subject.program.rules:
        for item in rule.body:
            if not (isinstance(item, Comparison) and item.op in ("=", "!=")):
                continue
            for rest, other in ((item.left, item.right), (item.right, item.left)):
                if not (isinstance(rest, Arithmetic) and rest.op == "mod" and isinstance(other, Const)):
                    continue
                number, value = rest.left, other.value
                if not (isinstance(number, Var) and type(value) is int and value > 0):
                    continue
                if not subject.negatives.may_be(rule, number, without=item):
                    continue
                of = rest.right.value if isinstance(rest.right, Const) else None
                odd = f"`{number.name} mod 2 {'!=' if item.op == '=' else '='} 0`, or " if of == 2 else ""
                report.warn(
                    "W0674",
                    f"`{number.name}` may be negative, and then `{print_item(item)}` {_is(item.op)}: "
                    "a remainder has the sign of the left side",
                    item.span,
                    f"write {odd}a rule for what is less than 0, `... :- {number.name} < 0.`",
                )


def _is(op: str) -> str:
    return "never holds" if op == "=" else "always holds"
