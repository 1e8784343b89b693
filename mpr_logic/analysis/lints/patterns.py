"""Regular expressions of `matches` that are valid, and match less or more than their authors think."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.regex import Reach, passes_no_line_end, unescaped
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import term_span

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Test

ENDINGS = (
    "com|org|net|io|gov|edu|dev|uk|de|internal|local|corp"  # of hosts
    "|exe|sh|bat|ps1|dll|pem|key|env|py|js|json|ya?ml|toml|txt|csv|pdf|zip"  # of files
)
_NAME = re.compile(rf"(?i)(?<![\w\\)\]*+.])[\w-]+\.(?:[\w-]+\.)*(?:{ENDINGS})(?![\w*+?{{])")
"""The name of a host or a file, in which the dots are not escaped."""


def check_patterns(subject: Subject, report: DiagnosticCollector) -> None:
    """Report expressions with a part that never matches, a doubled backslash, or a dot that stands for any
    character, be it in a name or where a line end gets around it."""
    seen: set[tuple[object, ...]] = set()
    for rule in subject.program.rules:
        for test in tests_in(rule.body):
            text = constant_text(test)
            if text is not None and test.name == "matches" and (test.span, text) not in seen:
                seen.add((test.span, text))
                _expression(test, text, rule.clause.kind, report)


def _expression(test: Test, text: str, kind: str, report: DiagnosticCollector) -> None:
    span = term_span(test.args[1], test.span)
    meant = unescaped(text)
    if meant is not None:
        report.warn(
            "W0621",
            f"`{text}` asks for a backslash: `\\\\` in an expression is that character",
            span,
            f"in a text of the rules each backslash is doubled once, which makes `{meant}`",
        )
        return
    reach = Reach(text)
    if reach.nothing or reach.everything:
        return  # the body says so: it can never hold, or always does
    for each in reach.dead:
        report.warn(
            "W0620",
            f"the alternative `{each}` never matches: a character stands before the start of the text, "
            "or behind its end",
            span,
            "move the `^` or `$`, or escape it",
        )
    name = _NAME.search(text)
    if name is not None:
        report.warn(
            "W0622",
            f"the dot in `{name[0]}` stands for any character",
            span,
            f"escape it: {name[0].replace('.', '[.]')}",
        )
    if kind not in ("forbid", "relation") or test.negated:
        return
    if passes_no_line_end(_NAME.sub(lambda found: found[0].replace(".", "[.]"), text)):
        report.warn(
            "W0614",
            "`.` passes no line end: a text of two lines gets around this expression",
            span,
            "begin it with (?s), which lets `.` stand for any character",
        )
