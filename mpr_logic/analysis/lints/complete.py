"""Relations that are declared ``complete`` where that cannot be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector


def check_complete(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each relation that is said to be stated in full and to be seen in part."""
    for name, signature in subject.program.schema.relations.items():
        if signature.complete and signature.open_world and signature.span is not None:
            report.warn(
                "W0676",
                f"`{name}` is declared complete, and open_world, which is seen in part",
                signature.span,
                "keep `complete` where these files state all of it, else `open_world`",
            )
