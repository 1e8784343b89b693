"""Ground actions: proposed actions, resolved and typed once, with the functions that decide about them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.analysis.totality import is_total
from mpr_logic.checker.action import Action
from mpr_logic.checker.parsing import PlainAtoms, resolve_action
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, UNPERMITTED
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.protocol import Engine, Fired, FiredFunction, ProofsFunction, VerdictFunction
    from mpr_logic.language.ast import Row

CACHED = 100_000
"""The most ground actions that are kept; then the cache begins anew."""


@dataclass(eq=False)
class ActionRules:
    """The functions of one action's arguments that decide about it, and what is known of its rules.

    Only the verdict is compiled at once: most actions are never asked why.

    Attributes:
        verdict: decides.
        closed: whether the action is forbidden unless a rule permits it.
        overridden: the ids of its forbids that some permit overrides.
        may_advise: whether a forbid of it could weigh less than theta.
        certain: whether ``proofs`` may decide as well: where no rule can fail, listing all that fire comes to
            the same as asking for one.
    """

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
    def proofs(self) -> ProofsFunction:
        """The forbids of the action that fire and that no permit overrides, with their proofs."""
        return self.engine.proofs_function(f"forbid {self.name}", self.theta)

    @cached_property
    def soft_proofs(self) -> ProofsFunction:
        """The same of what fires with less than theta alone."""
        return self.engine.proofs_function(f"forbid {self.name}", self.theta, soft=True)


GroundAction: TypeAlias = "tuple[ActionRules, Row]"
"""A proposed action: the functions that decide about it, and its typed arguments."""


def action_of(ground: GroundAction) -> Action:
    """The action itself."""
    rules, args = ground
    return Action(rules.name, *args)


class Grounder:
    """Resolves proposed actions, and keeps them for the next time. ``names`` are for :class:`PlainAtoms`."""

    def __init__(
        self, program: Program, engine: Engine, theta: float, names: dict[str, str] | None = None
    ) -> None:
        self._program = program
        self._engine = engine
        self._theta = theta
        self._rules: dict[str, ActionRules] = {}
        self._by_rules: dict[str, tuple[frozenset[str], bool]] = {}
        self.generation = -1
        self._plain = PlainAtoms(program.schema.actions, names)
        self.known: dict[Any, GroundAction] = {}

    def fork(self, engine: Engine, names: dict[str, str]) -> Grounder:
        """The same for an engine that was forked from this one's: what the rules alone say is shared."""
        other = copy(self)
        other._engine, other.generation = engine, -1
        other._rules, other.known = {}, {}
        other._plain = self._plain.fork(names)
        return other

    def begin(self, generation: int) -> None:
        """Forget the functions of an earlier generation of the engine's."""
        self.generation = generation
        self.known.clear()
        self._rules.clear()

    def get(self, action: str | Action) -> GroundAction:
        """The ground action of a proposed one.

        Raises:
            StateError: it is no action of the program.
        """
        found = self.known.get(action if type(action) is str else action.key)  # type: ignore[union-attr]
        return self.make(action) if found is None else found

    def make(self, action: str | Action) -> GroundAction:
        """The ground action of a proposed one that is not known yet.

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
        ground = self.known[key] = self._rules.get(name) or self.rules(name), args
        return ground

    def resolved(self, name: str, args: Row) -> GroundAction:
        """The ground action of a resolved name and typed arguments."""
        return self.rules(name), args

    def prepare(self, name: str, *, wholly: bool = True) -> None:
        """Compile what is asked about an action; not ``wholly`` what decides."""
        self._engine.prepare(name, self._theta, proofs=self.rules(name).certain, wholly=wholly)

    def rules(self, name: str) -> ActionRules:
        """The rules and functions of an action."""
        found = self._rules.get(name)
        if found is None:
            found = self._rules[name] = self._make_rules(name)
        return found

    def _make_rules(self, name: str) -> ActionRules:
        engine, closed = self._engine, name in self._program.schema.closed
        mine, sure = self._by_rules.get(name) or self._look_up(name)
        less = engine.may_weigh_less(f"forbid {name}", self._theta)
        verdict = engine.verdict_function(name, self._theta)
        decide = engine.proofs_decide and sure
        return ActionRules(name, engine, verdict, self._theta, closed, mine, less, decide)

    def _look_up(self, name: str) -> tuple[frozenset[str], bool]:
        """Look up what the rules alone say of an action: the ids of its forbids that some permit overrides,
        and whether none of its rules can fail."""
        lifted = {i for ids in self._program.overrides.values() for i in ids}
        mine = frozenset(r.id for r in self._program.rules_for(f"forbid {name}") if r.id in lifted)
        sure = is_total(self._program, (f"forbid {name}", f"permit {name}"))
        self._by_rules[name] = mine, sure
        return mine, sure

    def weigh(self, ground: GroundAction) -> tuple[int, tuple[Fired, Fired]]:
        """The verdict by the rules that fire, one by one, and those rules."""
        laws, soft = self.fired(ground)
        if laws:
            return FORBIDDEN, (laws, soft)
        permitted = not ground[0].closed or self.permits(ground) != []
        return ADMITTED if permitted else UNPERMITTED, (laws, soft)

    def permits(self, ground: GroundAction) -> list[str]:
        """The ids of the permits of at least theta that fire."""
        rules, args = ground
        fired = rules.permit(*args)
        return [rule.id for rule, weight in fired if weight >= self._theta]

    def fired(self, ground: GroundAction) -> tuple[Fired, Fired]:
        """The forbids that fire: those that reject, none of them overridden, and those below theta."""
        (rules, args), theta = ground, self._theta
        laws: list[tuple[Rule, float]] = []
        soft: list[tuple[Rule, float]] = []
        for each in rules.forbid(*args):
            (laws if each[1] >= theta else soft).append(each)
        if rules.overridden and not rules.overridden.isdisjoint([rule.id for rule, _ in laws]):
            lifted = {i for p in self.permits(ground) for i in self._program.overrides.get(p, ())}
            laws = [each for each in laws if each[0].id not in lifted]
        return laws, soft
