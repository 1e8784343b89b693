"""Names that pass for others: a tool beside one of nearly that name, a letter of another script in a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.tools import spoken_actions
from mpr_logic.analysis.terms import flat, item_terms, term_span
from mpr_logic.language.ast import NOWHERE, Const, Test
from mpr_logic.language.lookalikes import latin, looks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Span, Value

_WORD = re.compile(r"\w+")
_CLASS = re.compile(r"\[[^\]]*\]")
"""A class of characters in an expression, which may well hold letters of two scripts."""


def check_lookalikes(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tools that no rule speaks of and that pass for one that a rule speaks of, and words of the rules
    in which a letter of another script stands among Latin ones."""
    _tools(subject, report)
    told = set()
    for value, span in _constants(subject.program):
        odd = _odd_letter(value)
        if odd and span not in told:
            told.add(span)
            report.warn(
                "W0672",
                f"the `{odd}` in {value!r} is U+{ord(odd):04X}, which looks like the Latin `{latin(odd)}`",
                span,
                "write the Latin letter, if that is meant: the two are different texts",
            )


def _tools(subject: Subject, report: DiagnosticCollector) -> None:
    program, tools = subject.program, subject.deployment.tools or ()
    if program.schema.all_closed or not tools:
        return
    actions = {each.name: subject.tool_names.action(each.name) for each in tools}
    spoken = spoken_actions(program)
    known = {looks(tool): tool for tool, action in actions.items() if action in spoken}
    for tool, action in actions.items():
        other = known.get(looks(tool))
        if action is not None and action not in spoken and other is not None:
            report.error(
                "E0670",
                f"the tool `{tool}` passes for `{other}`, and is open: no rule speaks of it",
                program.schema.actions[action].span or NOWHERE,
                f"leave it out, close it by .default forbid {action}, or write a rule about `{action}` too",
            )


def _constants(program: Program) -> Iterator[tuple[Value, Span]]:
    for fact in program.facts:
        yield from ((value, fact.span) for value in fact.row)
    for rule in program.rules:
        span = rule.clause.head.span
        yield from ((each.value, term_span(each, span)) for each in rule.args if isinstance(each, Const))
        yield from _in_body(rule.body)


def _in_body(body: Iterable[BodyItem]) -> Iterator[tuple[Value, Span]]:
    for item in flat(body):
        expression = isinstance(item, Test) and item.name == "matches"
        for term in item_terms(item):
            if isinstance(term, Const):
                value = (
                    _CLASS.sub(" ", term.value) if expression and isinstance(term.value, str) else term.value
                )
                yield value, term_span(term, item.span)


def _odd_letter(value: Value) -> str:
    """The first letter of another script that looks Latin, in a word with Latin letters; "" if none."""
    if not isinstance(value, str) or value.isascii():
        return ""
    for word in _WORD.findall(value):
        if any("a" <= letter.lower() <= "z" for letter in word):
            odd = next((letter for letter in word if latin(letter) != letter), "")
            if odd:
                return odd
    return ""
