"""Who can change what: the actions whose declared effects do, and those whom a declaration names.

This hangs on the rules alone, so it is worked out once for a program. A search for repairs looks at nothing
that nobody can change.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import CALL
from mpr_logic.language.ast import Aggregate, Literal

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import BodyItem

TRIED = ("past ", "succeeded ")
"""What an action brings about by being done, whatever its effects."""


class Possible:
    """What can be changed under one program. ``true`` are the core relations of which a row can come to hold,
    directly or through rules; ``false`` those of which one can cease to. ``unforeseen`` are actions of which
    nobody can tell, before they are proposed, whether they are admissible: nothing is left to them."""

    def __init__(self, program: Program, unforeseen: Container[str] = ()) -> None:
        self._program = program
        self.actions = tuple(name for name in program.schema.actions if name not in unforeseen)
        self.effects: dict[tuple[str, bool], list[Rule]] = defaultdict(list)
        """By the relation, and whether a row comes to hold: the rules of effects that say so."""
        for rule in program.rules:
            if rule.clause.effect is not None and rule.action in self.actions:
                name = rule.clause.effect.name
                self.effects[name, rule.clause.kind == "causes"].append(rule)
        self.who: dict[str, str] = {}
        """By the core relation: who may change it."""
        for name, signature in program.schema.relations.items():
            if signature.changed_by is not None:
                self.who[name] = signature.changed_by
                if signature.open_world:
                    self.who[f"not {name}"] = signature.changed_by
        self.true = {name for name, comes in self.effects if comes} | set(self.who)
        self.true |= {f"{call}{word}{name}" for name in self.actions for word in TRIED for call in ("", CALL)}
        self.false = {name for name, comes in self.effects if not comes} | set(self.who)
        # of an open-world relation what comes to hold is no longer observed to be false
        self.false |= {f"not {name}" for name in self.true}
        self._follow()

    def _follow(self) -> None:
        """What follows by rules can be changed through them."""
        size = -1
        while size != len(self.true) + len(self.false):
            size = len(self.true) + len(self.false)
            for rule in self._program.rules:
                if any(self.helps(item) for item in rule.body):
                    self.true.add(rule.head)
                if any(self.hurts(item) for item in rule.body):
                    self.false.add(rule.head)

    def helps(self, item: BodyItem) -> bool:
        """Whether a body item that does not hold can be made to."""
        if isinstance(item, Aggregate):
            return any(self.helps(i) or self.hurts(i) for i in item.body)
        return isinstance(item, Literal) and item.atom.name in (self.false if item.negated else self.true)

    def hurts(self, item: BodyItem) -> bool:
        """Whether a body item that holds can be made not to."""
        if isinstance(item, Aggregate):
            return any(self.helps(i) or self.hurts(i) for i in item.body)
        return isinstance(item, Literal) and item.atom.name in (self.true if item.negated else self.false)

    def counted(self, items: Iterable[BodyItem]) -> Iterator[Literal]:
        """The literals in the braces of aggregates of which rows can come or go."""
        for item in items:
            if isinstance(item, Aggregate):
                yield from (
                    i for i in item.body if isinstance(i, Literal) and (self.helps(i) or self.hurts(i))
                )
