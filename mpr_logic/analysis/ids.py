"""The stable id of a clause, and the canonical text behind it, outside of an analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import explicit_id
from mpr_logic.analysis.canonical import clause_text as _text
from mpr_logic.analysis.canonical import short_id
from mpr_logic.analysis.core import Program
from mpr_logic.analysis.normalise import apart
from mpr_logic.analysis.report import Report
from mpr_logic.analysis.resolve import Names, resolve_clause
from mpr_logic.errors import ProgramError

if TYPE_CHECKING:
    from mpr_logic.analysis.core import Schema
    from mpr_logic.language.ast import Clause


def canonical_text(of: Program | Schema, clause: Clause) -> str:
    """A text that two clauses share exactly when they differ only in the names of their variables, in
    the order of their bodies, in named against positional arguments, in ``a < b`` against ``b > a``
    and in the sides of ``=`` and ``!=``. Weights and annotations take no part.

    Raises:
        ProgramError: the clause speaks of what is not declared, or with other arguments.
    """
    report = Report()
    schema = of.schema if isinstance(of, Program) else of
    resolved = resolve_clause(clause, Names(schema, report))
    if resolved is None:
        raise ProgramError(report.found)
    return _text(apart(resolved))


def clause_id(of: Program | Schema, clause: Clause) -> str:
    """The id of a clause: its @id, or a hash of its canonical text. In a program that has several
    equal clauses the later ones have ``-2``, ``-3``, ... behind it.

    Raises:
        ProgramError: the clause speaks of what is not declared, or with other arguments.
    """
    return explicit_id(clause, Report()) or short_id(canonical_text(of, clause))
