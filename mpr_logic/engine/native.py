"""The native engine: stored facts, questions compiled to what they bind, proofs at need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine.answers import matching
from mpr_logic.engine.base import Budget, Pattern
from mpr_logic.engine.checks import Checks
from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.firing import Firings
from mpr_logic.engine.goals import Goals
from mpr_logic.engine.guard import Guard
from mpr_logic.engine.proofs import Prover
from mpr_logic.engine.semiring import semiring as semiring_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.core import Program, Rule
    from mpr_logic.engine.checks import Verdict
    from mpr_logic.engine.firing import Firing
    from mpr_logic.engine.proof import Proof, RuleProof
    from mpr_logic.engine.store import Relation
    from mpr_logic.syntax.ast import Row, Span


class NativeEngine:
    """See :class:`~mpr_logic.engine.base.Engine`. One instance serves one thread at a time; two
    instances share nothing."""

    def __init__(
        self,
        program: Program,
        *,
        semiring: str = "maxmin",
        budget: Budget | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        self.program = program
        self.budget = budget or Budget()
        self.semiring = semiring_named(semiring)
        self.deadline = deadline or Deadline(self.budget.clock)
        self._goals = Goals(program, self.semiring, self.budget, self.deadline)
        self._checks = Checks(self._goals)
        self.prover = Prover(self._goals)
        self._firings = Firings(self._goals, self._checks, self.prover)
        self.generation = 0  # counts how often everything was compiled anew
        self._stored: dict[str, Relation] = {}
        self._followed = self._goals.live.followed
        self._order = {rule: i for i, rule in enumerate(program.rules)}
        for fact in program.facts:
            self.add(fact.relation, fact.row, fact.weight, fact.span)

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact of a core relation; a fact asserted before takes the new weight and source."""
        stored = self._stored.get(relation)
        if stored is None:
            stored = self._store(relation)
        if stored.add(row, weight, source):
            self._recompile()
        self._changed(stored, row)

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""
        stored = self._stored.get(relation)
        if stored is not None:  # else nothing was ever asserted of it
            stored.remove(row)
            self._changed(stored, row)

    def source(self, relation: str, row: Row) -> Span | str:
        """Where an asserted fact came from; "" where it is not asserted."""
        stored = self._stored.get(relation)
        if stored is None:
            return ""
        return stored.rows.get(row[0] if stored.arity == 1 else row) or ""

    def _changed(self, stored: Relation, row: Row) -> None:
        """A stored row has come, gone or changed its weight: forget what was made from it."""
        for readers, key in stored.watches:
            found = readers.pop(key(row), None)
            if found:
                self._goals.dependencies.forget(found)
        followed = self._followed.get(stored.name)
        if followed is not None and stored.key(row) in followed:
            for table, own in self._goals.live.follow(stored, row):
                self._changed(table, own)
        if self.prover.used:
            self.prover.changed()

    def _store(self, relation: str) -> Relation:
        stored = self._stored[relation] = self._goals.relation(relation)
        if relation in self._goals.groups:
            self._goals.asserted.add(relation)
            self._recompile()  # the code so far does not look for asserted rows
        return stored

    def _recompile(self) -> None:
        self._goals.reset()
        self._checks.reset()
        self.prover.reset()
        self._firings.reset()
        self.generation += 1

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows of a core relation that match, each with its weight."""
        with self.bounded():
            return matching(self._goals, relation, pattern)

    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules of ``forbid a`` and the like that fire for an action, in program order."""
        with self.bounded():
            found = self._checks.function(head)(*args)
        return sorted(found, key=lambda each: self._order[each[0]])

    def check(self, head: str) -> Callable[..., list[tuple[Rule, float]]]:
        """The compiled function behind :meth:`fired`, without its guards: to be called, with the
        action's arguments, inside :meth:`bounded`."""
        return self._checks.function(head)

    def firing(self, head: str, theta: float, *, soft: bool = False) -> Firing:
        """The compiled function from an action's arguments to the proofs of the rules that fire; see
        Firings. Like :meth:`check` it has no guards."""
        return self._firings.function(head, theta, soft=soft)

    def verdict(self, action: str, theta: float) -> Verdict:
        """The compiled function that only decides about an action; see Checks. Like :meth:`check` it has
        no guards."""
        return self._checks.verdict(action, theta)

    def cheapest_first(self, action: str) -> list[Rule]:
        """The forbids of an action, those first that cost least to ask."""
        return self._checks.cheapest_first(f"forbid {action}")

    def weighs_less(self, head: str, theta: float) -> bool:
        """Whether a rule of the head could fire with a weight below theta."""
        return self._goals.weighted(head) and self._checks.weighs_less(head, theta)

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of a rule for a ground head; None where there is none."""
        with self.bounded():
            return self.prover.explain(rule, args)

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact; None where it does not hold."""
        with self.bounded():
            return self.prover.prove(relation, row)

    def tidy(self) -> None:
        """Forget what was kept, if it has become very much: to be called between questions only."""
        self._goals.dependencies.tidy()

    def bounded(self) -> Guard:
        """A context for one question: it starts the clock, and turns whatever goes wrong in compiled code
        into an EvaluationError."""
        return Guard(self.deadline, self.budget.seconds)
