"""Finds proofs at need: evaluation keeps no provenance, and a proof is found again, for one fact, when asked.

For the shape of a rule one more function is compiled, which records its best match. Of a recursive relation
the tables say how each answer was derived, and of one that is walked the shortest path is found again.
"""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.planner import name_anonymous
from mpr_logic.engine.provenance.linear_proofs import LinearProofCompiler, LinearProver
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    RuleProof,
    proof_of,
)
from mpr_logic.engine.provenance.recorder import ProofCompiler
from mpr_logic.engine.rule_groups import MEMBER, variables_in_order
from mpr_logic.engine.topdown.evaluator import matching
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Aggregate, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.provenance.proof import Proof, ProofRecord, ProofStep
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.engine.topdown.evaluator import Evaluator
    from mpr_logic.engine.topdown.tabling import TabledAnswer, Tabling
    from mpr_logic.language.ast import Atom, BodyItem, Row

BoundValues: TypeAlias = "dict[str, Any]"
"""By the names of a rule's variables."""

Record: TypeAlias = "Callable[[Rule, Row, Row], ProofRecord | None]"
"""The function of a rule's shape: from a rule of it, the head's arguments and what the rule fills the shape
with."""

Find: TypeAlias = "Callable[[Row], Proof | None]"
"""From a row of a relation to its proof; None where it does not hold."""


class Prover:
    """Finds proofs in the state of one session. Compiled code calls back here for them."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._bodies: dict[Rule, tuple[BodyItem, ...]] = {}
        evaluator.callbacks.update(
            record=self.record, assemble=self.assemble, absence=self.absence, proofs_of=self.proofs_of
        )
        self.reset()

    def reset(self) -> None:
        """Forget compiled code: the evaluator goes on with other."""
        self._rules: dict[Rule, tuple[Record, Row]] = {}
        self._inner: dict[object, tuple[Callable[..., AggregateStep], list[str]]] = {}
        self._proofs: dict[str, ProofMemo] = {}
        self.used: list[ProofMemo] = []  # those that have proofs of the present state

    # -- public --------------------------------------------------------------------------------

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of a rule for a ground head; None where there is none."""
        found = self._match(rule, args)
        return None if found is None else proof_of(found)

    def _match(self, rule: Rule, args: Row) -> ProofRecord | None:
        function, own = self._rules.get(rule) or self._compiled(rule)
        return function(rule, args, own)

    def record(self, rule: Rule, args: Row) -> ProofRecord:
        """The record of the same, for a rule that is known to fire."""
        found = self._match(rule, args)
        if found is None:
            raise EvaluationError(f"the proof of `{rule.id}` was lost: the engine contradicts itself")
        return found

    def prepare(self, rule: Rule) -> None:
        """Compile now the function that explains a rule."""
        if rule not in self._rules:
            self._compiled(rule)

    def _compiled(self, rule: Rule) -> tuple[Record, Row]:
        """The function of a rule's shape, and what the rule fills it with."""
        name, own = self._evaluator.compiled(
            lambda compiler: compiler.extension(ProofCompiler).compiled(rule)
        )
        found = self._rules[rule] = self._evaluator.frame.function(name), own
        return found

    def proofs_of(self, relation: str) -> ProofMemo:
        """The proofs of a relation's facts in the present state."""
        found = self._proofs.get(relation)
        if found is None:
            found = self._proofs[relation] = ProofMemo(relation, self._finder, self.used)
        return found

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact; None where it does not hold. What was proved in the
        present state is not proved again."""
        return self.proofs_of(relation).ask(row)

    def changed(self) -> None:
        """The state has changed."""
        for each in self.used:
            each.clear()
        self.used.clear()

    def _finder(self, relation: str) -> Callable[[Row], Proof | None]:
        """The function that finds the strongest proof of a fact of a relation."""
        evaluator = self._evaluator
        if relation in evaluator.component:
            code = evaluator.compiled(lambda compiler: compiler.extension(LinearProofCompiler).code(relation))
            if code is not None:
                linear = LinearProver(self.explain, evaluator, code)
                return lambda row: linear.prove(relation, row, self._asserted)
            return lambda row: self._prove_recursive(relation, row)
        if relation not in evaluator.groups:
            return lambda row: self._asserted(relation, row)
        rules = [rule for each in evaluator.groups[relation] for rule in each.rules]
        asserted = relation in evaluator.asserted

        def find(row: Row) -> Proof | None:
            best: Proof | None = self._asserted(relation, row) if asserted else None
            for rule in rules:
                if best is not None and best.weight == 1.0:
                    break
                found = self.explain(rule, row)
                if found is not None and (best is None or found.weight > best.weight):
                    best = found
            return best

        return find

    # -- one rule ------------------------------------------------------------------------------

    def _body(self, rule: Rule) -> tuple[BodyItem, ...]:
        body = self._bodies.get(rule)
        if body is None:
            body = self._bodies[rule] = name_anonymous(rule.body)
        return body

    def assemble(
        self, rule: Rule, row: Row, bindings: BoundValues, steps: tuple[ProofStep, ...]
    ) -> RuleProof:
        """The proof of these steps."""
        semiring = self._evaluator.semiring
        weight = semiring.all([rule.weight if semiring.weighted else 1.0, *[s.weight for s in steps]])
        return RuleProof(rule.head, row, weight, rule, bindings, steps)

    # -- steps ---------------------------------------------------------------------------------

    def _step(
        self,
        rule: Rule,
        index: int,
        item: BodyItem,
        bindings: BoundValues,
        below: Mapping[int, Proof],
    ) -> ProofStep:
        if isinstance(item, Aggregate):
            return self.aggregate(index, item, bindings)
        if not isinstance(item, Literal):
            return BuiltinStep(index)
        if item.negated:
            return self._absence(item.atom, bindings)
        return below.get(index) or self.proofs_of(item.atom.name)[_row(item.atom, bindings)]

    def _absence(self, atom: Atom, bindings: BoundValues) -> AbsenceStep:
        pattern = [None if isinstance(t, Var) and t.anonymous else _value(t, bindings) for t in atom.args]
        return self.absence(atom.name, tuple(pattern))

    def absence(self, relation: str, pattern: Pattern) -> AbsenceStep:
        """The step for a ``not`` that holds."""
        rows = (
            matching(self._evaluator, relation, pattern)
            if self._evaluator.compiler.weighted(relation)
            else {}
        )
        if not rows:
            return AbsenceStep(relation, pattern, 1.0)
        row = max(rows, key=lambda r: (rows[r], str(r)))
        complement = self._evaluator.semiring.complement(rows[row])
        return AbsenceStep(relation, pattern, complement, self.prove(relation, row))

    def aggregate(self, index: int, item: Aggregate, bindings: BoundValues) -> AggregateStep:
        """The step for an aggregate, with the proofs of every row that it counts."""
        key = (index, item, tuple(sorted(bindings)))
        found = self._inner.get(key)
        if found is None:
            name, names = self._evaluator.compiled(
                lambda each: each.extension(ProofCompiler).inner(index, item, bindings)
            )
            found = self._inner[key] = self._evaluator.frame.function(name), names
        function, outer = found
        return function(_value(item.target, bindings), *[bindings[n] for n in outer])

    # -- facts ---------------------------------------------------------------------------------

    def _asserted(self, relation: str, row: Row) -> FactProof | None:
        stored = self._evaluator.relation(relation)
        key = row[0] if stored.arity == 1 else row
        if key not in stored.rows:
            return None
        weight = stored.weights[key] if stored.weighted and self._evaluator.semiring.weighted else 1.0
        return FactProof(relation, row, weight, stored.rows[key] or "")

    def _prove_recursive(self, relation: str, row: Row) -> Proof | None:
        """Follow the tables. One fact may stand in them as answers to several goals; of these the one
        with the lowest tree is taken, so that no fact stands below itself."""
        label = f"{relation} {'b' * len(row)}"
        tables = self._evaluator.tables(relation)
        if () not in tables.answers(label, row):
            return None
        built: dict[tuple[str, Row], Proof] = {}
        for answer in self._lowest_first(tables, (label, row, ())):
            fact = self._fact(answer)
            if fact not in built:
                built[fact] = self._from_table(answer, built)
        return built[relation, row]

    def _lowest_first(self, tables: Tabling, top: TabledAnswer) -> list[TabledAnswer]:
        """The entries that the proof of ``top`` can rest on, those with lower trees first. No tree is
        walked by recursion: it may be as deep as the longest path."""
        below: dict[TabledAnswer, list[TabledAnswer]] = {}
        agenda = [top]
        while agenda:
            answer = agenda.pop()
            if answer not in below:
                below[answer] = list(tables.derivation(answer)[2].values())
                agenda += below[answer]
        height: dict[TabledAnswer, int] = {}
        for answer in graphlib.TopologicalSorter(below).static_order():
            height[answer] = 1 + max([height[n] for n in below[answer]], default=0)
        return sorted(height, key=lambda n: height[n])

    def _fact(self, answer: TabledAnswer) -> tuple[str, Row]:
        relation, group, rule, bindings = self._meaning(answer)
        args = rule.args if rule is not None else group.args
        return relation, tuple(_value(t, bindings) for t in args)

    def _meaning(self, answer: TabledAnswer) -> tuple[str, RuleGroup, Rule | None, BoundValues]:
        """The meaning of a tabled answer: the relation, the rule (None: asserted) and its bindings."""
        relation = answer[0].rpartition(" ")[0]
        index, bindings, _ = self._evaluator.tables(relation).derivation(answer)
        group = self._evaluator.compiler.alternatives(relation)[index]
        if group.table is None:
            return relation, group, group.rules[0] if group.rules else None, bindings
        rule = group.rules[bindings[MEMBER]]
        old, new = variables_in_order(group.args, group.body), variables_in_order(rule.args, rule.body)
        renamed = dict(zip([n for n in old if not n.startswith("$")], new, strict=True))
        return relation, group, rule, {renamed.get(n, n): v for n, v in bindings.items()}

    def _from_table(self, answer: TabledAnswer, built: Mapping[tuple[str, Row], Proof]) -> Proof:
        """The proof of a table's entry, those of the entries below it being built."""
        relation, group, rule, bindings = self._meaning(answer)
        if rule is None:
            row = tuple(_value(t, bindings) for t in group.args)
            fact = self._asserted(relation, row)
            assert fact is not None
            return fact
        answers = self._evaluator.tables(relation).derivation(answer)[2]
        below = {i: built[self._fact(n)] for i, n in answers.items()}
        steps = tuple(self._step(rule, i, item, bindings, below) for i, item in enumerate(self._body(rule)))
        row = tuple(_value(t, bindings) for t in rule.args)
        named = {n: v for n, v in bindings.items() if not n.startswith(("?", "$"))}
        return self.assemble(rule, row, named, steps)


def _value(term: object, bindings: Mapping[str, Any]) -> Any:
    if isinstance(term, Const):
        return term.value
    assert isinstance(term, Var)
    return bindings[term.name]


def _row(atom: Atom, bindings: Mapping[str, Any]) -> Row:
    return tuple(_value(t, bindings) for t in atom.args)


class ProofMemo(dict["Row", "Proof"]):
    """The proofs of one relation's facts in the present state: ``proofs[row]`` is found when it is first
    asked for. A dictionary with ``__missing__``, so that compiled code reads a known proof without a call.

    ``finder`` makes, when it is first needed, the function that finds a proof of the relation; ``used``
    is the list to enter where there are proofs to forget."""

    __slots__ = ("_find", "_finder", "_relation", "_used")

    def __init__(self, relation: str, finder: Callable[[str], Find], used: list[ProofMemo]) -> None:
        super().__init__()
        self._relation = relation
        self._finder = finder
        self._find: Find | None = None
        self._used = used

    def ask(self, row: Row) -> Proof | None:
        """The proof of a fact; None where it does not hold."""
        if self._find is None:
            self._find = self._finder(self._relation)
        found = self.get(row)
        if found is None:
            found = self._find(row)
            if found is not None:
                if not self:
                    self._used.append(self)
                self[row] = found
        return found

    def __missing__(self, row: Row) -> Proof:
        found = self.ask(row)
        if found is None:
            raise EvaluationError(f"the proof of `{self._relation}` was lost: the engine contradicts itself")
        return found
