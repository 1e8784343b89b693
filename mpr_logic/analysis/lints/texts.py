"""Tests of texts that are written for another test: a pattern for a plain text, capitals in lower case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.regex import Capitals
from mpr_logic.analysis.terms import flat, term_span
from mpr_logic.analysis.times import SPANS
from mpr_logic.language.ast import Aggregate, Call, Comparison, Const, Literal, Test, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Span, Term


SIGNS = {
    "starts_with": r"\^|.*([\w./-]\*|\.\*|\\[bdswBDSW])$",
    "ends_with": r"(\*[\w.]|\.\*|\\[bdswBDSW]|\^).*|.*[a-z0-9]\$$",
    "contains": r"\^\w.*|\*\w.*|%[^%]+%$|.*(\w\*$|\.\*|\\[bdswBDSW]|[a-z0-9]\$$)",
}
"""By test, the signs of a pattern: a pattern has them, and a plain text hardly ever has them where the test
looks."""

GLOB = re.compile(r"\*\.\w+$|\*?[\w.-]{2,}\*$|\*[\w.-]{2,}$|%[\w.-]+%$|(~|\.{0,2}/|[\w-]+/).*/?\*{1,2}$")
"""A pattern for words or the names of files: ``rm*``, ``%rm%``, ``*.exe``, ``/etc/*``."""


def check_signs(subject: Subject, report: DiagnosticCollector) -> None:
    """Report plain texts with the signs of a pattern: there a `*` is nothing but a `*`."""
    for rule in subject.program.rules:
        if rule.clause.kind not in ("forbid", "permit", "relation"):
            continue
        for test in tests_in(rule.body):
            text = constant_text(test)
            if text and test.name in SIGNS and re.match(SIGNS[test.name], text):
                report.warn(
                    "W0616",
                    f"`{test.name}` takes its text as it is, and this one looks like a pattern",
                    term_span(test.args[1], test.span),
                    "write the text without the signs, or use `matches`, which takes a regular expression",
                )
        for term, span in _compared(rule):
            if isinstance(term, Const) and isinstance(term.value, str) and GLOB.fullmatch(term.value):
                report.warn(
                    "W0616",
                    f'"{term.value}" stands here for itself alone, and looks like a pattern',
                    term_span(term, span),
                    "give the argument a variable, and test it with `starts_with`, `ends_with` or `matches`",
                )


def _compared(rule: Rule) -> Iterator[tuple[Term, Span]]:
    """The terms that a rule compares as a whole with an argument that a question binds or with a variable."""
    for term in rule.args[: rule.given]:
        yield term, rule.clause.head.span
    for item in flat(rule.body):
        if isinstance(item, Comparison) and item.op in ("=", "!="):
            yield item.left, item.span
            yield item.right, item.span
        elif isinstance(item, Literal) and item.atom.name == "shell_writes":
            yield item.atom.args[1], item.span


def check_case(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tests of a text in lower case that ask for upper case, where that is no fault of the body: a
    denied one always holds, and of some alternatives only others match."""
    for rule in subject.program.rules:
        lowered = lowered_in(rule.body)
        for test in tests_in(rule.body):
            text = constant_text(test)
            if text is None or not (_is_lowered(test.args[0]) or test.args[0] in lowered):
                continue
            capitals = Capitals(text) if test.name == "matches" else None
            needed = text != text.lower() if capitals is None else capitals.needed
            if needed and test.negated and rule.clause.kind != "forbid":
                _warn_of_case(test, "this always holds: `lower` leaves no capital letter", report)
            elif capitals is not None and capitals.dead:
                shown = ", ".join(f"`{each}`" for each in capitals.dead[:3])
                _warn_of_case(test, f"{shown} never matches: `lower` leaves no capital letter", report)


def _warn_of_case(test: Test, message: str, report: DiagnosticCollector) -> None:
    report.warn("W0618", message, term_span(test.args[1], test.span), "write it in lower case")


def lowered_in(body: Iterable[BodyItem]) -> set[Term]:
    """The variables of a body that stand for a text in lower case."""
    return {
        var
        for item in flat(body)
        if isinstance(item, Comparison) and item.op == "="
        for var, other in ((item.left, item.right), (item.right, item.left))
        if isinstance(var, Var) and _is_lowered(other)
    }


def _is_lowered(term: Term) -> bool:
    return isinstance(term, Call) and term.function == "lower"


def tests_in(body: Iterable[BodyItem]) -> Iterator[Test]:
    """The text tests of a body, those inside the braces of aggregates too."""
    for item in body:
        if isinstance(item, Test):
            if item.name not in SPANS:
                yield item
        elif isinstance(item, Aggregate):
            yield from tests_in(item.body)


def constant_text(test: Test) -> str | None:
    """The constant text that a test looks for; None where that is no constant."""
    if test.name in SPANS:
        return None
    value = test.args[1].value if isinstance(test.args[1], Const) else None
    return value if isinstance(value, str) else None
