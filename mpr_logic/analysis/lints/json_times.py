"""Values of JSON that a rule joins with a column of times: JSON has texts, and no text is a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.analysis.times import MOMENTS
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Term


def check_json_times(subject: Subject, report: DiagnosticCollector) -> None:
    """Report a variable for a value of JSON, of whatever kind, in a column of times, dates or durations."""
    program = subject.program
    if not any(base in MOMENTS for s in program.schema.relations.values() for base in s.bases):
        return
    for rule in program.rules:
        loose = set(_loose(rule, program))
        for literal in literals(rule.body) if loose else ():
            if not _is_of_json(literal, program):
                _told(literal, loose, program, report)


def _loose(rule: Rule, program: Program) -> Iterator[str]:
    """The variables of a rule that hold values of JSON, of any kind."""
    own = program.schema.actions.get(rule.action or "")
    if own is not None:
        for term, base in zip(rule.args, own.bases, strict=False):
            if isinstance(term, Var) and base == "any":
                yield term.name
    for literal in literals(rule.body):
        if not literal.negated and _is_of_json(literal, program):
            for term, base in _columns(literal, program):
                if isinstance(term, Var) and base == "any":
                    yield term.name


def _is_of_json(literal: Literal, program: Program) -> bool:
    """Whether a literal speaks of calls, or of what the system fills."""
    name = literal.atom.name
    signature = program.schema.relations.get(name)
    return name.partition(" ")[0] in HISTORY or (signature is not None and signature.builtin)


def _columns(literal: Literal, program: Program) -> Iterator[tuple[Term, str]]:
    return zip(literal.atom.args, columns_of(program.schema, literal.atom.name).bases, strict=False)


def _told(literal: Literal, loose: set[str], program: Program, report: DiagnosticCollector) -> None:
    name = literal.atom.name
    if name not in program.schema.relations:
        return
    for term, base in _columns(literal, program):
        if isinstance(term, Var) and term.name in loose and base in MOMENTS:
            says = f"`not {name}` always holds" if literal.negated else f"`{name}` never holds"
            report.warn(
                "W0643",
                f"`{term.name}` is a value of JSON, which has no {base}: {says} of it",
                term_span(term, literal.span),
                f"read it first, `{term.name} is symbol, At = to_{base}({term.name})`, and ask for `At`",
            )
