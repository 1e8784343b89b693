"""Alternatives in a body, ``(a ; b, c)``: a clause for each choice, by the disjunctive normal form."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.part import Part
from mpr_logic.language.ast import Alternatives
from mpr_logic.language.printer import print_item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.language.ast import Clause, WrittenItem

MOST = 64
"""The most clauses that the alternatives of one clause may come to."""

_Body = tuple["WrittenItem", ...]
_Choice = tuple[_Body, "tuple[str, ...]"]  # the items of a body, and the alternatives taken


def expand_alternatives(clause: Clause, context: Context) -> Sequence[Part]:
    """A part for each way to choose one branch of each alternative."""
    first = next((item for item in clause.body if isinstance(item, Alternatives)), None)
    if first is None:
        return (Part(clause),)
    if (number := _count(clause.body)) > MOST:
        context.report.error(
            "E0126",
            f"the alternatives of this clause come to {number} rules, and {MOST} are allowed",
            first.span if first.span.line else clause.head.span,
            "derive a relation from some of them, one rule for each branch, and use it here; for the "
            "values of one term write a set: `X in {a, b}`",
        )
        return ()
    return [
        Part(replace(clause, body=body), " and ".join(f"`{each}`" for each in taken))
        for body, taken in _choices(clause.body)
    ]


def _count(body: Sequence[WrittenItem]) -> int:
    return prod(sum(map(_count, i.branches)) for i in body if isinstance(i, Alternatives))


def _choices(body: Sequence[WrittenItem]) -> Iterator[_Choice]:
    """The bodies without alternatives, in the order of the text."""
    for chosen in product(*map(_choices_of, body)):
        items, taken = zip(*chosen, strict=True)
        yield sum(items, ()), sum(taken, ())


def _choices_of(item: WrittenItem) -> list[_Choice]:
    if not isinstance(item, Alternatives):
        return [((item,), ())]
    found: list[_Choice] = []
    for branch in item.branches:
        for body, taken in _choices(branch):
            # of nested alternatives the innermost says all
            found.append((body, taken or (", ".join(map(print_item, branch)),)))
    return found
