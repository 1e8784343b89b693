"""Bottom-up evaluation of whole relations: semi-naive, stratum by stratum.

A recursive component of binary relations without weights is handed to
:mod:`mpr_logic.engine.bottomup.bulk`, which joins whole sets; everything else runs here, rule by rule, each
round joining what the last one found. (Bancilhon and Ramakrishnan 1986.)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mpr_logic.collector import resting
from mpr_logic.engine.bottomup.bulk import Setwise, fits
from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.groups import MEMBER, Group, group
from mpr_logic.engine.namespace import Access, Frame, Goal, Namespace, key
from mpr_logic.engine.planner import body_relations, forget_singletons, plan, term_variables
from mpr_logic.engine.store import Relation
from mpr_logic.engine.topdown.compiler import UNKNOWN_SIZE
from mpr_logic.errors import BudgetError
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.bottomup.bulk import Grown
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import Row


class Batch(Access):
    """One bottom-up run: every relation is stored, derived ones included."""

    def __init__(self, program: Program, semiring: Semiring, budget: Budget) -> None:
        self.program = program
        self.semiring = semiring
        self.budget = budget
        self.relations: dict[str, Relation] = {}
        self.grown: dict[str, Grown] = {}  # relations whose rows are not stored yet
        self.deadline = Deadline(budget.clock)
        self._growing: Any = ()
        self._derived = 0
        self.namespace = Namespace()
        self.frame = Frame(self.namespace, self, self.deadline)
        self.frame.known["now"] = self._now
        self._rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in program.rules:
            if rule.given == 0:
                self._rules[rule.head].append(rule)

    # -- access --------------------------------------------------------------------------------

    def stored(self, name: str) -> Relation:
        """The relation of that name."""
        found = self.relations.get(name)
        if found is None:
            found = self.relations[name] = Relation(name, self.program.arity[name])
        if name in self.grown:
            found.fill(self.grown.pop(name).pairs())
            self.frame.renew(name)
        return found

    def relation_of(self, name: str) -> Relation:
        """The relation that generated code reads."""
        return self.stored(name)

    def rows(self, name: str) -> set[Row]:
        """The rows of a relation."""
        if name in self.grown:
            return set(self.grown[name].pairs())
        relation = self.stored(name)
        rows = self.deadline.polled(relation.rows)
        return {(k,) for k in rows} if relation.arity == 1 else set(rows)

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""
        return self.semiring.weighted and self.stored(name).weighted

    def goal(self, name: str, adornment: str) -> Goal:
        """Never asked: every relation is stored."""
        raise AssertionError(name, adornment)

    def cost(self, name: str, bound: tuple[int, ...]) -> float:
        """Rows to expect of a relation for each key at the bound positions."""
        size = self.stored(name).bucket_size(bound)
        return (2.0 if bound else UNKNOWN_SIZE) if size is None else size

    def _now(self) -> float:
        if len(self._growing) > self.budget.facts:
            self._too_many()
        return self.deadline.clock()

    def _too_many(self) -> None:
        raise BudgetError(f"more than {self.budget.facts} facts were derived: bound the recursion")

    def count(self, more: int) -> None:
        """So many facts more were derived: stop where that, or the time, is too much."""
        self._derived += more
        if self._derived > self.budget.facts:
            self._too_many()
        self.deadline.poll()

    # -- running -------------------------------------------------------------------------------

    def load(self, facts: Iterable[tuple[str, Row, float]]) -> None:
        """Enter the facts to begin with."""
        for name, row, weight in facts:
            self.stored(name).add(row, weight if self.semiring.weighted else 1.0)

    def load_rows(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Enter rows that all weigh 1, relation by relation."""
        for name, some in rows.items():
            self.stored(name).extend(r[0] if len(r) == 1 else r for r in some)

    def run(self) -> None:
        """Derive everything."""
        with resting():
            for stratum in self.program.strata:
                if any(name in self._rules for name in stratum):
                    self._component(stratum)

    def _component(self, stratum: tuple[str, ...]) -> None:
        groups = [(head, g) for head in stratum for g in group(self._rules[head], head)]
        for _, each in groups:
            if each.table is not None:
                self.relations[each.table.name] = each.table
        if self.semiring.weighted:
            self._mark_weighted(stratum, groups)
        recursive = [(h, g) for h, g in groups if self._occurrences(g, stratum)]
        for head, each in groups:
            if not self._occurrences(each, stratum):
                self._merge(head, self._apply(head, each))
        if not recursive:
            return
        if fits(self, stratum, [g for _, g in recursive]):
            Setwise(self, stratum, recursive).run()
        else:
            self._rounds(stratum, recursive)

    def _mark_weighted(self, stratum: tuple[str, ...], groups: list[tuple[str, Group]]) -> None:
        """Relations of the component keep weights as soon as one of them can be weighted."""
        below = [n for _, g in groups for n in body_relations(g.body) if n not in stratum]
        if (
            any(g.weighs for _, g in groups)
            or any(self.weighted(n) for n in below)
            or any(self.weighted(n) for n in stratum)
        ):
            for name in stratum:
                if not self.stored(name).weighted:
                    self.stored(name).weigh()

    @staticmethod
    def _occurrences(each: Group, stratum: tuple[str, ...]) -> list[int]:
        """The places of the body's literals that belong to the component."""
        return [
            i for i, item in enumerate(each.body) if isinstance(item, Literal) and item.atom.name in stratum
        ]

    def _rounds(self, stratum: tuple[str, ...], recursive: list[tuple[str, Group]]) -> None:
        deltas: dict[str, Relation] = {}
        for name in stratum:
            delta = deltas[name] = Relation(f"{name} delta", self.program.arity[name])
            self.relations[delta.name] = delta
            delta.weighted = self.stored(name).weighted
        functions = [
            (head, self._compile(head, _with_delta(each, i), i))
            for head, each in recursive
            for i in self._occurrences(each, stratum)
        ]
        found: dict[str, Any] = {n: self._everything(self.stored(n)) for n in stratum}
        while any(found.values()):
            for name, delta in deltas.items():
                delta.rows.clear()
                delta.weights.clear()
                delta.rows.update(dict.fromkeys(found[name]))
                if delta.weighted:
                    delta.weights.update(found[name])
            found = {n: {} if self.stored(n).weighted else set() for n in stratum}
            for head, function in functions:
                self._growing = found[head]
                function(found[head])
            for name in stratum:
                self._merge(name, found[name])

    def _everything(self, relation: Relation) -> Any:
        return dict(relation.weights) if relation.weighted else set(relation.rows)

    def _apply(self, head: str, each: Group) -> Any:
        found: Any = {} if self.stored(head).weighted else set()
        self._growing = found
        self._compile(head, each, None)(found)
        return found

    def _merge(self, head: str, found: Any) -> None:
        self.count(len(found))
        relation = self.stored(head)
        if isinstance(found, dict):
            for each, weight in found.items():
                relation.add(relation.row(each), weight)
        else:
            relation.extend(found)

    def _compile(self, head: str, each: Group, first: int | None) -> Callable[[Any], None]:
        """A function that enters what a rule derives, and the relation does not have, into ``out``."""
        writer = Writer(self.namespace, self)
        relation = self.stored(head)
        rows = self.namespace.rows(relation)
        body = forget_singletons([*each.args, *([Var(MEMBER)] if each.weighs else [])], each.body)
        steps = plan(body, (), self.cost, head={n for t in each.args for n in term_variables(t)}, first=first)

        def done(weights: list[str]) -> None:
            found = key([writer.term(t) for t in each.args]) if each.args else "()"
            if not relation.weighted:
                writer.line(f"if {found} not in {rows}: out.add({found})")
                return
            if each.weighs and each.table is not None:
                table = self.namespace.name("M", [r.weight for r in each.rules], ("weights", id(each)))
                weights = [*weights, f"{table}[{writer.locals[MEMBER]}]"]
            elif each.weighs:
                weights = [*weights, self.namespace.constant(each.rules[0].weight)]
            weight, all_weights = writer.weight(weights), self.namespace.weights(relation)
            writer.line(f"k = {found}")
            writer.line(
                f"if {weight} > {all_weights}.get(k, 0.0) and {weight} > out.get(k, 0.0): out[k] = {weight}"
            )

        writer.alternative(lambda fail: writer.steps(steps, fail, [], done))
        return self.frame.function(self.namespace.define(["out"], writer.lines))


def _with_delta(each: Group, place: int) -> Group:
    """The group with one literal reading only what the last round found."""
    item = each.body[place]
    assert isinstance(item, Literal)
    delta = replace(item, atom=replace(item.atom, name=f"{item.atom.name} delta"))
    return replace(each, body=(*each.body[:place], delta, *each.body[place + 1 :]))
