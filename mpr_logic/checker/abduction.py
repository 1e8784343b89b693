"""Abduction for repairs: changes of facts that could admit a rejected action, and who can make them.

:class:`Abducibles` are the relations that anybody can change at all; they depend on the rules alone.
:class:`SubgoalFinder` names the changes that could break a derivation, or make one. They are only
promising: the search tries each of them and checks again. :class:`AchieverFinder` names the actions that
would achieve a change, never with a value that nobody has named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.builtin_relations import UNCHANGED
from mpr_logic.analysis.occurrences import NUMBERED, is_history, split_numbered
from mpr_logic.checker.solve import Bindings, extend, holds, matched, pattern, rule_steps, solve
from mpr_logic.engine.planner import Assign, Filter, Gather, Scan, item_variables, term_variables
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, FactProof, RuleProof
from mpr_logic.errors import ArithmeticFailure, EvaluationError
from mpr_logic.language.ast import Aggregate, Const, Literal, Var
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Rule, Signature
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import BodyItem, Param, Row, Value

TRIED = ("past ", "succeeded ")
"""Relations of the history, which an action changes by being done, whatever its effects."""

ROWS = 30
"""The most rows of a relation or an aggregate that are looked at."""
STATES = 60
"""The most partial derivations of a rule that are followed at a time."""
DEPTH = 3
"""The most rules, one below the other, through which a derived relation is made to hold."""


LEFT_OUT = "null"
"""The value of an argument that is left out."""


class Abducibles:
    """The relations that can be changed under one program.

    Args:
        program: the rules, on which alone this depends.
        unforeseen: actions of which nobody can tell, before they are proposed, whether they are admissible:
            no change is left to them.

    Attributes:
        true: the core relations of which a row can come to hold, directly or through rules.
        false: those of which one can cease to.
    """

    def __init__(self, program: Program, unforeseen: Container[str] = ()) -> None:
        self._program = program
        self.actions = tuple(name for name in program.schema.actions if name not in unforeseen)
        self.effects: dict[tuple[str, bool], list[Rule]] = defaultdict(list)
        """By the relation, and whether a row comes to hold: the rules of effects that say so."""
        for rule in program.rules:
            if rule.clause.effect is not None and rule.action in self.actions:
                name = rule.clause.effect.name
                self.effects[name, rule.clause.kind == "causes"].append(rule)
        self.who: dict[str, str] = {}
        """By the core relation: who may change it."""
        for name, signature in program.schema.relations.items():
            if signature.changed_by is not None:
                self.who[name] = signature.changed_by
                if signature.open_world:
                    self.who[f"not {name}"] = signature.changed_by
        self.true = {name for name, comes in self.effects if comes} | set(self.who)
        self.true |= {
            f"{call}{word}{name}" for name in self.actions for word in TRIED for call in ("", *NUMBERED)
        }
        self.false = {name for name, comes in self.effects if not comes} | set(self.who)
        # of an open-world relation what comes to hold is no longer observed to be false
        self.false |= {f"not {name}" for name in self.true}
        self._follow()

    def _follow(self) -> None:
        """Add the relations that rules derive from these, until there are no more."""
        size = -1
        while size != len(self.true) + len(self.false):
            size = len(self.true) + len(self.false)
            for rule in self._program.rules:
                if rule.head.startswith(f"{UNCHANGED} "):  # which call would do good nobody can tell
                    continue
                if any(self.helps(item) for item in rule.body):
                    self.true.add(rule.head)
                if any(self.hurts(item) for item in rule.body):
                    self.false.add(rule.head)

    def helps(self, item: BodyItem) -> bool:
        """Whether a body item that does not hold can be made to."""
        if isinstance(item, Aggregate):
            return any(self.helps(i) or self.hurts(i) for i in item.body)
        return isinstance(item, Literal) and item.atom.name in (self.false if item.negated else self.true)

    def hurts(self, item: BodyItem) -> bool:
        """Whether a body item that holds can be made not to."""
        if isinstance(item, Aggregate):
            return any(self.helps(i) or self.hurts(i) for i in item.body)
        return isinstance(item, Literal) and item.atom.name in (self.true if item.negated else self.false)

    def counted(self, items: Iterable[BodyItem]) -> Iterator[Literal]:
        """The literals in the braces of aggregates of which rows can come or go."""
        for item in items:
            if isinstance(item, Aggregate):
                yield from (
                    i for i in item.body if isinstance(i, Literal) and (self.helps(i) or self.hurts(i))
                )


@dataclass(frozen=True, slots=True)
class RepairSubgoal:
    """A row of a core relation that is to come to hold (``comes``), or to cease to; None is any value."""

    relation: str
    row: Pattern
    comes: bool


@dataclass(frozen=True, slots=True)
class _Partial:
    """A derivation of a rule that lacks something: its bindings, the items that are to be made true, and the
    rows that are to cease to hold."""

    bindings: Bindings
    missing: tuple[Literal | Aggregate, ...] = ()
    denied: tuple[tuple[str, Row], ...] = ()

    @property
    def size(self) -> int:
        return len(self.missing) + len(self.denied)


class SubgoalFinder:
    """Finds subgoals in the present state of an engine.

    Args:
        engine: the facts and the rules.
        abducibles: who can change what.
        theta: what a literal must weigh to count as true.
        room: the most subgoals that a rule may need to fire.
    """

    def __init__(self, engine: Engine, abducibles: Abducibles, theta: float, room: int) -> None:
        self._engine = engine
        self._abducibles = abducibles
        self._theta = theta
        self._room = room

    def against(self, action: str, args: Row) -> Iterator[RepairSubgoal]:
        """Subgoals that deal with the first obstacle to an action: that break its proof, or make a permit
        fire that overrides it or that the closed action lacks."""
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

    def breaking(self, proof: RuleProof | FactProof) -> Iterator[RepairSubgoal]:
        """Subgoals each of which breaks this very proof, those nearest to its head first."""
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
                if not self._abducibles.hurts(item):
                    continue
                if isinstance(step, (FactProof, RuleProof)):
                    todo.append(step)
                elif isinstance(step, AbsenceStep):
                    yield from self.making(step.relation, step.pattern)
                elif isinstance(step, AggregateStep):
                    todo += [proof for row in step.rows[:ROWS] for proof in row]
                    for inner in self._abducibles.counted([item]):
                        if not inner.negated:
                            yield from self.making(inner.atom.name, pattern(inner.atom, each.bindings))

    def _unmade(self, relation: str, row: Row) -> Iterator[RepairSubgoal]:
        if relation.startswith("not "):
            if relation.removeprefix("not ") in self._abducibles.true:
                yield RepairSubgoal(relation.removeprefix("not "), row, comes=True)
        elif not is_history(relation) and relation in self._abducibles.false:
            yield RepairSubgoal(relation, row, comes=False)

    # -- making --------------------------------------------------------------------------------

    def making(self, relation: str, wanted: Pattern, depth: int = DEPTH) -> Iterator[RepairSubgoal]:
        """Subgoals that help to make an atom of a core relation true; None stands for any value."""
        if relation not in self._abducibles.true:
            return
        prefix, plain = split_numbered(relation)
        if prefix:  # one more call, whatever its number
            relation, wanted = plain, wanted[1:]
        abducibles = self._abducibles
        if relation.startswith(TRIED) or relation in abducibles.who or (relation, True) in abducibles.effects:
            yield RepairSubgoal(relation, wanted, comes=True)
        if depth > 0:
            for rule in self._engine.program.rules_for(relation):
                yield from self.firing(rule, wanted, depth - 1)

    def firing(self, rule: Rule, wanted: Pattern, depth: int = DEPTH) -> Iterator[RepairSubgoal]:
        """Subgoals that help to make a rule conclude its head with these arguments: those of the partial
        derivations that miss least come first."""
        if rule.weight < self._theta or rule.head not in self._abducibles.true:
            return
        if None in wanted[: rule.given]:
            return  # it is asked of values alone
        start: Bindings | None = {}
        for term, given in zip(rule.args, wanted, strict=True):
            if given is not None and start is not None:
                start = matched((term,), (given,), start)
        if start is None:
            return
        partials = [_Partial(start)]
        for step in rule_steps(rule):
            item = rule.body[step.index]
            found = (new for partial in partials for new in self._after(step, item, partial))
            partials = sorted(
                islice(found, STATES * ROWS), key=lambda partial: (partial.size, _order(partial.bindings))
            )
            del partials[STATES:]
        for partial in partials:
            for missing in partial.missing:
                literals = [missing] if isinstance(missing, Literal) else self._abducibles.counted([missing])
                for literal in literals:
                    if not literal.negated:
                        wanted = pattern(literal.atom, partial.bindings)
                        yield from self.making(literal.atom.name, wanted, depth)
            for relation, row in partial.denied:
                proof = self._engine.prove(relation, row)
                if proof is not None:
                    yield from self.breaking(proof)

    def _after(self, step: PlanStep, item: BodyItem, partial: _Partial) -> Iterator[_Partial]:
        """The derivations in which an item holds too, or is one more of those to be made true. An item with a
        variable that has no value yet is passed over: the check that follows decides."""
        self._engine.deadline.poll()
        if isinstance(step, Gather):
            if not partial.missing:
                yield from self._extended(step, partial)
            if self._abducibles.helps(step.aggregate) and partial.size < self._room:
                yield replace(partial, missing=(*partial.missing, step.aggregate))
        elif isinstance(item, Literal) and None in pattern(item.atom, partial.bindings)[: item.given]:
            yield partial
        elif isinstance(step, Scan):
            yield from self._extended(step, partial)
            if self._abducibles.helps(step.literal) and partial.size < self._room:
                yield replace(partial, missing=(*partial.missing, step.literal))
        elif isinstance(step, Filter) and isinstance(step.item, Literal):
            if not step.item.negated:
                yield from self._after(Scan(step.index, step.item, ()), item, partial)
            else:
                yield from self._without(step.item, partial)
        elif _bound(step, item, partial.bindings):
            yield from self._extended(step, partial)
        else:
            yield partial

    def _extended(self, step: PlanStep, partial: _Partial) -> Iterator[_Partial]:
        try:
            if isinstance(step, Filter) and not isinstance(step.item, Literal):
                if holds(step.item, partial.bindings):
                    yield partial
                return
            seen: set[str] = set()
            found = [(b, w) for b, w in extend(self._engine, step, partial.bindings) if w >= self._theta]
            for bindings, _ in sorted(found, key=lambda each: _order(each[0]))[:ROWS]:
                if (key := _order(bindings)) not in seen:
                    seen.add(key)
                    yield replace(partial, bindings=bindings)
        except ArithmeticFailure:
            return

    def _without(self, literal: Literal, partial: _Partial) -> Iterator[_Partial]:
        """The derivation in which the rows that a negated literal denies are to cease to hold."""
        name = literal.atom.name
        rows = self._engine.query(name, pattern(literal.atom, partial.bindings))
        present = sorted((r for r, w in rows.items() if 1 - w < self._theta), key=str)
        if not present:
            yield partial
        elif self._abducibles.helps(literal) and partial.size + len(present) <= self._room:
            yield replace(partial, denied=(*partial.denied, *((name, row) for row in present)))


class AchieverFinder:
    """Finds the actions, or the changes by somebody else, that achieve a subgoal in the present state.

    A value of an action's argument is determined by the subgoal, or is one of the proposed action's, or
    stands in a fact that holds beside a value that is determined. No column is crossed: such a value comes
    from a column of the argument's own type, or, where that is a built-in one, of its type and name.

    Args:
        engine: answers what the rules of effects ask.
        facts: the asserted facts.
        abducibles: who can change what.
        action: the proposed action.
        args: its arguments.
        theta: what the body of an effect must weigh.
        tries: so many actions are named for one subgoal.
    """

    def __init__(
        self,
        engine: Engine,
        facts: Mapping[str, Mapping[Row, float]],
        abducibles: Abducibles,
        action: str,
        args: Row,
        theta: float,
        tries: int,
    ) -> None:
        self._engine = engine
        self._program: Program = engine.program
        self._facts = facts
        self._abducibles = abducibles
        self._theta = theta
        self._tries = tries
        params = self._program.schema.actions[action].params
        self._proposed = [(p, v) for p, v in zip(params, args, strict=True) if v != LEFT_OUT]

    def actions(self, subgoal: RepairSubgoal) -> Iterator[tuple[str, Row]]:
        """The actions that achieve a subgoal, by being done or by their declared effects."""
        found: dict[tuple[str, Row], None] = {}
        if subgoal.comes and subgoal.relation.startswith(TRIED):
            name = subgoal.relation.partition(" ")[2]  # `abducibles.true` has no others
            found = dict.fromkeys((name, row) for row in self._filled(name, subgoal.row))
        for rule in self._abducibles.effects.get((subgoal.relation, subgoal.comes), ()):
            if rule.weight >= self._theta:
                found |= dict.fromkeys(islice(self._by(rule, subgoal.row), self._tries))
        yield from islice(found, self._tries)

    def changes(self, subgoal: RepairSubgoal) -> Iterator[Row]:
        """The rows that somebody who may would have to change for a subgoal."""
        if subgoal.relation not in self._abducibles.who:
            return
        if None not in subgoal.row:
            yield tuple(subgoal.row)  # type: ignore[arg-type]
            return
        signature = self._program.schema.relations[subgoal.relation.removeprefix("not ")]
        choices: list[list[Any]] = []
        for place, (given, param) in enumerate(zip(subgoal.row, signature.params, strict=True)):
            if given is not None:
                choices.append([given])
            elif param.type not in self._program.schema.types:
                return  # any value would be invented
            else:
                there = {row[place] for row in self._facts.get(subgoal.relation, ())}
                own = [v for p, v in self._proposed if self._fits(p, param)]
                choices.append(list(dict.fromkeys([*own, *sorted(there, key=print_value)])))
        yield from islice(product(*choices), self._tries)

    def _by(self, rule: Rule, wanted: Pattern) -> Iterator[tuple[str, Row]]:
        """The actions that have an effect now, by one rule."""
        name = str(rule.action)
        bound: dict[str, Value] | None = {}
        for term, given in zip(rule.args[rule.given :], wanted, strict=True):
            if given is not None and bound is not None:
                bound = matched((term,), (given,), bound) if isinstance(term, (Var, Const)) else bound
        if bound is None:
            return
        try:
            solutions = [b for b, weight in solve(self._engine, rule.body, bound) if weight >= self._theta]
        except EvaluationError:  # its body says more of the action than the effect determines
            self._engine.deadline.poll()
            solutions = [bound]
        given_terms = rule.args[: rule.given]
        for bindings in sorted(solutions, key=lambda b: sorted((n, print_value(v)) for n, v in b.items())):
            known = tuple(
                t.value if isinstance(t, Const) else bindings.get(t.name) if isinstance(t, Var) else None
                for t in given_terms
            )
            for row in self._filled(name, known):
                if matched(given_terms, row, bindings) is not None:
                    yield name, row

    def _filled(self, name: str, known: Pattern) -> Iterator[Row]:
        """The rows of an action's arguments where some are known."""
        signature = self._program.schema.actions[name]
        if None not in known:
            yield tuple(known)  # type: ignore[arg-type]
            return
        choices: list[list[Any]] = []
        for place, (given, param) in enumerate(zip(known, signature.params, strict=True)):
            if given is not None:
                choices.append([given])
            elif param.optional:
                choices.append([LEFT_OUT])
            else:
                choices.append(self._values(signature, known, place))
        yield from islice(product(*choices), self._tries)

    def _values(self, signature: Signature, known: Pattern, place: int) -> list[Value]:
        """The values for one argument: of the proposed action, and of facts that also say something of what
        is known of the others; where nothing is known, of any fact."""
        param = signature.params[place]
        found = dict.fromkeys(v for p, v in self._proposed if self._fits(p, param))
        beside = [(p, v) for p, v in zip(signature.params, known, strict=True) if v is not None]
        there: set[Value] = set()
        for name, each in self._program.schema.relations.items():
            places = [i for i, p in enumerate(each.params) if self._fits(p, param)]
            if not places:
                continue
            linked = [(i, v) for p, v in beside for i, q in enumerate(each.params) if self._fits(q, p)]
            for row in self._facts.get(name, ()):
                if not beside or any(row[i] == v for i, v in linked):
                    there.update(row[i] for i in places)
        return list(found | dict.fromkeys(sorted(there, key=print_value)))

    def _fits(self, column: Param, param: Param) -> bool:
        """Whether a value of a column may stand for a parameter: its type is the same, or one below it."""
        types = self._program.schema.types
        if param.type not in types:
            return column.type == param.type and column.name == param.name
        type_ = column.type
        while type_ in types and type_ != param.type:
            type_ = types[type_]
        return type_ == param.type


def _bound(step: PlanStep, item: BodyItem, known: Mapping[str, object]) -> bool:
    if isinstance(step, Assign):
        return set(term_variables(step.term)) <= known.keys()
    return set(item_variables(item)) <= known.keys()


def _order(bindings: Bindings) -> str:
    return ", ".join(f"{n} = {print_value(v)}" for n, v in sorted(bindings.items()))
