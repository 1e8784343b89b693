"""Constant texts that a rule reads as a time, a date or a duration, and that write none."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import term_span
from mpr_logic.analysis.times import as_written
from mpr_logic.language.ast import Call, Const, nodes
from mpr_logic.language.moments import READERS, Instant

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector

_READ = {"to_time": "time", "to_date": "date", "to_duration": "duration"}
"""The functions that read a text, and what each makes of it."""


def check_constant_times(subject: Subject, report: DiagnosticCollector) -> None:
    """Report a constant of which a function makes no time: what compares it never holds."""
    for clause in {id(rule.clause): rule.clause for rule in subject.program.rules}.values():
        for call in nodes((clause.head, clause.body)):
            if not isinstance(call, Call) or call.function not in _READ or not call.args:
                continue
            text, wanted = call.args[0], _READ[call.function]
            if not isinstance(text, Const) or not isinstance(text.value, str):
                continue
            if _reads(text.value, wanted, zoned=len(call.args) > 1):
                continue
            help = as_written(wanted)
            if text.value in ("now", "today"):
                help = "ask for the time of the check, `now_at(N)`, and compare with `N`"
                help += ' or with `date(N, "UTC")`' if wanted == "date" else ""
            report.warn(
                "W0646",
                f"`{call.function}` has no value for this text, so what compares it never holds",
                term_span(text, call.span),
                help,
            )


def _reads(text: str, wanted: str, *, zoned: bool) -> bool:
    if wanted == "time" and zoned:
        return Instant.read(text, dt.UTC) is not None
    return READERS[wanted](text) is not None
