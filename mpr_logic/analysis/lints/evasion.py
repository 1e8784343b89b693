"""Texts of laws that another spelling of the same thing gets around: line ends, and `..` in paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Aggregate, Const, Test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import Report
    from mpr_logic.language.ast import BodyItem


def check_evasion(subject: Subject, report: Report) -> None:
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
            if test.name == "matches" and not test.negated and _passes_no_line_end(text):
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


def _passes_no_line_end(expression: str) -> bool:
    """Whether a regular expression has a `.` that stands for any character but the end of a line: one
    outside of brackets, without the flag ``s``."""
    flags = [False]  # whether `s` is set, for each open group
    place = 0
    while place < len(expression):
        char = expression[place]
        if char == "\\":
            if expression.startswith("\\Q", place):  # all that follows is meant as it is
                end = expression.find("\\E", place)
                place = len(expression) if end < 0 else end
            place += 2
        elif char == "[":
            place = _behind_class(expression, place)
        elif char == "(":
            group = re.match(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])", expression[place:])
            here = flags[-1]
            if group is not None:
                here = ("s" in group[1] or here) and "s" not in (group[2] or "")
            if group is not None and group[3] == ")":
                flags[-1] = here
            else:
                flags.append(here)
            place += group.end() if group is not None else 1
        elif char == ")":
            flags = flags[:-1] or [False]
            place += 1
        elif char == "." and not flags[-1]:
            return True
        else:
            place += 1
    return False


def _behind_class(expression: str, place: int) -> int:
    """The place behind a class of characters in brackets."""
    place += 1
    if expression.startswith("^", place):
        place += 1
    if expression.startswith("]", place):
        place += 1
    while place < len(expression) and expression[place] != "]":
        if expression[place] == "\\":
            place += 1
        elif expression.startswith("[:", place):
            end = expression.find(":]", place)
            place = end + 1 if end >= 0 else place
        place += 1
    return place + 1
