"""Expands sugar: rewrites a clause as its author wrote it into clauses of the core language.

All that an author may write in fewer words than the core needs is expanded here, before a name is resolved,
and nowhere else. The engines, the verifier and all that reads :attr:`Rule.body
<mpr_logic.analysis.program.Rule>` meet core items alone. What people read stays the author's: every rule
that comes of a clause has that clause in ``Rule.clause``, with its spans, comments and annotations, and
that clause's id in ``Rule.id``. So one clause has one id, however many rules it gives: ``@overrides(id)``
lifts them all, reasons, logs and evidence speak of that id, and ``Rule.part`` tells its rules apart where a
program needs to, among the rules of one head. The id of a clause without ``@id`` is a hash of the canonical
texts of its core clauses, in order; what differs only in its sugar has one id.

To add an expansion:

1. Give the node to the tree: in ``language/ast.py`` add it to ``WrittenItem``, and to what walks written
   bodies in ``analysis/terms.py`` (a name that only stands for others, such as a class of actions, needs no
   node).
2. Write a module beside this one with a function ``(clause, context) -> Sequence[Part]``. It returns
   ``(Part(clause),)`` where the clause has none of this sugar. Tell :func:`_is_core` of the node: a clause
   without any sugar meets no expansion. A part is a clause with the same weight, annotations and spans; each
   node keeps the span of what it was made of, so that later diagnostics point there. It reports what is
   wrong to ``context.report`` and returns ``()``.
3. Add it to :data:`EXPANSIONS`. They run in this order, each on what the one before made.

What an expansion needs to know of the declarations stands in ``context.schema``.

Classes of actions (:mod:`mpr_logic.analysis.desugar.classes`) are expanded last, when names are resolved: so
a clause is checked once, against the arguments that all members share, its faults are told of the class, and
its id does not change with the members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.alternatives import expand_alternatives
from mpr_logic.analysis.desugar.compared import expand_compared
from mpr_logic.analysis.desugar.membership import expand_memberships
from mpr_logic.analysis.desugar.named import expand_names
from mpr_logic.analysis.desugar.part import Context, Part
from mpr_logic.analysis.desugar.placed import expand_placed
from mpr_logic.analysis.desugar.unknown import expand_unknown
from mpr_logic.analysis.desugar.windows import FORMS, expand_windows
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.terms import places_calls, sugar
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Aggregate, Atom, Literal, Test

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import Clause, WrittenItem

EXPANSIONS: tuple[Callable[[Clause, Context], Sequence[Part]], ...] = (
    expand_names,
    expand_alternatives,
    expand_memberships,
    expand_compared,
    expand_windows,
    expand_unknown,
    expand_placed,
)
"""The expansions, in the order in which they run."""

__all__ = ["EXPANSIONS", "Context", "Part", "core_clauses", "expand"]


def expand(clause: Clause, context: Context) -> Sequence[Part]:
    """The core clauses of a clause; none where its sugar is wrong (reported)."""
    parts: Sequence[Part] = (Part(clause),)
    if _is_core(clause, context):
        return parts
    for expansion in EXPANSIONS:
        if len(parts) == 1:
            part = parts[0]
            made = expansion(part.clause, context)
            parts = [each.behind(part) for each in made] if part.branch else made
        else:
            parts = [each.behind(part) for part in parts for each in expansion(part.clause, context)]
    return parts


def _is_core(clause: Clause, context: Context) -> bool:
    """Whether no expansion has something to do: so it is with most clauses, and none need look."""
    if sugar(clause) is not None or any(map(places_calls, clause.body)):
        return False
    inner = (each for item in clause.body if isinstance(item, Aggregate) for each in item.body)
    listed = bool(context.schema.members)
    return not any(_may_expand(item, listed) for item in (*clause.body, *inner))


def _may_expand(item: WrittenItem, listed: bool) -> bool:
    """Whether an item of a core kind may be sugar all the same; ``listed``: some types list their values."""
    match item:
        case Aggregate(op=op):
            return op != "="
        case Literal(Atom(name)):
            return name in FORMS
        case Test(name):
            return listed and name == "is"
    return False


def core_clauses(clause: Clause, schema: Schema) -> list[Clause]:
    """The core clauses of a clause, outside of an analysis.

    Raises:
        ProgramError: its sugar is wrong.
    """
    report = DiagnosticCollector()
    parts = expand(clause, Context(schema, report))
    if report.broken:
        raise ProgramError(report.found)
    return [part.clause for part in parts]
