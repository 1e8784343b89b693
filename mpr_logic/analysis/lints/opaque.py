"""Readers that rules ask what they know of a text, and never whether there is something that they cannot
know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import OPAQUE
from mpr_logic.analysis.terms import literals
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal


def check_opaque(subject: Subject, report: DiagnosticCollector) -> None:
    """Report the first literal of each reader, and of each dialect, that nothing asks what it cannot
    know. A law that rejects what is not known to be right, and a permit of what is, need not ask."""
    program = subject.program
    read: dict[tuple[str, str], Literal] = {}
    asked: set[tuple[str, str]] = set()
    for rule in program.rules:
        for literal in literals(rule.body):
            name = literal.atom.name
            if name not in OPAQUE or not program.schema.relations[name].builtin:
                continue
            key = OPAQUE[name], print_term(literal.atom.args[1])
            rejects = literal.negated and rule.clause.kind == "forbid"
            if name == OPAQUE[name] or (name == "path_inside" and rejects):
                asked.add(key)  # what is opaque lies in no folder
            elif literal.negated != (rule.clause.kind == "forbid") or rule.action is None:
                read.setdefault(key, literal)
    for (opaque, manner), literal in read.items():
        if (opaque, manner) not in asked:
            report.warn(
                "W0679",
                f"no rule asks `{opaque}`: of a text that cannot be read, `{literal.atom.name}` says nothing",
                literal.span,
                f"reject what cannot be known, by a law of its own: forbid ...(T) :- {opaque}(T, {manner})",
            )
