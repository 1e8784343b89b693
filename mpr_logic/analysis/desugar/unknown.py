"""``unknown p(a, _)``: neither a row nor an absence is known, as two negated literals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.part import Part
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.language.ast import DENIED, STATED, Literal, Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.language.ast import Clause, WrittenItem


def expand_unknown(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with two literals for each `unknown`."""
    if not any(isinstance(item, Unknown) for item in clause.body):
        return (Part(clause),)
    body: list[WrittenItem] = []
    for item in clause.body:
        if not isinstance(item, Unknown):
            body.append(item)
            continue
        signature = context.schema.relations.get(item.atom.name)
        if signature is not None and not signature.open_world:
            _not_open(item, context)
            return ()
        body += [Literal(item.atom, True, STATED, item.span)]
        body += [Literal(item.atom, True, DENIED, item.span)] if signature is not None else []
    return (Part(replace(clause, body=tuple(body))),)


def _not_open(item: Unknown, context: Context) -> None:
    relations = [s.name for s in context.schema.relations.values() if s.open_world]
    name = item.atom.name
    otherwise = f"write `not {name}(...)`, or declare it .decl {name}(...) open_world"
    context.report.error(
        "E0271",
        f"`{name}` is not open-world: what is not stated of it does not hold, and nothing is unknown",
        item.atom.span,
        did_you_mean(name, relations, otherwise) if name not in context.schema.relations else otherwise,
    )
