"""An aggregate that is compared, ``3 <= count : { p(X) }``: its value, and a comparison of that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.part import Part
from mpr_logic.language.ast import Aggregate, Comparison, Var

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.language.ast import Clause, WrittenItem


def expand_compared(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with a variable for the value of each aggregate that is compared."""
    if not any(isinstance(item, Aggregate) and item.op != "=" for item in clause.body):
        return (Part(clause),)
    body: list[WrittenItem] = []
    for place, item in enumerate(clause.body):
        if isinstance(item, Aggregate) and item.op != "=":
            value = Var(f"#value{place}", item.span)
            body.append(replace(item, target=value, op="="))
            body.append(Comparison(item.op, item.target, value, item.span))
        else:
            body.append(item)
    return (Part(replace(clause, body=tuple(body))),)
