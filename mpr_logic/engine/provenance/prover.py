"""Proofs at need: evaluation keeps no provenance; a proof is found again, for one fact, when asked.

For a rule one more function is compiled, which returns the bindings of its best match. Of a
recursive relation the tables say how each answer came about.
"""

from __future__ import annotations

import graphlib
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.groups import MEMBER, variables_in_order
from mpr_logic.engine.planner import name_anonymous
from mpr_logic.engine.provenance.paths import Paths
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    RuleProof,
    written,
)
from mpr_logic.engine.provenance.proved import Proved
from mpr_logic.engine.topdown.answers import matching
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Aggregate, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.protocol import Pattern
    from mpr_logic.engine.provenance.proof import Proof, Recorded, Step
    from mpr_logic.engine.topdown.goals import Goals
    from mpr_logic.engine.topdown.tabling import Node, Tables
    from mpr_logic.language.ast import Atom, BodyItem, Row

Bindings = dict[str, Any]

Explain: TypeAlias = "Callable[[Rule, Row, Row], Recorded | None]"


class Prover:
    """Finds proofs over the goals of one session."""

    def __init__(self, goals: Goals) -> None:
        self._goals = goals
        self._bodies: dict[Rule, tuple[BodyItem, ...]] = {}

    def reset(self) -> None:
        """Forget compiled code."""
        self._rules: dict[Rule, tuple[Explain, Row]] = {}
        self._inner: dict[object, tuple[Callable[..., AggregateStep], list[str]]] = {}
        self._proved: dict[str, Proved] = {}
        self.used: list[Proved] = []  # those that have proofs of the present state

    # -- public --------------------------------------------------------------------------------

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of a rule for a ground head; None where there is none."""
        found = self._recorded(rule, args)
        return None if found is None else written(found)

    def _recorded(self, rule: Rule, args: Row) -> Recorded | None:
        function, own = self._rules.get(rule) or self._compiled(rule)
        return function(rule, args, own)

    def explained(self, rule: Rule, args: Row) -> Recorded:
        """The record of the same, for a rule that is known to fire."""
        found = self._recorded(rule, args)
        if found is None:
            raise EvaluationError(f"the proof of `{rule.id}` was lost: the engine contradicts itself")
        return found

    def prepare(self, rule: Rule) -> None:
        """Compile now what explains a rule."""
        if rule not in self._rules:
            self._compiled(rule)

    def _compiled(self, rule: Rule) -> tuple[Explain, Row]:
        """The function of a rule's shape, and what the rule fills it with."""
        name, own = self._goals.compiled(lambda compiler: compiler.explainer.compiled(rule))
        found = self._rules[rule] = self._goals.frame.function(name), own
        return found

    def proved(self, relation: str) -> Proved:
        """The proofs of a relation's facts in the present state."""
        found = self._proved.get(relation)
        if found is None:
            found = self._proved[relation] = Proved(relation, self._finder, self.used)
        return found

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact; None where it does not hold. What was proved in the
        present state is not proved again."""
        return self.proved(relation).ask(row)

    def changed(self) -> None:
        """The state has changed."""
        for each in self.used:
            each.clear()
        self.used.clear()

    def _finder(self, relation: str) -> Callable[[Row], Proof | None]:
        """What finds the strongest proof of a fact of a relation; None where it does not hold."""
        goals = self._goals
        if relation in goals.component:
            walked = goals.compiled(lambda compiler: compiler.explainer.walked(relation))
            if walked is not None:
                paths = Paths(self, goals, walked)
                return lambda row: paths.prove(relation, row, self._asserted)
            return lambda row: self._prove_recursive(relation, row)
        if relation not in goals.groups:
            return lambda row: self._asserted(relation, row)
        rules = [rule for each in goals.groups[relation] for rule in each.rules]
        asserted = relation in goals.asserted

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

    def assemble(self, rule: Rule, row: Row, bindings: Bindings, steps: tuple[Step, ...]) -> RuleProof:
        """The proof of these steps."""
        semiring = self._goals.semiring
        weight = semiring.all([rule.weight if semiring.weighted else 1.0, *[s.weight for s in steps]])
        return RuleProof(rule.head, row, weight, rule, bindings, steps)

    # -- steps ---------------------------------------------------------------------------------

    def _step(
        self,
        rule: Rule,
        index: int,
        item: BodyItem,
        bindings: Bindings,
        below: Mapping[int, Proof],
    ) -> Step:
        if isinstance(item, Aggregate):
            return self.aggregate(index, item, bindings)
        if not isinstance(item, Literal):
            return BuiltinStep(index)
        if item.negated:
            return self._absence(item.atom, bindings)
        return below.get(index) or self.proved(item.atom.name)[_row(item.atom, bindings)]

    def _absence(self, atom: Atom, bindings: Bindings) -> AbsenceStep:
        pattern = [None if isinstance(t, Var) and t.anonymous else _value(t, bindings) for t in atom.args]
        return self.absence(atom.name, tuple(pattern))

    def absence(self, relation: str, pattern: Pattern) -> AbsenceStep:
        """The step for a ``not`` that holds."""
        rows = matching(self._goals, relation, pattern) if self._goals.compiler.weighted(relation) else {}
        if not rows:
            return AbsenceStep(relation, pattern, 1.0)
        row = max(rows, key=lambda r: (rows[r], str(r)))
        complement = self._goals.semiring.complement(rows[row])
        return AbsenceStep(relation, pattern, complement, self.prove(relation, row))

    def aggregate(self, index: int, item: Aggregate, bindings: Bindings) -> AggregateStep:
        """The step for an aggregate, with the proofs of every row that it counts."""
        key = (index, item, tuple(sorted(bindings)))
        found = self._inner.get(key)
        if found is None:
            name, names = self._goals.compiled(lambda each: each.explainer.inner(index, item, bindings))
            found = self._inner[key] = self._goals.frame.function(name), names
        function, outer = found
        return function(_value(item.target, bindings), *[bindings[n] for n in outer])

    # -- facts ---------------------------------------------------------------------------------

    def _asserted(self, relation: str, row: Row) -> FactProof | None:
        stored = self._goals.relation(relation)
        key = row[0] if stored.arity == 1 else row
        if key not in stored.rows:
            return None
        weight = stored.weights[key] if stored.weighted and self._goals.semiring.weighted else 1.0
        return FactProof(relation, row, weight, stored.rows[key] or "")

    def _prove_recursive(self, relation: str, row: Row) -> Proof | None:
        """Follow the tables. One fact may stand in them as answers to several goals; of these the one
        with the lowest tree is taken, so that no fact stands below itself."""
        label = f"{relation} {'b' * len(row)}"
        tables = self._goals.tables(relation)
        if () not in tables.answers(label, row):
            return None
        built: dict[tuple[str, Row], Proof] = {}
        for node in self._lowest_first(tables, (label, row, ())):
            fact = self._fact(node)
            if fact not in built:
                built[fact] = self._from_table(node, built)
        return built[relation, row]

    def _lowest_first(self, tables: Tables, top: Node) -> list[Node]:
        """The entries that the proof of ``top`` can rest on, those with lower trees first. No tree is
        walked by recursion: it may be as deep as the longest path."""
        below: dict[Node, list[Node]] = {}
        agenda = [top]
        while agenda:
            node = agenda.pop()
            if node not in below:
                below[node] = list(tables.why(node)[2].values())
                agenda += below[node]
        height: dict[Node, int] = {}
        for node in graphlib.TopologicalSorter(below).static_order():
            height[node] = 1 + max([height[n] for n in below[node]], default=0)
        return sorted(height, key=lambda n: height[n])

    def _fact(self, node: Node) -> tuple[str, Row]:
        relation, group, rule, bindings = self._reading(node)
        args = rule.args if rule is not None else group.args
        return relation, tuple(_value(t, bindings) for t in args)

    def _reading(self, node: Node) -> tuple[str, Group, Rule | None, Bindings]:
        """What a table entry says: the relation, the rule (None: asserted) and its bindings."""
        relation = node[0].rpartition(" ")[0]
        index, bindings, _ = self._goals.tables(relation).why(node)
        group = self._goals.compiler.alternatives(relation)[index]
        if group.table is None:
            return relation, group, group.rules[0] if group.rules else None, bindings
        rule = group.rules[bindings[MEMBER]]
        old, new = variables_in_order(group.args, group.body), variables_in_order(rule.args, rule.body)
        renamed = dict(zip([n for n in old if not n.startswith("$")], new, strict=True))
        return relation, group, rule, {renamed.get(n, n): v for n, v in bindings.items()}

    def _from_table(self, node: Node, built: Mapping[tuple[str, Row], Proof]) -> Proof:
        """The proof of a table's entry, those of the entries below it being built."""
        relation, group, rule, bindings = self._reading(node)
        if rule is None:
            row = tuple(_value(t, bindings) for t in group.args)
            fact = self._asserted(relation, row)
            assert fact is not None
            return fact
        nodes = self._goals.tables(relation).why(node)[2]
        below = {i: built[self._fact(n)] for i, n in nodes.items()}
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
