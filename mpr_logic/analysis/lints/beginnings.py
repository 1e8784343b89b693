"""Tests of a beginning or an end that let a text pass: what begins so can still lead elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.patterns import ENDINGS
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Test

FOLDER = re.compile(r"(?:file://|~|/|\.\.?/|[A-Za-z]:[\\/]).*[^/\\~.:]", re.DOTALL)
"""A path that is longer than that of a root, without what stands behind the name of its last folder."""

HOST = re.compile(r"\w[\w+.-]*://[^/?#]+")
"""An address that ends with the name of the host."""

NAME = re.compile(rf"[\w-]+(?:\.[\w-]+)*\.(?:{ENDINGS})", re.IGNORECASE)
"""The name of a host."""


def check_beginnings(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws that let pass what begins with a folder and may climb out of it, and what begins or ends
    with a name that longer names share."""
    program = subject.program
    for test in {each.span: each for _, each in _climbing(program)}.values():
        report.warn(
            "W0615",
            f'`..` leads out of what begins with "{constant_text(test)}"',
            test.span,
            'forbid paths that climb too: matches(P, "(^|/)\\\\.\\\\.(/|$)")',
        )
    for test in {each.span: each for _, each in _letting_pass(program)}.values():
        text = constant_text(test) or ""
        longer = _longer(test.name, text)
        if longer:
            report.warn("W0628", f'"{longer}" passes this test too', test.span, _help_for(test.name, text))


def _longer(name: str, text: str) -> str:
    """Another name that passes a test too, of a host or a folder; "" where there is none."""
    if name == "starts_with":
        if HOST.fullmatch(text):
            return f"{text}.example.net"
        return f"{text}-old" if _is_folder(text) and not text.endswith(("/", "\\")) else ""
    if name == "matches":
        bare = re.sub(r"\\([./-])|\[([./])\]", r"\1\2", text)
        after = re.fullmatch(r"\^?((?:\w+\??://)?)(?:www\.)?([^/^$]*)", bare)
        if after is not None and NAME.fullmatch(after[2]):
            return f"{after[1].replace('?', '')}{after[2]}.example.net"
        return f"example-{bare[:-1]}" if bare.endswith("$") and NAME.fullmatch(bare[:-1]) else ""
    if not NAME.fullmatch(text):
        return ""
    return f"example-{text}" if name == "ends_with" else f"https://example.net/{text}"


def _help_for(name: str, text: str) -> str:
    if name == "matches":
        return (
            "say what stands before the name and behind it: ^https://example[.]com(/|$), or @example[.]com$"
        )
    if name == "starts_with":
        return f'end the name: starts_with(..., "{text}/"), and compare with "{text}" where that is meant too'
    return f'begin the name: ends_with(..., "@{text}"), or "." in its place, and compare with "{text}" itself'


def _is_folder(text: str) -> bool:
    return FOLDER.fullmatch(text.rstrip("/\\")) is not None


def _climbing(program: Program) -> Iterator[tuple[Rule, Test]]:
    """The tests for a folder that let a path pass, where neither the law nor another that forbids its action
    looks for `..`."""
    wary = _wary(program)
    looked = {id(rule) for rule in program.rules if _looks(rule, wary)}
    barred = {rule.action for rule in program.rules if rule.clause.kind == "forbid" and id(rule) in looked}

    def is_open(rule: Rule) -> bool:
        return id(rule) not in looked and (rule.action is None or rule.action not in barred)

    for rule, test in _letting_pass(program):
        if test.name != "starts_with" or not _is_folder(constant_text(test) or "") or not is_open(rule):
            continue
        if rule.clause.kind != "relation" or any(map(is_open, _relying(program, rule.head))):
            yield rule, test


def _letting_pass(program: Program) -> Iterator[tuple[Rule, Test]]:
    """The tests of a text that let a call pass: of a permit, of a forbid of all else, or of a relation that
    one of them asks."""
    for rule in program.rules:
        kind = rule.clause.kind
        if kind not in ("forbid", "permit", "relation"):
            continue
        for test in tests_in(rule.body):
            if kind == "relation":
                passes = not test.negated and bool(_relying(program, rule.head))
            else:
                passes = test.negated == (kind == "forbid")
            if passes and constant_text(test):
                yield rule, test


def _relying(program: Program, relation: str) -> list[Rule]:
    """The laws that let pass what is in a relation: permits that ask it, and forbids of all else."""
    return [
        rule
        for rule in program.rules
        if rule.clause.kind in ("forbid", "permit")
        and any(
            each.atom.name == relation and each.negated == (rule.clause.kind == "forbid")
            for each in literals(rule.body)
        )
    ]


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
        ".." in (constant_text(test) or "").replace("\\", "").replace("[.]", ".")
        for test in tests_in(rule.body)
    )
    return direct or any(each.atom.name in wary for each in literals(rule.body))
