"""Expressions of `matches` that are anchored to the ends of the text in part only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.letting import letting_pass
from mpr_logic.analysis.lints.regex import Alternation, Anchor, Character, Repeat, Sequence, read
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import literals, term_span

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.regex import Part
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Test


def check_anchors(subject: Subject, report: DiagnosticCollector) -> None:
    """Report expressions whose `^` and `$` belong to one alternative each, and those that let a text pass
    and end in a repetition, behind which anything may stand."""
    told = set()
    for rule in subject.program.rules:
        for test in tests_in(rule.body):
            text = constant_text(test) if test.name == "matches" else None
            if text is not None and test.span not in told and _half_anchored(read(text)):
                told.add(test.span)
                report.warn(
                    "W0670",
                    "`^` belongs to the first alternative alone, and `$` to the last",
                    term_span(test.args[1], test.span),
                    "put the alternatives in parentheses: ^(one|other)$",
                )
    for rule, test in letting_pass(subject.program):
        text = constant_text(test)
        if text is None or test.span in told or _is_tested_more(rule, test):
            continue
        if test.name == "matches" and _is_open(read(text)):
            told.add(test.span)
            report.warn(
                "W0671",
                "the repetition at the end has no effect: anything may follow",
                term_span(test.args[1], test.span),
                "anchor the expression with `^` and `$`; or leave the repetition out, if one is enough",
            )


def _parts(part: Part | None) -> tuple[Part, ...]:
    if part is None:
        return ()
    return part.parts if isinstance(part, Sequence) else (part,)


def _begins(part: Part | None) -> bool:
    """Whether an expression is anchored to the start of the text."""
    parts = _parts(part)
    return bool(parts) and isinstance(parts[0], Anchor) and parts[0].where == "start"


def _ends(part: Part) -> bool:
    parts = _parts(part)
    return bool(parts) and isinstance(parts[-1], Anchor) and parts[-1].where == "end"


def _half_anchored(part: Part | None) -> bool:
    """Whether of some alternatives the first is anchored to the start alone, the last to the end alone, and
    none between them to anything."""
    if not isinstance(part, Alternation):
        return False
    first, *between, last = (branch for branch, _ in part.branches)
    return (
        (_begins(first), _ends(first)) == (True, False)
        and (_begins(last), _ends(last)) == (False, True)
        and not any(_begins(each) or _ends(each) for each in between)
    )


def _is_open(part: Part | None) -> bool:
    """Whether an expression ends in a repeated class of characters, behind which anything may stand: all of
    it, or what is anchored to the start."""
    parts = _parts(part)
    if not parts:
        return False
    last = parts[-1]
    return (
        isinstance(last, Repeat)
        and isinstance(last.part, Character)
        and (last.part.text.startswith("[") or last.part.text in ("\\w", "\\d", "\\S"))
        and (len(parts) == 1 or _begins(part))
    )


def _is_tested_more(rule: Rule, test: Test) -> bool:
    """Whether the law asks more of the text."""
    return any(each is not test and each.args[0] == test.args[0] for each in tests_in(rule.body)) or any(
        test.args[0] in each.atom.args for each in literals(rule.body)
    )
