"""What the sessions of one program share: its rules in groups, and the code that was compiled for them."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from mpr_logic.engine.groups import Group, asserted, copy_asserted, group, relations_below
from mpr_logic.engine.store import Relation
from mpr_logic.engine.topdown.compiler import Compiler
from mpr_logic.engine.topdown.live import Live

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.semiring import Semiring

VARIANTS = 16
"""The most compilers that are kept, each for other relations that have weights or asserted rows."""


class RuleSet:
    """The rules of a program under a semiring. Nothing in it belongs to a state, so all sessions may have it,
    in several threads: what compiles holds the ``lock``.

    ``tables`` are the constants of rules of one shape, by name, to be shared into each state."""

    def __init__(self, program: Program, semiring: Semiring) -> None:
        self.program = program
        self.semiring = semiring
        self.lock = threading.RLock()
        self.order = {rule: i for i, rule in enumerate(program.rules)}
        heads: dict[str, list[Rule]] = defaultdict(list)
        for rule in program.rules:
            heads[rule.head].append(rule)
        self.groups: dict[str, list[Group]] = {}
        self.copies: dict[str, Group | None] = {}
        self.tables: dict[str, Relation] = {}
        for head, rules in heads.items():
            plain = rules[0].given == 0 and " " not in head
            self.copies[head] = copy_asserted(head, program.arity[head]) if plain else None
            self.groups[head] = group(rules, head)
        self.live = Live()
        for each in [g for groups in self.groups.values() for g in groups]:
            if each.table is not None:
                self.tables[each.table.name] = each.table
                self.live.enter(each.table, each.body, self._empty)
        self.component = {n: s for s in program.strata for n in s if n in program.recursive}
        self.below = relations_below(program, self.groups)
        self._compilers: dict[tuple[frozenset[str], frozenset[str]], Compiler] = {}

    def _empty(self, name: str) -> Relation | None:
        """A relation that no rule derives, without rows."""
        return None if name in self.groups else Relation(name, self.program.arity[name])

    def stored_name(self, name: str) -> str:
        """The name of a core relation's stored rows."""
        return asserted(name) if name in self.groups else name

    def compiler(self, light: frozenset[str], asserted: frozenset[str]) -> Compiler:
        """What compiles for sessions in which these stored relations have weights, and these derived ones
        asserted rows."""
        with self.lock:
            found = self._compilers.get((light, asserted))
            if found is None:
                if len(self._compilers) >= VARIANTS:
                    self._compilers.clear()  # those who use one go on with it
                found = self._compilers[light, asserted] = Compiler(self, light, asserted)
            return found
