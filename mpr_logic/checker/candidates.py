"""Proposed actions, resolved once, with the engine's functions that decide about them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.analysis.certain import certain
from mpr_logic.checker.action import Action
from mpr_logic.checker.plain import PlainAtoms
from mpr_logic.checker.questions import resolve_action
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, UNPERMITTED
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.protocol import Engine, Fired, FiredFunction, ProofsFunction, VerdictFunction
    from mpr_logic.language.ast import Row

CACHED = 100_000
"""So many actions are kept resolved; then the cache begins anew."""


@dataclass(eq=False)
class ActionRules:
    """What decides about one action: functions of its arguments that give the verdict, and the forbids
    and permits that fire; whether it is closed by default; the ids of its forbids that some permit
    overrides; whether a forbid of it could weigh less than theta; and whether what proves its rejection may
    decide as well: where no rule can fail, listing all that fire comes to the same as asking for one.

    Only the verdict is compiled at once: most actions are never asked why."""

    name: str
    engine: Engine
    verdict: VerdictFunction
    theta: float
    closed: bool
    overridden: frozenset[str]
    may_advise: bool
    certain: bool = False

    @cached_property
    def forbid(self) -> FiredFunction:
        """The forbids of the action that fire, of whatever weight."""
        return self.engine.fired_function(f"forbid {self.name}")

    @cached_property
    def permit(self) -> FiredFunction:
        """The permits of the action that fire."""
        return self.engine.fired_function(f"permit {self.name}")

    @cached_property
    def proved(self) -> ProofsFunction:
        """The forbids of the action that fire and that no permit overrides, with their proofs."""
        return self.engine.proofs_function(f"forbid {self.name}", self.theta)

    @cached_property
    def advised(self) -> ProofsFunction:
        """The same of what fires with less than theta alone."""
        return self.engine.proofs_function(f"forbid {self.name}", self.theta, soft=True)


Candidate: TypeAlias = "tuple[ActionRules, Row]"
"""A proposed action, resolved and typed: what decides about it, and its arguments."""


def action_of(candidate: Candidate) -> Action:
    """The action of a candidate."""
    rules, args = candidate
    return Action(rules.name, *args)


class Candidates:
    """Resolves actions, and keeps them for the next time. ``names`` are for :class:`PlainAtoms`."""

    def __init__(
        self, program: Program, engine: Engine, theta: float, names: dict[str, str] | None = None
    ) -> None:
        self._program = program
        self._engine = engine
        self._theta = theta
        self._rules: dict[str, ActionRules] = {}
        self._told: dict[str, tuple[frozenset[str], bool]] = {}
        self._generation = -1
        self._plain = PlainAtoms(program.schema.actions, names)
        self.known: dict[Any, Candidate] = {}

    def fork(self, engine: Engine, names: dict[str, str]) -> Candidates:
        """The same for an engine that was forked from this one's: what the rules alone say is shared."""
        other = copy(self)
        other._engine, other._generation = engine, -1
        other._rules, other.known = {}, {}
        other._plain = self._plain.fork(names)
        return other

    def renew(self) -> None:
        """Make ready for a question: ask the engine for its functions again where it has compiled anew."""
        generation = self._engine.ready()
        if generation != self._generation:
            self._generation = generation
            self.known.clear()
            self._rules.clear()

    def get(self, action: str | Action) -> Candidate:
        """The candidate for an action.

        Raises:
            StateError: it is no action of the program.
        """
        found = self.known.get(action if type(action) is str else action.key)  # type: ignore[union-attr]
        return self.make(action) if found is None else found

    def make(self, action: str | Action) -> Candidate:
        """The candidate for an action that is not known yet.

        Raises:
            StateError: it is no action of the program.
        """
        key: object
        if isinstance(action, str):
            key, found = action, self._plain.read(action)
        elif isinstance(action, Action):
            key, found = action.key, self._plain.typed(action)
        else:
            raise StateError("not an action")  # the checker says more
        if found is None:
            found = resolve_action(self._program, action)
        name, args = found
        if len(self.known) >= CACHED:
            self.known.clear()
        candidate = self.known[key] = self._rules.get(name) or self.rules(name), args
        return candidate

    def candidate(self, name: str, args: Row) -> Candidate:
        """The candidate for an action that is resolved already."""
        return self.rules(name), args

    def prepare(self, name: str, *, wholly: bool = True) -> None:
        """Compile what is asked about an action; not ``wholly`` what decides."""
        self._engine.prepare(name, self._theta, proofs=self.rules(name).certain, wholly=wholly)

    def rules(self, name: str) -> ActionRules:
        """What decides about an action."""
        found = self._rules.get(name)
        if found is None:
            found = self._rules[name] = self._make_rules(name)
        return found

    def _make_rules(self, name: str) -> ActionRules:
        engine, closed = self._engine, name in self._program.schema.closed
        mine, sure = self._told.get(name) or self._tell(name)
        less = engine.may_weigh_less(f"forbid {name}", self._theta)
        verdict = engine.verdict_function(name, self._theta)
        decide = engine.proofs_decide and sure
        return ActionRules(name, engine, verdict, self._theta, closed, mine, less, decide)

    def _tell(self, name: str) -> tuple[frozenset[str], bool]:
        """What the rules alone say of an action: the ids of its forbids that some permit overrides, and
        whether none of its rules can fail."""
        lifted = {i for ids in self._program.overrides.values() for i in ids}
        mine = frozenset(r.id for r in self._program.rules_for(f"forbid {name}") if r.id in lifted)
        sure = certain(self._program, (f"forbid {name}", f"permit {name}"))
        self._told[name] = mine, sure
        return mine, sure

    def weigh(self, candidate: Candidate) -> tuple[int, tuple[Fired, Fired]]:
        """The verdict by the rules that fire, one by one, and those rules."""
        laws, soft = self.fired(candidate)
        if laws:
            return FORBIDDEN, (laws, soft)
        permitted = not candidate[0].closed or self.permits(candidate) != []
        return ADMITTED if permitted else UNPERMITTED, (laws, soft)

    def permits(self, candidate: Candidate) -> list[str]:
        """The ids of the permits of at least theta that fire."""
        rules, args = candidate
        fired = rules.permit(*args)
        return [rule.id for rule, weight in fired if weight >= self._theta]

    def fired(self, candidate: Candidate) -> tuple[Fired, Fired]:
        """The forbids that fire: those that reject, none of them overridden, and those below theta."""
        (rules, args), theta = candidate, self._theta
        laws: list[tuple[Rule, float]] = []
        soft: list[tuple[Rule, float]] = []
        for each in rules.forbid(*args):
            (laws if each[1] >= theta else soft).append(each)
        if rules.overridden and not rules.overridden.isdisjoint([rule.id for rule, _ in laws]):
            lifted = {i for p in self.permits(candidate) for i in self._program.overrides.get(p, ())}
            laws = [each for each in laws if each[0].id not in lifted]
        return laws, soft
