"""Parameters that the host may set, and that no rule reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import named_in_texts
from mpr_logic.analysis.lints.settled import named_in
from mpr_logic.language.ast import ParamDecl

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector


def check_parameters(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each parameter that nothing reads: whoever sets it changes nothing."""
    declared = [s for module in subject.modules for s in module.statements if isinstance(s, ParamDecl)]
    if not declared:
        return
    read = {name for clause in subject.clauses for name in named_in(clause)}
    read |= {name[1:] for clause in subject.clauses for name in named_in_texts(clause) if name[0] == "$"}
    for each in declared:
        if each.name not in read:
            report.warn(
                "W0642",
                f"nothing reads the parameter `{each.name}`, so whoever sets it changes nothing",
                each.span,
                f"write `${each.name}` in a rule, in the place of its value; or take the declaration away",
            )
