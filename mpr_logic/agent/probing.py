"""Probes: an action that only learned rules block is let through now and then, so that a wrong law can fall.

What a law blocks is never tried, so nothing would ever speak against it. What comes of a probe is evidence
like any other: one success against a learned rule takes its weight below theta.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.memory.store import PROBES_EACH

if TYPE_CHECKING:
    from mpr_logic.checker.decision import Decision
    from mpr_logic.memory.store import Memory


class Probing:
    """Asks a memory whether a rejected action may be let through.

    Granted is only what learned rules of the memory reject and nothing else does, and only where the budget
    of each of these rules allows it; the memory counts it before it is done. Made anew where the rules
    have changed.

    Args:
        memory: has the rules, and the budgets.
        budget: so many probes a version of a rule may have.
    """

    def __init__(self, memory: Memory, budget: int = PROBES_EACH) -> None:
        self._memory = memory
        self._budget = budget
        self._spent: set[str] = set()

    def __call__(self, decision: Decision) -> bool:
        """Whether to let through what this decision rejects.

        Raises:
            StoreError: the memory cannot be read or written.
        """
        blocking = dict.fromkeys(reason.id for reason in decision.by_rule)
        if decision.verdict != "forbidden" or not blocking or None in blocking:
            return False
        ids = [id for id in blocking if id is not None]
        # where one of them has no probes left, those of the others are not to be wasted
        if not self._spent.isdisjoint(ids) or not self._learned(ids):
            return False
        for id in ids:
            if not self._memory.probe(id, str(decision.action), budget=self._budget):
                self._spent.add(id)
                return False
        return True

    def _learned(self, ids: list[str]) -> bool:
        """Whether the memory has learned all of these rules: no hand has written one."""
        found = {rule.id for rule in self._memory.rules(ids=ids) if rule.kind != "hand"}
        return found.issuperset(ids)
