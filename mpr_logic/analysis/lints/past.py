"""Lints about past time: a call that is asked for since itself, and positions that are joined with numbers of
another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Placed, Var, nodes
from mpr_logic.language.printer import print_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector

_NUMBERS: Mapping[str, tuple[int, str]] = {
    "returned": (0, "results"),
    "refused": (0, "results"),
    "asked_with": (0, "results"),
    "selected_by": (0, "results"),
    "newest": (1, "results"),
    "origin": (3, "results"),
    "found_in": (3, "results"),
    "said": (0, "messages"),
}
"""The columns of built-in relations that count something else than calls, and what that is."""


def check_past(subject: Subject, report: DiagnosticCollector) -> None:
    """Report places in time that a rule cannot mean."""
    for rule in subject.program.rules:
        placed = [each for each in nodes(rule.clause.body) if isinstance(each, Placed)]
        for item in placed:
            if item.word == "since":
                _since(item, report)
        positions = {each.other.name for each in placed if each.word == "at" and isinstance(each.other, Var)}
        if positions:
            _positions(rule, positions - {"_"}, subject, report)


def _since(item: Placed, report: DiagnosticCollector) -> None:
    """Report that something is asked for since itself: none comes after the last one."""
    one, other = item.literals
    if (one.tense, one.atom) != (other.tense, other.atom):
        return
    asked = print_item(other)
    says, help = f"no `{asked}` comes after the last one", f"that there were two is `{asked} before {asked}`"
    if one.negated:
        says, help = "nothing comes after the last one of its kind", f"write `{asked}` alone"
    report.warn("W0644", says, item.span, help)


def _positions(rule: Rule, positions: set[str], subject: Subject, report: DiagnosticCollector) -> None:
    """Report a variable for the position of a call that stands for a number of something else too."""
    relations = subject.program.schema.relations
    for literal in literals(rule.body):
        name = literal.atom.name
        column, what = _NUMBERS.get(name, (0, ""))
        if not what or not relations[name].builtin:
            continue
        term = literal.atom.args[column]
        if isinstance(term, Var) and term.name in positions:
            report.warn(
                "W0645",
                f"`{term.name}` is the position of a call, and `{name}` counts {what}",
                term_span(term, literal.span),
                f"give the number in `{name}` its own variable; a position goes with `called_at(I, _, T)`",
            )
