"""The parts of a rule about an action that no variable connects, but for those of its head.

The action binds the variables of the head, and no other variable reaches from one part into another: the
body holds exactly where each part does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import item_vars, names, term_vars

if TYPE_CHECKING:
    from mpr_logic.language.ast import BodyItem, Clause


def head_variables(clause: Clause) -> set[str]:
    """The variables that the head of a rule about an action binds."""
    return names(v for term in clause.head.args for v in term_vars(term))


def parts(clause: Clause) -> list[Clause]:
    """A rule for each part of the body, with the head of the whole. A rule that always holds is one part."""
    bound = head_variables(clause)
    groups: list[tuple[set[str], list[BodyItem]]] = []
    for item in clause.body:
        free, items = names(item_vars(item)) - bound, [item]
        apart = []
        for other, others in groups:
            if free & other:
                free, items = free | other, others + items
            else:
                apart.append((other, others))
        groups = [*apart, (free, items)]
    if len(groups) < 2:
        return [clause]
    return [replace(clause, body=tuple(items)) for _, items in groups]
