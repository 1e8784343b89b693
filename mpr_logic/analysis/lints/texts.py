"""Tests of texts: those that another spelling gets around, and those that are written for another test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.regex import Capitals, passes_no_line_end
from mpr_logic.analysis.terms import flat, literals, term_span
from mpr_logic.language.ast import Aggregate, Call, Comparison, Const, Test, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Span, Term


def check_evasion(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tests of laws, and of relations that they read, which are easily got around."""
    program = subject.program
    seen: set[tuple[object, ...]] = set()
    for rule in program.rules:
        if rule.clause.kind not in ("forbid", "relation"):
            continue
        for test in _tests(rule.body):
            text = _text(test)
            if text is None or (test.span, text) in seen:
                continue
            seen.add((test.span, text))
            if test.name == "matches" and not test.negated and passes_no_line_end(text):
                report.warn(
                    "W0614",
                    "`.` passes no line end: a text of two lines gets around this expression",
                    term_span(test.args[1], test.span),
                    "begin it with (?s), which lets `.` stand for any character",
                )
    for test in {test.span: test for test in _climbed_out_of(program)}.values():
        report.warn(
            "W0615",
            f'`..` leads out of what begins with "{_text(test)}"',
            test.span,
            'forbid paths that climb too: matches(P, "(^|/)\\\\.\\\\.(/|$)")',
        )


SIGNS = {
    "starts_with": r"\^|.*([\w./-]\*|\.\*|\\[bdswBDSW])$",
    "ends_with": r"(\*[\w.]|\.\*|\\[bdswBDSW]|\^).*|.*[a-z0-9]\$$",
    "contains": r"\^\w.*|\*\w.*|.*(\w\*$|\.\*|\\[bdswBDSW]|[a-z0-9]\$$)",
}
"""By test, the signs of a pattern: a pattern has them, and a plain text hardly ever has them where the test
looks."""

GLOB = re.compile(r"\*\.\w+$|(~|\.{0,2}/|[\w-]+/).*/?\*{1,2}$")
"""A pattern for the names of files: ``*.exe``, ``/etc/*``."""


def check_signs(subject: Subject, report: DiagnosticCollector) -> None:
    """Report plain texts with the signs of a pattern: there a `*` is nothing but a `*`."""
    for rule in subject.program.rules:
        if rule.clause.kind not in ("forbid", "permit", "relation"):
            continue
        for test in _tests(rule.body):
            text = _text(test)
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
    """The terms that a rule compares as a whole with an argument of its action or with a variable."""
    if rule.action is not None:
        for term in rule.args[: rule.given]:
            yield term, rule.clause.head.span
    for item in flat(rule.body):
        if isinstance(item, Comparison) and item.op in ("=", "!="):
            yield item.left, item.span
            yield item.right, item.span


def check_case(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tests of a text in lower case that ask for upper case, where that is no fault of the body: a
    denied one always holds, and of some alternatives only others match."""
    for rule in subject.program.rules:
        lowered = {
            var
            for item in flat(rule.body)
            if isinstance(item, Comparison) and item.op == "="
            for var, other in ((item.left, item.right), (item.right, item.left))
            if isinstance(var, Var) and _is_lowered(other)
        }
        for test in _tests(rule.body):
            text = _text(test)
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


def _is_lowered(term: Term) -> bool:
    return isinstance(term, Call) and term.function == "lower"


def _tests(body: Iterable[BodyItem]) -> Iterator[Test]:
    for item in body:
        if isinstance(item, Test):
            yield item
        elif isinstance(item, Aggregate):
            yield from _tests(item.body)


def _text(test: Test) -> str | None:
    value = test.args[1].value if isinstance(test.args[1], Const) else None
    return value if isinstance(value, str) else None


def _climbed_out_of(program: Program) -> Iterator[Test]:
    """The tests that a path begin with a folder, in a law or in a relation that a law reads, where neither
    the law nor another that forbids its action looks for `..`."""
    beginnings = [
        (rule, test)
        for rule in program.rules
        if rule.clause.kind in ("forbid", "permit", "relation")
        for test in _tests(rule.body)
        if test.name == "starts_with" and _folder(_text(test) or "")
    ]
    if not beginnings:
        return
    wary = _wary(program)
    looked = {id(rule) for rule in program.rules if _looks(rule, wary)}
    barred = {rule.action for rule in program.rules if rule.clause.kind == "forbid" and id(rule) in looked}
    open_laws = [
        rule
        for rule in program.rules
        if rule.clause.kind in ("forbid", "permit") and rule.action not in barred and id(rule) not in looked
    ]
    for rule, test in beginnings:
        if id(rule) in looked:
            continue
        if rule.clause.kind == "relation":
            if not test.negated and any(_relies_on(law, rule.head) for law in open_laws):
                yield test
        elif test.negated == (rule.clause.kind == "forbid") and rule.action not in barred:
            yield test


def _folder(text: str) -> bool:
    return text.startswith(("/", "~")) and text.endswith("/") and text != "/"


def _relies_on(law: Rule, relation: str) -> bool:
    """Whether a law lets pass what is in a relation: a permit that asks it, or a forbid of all else."""
    denied = law.clause.kind == "forbid"
    return any(each.atom.name == relation and each.negated == denied for each in literals(law.body))


def _wary(program: Program) -> set[str]:
    """The relations with a rule that looks for `..`, itself or by another relation."""
    wary: set[str] = set()
    while True:
        found = {rule.head for rule in program.rules if rule.action is None and _looks(rule, wary)}
        if found <= wary:
            return wary
        wary |= found


def _looks(rule: Rule, wary: set[str]) -> bool:
    """Whether a rule looks for `..`, itself or by a relation that does."""
    direct = any(
        ".." in (_text(test) or "").replace("\\", "").replace("[.]", ".") for test in _tests(rule.body)
    )
    return direct or any(each.atom.name in wary for each in literals(rule.body))
