"""Proofs at need: evaluation keeps no provenance; a proof is found again, for one fact, when asked.

For a rule one more function is compiled, which returns the bindings of its best match. Of a
recursive relation the tables say how each answer came about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.shapes import abstract, shape_of
from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import parameters
from mpr_logic.engine.groups import MEMBER, Group, variables_in_order
from mpr_logic.engine.plan import inner_variables, item_variables, name_anonymous
from mpr_logic.engine.proof import AbsenceStep, AggregateStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.errors import EvaluationError
from mpr_logic.syntax.ast import Aggregate, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.proof import Proof, Step
    from mpr_logic.engine.tables import Node
    from mpr_logic.syntax.ast import Atom, BodyItem, Row, Value

Bindings = dict[str, Any]


class Prover:
    """Finds proofs over the goals of one engine."""

    def __init__(self, goals: Goals) -> None:
        self._goals = goals
        self._bodies: dict[Rule, tuple[BodyItem, ...]] = {}
        self.reset()

    def reset(self) -> None:
        """Forget compiled code."""
        self._finders: dict[object, tuple[Callable[..., Any], list[str]]] = {}
        self._rules: dict[Rule, tuple[Callable[..., Any], list[str], Row]] = {}
        self._inner: dict[tuple[Rule, int], tuple[Callable[..., Any], list[str], list[str]]] = {}

    # -- public --------------------------------------------------------------------------------

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of a rule for a ground head; None where there is none."""
        found = self.match(rule, args)
        return None if found is None else self.proof(rule, args, found)

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact; None where it does not hold."""
        if relation in self._goals.component:
            return self._prove_recursive(relation, row)
        fact = self._asserted(relation, row)
        best: tuple[float, Rule, Bindings] | None = None
        for group in self._goals.groups.get(relation, ()):
            for rule in group.rules:
                found = self.match(rule, row)
                if found is not None:
                    weight = self._weight(rule, row, found)
                    if best is None or weight > best[0]:
                        best = (weight, rule, found)
                    if weight == 1.0:
                        break
        if best is None or (fact is not None and fact.weight >= best[0]):
            return fact
        return self.proof(best[1], row, best[2])

    def match(self, rule: Rule, args: Row) -> Bindings | None:
        """The bindings of the best match of a rule, every ``_`` of its positive literals named."""
        function, names, constants = self._finder(rule)
        values = function(*args, *constants)
        return None if values is None else dict(zip(names, values, strict=True))

    def proof(self, rule: Rule, row: Row, bindings: Bindings) -> RuleProof:
        """The proof tree for known bindings."""
        steps = tuple(self._step(rule, i, item, bindings, None) for i, item in enumerate(self._body(rule)))
        return self._assemble(rule, row, bindings, steps)

    # -- one rule ------------------------------------------------------------------------------

    def _body(self, rule: Rule) -> tuple[BodyItem, ...]:
        body = self._bodies.get(rule)
        if body is None:
            body = self._bodies[rule] = name_anonymous(rule.body)
        return body

    def _assemble(self, rule: Rule, row: Row, bindings: Bindings, steps: tuple[Step, ...]) -> RuleProof:
        semiring = self._goals.semiring
        weight = semiring.all([rule.weight if semiring.weighted else 1.0, *(s.weight for s in steps)])
        named = {n: v for n, v in bindings.items() if not n.startswith(("_", "$"))}
        return RuleProof(rule.head, row, weight, rule, named, steps)

    def _weight(self, rule: Rule, row: Row, bindings: Bindings) -> float:
        return self.proof(rule, row, bindings).weight if self._goals.weighted(rule.head) else 1.0

    def _finder(self, rule: Rule) -> tuple[Callable[..., Any], list[str], Row]:
        known = self._rules.get(rule)
        if known is not None:
            return known
        shape, constants = shape_of(rule)
        compiled = self._finders.get(shape)
        if compiled is None:
            compiled = self._finders[shape] = self._compile(rule, len(constants))
        function, abstract_names = compiled
        args, body = abstract(rule)
        renamed = dict(
            zip(variables_in_order(args, body), variables_in_order(rule.args, rule.body), strict=True)
        )
        names = [renamed.get(n, n) for n in abstract_names]
        self._rules[rule] = (function, names, constants)
        return self._rules[rule]

    def _compile(self, rule: Rule, constants: int) -> tuple[Callable[..., Any], list[str]]:
        """A function from the head's arguments and the rule's constants to the values of all its
        variables, in the order of the returned names."""
        goals = self._goals
        args, body = abstract(rule)
        adornment = "b" * len(args)
        preset = {f"${i}": f"k{i}" for i in range(constants)}
        writer = Writer(goals.namespace, goals)
        writer.line("best, found = 0.0, None")
        names: list[str] = []

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            names[:] = [n for n in writer.locals if not n.startswith("$")]
            values = "".join(f"{writer.locals[n]}, " for n in names)
            if not weights:  # every match weighs the same: the first will do
                writer.line(f"return ({values})")
                return
            weight = writer.weight(weights)
            writer.line(f"if {weight} > best: best, found = {weight}, ({values})")

        alike = replace(rule, weight=1.0)  # rules of one shape differ in their weights
        goals.write_group(writer, Group(args, body, (alike,)), adornment, emit, keep=True, preset=preset)
        writer.line("return found")
        return goals.define(writer, [*parameters(adornment), *preset.values()]), names

    # -- steps ---------------------------------------------------------------------------------

    def _step(
        self,
        rule: Rule,
        index: int,
        item: BodyItem,
        bindings: Bindings,
        proofs: Callable[[int], Proof | None] | None,
    ) -> Step:
        if isinstance(item, Aggregate):
            return self._aggregate(rule, index, item, bindings)
        if not isinstance(item, Literal):
            return BuiltinStep(index)
        if item.negated:
            return self._absence(item.atom, bindings)
        known = proofs(index) if proofs is not None else None
        found = known or self.prove(item.atom.name, _row(item.atom, bindings))
        if found is None:
            raise EvaluationError(
                f"the proof of `{rule.id}` was lost: a fact below it does not hold any more"
            )
        return found

    def _absence(self, atom: Atom, bindings: Bindings) -> AbsenceStep:
        pattern = tuple(
            None if isinstance(t, Var) and t.anonymous else _value(t, bindings) for t in atom.args
        )
        if not self._goals.weighted(atom.name):
            return AbsenceStep(atom.name, pattern, 1.0)
        rows = self._goals.rows(atom.name, pattern)
        if not rows:
            return AbsenceStep(atom.name, pattern, 1.0)
        row = max(rows, key=lambda r: (rows[r], str(r)))
        complement = self._goals.semiring.complement(rows[row])
        return AbsenceStep(atom.name, pattern, complement, self.prove(atom.name, row))

    def _aggregate(self, rule: Rule, index: int, item: Aggregate, bindings: Bindings) -> AggregateStep:
        function, outer, inner = self._inner_finder(rule, index, item, bindings)
        literals = [
            i for i in name_anonymous(item.body, f"_{index}_") if isinstance(i, Literal) and not i.negated
        ]
        rows = []
        for values in function(*(bindings[n] for n in outer)):
            here = bindings | dict(zip(inner, values, strict=True))
            proofs = [self.prove(i.atom.name, _row(i.atom, here)) for i in literals]
            rows.append(tuple(p for p in proofs if p is not None))
        weight = self._goals.semiring.all([p.weight for row in rows for p in row])
        value = _value(item.target, bindings)
        return AggregateStep(index, value, weight, tuple(rows))

    def _inner_finder(
        self, rule: Rule, index: int, item: Aggregate, bindings: Mapping[str, Value]
    ) -> tuple[Callable[..., Any], list[str], list[str]]:
        known = self._inner.get((rule, index))
        if known is not None:
            return known
        body = name_anonymous(item.body, f"_{index}_")
        names = sorted({n for i in body for n in item_variables(i)} | inner_variables(item))
        outer = [n for n in names if n in bindings]
        inner = [n for n in names if n not in bindings]
        columns = tuple(Var(n) for n in (*outer, *inner))
        adornment = "b" * len(outer) + "f" * len(inner)
        writer = Writer(self._goals.namespace, self._goals)
        writer.line("out = []")

        def emit(_: Writer, found: list[str], __: list[str]) -> None:
            writer.line(f"out.append(({''.join(f + ', ' for f in found)}))")

        self._goals.write_group(writer, Group(columns, body), adornment, emit)
        writer.line("return out")
        function = self._goals.define(writer, parameters(adornment))
        self._inner[rule, index] = (function, outer, inner)
        return self._inner[rule, index]

    # -- facts ---------------------------------------------------------------------------------

    def _asserted(self, relation: str, row: Row) -> FactProof | None:
        stored = self._goals.relation(relation)
        key = stored.key(row)
        if key not in stored.rows:
            return None
        weight = stored.weight(key) if self._goals.semiring.weighted else 1.0
        return FactProof(relation, row, weight, stored.rows[key] or "")

    def _prove_recursive(self, relation: str, row: Row) -> Proof | None:
        """Follow the tables. One fact may stand in them as answers to several goals; of these the one
        with the lowest tree is taken, so that no fact stands below itself."""
        label = self._goals.table_body(relation, "b" * len(row))
        tables = self._goals.tables(relation)
        if () not in tables.answers(label, row):
            return None
        heights: dict[Node, int] = {}
        lowest: dict[tuple[str, Row], Node] = {}

        def height(node: Node) -> int:
            if node not in heights:
                heights[node] = 1 + max(map(height, tables.why(node)[2].values()), default=0)
                fact = self._fact(node)
                if fact not in lowest or heights[node] < heights[lowest[fact]]:
                    lowest[fact] = node
            return heights[node]

        built: dict[tuple[str, Row], Proof] = {}

        def build(fact: tuple[str, Row]) -> Proof:
            if fact not in built:
                built[fact] = self._from_table(lowest[fact], lambda node: build(self._fact(node)))
            return built[fact]

        height((label, row, ()))
        return build((relation, row))

    def _fact(self, node: Node) -> tuple[str, Row]:
        relation, group, rule, bindings = self._reading(node)
        args = rule.args if rule is not None else group.args
        return relation, tuple(_value(t, bindings) for t in args)

    def _reading(self, node: Node) -> tuple[str, Group, Rule | None, Bindings]:
        """What a table entry says: the relation, the rule (None: asserted) and its bindings."""
        relation = node[0].rpartition(" ")[0]
        index, bindings, _ = self._goals.tables(relation).why(node)
        group = self._goals.alternatives(relation)[index]
        if group.table is None:
            return relation, group, group.rules[0] if group.rules else None, bindings
        rule = group.rules[bindings[MEMBER]]
        old, new = variables_in_order(group.args, group.body), variables_in_order(rule.args, rule.body)
        renamed = dict(zip([n for n in old if not n.startswith("$")], new, strict=True))
        return relation, group, rule, {renamed.get(n, n): v for n, v in bindings.items()}

    def _from_table(self, node: Node, below: Callable[[Node], Proof]) -> Proof:
        relation, group, rule, bindings = self._reading(node)
        if rule is None:
            row = tuple(_value(t, bindings) for t in group.args)
            fact = self._asserted(relation, row)
            assert fact is not None
            return fact
        nodes = self._goals.tables(relation).why(node)[2]

        def proof_of(index: int) -> Proof | None:
            return below(nodes[index]) if index in nodes else None

        steps = tuple(
            self._step(rule, i, item, bindings, proof_of) for i, item in enumerate(self._body(rule))
        )
        row = tuple(_value(t, bindings) for t in rule.args)
        return self._assemble(rule, row, bindings, steps)


def _value(term: object, bindings: Mapping[str, Any]) -> Any:
    if isinstance(term, Const):
        return term.value
    assert isinstance(term, Var)
    return bindings[term.name]


def _row(atom: Atom, bindings: Mapping[str, Any]) -> Row:
    return tuple(_value(t, bindings) for t in atom.args)
