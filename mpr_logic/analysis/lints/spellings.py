"""Laws about one path: a path has many spellings, and a law that compares texts knows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.climbing import FOLDER, path_argument
from mpr_logic.analysis.lints.text_tests import holds
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import Comparison, Const

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Term, Value


def check_spellings(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws that reject a path by its text alone, where no law rejects other spellings of it."""
    program = subject.program
    for rule in program.rules:
        if rule.clause.kind != "forbid" or rule.action is None:
            continue
        for term, path, span in _paths(rule, subject):
            place = rule.args.index(term)
            if path_argument(rule, place, program) is None or _is_watched(rule.action, path, program):
                continue
            report.warn(
                "W0636",
                f'this law knows "{path}" by this one spelling: "{_spelt(path)}" is the same file',
                span,
                'forbid other spellings of paths: matches(P, "//|/\\\\.\\\\.?(/|$)|/$")',
            )
            break


def _paths(rule: Rule, subject: Subject) -> Iterator[tuple[Term, str, Span]]:
    """The arguments of a law's call that must be one path, with that path: by a constant in the head, by an
    equation, or by facts."""
    given = rule.args[: rule.given]
    for term in given:
        if isinstance(term, Const) and _is_path(term.value):
            yield term, str(term.value), rule.clause.head.span
    for item in rule.body:
        if isinstance(item, Comparison) and item.op == "=":
            for term, other in ((item.left, item.right), (item.right, item.left)):
                if term in given and isinstance(other, Const) and _is_path(other.value):
                    yield term, str(other.value), item.span
    for literal in literals(rule.body):
        columns = subject.domains.columns.get(literal.atom.name)
        if literal.negated or columns is None or " " in literal.atom.name:
            continue
        for term, domain in zip(literal.atom.args, columns, strict=True):
            if term in given and domain and all(map(_is_path, domain)):
                yield term, min(map(str, domain)), literal.span


def _is_path(value: Value) -> bool:
    return isinstance(value, str) and FOLDER.fullmatch(value) is not None and "://" not in value


def _spelt(path: str) -> str:
    """Another spelling of a path."""
    head, slash, name = path.rpartition("/")
    return f"{head}/{slash}{name}"


def _is_watched(action: str, path: str, program: Program) -> bool:
    """Whether a law of the action rejects other spellings of a path."""
    return any(
        holds(_spelt(path), test.name, text)
        for rule in program.rules_for(f"forbid {action}")
        for test in tests_in(rule.body)
        for text in [constant_text(test)]
        if text is not None and not test.negated
    )
