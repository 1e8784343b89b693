"""Repair: the smallest changes of facts that would admit a rejected action.

Search by growing size. In each supposed state that still rejects, one reason is taken, and every
candidate must deal with it: break its derivation, or make a permit fire that overrides it. What is
found has been tried: the action was checked again with the changes made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.core import effect_head
from mpr_logic.checking.changes import Asserted, Candidates, Change, Changes, supposed
from mpr_logic.checking.solve import matched, solve, value
from mpr_logic.engine.plan import term_variables
from mpr_logic.errors import EvaluationError
from mpr_logic.syntax.ast import Row, Var
from mpr_logic.syntax.printer import print_row

if TYPE_CHECKING:
    from mpr_logic.analysis.core import Rule
    from mpr_logic.checking.solve import Bindings
    from mpr_logic.engine.base import Engine
    from mpr_logic.syntax.ast import Term, Value

Admissible: TypeAlias = Callable[[str, Row], bool]
"""Whether an action, by its name and arguments, would be admitted in the present state of the engine."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the search: ``size`` changes in one repair, ``found`` repairs, ``checks`` supposed states,
    ``tries`` of arguments for an action that brings a change about, ``seconds`` of time, after which no
    further state is supposed."""

    size: int = 3
    found: int = 5
    checks: int = 300
    tries: int = 60
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Repair:
    """A smallest change of facts that would admit the action: facts to become true (``add``) and facts to
    become false (``remove``), each a relation and a row. ``actions`` are texts of actions, admissible
    now, whose declared effects bring changes about; ``left`` are the changes that none brings about.
    """

    add: tuple[tuple[str, Row], ...]
    remove: tuple[tuple[str, Row], ...]
    actions: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def reachable(self) -> bool:
        """Whether the actions bring all of it about."""
        return not self.left

    def __str__(self) -> str:
        changes = [print_row(*fact) for fact in self.add] + [f"not {print_row(*f)}" for f in self.remove]
        if not self.actions:
            return f"if {', '.join(changes)}"
        if self.left:
            return f"after {', '.join(self.actions)}, and if {', '.join(self.left)}"
        return f"after {', '.join(self.actions)}: {', '.join(changes)}"


def repairs(
    engine: Engine,
    facts: Asserted,
    action: str,
    args: Row,
    *,
    theta: float,
    admissible: Admissible,
    limits: Limits = Limits(),
) -> tuple[Repair, ...]:
    """The inclusion-minimal changes of facts that would admit an action, those that other actions bring
    about first, then the smallest.

    History cannot be changed, and neither can comparisons. The engine's facts are changed while
    candidates are tried, and are as before when this returns or raises.

    Args:
        engine: holds the facts; it must keep proofs.
        facts: the asserted facts, as they are put back.
        action: the rejected action.
        args: its arguments.
        theta: the weight from which a rule counts.
        admissible: checks an action in the present state of the engine.
        limits: bounds of the search.

    Raises:
        EvaluationError: the present state could not be evaluated.
    """
    search = _Search(engine, facts, action, args, theta, admissible, limits)
    found = search.run()
    program_facts = {(f.relation, f.row) for f in engine.program.facts}
    ranked: list[tuple[tuple[object, ...], Repair]] = []
    for changes in found:
        repair = search.described(changes)
        written = sum((c.relation, c.row) in program_facts for c in changes if not c.present)
        ranked.append(((not repair.reachable, len(changes), written), repair))
    return tuple(repair for _, repair in sorted(ranked, key=lambda each: each[0]))


class _Search:
    def __init__(
        self,
        engine: Engine,
        facts: Asserted,
        action: str,
        args: Row,
        theta: float,
        admissible: Admissible,
        limits: Limits,
    ) -> None:
        self.engine = engine
        self.facts = facts
        self.action = action
        self.args = args
        self.theta = theta
        self.admissible = admissible
        self.limits = limits
        self.checks = 0
        self.deadline = time.perf_counter() + limits.seconds
        self._of_type: dict[str, list[Value]] = {}

    def run(self) -> list[Changes]:
        """The minimal changes, the smallest first."""
        found: list[Changes] = []
        seen: set[Changes] = {frozenset()}
        buckets: list[list[Changes]] = [[] for _ in range(self.limits.size + 1)]
        buckets[0].append(frozenset())
        for bucket in buckets:
            for changes in bucket:
                over = self.checks >= self.limits.checks or time.perf_counter() > self.deadline
                if over or len(found) >= self.limits.found:
                    return found
                if any(each <= changes for each in found):
                    continue
                admitted, candidates = self._tried(changes)
                if admitted:
                    found.append(self._minimal(changes))
                for more in candidates:
                    both = changes | more
                    if both not in seen and len(both) <= self.limits.size and _consistent(both):
                        seen.add(both)
                        buckets[len(both)].append(both)
        return found

    def _tried(self, changes: Changes) -> tuple[bool, list[Changes]]:
        """Whether the changes admit the action; if not, candidates to add to them."""
        self.checks += 1
        try:
            with supposed(self.engine, self.facts, changes):
                if changes and self.admissible(self.action, self.args):
                    return True, []
                found = self._candidates(self.limits.size - len(changes))
                return False, sorted(dict.fromkeys(islice(found, self.limits.checks)), key=len)
        except EvaluationError:
            if not changes:
                raise
            return False, []  # what cannot be evaluated is no repair

    def _minimal(self, changes: Changes) -> Changes:
        for size in range(1, len(changes)):
            for fewer in map(frozenset, combinations(sorted(changes, key=str), size)):
                if self._tried(fewer)[0]:
                    return fewer
        return changes

    def _candidates(self, room: int) -> Iterator[Changes]:
        """Candidates that deal with the first thing that stands against the action."""
        if room <= 0:
            return
        engine, program = self.engine, self.engine.program
        params = program.schema.actions[self.action].params
        values = [(p.type, v) for p, v in zip(params, self.args, strict=True)]
        candidates = Candidates(engine, self.theta, room, values)
        permits = program.rules_for(f"permit {self.action}")
        fired = [r for r, w in engine.fired(f"permit {self.action}", self.args) if w >= self.theta]
        overridden = {i for rule in fired for i in program.overrides.get(rule.id, ())}
        for rule, weight in engine.fired(f"forbid {self.action}", self.args):
            if weight >= self.theta and rule.id not in overridden:
                proof = engine.explain(rule, self.args)
                if proof is not None:
                    yield from candidates.breaking(proof)
                permits = tuple(p for p in permits if rule.id in program.overrides.get(p.id, ()))
                break
        else:
            if fired or self.action not in program.schema.closed:
                return
        for permit in permits:
            yield from candidates.firing(permit, self.args)

    # -- actions -------------------------------------------------------------------------------

    def described(self, changes: Changes) -> Repair:
        """The repair, with the actions that bring it about."""
        ordered = sorted(changes, key=str)
        actions = [self._bringing(change) for change in ordered]
        return Repair(
            tuple((c.relation, c.row) for c in ordered if c.present),
            tuple((c.relation, c.row) for c in ordered if not c.present),
            tuple(dict.fromkeys(a for a in actions if a is not None)),
            tuple(str(c) for c, a in zip(ordered, actions, strict=True) if a is None),
        )

    def _bringing(self, change: Change) -> str | None:
        """An action, admissible now, whose declared effect is the change."""
        kind = "causes" if change.present else "ends"
        for action in self.engine.program.schema.actions:
            for rule in self.engine.program.rules_for(effect_head(kind, change.relation, action)):
                for args in islice(self._arguments(rule, change.row), self.limits.tries):
                    if (action, args) != (self.action, self.args) and self.admissible(action, args):
                        return print_row(action, args)
        return None

    def _arguments(self, rule: Rule, row: Row) -> Iterator[Row]:
        """The arguments with which an action has this effect now."""
        start: Bindings | None = matched(rule.args[rule.given :], row, {})
        if start is None:
            return
        try:
            for bindings, weight in solve(self.engine, rule.body, start):
                if weight >= self.theta:
                    yield from self._filled(rule, bindings)
        except EvaluationError:
            return  # its body says more of the action than the effect determines

    def _filled(self, rule: Rule, bindings: Bindings) -> Iterator[Row]:
        """The action's arguments; where the effect leaves one open, each value of its type in the state."""
        terms = rule.args[: rule.given]
        open_ = [i for i, t in enumerate(terms) if any(n not in bindings for n in _names(t))]
        action = self.engine.program.schema.actions[str(rule.action)]
        choices = [self._values(action.params[i].type) for i in open_]
        for chosen in product(*choices):
            filled = dict(zip(open_, chosen, strict=True))
            row = tuple([filled[i] if i in filled else value(t, bindings) for i, t in enumerate(terms)])
            if matched(terms, row, bindings) is not None:
                yield row

    def _values(self, type_: str) -> list[Value]:
        """The constants in the state's columns of a declared type, in order."""
        found = self._of_type.get(type_)
        if found is None:
            signatures = self.engine.program.schema.relations.items()
            columns = [(n, i) for n, s in signatures for i, p in enumerate(s.params) if p.type == type_]
            values = {row[i] for name, i in columns for row in self.facts.get(name, ())}
            found = self._of_type[type_] = sorted(values, key=lambda v: (str(type(v)), str(v)))
        return found


def _names(term: Term) -> Iterator[str]:
    """The variables of a term, ``_`` among them."""
    return iter(["_"]) if isinstance(term, Var) and term.anonymous else term_variables(term)


def _consistent(changes: Changes) -> bool:
    return len({(c.relation, c.row) for c in changes}) == len(changes)
