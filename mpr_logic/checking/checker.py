"""The checker: rules, a state, and decisions about proposed actions."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.analysis.atoms import resolve_atom
from mpr_logic.analysis.core import Fact
from mpr_logic.checking.action import Action
from mpr_logic.checking.decision import Decision, Reason, Verdict
from mpr_logic.checking.engines import EngineName, make_engine
from mpr_logic.checking.facts import Facts
from mpr_logic.checking.loading import load_program, program_from_text
from mpr_logic.checking.questions import literal_of, question_of, resolve_action, same_variables
from mpr_logic.checking.reasons import Reasons
from mpr_logic.checking.repair import Repair, repairs
from mpr_logic.checking.state import state_from_value, tried
from mpr_logic.checking.whynot import WhyNot, why_not
from mpr_logic.engine.base import Budget, Engine
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.semiring import SEMIRINGS
from mpr_logic.errors import EvaluationError, MprError, StateError
from mpr_logic.syntax.ast import Row, Value

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from mpr_logic.analysis.core import Program, Rule
    from mpr_logic.checking.reasons import Moment
    from mpr_logic.engine.proof import Proof

THETA = 0.9
"""The weight from which a forbid rejects, unless another is set (DESIGN 3)."""

CACHED = 100_000
"""So many actions are kept resolved; then the cache begins anew."""

_ANYTHING_MAY_FAIL = (EvaluationError, TypeError, RecursionError, MemoryError)


_Firing: TypeAlias = "Callable[..., list[tuple[Rule, float]]]"
_ActionRules: TypeAlias = "tuple[_Firing, _Firing, bool, frozenset[str]]"


@dataclass(slots=True, eq=False)
class _Prepared:
    """A proposed action, resolved and typed, with what is asked about it: the functions that say which
    rules forbid and permit it, whether it is closed by default, and which of its forbids some permit
    overrides."""

    action: Action
    args: Row
    forbid: _Firing
    permit: _Firing
    closed: bool
    overridden: frozenset[str]


class Checker:
    """Holds rules and a state, and decides about actions.

    A checker may be used from several threads; one question is answered at a time. Two checkers share
    nothing.

    Args:
        program: the checked rules; :meth:`load` and :meth:`from_text` make them from files or text.
        theta: the weight in (0, 1] from which a ``forbid`` rejects; below it is advice.
        engine: ``native``; ``pydatalog``, the second opinion, which keeps no proofs; ``both``, which
            fails closed where the two disagree.
        semiring: how weights combine: ``maxmin``, ``product`` or ``boolean``.
        budget: bounds on every question; what exceeds them is rejected as undecided.

    Raises:
        InexpressibleError: the chosen engine cannot run these rules.
        ValueError: theta, the engine or the semiring is not one of those.
    """

    def __init__(
        self,
        program: Program,
        *,
        theta: float = THETA,
        engine: EngineName = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
    ) -> None:
        if not 0 < theta <= 1:
            raise ValueError(f"theta is {theta}: it is a weight above 0 and at most 1")
        self.program = program
        self.theta = theta
        self.semiring = semiring
        self.budget = budget or Budget(seconds=2.0)
        self.engine_name = engine
        self._engine = make_engine(program, engine, semiring, self.budget)
        self._lock = threading.RLock()
        self._facts = Facts(program, self._engine)
        self._prepared: dict[Any, _Prepared] = {}
        self._rules: dict[str, _ActionRules] = {}
        self._limit: list[float] = getattr(self._engine, "limit", [0.0])
        self._generation = -1
        self._context = Reasons(self, self._engine)

    @classmethod
    def load(
        cls,
        *paths: str | os.PathLike[str],
        theta: float = THETA,
        engine: EngineName = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
    ) -> Checker:
        """A checker with the rules of files, and of folders with all ``.dl`` files below them.

        Raises:
            ProgramError: a file cannot be read, or the rules are not valid.
            StateError: there is no rule file.
        """
        return cls(load_program(paths), theta=theta, engine=engine, semiring=semiring, budget=budget)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        theta: float = THETA,
        engine: EngineName = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
    ) -> Checker:
        """A checker with the rules of a text.

        Raises:
            ProgramError: the rules are not valid.
        """
        return cls(program_from_text(text), theta=theta, engine=engine, semiring=semiring, budget=budget)

    # -- the state -----------------------------------------------------------------------------

    def update(
        self,
        add: Iterable[str | Fact] = (),
        remove: Iterable[str | Fact] = (),
        *,
        source: str | None = None,
    ) -> None:
        """Change the state: first retract, then assert. Either all changes are made or none.

        Args:
            add: facts as text, ``at(apple_1, fridge_1)``, with a weight ``0.7 :: at(..)``, or observed to
                be false ``not at(..)``; or :class:`Fact` as :mod:`~mpr_logic.checking.state` reads them.
            remove: facts in the same forms; one that is not there is passed over.
            source: where the facts come from, for proofs; by default the number of the update, or the
                place where a Fact was read.

        Raises:
            StateError: a fact does not fit the program.
        """
        with self._lock:
            self._facts.update(add, remove, source)

    def load_state(self, state: object, *, source: str | None = None) -> None:
        """Add the facts of a JSON value: see docs/reference/state.md for its form.

        Raises:
            StateError: it is not of that form, or does not fit the program.
        """
        self.update(add=state_from_value(self.program, state), source=source or "state")

    def record(self, action: str | Action, succeeded: bool | None = None, *, effects: bool = True) -> None:
        """Enter an action that was tried into the history, which ``past``, ``succeeded`` and ``failed``
        speak of; where it succeeded, make the changes that ``causes`` and ``ends`` declare for it.

        Args:
            action: what was tried.
            succeeded: whether it did what it was meant to; None where that is not known.
            effects: whether the declared changes are made.

        Raises:
            StateError: it is no action of the program.
            EvaluationError: the changes could not be derived; nothing is recorded then.
        """
        with self._lock:
            name, args = resolve_action(self.program, action)
            ends, causes = self.effects(action) if succeeded and effects else ([], [])
            source = f"{Action(name, *args)} {'succeeded' if succeeded else 'was tried'}"
            self.update(add=[*tried(name, args, succeeded), *causes], remove=ends, source=source)

    def effects(self, action: str | Action) -> tuple[list[Fact], list[Fact]]:
        """What an action would end and cause in the present state, by its declared effects.

        Raises:
            StateError: it is no action of the program.
            EvaluationError: they could not be derived.
        """
        with self._lock:
            return self._facts.effects(*resolve_action(self.program, action), self.theta)

    def facts(self) -> dict[str, dict[Row, float]]:
        """The state: for each core relation its asserted rows and their weights; a copy."""
        with self._lock:
            return {name: dict(rows) for name, rows in self._facts.rows.items() if rows}

    # -- decisions -----------------------------------------------------------------------------

    def check(self, action: str | Action, *, proofs: bool = True) -> Decision:
        """Decide about one action. Never raises for bad input or trouble in the engine: such an action
        is rejected, and the decision says why.

        Args:
            action: ``"put(apple_1, fridge_1)"`` or ``Action("put", "apple_1", "fridge_1")``.
            proofs: record the reasons with their proofs now, so that they outlive the state.
        """
        return self.check_all([action], proofs=proofs)[0]

    def check_all(self, actions: Iterable[str | Action], *, proofs: bool = False) -> list[Decision]:
        """Decide about many actions in the present state; see :meth:`check`.

        Args:
            actions: the candidates.
            proofs: record the reasons of every rejection with their proofs; without, they are worked out
                when first asked for, as long as the state has not changed.

        Returns:
            A decision for each, in their order.
        """
        decisions: list[Decision] = []
        with self._lock:
            self._renew()
            limit, seconds, now = self._limit, self.budget.seconds, time.perf_counter
            known, moment, outer = self._prepared, self._context.now(), limit[0]
            try:
                for action in actions:
                    start = now()
                    limit[0] = start + seconds
                    try:
                        prepared = known.get(action) or self._prepare(action)
                        fired = prepared.forbid(*prepared.args)
                        if fired or prepared.closed:
                            decision = self._weigh(prepared, fired, moment)
                            if proofs:
                                self._context.record(decision)
                        else:
                            decision = Decision(prepared.action, "admissible", 0.0, moment)
                    except (MprError, *_ANYTHING_MAY_FAIL) as error:
                        decision = self._undecided(action, error, moment)
                    decision.seconds = now() - start
                    decisions.append(decision)
            finally:
                limit[0] = outer
        return decisions

    def _weigh(self, prepared: _Prepared, fired: list[tuple[Rule, float]], moment: Moment) -> Decision:
        """The decision about an action that some rule forbids, or that is closed by default."""
        theta = self.theta
        laws, soft = fired, []
        for _, weight in fired:
            if weight < theta:
                laws = [each for each in fired if each[1] >= theta]
                soft = [each for each in fired if each[1] < theta]
                break
        permitted = True
        if prepared.closed or not prepared.overridden.isdisjoint([rule.id for rule, _ in laws]):
            permits = [r.id for r, weight in prepared.permit(*prepared.args) if weight >= theta]
            permitted = bool(permits) or not prepared.closed
            lifted = {i for p in permits for i in self.program.overrides.get(p, ())}
            laws = [each for each in laws if each[0].id not in lifted]
        verdict: Verdict = "forbidden" if laws else "admissible" if permitted else "unpermitted"
        return Decision(prepared.action, verdict, 0.0, moment, laws, soft)

    def _undecided(self, action: Any, error: BaseException, moment: Moment) -> Decision:
        text = str(error) or type(error).__name__
        if isinstance(error, TypeError):
            text = f"a rule computes with values that have no such operation: {error}"
        elif isinstance(error, (RecursionError, MemoryError)):
            text = "the rules are nested deeper, or need more memory, than there is: simplify them"
        decision = Decision(action, "undecided", 0.0, moment)
        decision._reasons, decision._advice, decision._repairs = (Reason(text),), (), ()
        return decision

    def _prepare(self, action: Any) -> _Prepared:
        if not isinstance(action, (str, Action)):
            raise StateError(f"an action is a text or an Action, not {type(action).__name__}")
        name, args = resolve_action(self.program, action)
        forbid, permit, closed, overridden = self._rules.get(name) or self._action_rules(name)
        if len(self._prepared) >= CACHED:
            self._prepared.clear()
        prepared = _Prepared(Action(name, *args), args, forbid, permit, closed, overridden)
        self._prepared[action] = prepared
        return prepared

    def _action_rules(self, name: str) -> _ActionRules:
        lifted = {i for ids in self.program.overrides.values() for i in ids}
        mine = frozenset(r.id for r in self.program.rules_for(f"forbid {name}") if r.id in lifted)
        found = self._rules[name] = (
            self._firing(f"forbid {name}"),
            self._firing(f"permit {name}"),
            name in self.program.schema.closed,
            mine,
        )
        return found

    def _firing(self, head: str) -> Callable[..., list[tuple[Rule, float]]]:
        if isinstance(self._engine, NativeEngine):
            return self._engine.check(head)
        return partial(_fired, self._engine, head)

    def _renew(self) -> None:
        """Ask the engine for its functions again where it has compiled anew."""
        generation = getattr(self._engine, "generation", 0)
        if generation != self._generation:
            self._generation = generation
            self._prepared.clear()
            self._rules.clear()

    def repairs(self, decision: Decision) -> tuple[Repair, ...]:
        """The smallest changes of facts that would admit a rejected action; see ``Decision.repairs``.

        Raises:
            EvaluationError: the engine could not finish, or keeps no proofs.
        """
        action = decision.action
        if decision.verdict == "undecided" or not isinstance(action, Action):
            return ()
        with self._lock:
            return repairs(
                self._engine,
                self._facts.rows,
                action.name,
                action.args,
                theta=self.theta,
                admissible=self._admits,
            )

    def _admits(self, name: str, args: Row) -> bool:
        """Whether the engine, as it is now, admits an action."""
        forbid, permit, closed, overridden = self._action_rules(name)
        prepared = _Prepared(Action(name, *args), args, forbid, permit, closed, overridden)
        return self._weigh(
            prepared, self._engine.fired(f"forbid {name}", args), self._context.now()
        ).admissible

    # -- questions -----------------------------------------------------------------------------

    def why(self, atom: str) -> Proof | None:
        """The strongest proof of a fact, asserted or derived; None where it does not hold.

        Raises:
            StateError: it is no ground atom of the program.
            EvaluationError: the engine could not finish, or keeps no proofs.
        """
        with self._lock:
            relation, row = question_of(self.program, atom)
            if None in row:
                raise StateError(
                    f"`{atom[:80]}` has a variable: a proof is of one fact; `query` finds them all"
                )
            return self._engine.prove(relation, row)  # type: ignore[arg-type]

    def why_not(self, atom: str) -> WhyNot:
        """Why a fact does not hold, or why no rule forbids (or, of a closed action, permits) an action:
        for each rule that could have derived it, the first literal that fails.

        Raises:
            StateError: it is neither an atom nor an action of the program.
            EvaluationError: the engine could not finish.
        """
        with self._lock:
            relation, row = question_of(self.program, atom, actions=True)
            return why_not(self._engine, relation, row, semiring=SEMIRINGS[self.semiring])

    def query(self, atom: str) -> dict[Row, float]:
        """The rows of a relation that match an atom with variables, each with its weight.

        Raises:
            StateError: it is no atom of the program.
            EvaluationError: the engine could not finish.
        """
        with self._lock:
            literal = literal_of(atom)
            relation, pattern = resolve_atom(self.program, literal, kind="query")
            rows = self._engine.query(relation, pattern)
        return {row: weight for row, weight in rows.items() if same_variables(literal, row)}

    def preferences(self, actions: Iterable[str | Action]) -> list[tuple[Action, float, tuple[Reason, ...]]]:
        """The admissible ones among some actions that a ``prefer`` speaks for, the strongest first, each
        with its weight and the reasons.

        Raises:
            EvaluationError: the engine could not finish.
        """
        found = []
        with self._lock:
            for decision in self.check_all(actions):
                if not decision.admissible:
                    continue
                action = decision.action
                assert isinstance(action, Action)
                fired = self._engine.fired(f"prefer {action.name}", action.args)
                if fired:
                    reasons = self._context.explain(action, fired, proofs=True)
                    found.append((action, max(w for _, w in fired), reasons))
        return sorted(found, key=lambda each: (-each[1], str(each[0])))

    # -- inside --------------------------------------------------------------------------------

    @property
    def state_number(self) -> int:
        """How many updates there were: decisions of another number speak of a state that is gone."""
        return self._facts.number


def _fired(engine: Engine, head: str, *args: Value) -> list[tuple[Rule, float]]:
    return engine.fired(head, args)
