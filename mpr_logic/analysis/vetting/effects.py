"""Effects that need what is only known while a call is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.influence import read_by
from mpr_logic.analysis.types import literals

if TYPE_CHECKING:
    from mpr_logic.analysis.core import Program, Rule
    from mpr_logic.analysis.report import Report
    from mpr_logic.analysis.vetting.known import Known
    from mpr_logic.syntax.ast import Span

NOW = "now"


def check_effects(program: Program, known: Known, report: Report) -> None:
    """Report each effect that reads the time, or what a function of the host says: both hold for the check of
    a call, and effects are worked out when it has ended."""
    asked = {NOW, *known.functions}
    for rule in program.rules:
        if rule.clause.kind not in ("causes", "ends"):
            continue
        for name in sorted(read_by(program, [rule.head]) & asked):
            said = "the time" if name == NOW else "a function of the host"
            report.error(
                "E0616",
                f"`{name}` is {said}, which is asked while a call is decided: to an effect it is empty",
                _where(program, rule, name),
                "let the host state it as a fact, by an update or with the result of the call; "
                "`called(N, A, S)` has the time of each call",
            )


def _where(program: Program, rule: Rule, name: str) -> Span:
    """The literal by which an effect reads a relation, directly or through others."""
    return next(
        (
            each.span
            for each in literals(rule.body)
            if each.atom.name == name or name in read_by(program, [each.atom.name])
        ),
        rule.clause.span,
    )
