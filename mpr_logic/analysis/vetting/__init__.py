"""What has lost its grip: rules that are valid, and do not mean what their author thinks they do.

:func:`vet` finds it before the first call: a law about an action that no tool is, a relation that nothing
fills, a constant that stands nowhere, a body that cannot hold, a permit that changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.analyse import in_order
from mpr_logic.analysis.occurrences import program_as_written
from mpr_logic.analysis.report import Report
from mpr_logic.analysis.vetting.actions import Naming, check_actions, check_names
from mpr_logic.analysis.vetting.bodies import check_bodies
from mpr_logic.analysis.vetting.expressions import check_expressions
from mpr_logic.analysis.vetting.filling import Filling
from mpr_logic.analysis.vetting.known import Known, KnownTool
from mpr_logic.analysis.vetting.overriding import check_overriding
from mpr_logic.analysis.vetting.relations import check_constants, check_filled, check_lower_case

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Module
    from mpr_logic.language.diagnostics import Diagnostic

__all__ = ["Known", "KnownTool", "vet"]


def vet(program: Program, known: Known | None = None, modules: Sequence[Module] = ()) -> list[Diagnostic]:
    """What has lost its grip in a program: errors, and warnings of what only looks so.

    Args:
        program: the checked rules.
        known: what is known of the tools, the host and the state.
        modules: the texts of the program, for the order of the findings and their source lines.
    """
    program, known = program_as_written(program), known or Known()
    report = Report()
    naming = Naming(program, known)
    reached = naming.reached()
    filling = Filling(program, known, reached)
    check_names(naming, report)
    check_actions(naming, reached, report)
    check_filled(filling, report)
    check_constants(filling, known, report)
    check_lower_case(program, report)
    check_bodies(filling, report)
    check_overriding(filling, known.theta, report)
    check_expressions(program, report)
    return in_order(report, modules)
