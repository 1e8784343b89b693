"""The input of an expansion, and its output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Clause, Span, Value


@dataclass(frozen=True, slots=True)
class Context:
    """The declarations that an expansion may read, and the collector of what is wrong.

    ``named``: the name of a constant may stand in a clause. ``sets`` gets the sets that literals speak of, by
    the name of their relation: their members become facts.
    """

    schema: Schema
    report: DiagnosticCollector
    named: bool = True
    sets: dict[str, SetFacts] = field(default_factory=dict)


class SetFacts(NamedTuple):
    """The members of a set, and where one that has them is written."""

    values: tuple[Value, ...]
    span: Span


class Part(NamedTuple):
    """One of the clauses that a clause stands for. ``branch`` says which, for messages: the text of the
    alternative that it takes; empty where it is the whole."""

    clause: Clause
    branch: str = ""

    def behind(self, other: Part) -> Part:
        """This part of another part: its branch is told behind that one's."""
        return self._replace(branch=", ".join(filter(None, (other.branch, self.branch))))
