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
from mpr_logic.engine.bottomup.bulk import SetwiseFixpoint, fits
from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import key
from mpr_logic.engine.planner import body_relations, forget_singletons, plan, term_variables
from mpr_logic.engine.rule_groups import MEMBER, RuleGroup, group
from mpr_logic.engine.store import Relation
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.bottomup.batch import Batch


class SemiNaive:
    """The rules of a program, run over the relations of a batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in batch.program.rules:
            if rule.given == 0:
                self._rules[rule.head].append(rule)

    def run(self) -> None:
        """Derive everything.

        Raises:
            BudgetError: more facts were derived than the budget allows, or the time is over.
        """
        with resting():
            for stratum in self._batch.program.strata:
                if any(name in self._rules for name in stratum):
                    self._component(stratum)

    def _component(self, stratum: tuple[str, ...]) -> None:
        groups = [(head, g) for head in stratum for g in group(self._rules[head], head)]
        for _, each in groups:
            if each.table is not None:
                self._batch.relations[each.table.name] = each.table
        if self._batch.semiring.weighted:
            self._mark_weighted(stratum, groups)
        recursive = [(h, g) for h, g in groups if self._occurrences(g, stratum)]
        for head, each in groups:
            if not self._occurrences(each, stratum):
                self._merge(head, self._apply(head, each))
        if not recursive:
            return
        if fits(self._batch, stratum, [g for _, g in recursive]):
            SetwiseFixpoint(self._batch, stratum, recursive).run()
        else:
            self._rounds(stratum, recursive)

    def _mark_weighted(self, stratum: tuple[str, ...], groups: list[tuple[str, RuleGroup]]) -> None:
        """Relations of the component keep weights as soon as one of them can be weighted."""
        below = [n for _, g in groups for n in body_relations(g.body) if n not in stratum]
        if (
            any(g.weighs for _, g in groups)
            or any(self._batch.weighted(n) for n in below)
            or any(self._batch.weighted(n) for n in stratum)
        ):
            for name in stratum:
                if not self._batch.stored(name).weighted:
                    self._batch.stored(name).weigh()

    @staticmethod
    def _occurrences(each: RuleGroup, stratum: tuple[str, ...]) -> list[int]:
        """The places of the body's literals that belong to the component."""
        return [
            i for i, item in enumerate(each.body) if isinstance(item, Literal) and item.atom.name in stratum
        ]

    def _rounds(self, stratum: tuple[str, ...], recursive: list[tuple[str, RuleGroup]]) -> None:
        deltas: dict[str, Relation] = {}
        for name in stratum:
            delta = deltas[name] = Relation(f"{name} delta", self._batch.program.arity[name])
            self._batch.relations[delta.name] = delta
            delta.weighted = self._batch.stored(name).weighted
        functions = [
            (head, self._compile(head, _with_delta(each, i), i))
            for head, each in recursive
            for i in self._occurrences(each, stratum)
        ]
        found: dict[str, Any] = {n: self._everything(self._batch.stored(n)) for n in stratum}
        while any(found.values()):
            for name, delta in deltas.items():
                delta.rows.clear()
                delta.weights.clear()
                delta.rows.update(dict.fromkeys(found[name]))
                if delta.weighted:
                    delta.weights.update(found[name])
            found = {n: {} if self._batch.stored(n).weighted else set() for n in stratum}
            for head, function in functions:
                self._batch.growing = found[head]
                function(found[head])
            for name in stratum:
                self._merge(name, found[name])

    def _everything(self, relation: Relation) -> Any:
        return dict(relation.weights) if relation.weighted else set(relation.rows)

    def _apply(self, head: str, each: RuleGroup) -> Any:
        found: Any = {} if self._batch.stored(head).weighted else set()
        self._batch.growing = found
        self._compile(head, each, None)(found)
        return found

    def _merge(self, head: str, found: Any) -> None:
        self._batch.count(len(found))
        relation = self._batch.stored(head)
        if isinstance(found, dict):
            for each, weight in found.items():
                relation.add(relation.row(each), weight)
        else:
            relation.extend(found)

    def _compile(self, head: str, each: RuleGroup, first: int | None) -> Callable[[Any], None]:
        """A function that enters what a rule derives, and the relation does not have, into ``out``."""
        writer = CodeWriter(self._batch.namespace, self._batch)
        relation = self._batch.stored(head)
        rows = self._batch.namespace.rows(relation)
        body = forget_singletons([*each.args, *([Var(MEMBER)] if each.weighs else [])], each.body)
        steps = plan(
            body, (), self._batch.cost, head={n for t in each.args for n in term_variables(t)}, first=first
        )

        def done(weights: list[str]) -> None:
            found = key([writer.term(t) for t in each.args]) if each.args else "()"
            if not relation.weighted:
                writer.line(f"if {found} not in {rows}: out.add({found})")
                return
            if each.weighs and each.table is not None:
                table = self._batch.namespace.name("M", [r.weight for r in each.rules], ("weights", id(each)))
                weights = [*weights, f"{table}[{writer.locals[MEMBER]}]"]
            elif each.weighs:
                weights = [*weights, self._batch.namespace.constant(each.rules[0].weight)]
            weight, all_weights = writer.weight(weights), self._batch.namespace.weights(relation)
            writer.line(f"k = {found}")
            writer.line(
                f"if {weight} > {all_weights}.get(k, 0.0) and {weight} > out.get(k, 0.0): out[k] = {weight}"
            )

        writer.alternative(lambda fail: writer.steps(steps, fail, [], done))
        return self._batch.frame.function(self._batch.namespace.define(["out"], writer.lines))


def _with_delta(each: RuleGroup, place: int) -> RuleGroup:
    """The group with one literal reading only what the last round found."""
    item = each.body[place]
    assert isinstance(item, Literal)
    delta = replace(item, atom=replace(item.atom, name=f"{item.atom.name} delta"))
    return replace(each, body=(*each.body[:place], delta, *each.body[place + 1 :]))
