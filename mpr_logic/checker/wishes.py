"""Changes of facts that could break a derivation, or make one: what a repair has to bring about.

A wish is only promising: whether it helps is found out by bringing it about and checking again. Nothing is
wished for that nobody can change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import CALL, is_history
from mpr_logic.checker.possible import TRIED
from mpr_logic.checker.solve import Bindings, extend, holds, matched, pattern, rule_steps
from mpr_logic.engine.planner import Assign, Filter, Gather, Scan, item_variables, term_variables
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, FactProof, RuleProof
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import Literal
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.possible import Possible
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine, Pattern
    from mpr_logic.language.ast import Aggregate, BodyItem, Row

ROWS = 30
"""The most rows of a relation or an aggregate that are looked at."""
STATES = 60
"""The most ways to make a rule fire that are followed at a time."""
DEPTH = 3
"""A derived relation is made to hold through so many rules, one below the other."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A row of a core relation that is to come to hold (``comes``), or to cease to; None is any value."""

    relation: str
    row: Pattern
    comes: bool


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to make a rule fire: what is bound, the items that are to be made true, and the rows that are
    to cease to hold."""

    bindings: Bindings
    missing: tuple[Literal | Aggregate, ...] = ()
    denied: tuple[tuple[str, Row], ...] = ()

    @property
    def size(self) -> int:
        return len(self.missing) + len(self.denied)


class Wishes:
    """Finds wishes in the present state of an engine.

    Args:
        engine: the facts and the rules.
        possible: who can change what.
        theta: what a literal must weigh to count as true.
        room: so many wishes a rule may need to fire.
    """

    def __init__(self, engine: Engine, possible: Possible, theta: float, room: int) -> None:
        self._engine = engine
        self._possible = possible
        self._theta = theta
        self._room = room

    def against(self, action: str, args: Row) -> Iterator[Wish]:
        """Wishes that deal with the first thing that stands against an action: that break its proof, or make
        a permit fire that overrides it or that the closed action lacks."""
        engine, program = self._engine, self._engine.program
        permits = program.rules_for(f"permit {action}")
        fired = [r for r, w in engine.fired(f"permit {action}", args) if w >= self._theta]
        lifted = {i for rule in fired for i in program.overrides.get(rule.id, ())}
        for rule, weight in engine.fired(f"forbid {action}", args):
            if weight >= self._theta and rule.id not in lifted:
                proof = engine.explain(rule, args)
                if proof is not None:
                    yield from self.breaking(proof)
                permits = tuple(p for p in permits if rule.id in program.overrides.get(p.id, ()))
                break
        else:
            if fired or action not in program.schema.closed:
                return
        for permit in permits:
            yield from self.firing(permit, args)

    # -- breaking ------------------------------------------------------------------------------

    def breaking(self, proof: RuleProof | FactProof) -> Iterator[Wish]:
        """Wishes each of which breaks this very proof, those nearest to its head first."""
        todo: list[RuleProof | FactProof] = [proof]
        seen: set[int] = set()
        while todo:
            each = todo.pop(0)
            if id(each) in seen:
                continue
            seen.add(id(each))
            self._engine.deadline.poll()
            if isinstance(each, FactProof):
                yield from self._unmade(each.relation, each.row)
                continue
            for item, step in zip(each.rule.body, each.steps, strict=True):
                if not self._possible.hurts(item):
                    continue
                if isinstance(step, (FactProof, RuleProof)):
                    todo.append(step)
                elif isinstance(step, AbsenceStep):
                    yield from self.making(step.relation, step.pattern)
                elif isinstance(step, AggregateStep):
                    todo += [proof for row in step.rows[:ROWS] for proof in row]
                    for inner in self._possible.counted([item]):
                        if not inner.negated:
                            yield from self.making(inner.atom.name, pattern(inner.atom, each.bindings))

    def _unmade(self, relation: str, row: Row) -> Iterator[Wish]:
        if relation.startswith("not "):
            if relation.removeprefix("not ") in self._possible.true:
                yield Wish(relation.removeprefix("not "), row, comes=True)
        elif not is_history(relation) and relation in self._possible.false:
            yield Wish(relation, row, comes=False)

    # -- making --------------------------------------------------------------------------------

    def making(self, relation: str, wanted: Pattern, depth: int = DEPTH) -> Iterator[Wish]:
        """Wishes that help to make an atom of a core relation true; None stands for any value."""
        if relation not in self._possible.true:
            return
        if relation.startswith(CALL):  # a call more is wished for, whatever its number
            relation, wanted = relation.removeprefix(CALL), wanted[1:]
        possible = self._possible
        if relation.startswith(TRIED) or relation in possible.who or (relation, True) in possible.effects:
            yield Wish(relation, wanted, comes=True)
        if depth > 0:
            for rule in self._engine.program.rules_for(relation):
                yield from self.firing(rule, wanted, depth - 1)

    def firing(self, rule: Rule, wanted: Pattern, depth: int = DEPTH) -> Iterator[Wish]:
        """Wishes that help to make a rule conclude its head with these arguments: those of the ways in which
        least is missing come first."""
        if rule.weight < self._theta or rule.head not in self._possible.true:
            return
        start: Bindings | None = {}
        for term, given in zip(rule.args, wanted, strict=True):
            if given is not None and start is not None:
                start = matched((term,), (given,), start)
        if start is None:
            return
        ways = [_Way(start)]
        for step in rule_steps(rule):
            item = rule.body[step.index]
            found = (new for way in ways for new in self._after(step, item, way))
            ways = sorted(islice(found, STATES * ROWS), key=lambda way: (way.size, _order(way.bindings)))
            del ways[STATES:]
        for way in ways:
            for missing in way.missing:
                literals = [missing] if isinstance(missing, Literal) else self._possible.counted([missing])
                for literal in literals:
                    if not literal.negated:
                        wanted = pattern(literal.atom, way.bindings)
                        yield from self.making(literal.atom.name, wanted, depth)
            for relation, row in way.denied:
                proof = self._engine.prove(relation, row)
                if proof is not None:
                    yield from self.breaking(proof)

    def _after(self, step: PlanStep, item: BodyItem, way: _Way) -> Iterator[_Way]:
        """The ways on which an item holds, or is one more of those to be made true. What hangs on a variable
        that has no value yet is passed over: the check that follows decides."""
        self._engine.deadline.poll()
        if isinstance(step, Gather):
            if not way.missing:
                yield from self._extended(step, way)
            if self._possible.helps(step.aggregate) and way.size < self._room:
                yield replace(way, missing=(*way.missing, step.aggregate))
        elif isinstance(step, Scan):
            yield from self._extended(step, way)
            if self._possible.helps(step.literal) and way.size < self._room:
                yield replace(way, missing=(*way.missing, step.literal))
        elif isinstance(step, Filter) and isinstance(step.item, Literal):
            if not step.item.negated:
                yield from self._after(Scan(step.index, step.item, ()), item, way)
            else:
                yield from self._without(step.item, way)
        elif _bound(step, item, way.bindings):
            yield from self._extended(step, way)
        else:
            yield way

    def _extended(self, step: PlanStep, way: _Way) -> Iterator[_Way]:
        try:
            if isinstance(step, Filter) and not isinstance(step.item, Literal):
                if holds(step.item, way.bindings):
                    yield way
                return
            seen: set[str] = set()
            found = [(b, w) for b, w in extend(self._engine, step, way.bindings) if w >= self._theta]
            for bindings, _ in sorted(found, key=lambda each: _order(each[0]))[:ROWS]:
                if (key := _order(bindings)) not in seen:
                    seen.add(key)
                    yield replace(way, bindings=bindings)
        except ArithmeticFailure:
            return

    def _without(self, literal: Literal, way: _Way) -> Iterator[_Way]:
        """What a negated literal denies is to cease to hold."""
        name = literal.atom.name
        rows = self._engine.query(name, pattern(literal.atom, way.bindings))
        present = sorted((r for r, w in rows.items() if 1 - w < self._theta), key=str)
        if not present:
            yield way
        elif self._possible.helps(literal) and way.size + len(present) <= self._room:
            yield replace(way, denied=(*way.denied, *((name, row) for row in present)))


def _bound(step: PlanStep, item: BodyItem, known: Mapping[str, object]) -> bool:
    if isinstance(step, Assign):
        return set(term_variables(step.term)) <= known.keys()
    return set(item_variables(item)) <= known.keys()


def _order(bindings: Bindings) -> str:
    return ", ".join(f"{n} = {print_value(v)}" for n, v in sorted(bindings.items()))
