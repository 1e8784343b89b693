"""Relations of which a table states what was seen, and not all that is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.ast import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import WrittenItem


def counted_relations(program: Program) -> frozenset[str]:
    """The relations whose absence no learned law may rest on.

    They are those that the files state by facts, and that nothing else fills: such a table says what somebody
    has counted, and a new scene may bring what it lacks. So it is with what rules derive from them. Not so
    where a relation is declared ``complete``, or ``input``: then its author says that all of it is told.
    """
    relations = program.schema.relations
    told = {name for name, s in relations.items() if s.complete or s.input or s.open_world or s.builtin}
    found = {fact.relation for fact in program.facts if fact.relation in relations} - told
    grown = True
    while grown:
        more = {
            rule.head
            for rule in program.rules
            if rule.head in relations and rule.head not in told and rule.head not in found
            if any(isinstance(i, Literal) and not i.negated and i.atom.name in found for i in rule.body)
        }
        found |= more
        grown = bool(more)
    return frozenset(found)


def resting_on(items: Iterable[WrittenItem], counted: frozenset[str]) -> list[WrittenItem]:
    """The items that deny what was counted."""
    return [
        item
        for item in items
        if isinstance(item, Literal) and item.negated and not item.tense and item.atom.name in counted
    ]
