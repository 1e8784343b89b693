"""Changes of facts that could break a derivation, or make one: the candidates for a repair.

A candidate is only promising; whether it admits the action is found out by trying it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TypeAlias

from mpr_logic.analysis.core import Program, Rule
from mpr_logic.analysis.occurrences import CALL
from mpr_logic.checking.solve import Bindings, extend, holds, matched, pattern, rule_steps, value
from mpr_logic.engine.base import Engine, Pattern
from mpr_logic.engine.plan import Gather, item_variables, term_variables
from mpr_logic.engine.proof import AbsenceStep, AggregateStep, FactProof, RuleProof
from mpr_logic.errors import EvaluationError
from mpr_logic.syntax.ast import BodyItem, Comparison, Literal, Row, Test, Value, Var
from mpr_logic.syntax.printer import print_row, print_value

HISTORY = ("past ", "succeeded ", "failed ", CALL)
ROWS = 30
"""So many rows of a relation or an aggregate are looked at."""
STATES = 100
"""So many ways to make a rule fire are followed at a time."""
DEPTH = 3
"""A derived relation is made to hold through so many rules, one below the other."""
VALUES = 3
"""So many values are tried for an argument that nothing determines."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact of a declared relation that becomes true (``present``) or false."""

    relation: str
    row: Row
    present: bool

    def __str__(self) -> str:
        return f"{'' if self.present else 'not '}{print_row(self.relation, self.row)}"


Changes: TypeAlias = frozenset[Change]
Asserted: TypeAlias = Mapping[str, Mapping[Row, float]]
"""The asserted facts of each core relation, each with its weight."""


@contextmanager
def supposed(engine: Engine, facts: Asserted, changes: Iterable[Change]) -> Iterator[None]:
    """Make changes for a while; afterwards the engine's facts are as before, whatever happens.

    Raises:
        EvaluationError: a fact could not be put back as it was, so it is not touched.
    """
    before: list[tuple[str, Row, FactProof | None]] = []
    try:
        for change in sorted(changes, key=str):
            signature = engine.program.schema.relations.get(change.relation)
            opposite = f"not {change.relation}"
            add, drop = (change.relation, opposite) if change.present else (opposite, change.relation)
            for row in _replaced(engine.program, facts, change):
                before.append((change.relation, row, _asserted(engine, facts, change.relation, row)))
                engine.remove(change.relation, row)
            for relation in (drop, add):
                if relation == change.relation or (signature is not None and signature.open_world):
                    before.append((relation, change.row, _asserted(engine, facts, relation, change.row)))
                    if relation == add:
                        engine.add(relation, change.row, 1.0, "supposed")
                    else:
                        engine.remove(relation, change.row)
        yield
    finally:
        for relation, row, fact in reversed(before):
            if fact is None:
                engine.remove(relation, row)
            else:
                engine.add(relation, row, facts[relation][row], fact.source)


def _replaced(program: Program, facts: Asserted, change: Change) -> list[Row]:
    """The other rows with the key of one that becomes true: it takes their place."""
    signature = program.schema.relations.get(change.relation)
    if not change.present or signature is None or signature.key is None:
        return []
    places = signature.key
    return [
        row
        for row in facts.get(change.relation, {})
        if row != change.row and all(row[place] == change.row[place] for place in places)
    ]


def _asserted(engine: Engine, facts: Asserted, relation: str, row: Row) -> FactProof | None:
    """The fact as it is asserted, with its source; None where it is not."""
    if row not in facts.get(relation, {}):
        return None
    proof = engine.prove(relation, row)
    if not isinstance(proof, FactProof):
        raise EvaluationError(
            f"where `{print_row(relation, row)}` came from is covered by a derivation of it"
        )
    return proof


@dataclass(frozen=True, slots=True)
class _State:
    """A way to make a rule fire: what is bound, the literals to be made true, the items not yet looked
    at, and the changes so far."""

    bindings: Bindings
    missing: tuple[Literal, ...] = ()
    changes: Changes = frozenset()


class Candidates:
    """Finds candidates in the present state of an engine.

    Args:
        engine: the facts and the rules.
        theta: what a literal must weigh to count as true.
        room: how many changes a candidate may have.
        values: typed values to try for arguments that nothing determines: (type, value).
    """

    def __init__(
        self, engine: Engine, theta: float, room: int, values: Sequence[tuple[str, Value]] = ()
    ) -> None:
        self._engine = engine
        self._theta = theta
        self._room = room
        self._values = values

    # -- breaking ------------------------------------------------------------------------------

    def breaking(self, proof: RuleProof | FactProof) -> Iterator[Changes]:
        """Changes each of which breaks this very proof."""
        todo: list[RuleProof | FactProof] = [proof]
        seen: set[int] = set()
        while todo:
            each = todo.pop(0)
            if id(each) in seen:
                continue
            seen.add(id(each))
            if isinstance(each, FactProof):
                yield from _unmade(each.relation, each.row)
                continue
            for step in each.steps:
                if isinstance(step, (FactProof, RuleProof)):
                    todo.append(step)
                elif isinstance(step, AbsenceStep):
                    yield from self.making(step.relation, step.pattern)
                elif isinstance(step, AggregateStep):
                    todo += [proof for row in step.rows[:ROWS] for proof in row]

    # -- making --------------------------------------------------------------------------------

    def making(self, relation: str, wanted: Pattern, depth: int = DEPTH) -> Iterator[Changes]:
        """Changes each of which makes an atom of a core relation true; None stands for any value."""
        if relation.startswith(HISTORY):
            return
        if relation.startswith("not "):
            if None not in wanted:
                yield frozenset([Change(relation.removeprefix("not "), tuple(wanted), False)])  # type: ignore[arg-type]
            return
        rules = self._engine.program.rules_for(relation)
        if not rules:
            for row in self._filled(relation, wanted):
                yield frozenset([Change(relation, row, True)])
        elif depth > 0:
            for rule in rules:
                yield from self.firing(rule, wanted, depth - 1)

    def firing(self, rule: Rule, wanted: Pattern, depth: int = DEPTH) -> Iterator[Changes]:
        """Changes each of which makes a rule conclude its head with these arguments."""
        if rule.weight < self._theta:
            return
        start: Bindings | None = {}
        for term, given in zip(rule.args, wanted, strict=True):
            if given is not None and start is not None:
                start = matched((term,), (given,), start)
        if start is None:
            return
        positive = [i for i in rule.body if isinstance(i, Literal) and not i.negated]
        others = [(n, i) for n, i in enumerate(rule.body) if i not in positive]
        states = [_State(start)]
        for literal in positive:
            found = (new for state in states for new in self._with(literal, state))
            states = sorted(found, key=lambda s: (len(s.missing), _order(s.bindings)))[:STATES]
        for state in states:
            yield from self._finished(rule, state, others, depth)

    def _with(self, literal: Literal, state: _State) -> Iterator[_State]:
        """The literal holds for some row, or it is one of those to be made true."""
        rows = self._engine.query(literal.atom.name, pattern(literal.atom, state.bindings))
        seen: set[str] = set()
        strong = sorted((r for r, w in rows.items() if w >= self._theta), key=str)
        for row in strong[:ROWS]:
            new = matched(literal.atom.args, row, state.bindings)
            if new is not None and (key := _order(new)) not in seen:
                seen.add(key)
                yield replace(state, bindings=new)
        if len(state.missing) < self._room and not literal.atom.name.startswith(HISTORY):
            yield replace(state, missing=(*state.missing, literal))

    def _finished(
        self, rule: Rule, state: _State, others: list[tuple[int, BodyItem]], depth: int
    ) -> Iterator[Changes]:
        """What remains of the body, once for every way to make the missing literals true."""
        states = self._settled(rule, state, others)
        for literal in state.missing:
            states = [
                replace(s, bindings=bindings) for s in states for bindings in self._bound(literal, s.bindings)
            ]
        for each in states[:STATES]:
            for last in self._settled(rule, each, others, finally_=True):
                ways = [
                    list(islice(self.making(m.atom.name, pattern(m.atom, last.bindings), depth), ROWS))
                    for m in state.missing
                ]
                for chosen in islice(product(*ways), ROWS):
                    changes = last.changes.union(*chosen)
                    if 0 < len(changes) <= self._room and _consistent(changes):
                        yield changes

    def _bound(self, literal: Literal, bindings: Bindings) -> Iterator[Bindings]:
        """Values for the variables of a literal that is to be made true."""
        free = {n for t in literal.atom.args for n in term_variables(t)} - bindings.keys()
        if not free:
            yield bindings
            return
        for row in self._filled(literal.atom.name, pattern(literal.atom, bindings)):
            new = matched(literal.atom.args, row, bindings)
            if new is not None:
                yield new

    def _settled(
        self, rule: Rule, state: _State, others: list[tuple[int, BodyItem]], *, finally_: bool = False
    ) -> list[_State]:
        """Look at the items that are not positive literals, as far as their variables are bound:
        comparisons must hold, and what a negated literal denies is taken away. At the end none may
        be left."""
        gathers = {s.index: s for s in rule_steps(rule) if isinstance(s, Gather)}
        aggregates = list(gathers) if finally_ or not state.missing else []
        left = [i for i, _ in others if i not in gathers]
        states = [state]
        while states:
            known = states[0].bindings
            index = next((i for i in left if _ready(rule.body[i], known)), None)
            if index is not None:
                left.remove(index)
                states = self._looked_at(rule.body[index], states, finally_)
            elif aggregates:
                step = gathers[aggregates.pop(0)]
                states = [
                    replace(s, bindings=b)
                    for s in states
                    for b, w in extend(self._engine, step, s.bindings)
                    if w >= self._theta
                ]
            else:
                break
        return [] if finally_ and left else states

    def _looked_at(self, item: BodyItem, states: list[_State], finally_: bool) -> list[_State]:
        """The states in which an item holds; what a negated literal denies is taken away at the end."""
        if isinstance(item, Literal):
            return [new for s in states for new in self._without(item, s)] if finally_ else states
        assert isinstance(item, (Comparison, Test))
        known = states[0].bindings
        free = set(item_variables(item)) - known.keys()
        if not free or isinstance(item, Test):
            return [s for s in states if holds(item, s.bindings)]
        assigns = isinstance(item.left, Var) and item.left.name in free
        term, name = (item.right if assigns else item.left), free.pop()
        return [replace(s, bindings={**s.bindings, name: value(term, s.bindings)}) for s in states]

    def _without(self, literal: Literal, state: _State) -> Iterator[_State]:
        """Take away what a negated literal denies."""
        name = literal.atom.name
        rows = self._engine.query(name, pattern(literal.atom, state.bindings))
        present = sorted((r for r, w in rows.items() if 1 - w < self._theta), key=str)
        if len(present) > self._room:
            return
        ways: list[list[Changes]] = []
        for row in present:
            proof = self._engine.prove(name, row)
            ways.append([] if proof is None else list(islice(self.breaking(proof), ROWS)))
        for chosen in islice(product(*ways), ROWS):
            yield replace(state, changes=state.changes.union(*chosen))

    def _filled(self, relation: str, wanted: Pattern) -> Iterator[Row]:
        """Rows for a pattern: the values that stand in that column, and the proposed action's."""
        if None not in wanted:
            yield tuple(wanted)  # type: ignore[arg-type]
            return
        signature = self._engine.program.schema.relations.get(relation)
        if signature is None:
            return
        rows = list(self._engine.query(relation, (None,) * len(wanted)))
        columns: list[list[Value]] = []
        for i, given in enumerate(wanted):
            if given is not None:
                columns.append([given])
                continue
            own = [v for t, v in self._values if t == signature.params[i].type]
            there = sorted({row[i] for row in rows}, key=print_value)
            columns.append(list(dict.fromkeys([*own, *there]))[:VALUES])
        yield from islice(product(*columns), VALUES)


def _unmade(relation: str, row: Row) -> Iterator[Changes]:
    if relation.startswith("not "):
        yield frozenset([Change(relation.removeprefix("not "), row, True)])
    elif not relation.startswith(HISTORY):
        yield frozenset([Change(relation, row, False)])


def _ready(item: BodyItem, known: Mapping[str, Value]) -> bool:
    free = set(item_variables(item)) - known.keys()
    if isinstance(item, Comparison) and item.op == "=" and len(free) == 1:
        for side, other in ((item.left, item.right), (item.right, item.left)):
            if isinstance(side, Var) and side.name in free and not free & set(term_variables(other)):
                return True
    return not free


def _consistent(changes: Changes) -> bool:
    return len({(c.relation, c.row) for c in changes}) == len(changes)


def _order(bindings: Bindings) -> str:
    return ", ".join(f"{n} = {print_value(v)}" for n, v in sorted(bindings.items()))
