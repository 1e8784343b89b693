"""The native engine: stored facts, questions compiled to what they bind, proofs at need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.atoms import Pattern
from mpr_logic.analysis.strata import read_by
from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.failures import Bounded
from mpr_logic.engine.protocol import Budget, Engine
from mpr_logic.engine.provenance.fired_rules import FiredRulesCompiler
from mpr_logic.engine.provenance.prover import Prover
from mpr_logic.engine.semiring import semiring as semiring_named
from mpr_logic.engine.topdown.compiler import Compilers
from mpr_logic.engine.topdown.evaluator import Evaluator, matching
from mpr_logic.engine.topdown.ruleset import RuleSet
from mpr_logic.engine.topdown.verdicts import VerdictCompiler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.protocol import FiredFunction, ProofsFunction, StoredFact, VerdictFunction
    from mpr_logic.engine.provenance.proof import Proof, RuleProof
    from mpr_logic.engine.store import Relation
    from mpr_logic.language.ast import Row, Span


class NativeEngine(Engine):
    """Rules compiled to functions, on stored facts. One instance serves one thread at a time. Those that were
    forked from another share the compiled code, and no state."""

    def __init__(
        self,
        program: Program,
        *,
        semiring: str = "maxmin",
        budget: Budget | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        budget = budget or Budget()
        rules = RuleSet(program, semiring_named(semiring))
        self._begin(Evaluator(Compilers(rules), budget, deadline or Deadline(budget.clock)))
        for fact in program.facts:
            self.add(fact.relation, fact.row, fact.weight, fact.span)

    def _begin(self, evaluator: Evaluator) -> None:
        self.program = evaluator.program
        self.budget = evaluator.budget
        self.semiring = evaluator.semiring
        self.deadline = evaluator.deadline
        # a product is rounded: computed in another order it comes out otherwise
        self.proofs_decide = evaluator.semiring.name != "product"
        self._prover = Prover(evaluator)
        self._generation = 0  # counts how often other code had to be taken
        self._evaluator = evaluator
        self._rules = evaluator.rules
        self._stored: dict[str, Relation] = {}
        self._followed = evaluator.reduction.followed

    def fork(self, deadline: Deadline | None = None) -> NativeEngine:
        """An engine of its own with the same rules, compiled once for both, and the facts as they are."""
        other = NativeEngine.__new__(NativeEngine)
        evaluator = self._evaluator
        deadline = deadline or Deadline(evaluator.budget.clock)
        other._begin(Evaluator(evaluator.compilers, evaluator.budget, deadline, evaluator))
        return other

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact of a core relation; a fact asserted before takes the new weight and source."""
        stored = self._stored.get(relation)
        if stored is None:
            stored = self._store(relation)
        if stored.shared:
            self._evaluator.take(stored)
        if stored.holds(row, weight):  # no answer hangs on where it comes from, but proofs say it
            stored.add(row, weight, source)
            if self._prover.used:
                self._prover.changed()
            return
        if stored.add(row, weight, source):
            self._recompile()
        self._changed(stored, row)

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""
        stored = self._stored.get(relation)
        if stored is None:
            stored = self._known(relation)
        if stored is not None:  # else nothing was ever asserted of it
            if stored.shared:
                self._evaluator.take(stored)
            stored.remove(row)
            self._changed(stored, row)

    def change(self, relation: str, facts: Sequence[StoredFact]) -> None:
        """Assert and retract several facts of one core relation: as one by one, but what rests on the
        relation is forgotten once for all of them."""
        changed = [row for row, weight, _ in facts if weight is None]
        stored = self._stored.get(relation)
        if stored is None:
            stored = self._known(relation) if len(changed) == len(facts) else self._store(relation)
            if stored is None:
                return
        if stored.name in self._followed:
            super().change(relation, facts)
            return
        if stored.shared:
            self._evaluator.take(stored)
        if len(changed) == len(facts) and stored.is_all(changed):
            stored.clear()
        elif not changed and stored.enter(facts):
            changed = [row for row, _, _ in facts]
        else:
            changed = []
            for row, weight, source in facts:
                if weight is None:
                    stored.remove(row)
                elif stored.holds(row, weight):
                    stored.add(row, weight, source)
                    continue
                elif stored.add(row, weight, source):
                    self._recompile()
                changed.append(row)
        forget = self._evaluator.support.forget
        for dependents, key in stored.watches:
            if len(dependents) <= len(changed):  # to forget what does not rest on them is no fault
                for found in dependents.values():
                    forget(found)
                dependents.clear()
                continue
            for row in changed:
                answers = dependents.pop(key(row), None)
                if answers:
                    forget(answers)
        if self._prover.used:
            self._prover.changed()

    def source(self, relation: str, row: Row) -> Span | str:
        """The source of an asserted fact; "" where it is not asserted."""
        stored = self._stored.get(relation)
        if stored is None:
            stored = self._known(relation)
        if stored is None:
            return ""
        return stored.rows.get(row[0] if stored.arity == 1 else row) or ""

    def _known(self, relation: str) -> Relation | None:
        """The stored rows of a relation of which something was asserted before this engine was forked."""
        name = self._rules.stored_name(relation)
        return self._store(relation) if name in self._evaluator.relations else None

    def _changed(self, stored: Relation, row: Row) -> None:
        """A stored row has come, gone or changed its weight: forget what was made from it."""
        for dependents, key in stored.watches:
            found = dependents.pop(key(row), None)
            if found:
                self._evaluator.support.forget(found)
        followed = self._followed.get(stored.name)
        if followed is not None and stored.key(row) in followed:
            self._follow(stored, row)
        if self._prover.used:
            self._prover.changed()

    def _follow(self, stored: Relation, row: Row) -> None:
        """Let the tables of rules follow a row that has come or gone."""
        evaluator = self._evaluator
        for name, own, comes in list(evaluator.reduction.follow(stored, row, evaluator.relation_of)):
            table = evaluator.relation_of(name)
            if table.shared:
                evaluator.take(table)
            (table.add if comes else table.remove)(own)
            self._changed(table, own)

    def _store(self, relation: str) -> Relation:
        stored = self._stored[relation] = self._evaluator.relation(relation)
        if relation in self._evaluator.groups and relation not in self._evaluator.asserted:
            self._evaluator.asserted.add(relation)
            self._recompile()  # the code so far does not look for asserted rows
        return stored

    def _recompile(self) -> None:
        self._evaluator.reset()
        self._prover.reset()
        self._generation += 1

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows of a core relation that match, each with its weight."""
        with self.bounded():
            return matching(self._evaluator, relation, pattern)

    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules of ``forbid a`` and the like that fire for an action, in program order."""
        with self.bounded():
            found = self._evaluator.fired(head)(*args)
        return sorted(found, key=lambda each: self._rules.order[each[0]])

    def ready(self) -> int:
        """Forget kept answers if they have become very many; the number of the code that is in use."""
        self._evaluator.support.tidy()
        return self._generation

    def verdict_function(self, action: str, theta: float) -> VerdictFunction:
        """The compiled function that only decides about an action; see VerdictCompiler."""
        return self._evaluator.named(
            (action, theta), lambda compiler: compiler.extension(VerdictCompiler).verdict(action, theta)
        )

    def fired_function(self, head: str) -> FiredFunction:
        """The compiled function behind :meth:`fired`, in no order."""
        return self._evaluator.fired(head)

    def proofs_function(self, head: str, theta: float, *, soft: bool = False) -> ProofsFunction:
        """The compiled function from an action's arguments to the proofs of the rules that fire; see
        FiredRulesCompiler."""
        return self._evaluator.named(
            (head, theta, soft),
            lambda compiler: compiler.extension(FiredRulesCompiler).function(head, theta, soft=soft),
        )

    def may_weigh_less(self, head: str, theta: float) -> bool:
        """Whether a rule of the head could fire with a weight below theta."""
        compiler = self._evaluator.compiler
        return compiler.weighted(head) and compiler.extension(VerdictCompiler).weighs_less(head, theta)

    def cheapest_first(self, action: str) -> list[Rule]:
        """The forbids of an action, those first that cost least to ask."""
        return self._evaluator.compiled(
            lambda compiler: compiler.extension(VerdictCompiler).cheapest_first(f"forbid {action}")
        )

    def prepare(self, action: str, theta: float, *, proofs: bool, wholly: bool) -> None:
        """Compile now what decides about an action; ``wholly`` also what lists and proves every rule."""
        self.verdict_function(action, theta)
        if proofs or wholly:
            self.proofs_function(f"forbid {action}", theta)
        if not wholly:
            return
        for kind in ("forbid", "permit"):
            self.fired_function(f"{kind} {action}")
        self.proofs_function(f"forbid {action}", theta, soft=True)
        law = f"forbid {action}"
        for head in {law, *read_by(self.program, [law])} - self._evaluator.component.keys():
            for rule in self.program.rules_for(head):
                self._prover.prepare(rule)

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of a rule for a ground head; None where there is none."""
        with self.bounded():
            return self._prover.explain(rule, args)

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact; None where it does not hold."""
        with self.bounded():
            return self._prover.prove(relation, row)

    def bounded(self) -> Bounded:
        """A context for one question: it starts the clock, and turns whatever goes wrong in compiled code
        into an EvaluationError."""
        return Bounded(self.deadline, self.budget.seconds)
