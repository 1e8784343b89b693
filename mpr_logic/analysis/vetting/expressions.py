"""Texts of laws that another spelling of the same thing gets around: line ends, and `..` in paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import names, term_span, term_vars
from mpr_logic.analysis.vetting.texts import passes_no_line_end
from mpr_logic.syntax.ast import Aggregate, Const, Literal, Test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.core import Program, Rule
    from mpr_logic.analysis.report import Report
    from mpr_logic.syntax.ast import BodyItem


def check_expressions(program: Program, report: Report) -> None:
    """Report tests of laws, and of relations that they read, which are easily got around."""
    seen: set[tuple[object, ...]] = set()
    climbing = _climbing(program)
    for rule in program.rules:
        if rule.clause.kind not in ("forbid", "relation"):
            continue
        for test in _tests(rule.body):
            text = test.args[1].value if isinstance(test.args[1], Const) else None
            if not isinstance(text, str) or (test.span, text) in seen:
                continue
            seen.add((test.span, text))
            if test.name == "matches" and not test.negated and passes_no_line_end(text):
                report.warn(
                    "W0614",
                    "`.` passes no line end: a text of two lines gets around this expression",
                    term_span(test.args[1], test.span),
                    "begin it with (?s), which lets `.` stand for any character",
                )
            elif _path_beginning(rule, test, text) and not climbing & _spoken(rule):
                report.warn(
                    "W0615",
                    f'`..` leads out of what begins with "{text}"',
                    test.span,
                    'forbid paths that climb too: matches(P, "(^|/)\\\\.\\\\.(/|$)")',
                )


def _tests(body: Iterable[BodyItem]) -> Iterator[Test]:
    for item in body:
        if isinstance(item, Test):
            yield item
        elif isinstance(item, Aggregate):
            yield from _tests(item.body)


def _path_beginning(rule: Rule, test: Test, text: str) -> bool:
    """Whether a law asks that a path begin with a folder."""
    return (
        rule.clause.kind == "forbid"
        and test.name == "starts_with"
        and test.negated
        and text.startswith(("/", "~"))
        and text.endswith("/")
        and text != "/"
    )


def _climbing(program: Program) -> set[str]:
    """The actions, and relations, about which a rule looks for `..`."""
    return {
        name
        for rule in program.rules
        for test in _tests(rule.body)
        if isinstance(test.args[1], Const)
        and ".." in str(test.args[1].value).replace("\\", "").replace("[.]", ".")
        for name in _spoken(rule)
    }


def _spoken(rule: Rule) -> set[str]:
    """The action of a law, and the relations that it reads: one of them may be the one that looks."""
    found = {rule.head}
    return found | {
        item.atom.name
        for item in rule.body
        if isinstance(item, Literal) and names(v for t in item.atom.args for v in term_vars(t))
    }
