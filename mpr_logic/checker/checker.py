"""The checker: rules, a state, and decisions about proposed actions."""

from __future__ import annotations

import os
import threading
import time
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import copy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.atoms import resolve_atom
from mpr_logic.analysis.occurrences import is_history
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.abduction import Abducibles
from mpr_logic.checker.action import Action
from mpr_logic.checker.decision import UNDECIDED, Basis, Decision, Explained, Reason
from mpr_logic.checker.facts import FactBase
from mpr_logic.checker.grounding import Grounder, action_of
from mpr_logic.checker.loading import load_program, program_from_text
from mpr_logic.checker.parsing import literal_of, question_of, resolve_action, same_variables
from mpr_logic.checker.readers import TextReaders
from mpr_logic.checker.reasons import Reasons, by_verdict
from mpr_logic.checker.repair import Repair, RepairLimits, repairs
from mpr_logic.checker.state import of_call, read_state, state_from_value, tried
from mpr_logic.checker.underway import PossibleStates, StateMover, other_states
from mpr_logic.checker.whynot import WhyNot, why_not
from mpr_logic.engine.choice import EngineChoice, make_engine
from mpr_logic.engine.failures import ANYTHING_MAY_FAIL, translated
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, OPEN, UNPERMITTED, Budget
from mpr_logic.engine.semiring import SEMIRINGS
from mpr_logic.errors import BudgetError, MprError, OptionError, StaleDecisionError, StateError
from mpr_logic.language.ast import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.influence import Influence
    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.decision import CheckEvidence, Part
    from mpr_logic.checker.facts import FactTuple
    from mpr_logic.checker.grounding import GroundAction
    from mpr_logic.checker.versions import Version
    from mpr_logic.engine.protocol import Engine, Fired
    from mpr_logic.engine.provenance.proof import Proof

AT_ONCE = 0.25
"""The part of the time in which the proofs of all rules that fire may decide. Then one rule that forbids is
enough, and the reasons are worked out in what is left."""

THETA = 0.9
"""The weight from which a forbid rejects, unless another is set (DESIGN 3)."""


class Checker:
    """Holds rules and a state, and decides about actions.

    A checker may be used from several threads; one question is answered at a time. Two checkers share
    nothing but, where one was made by :meth:`fork`, what is compiled of the rules.

    Args:
        program: the checked rules; :meth:`load` and :meth:`from_text` make them from files or text.
        theta: the weight in (0, 1] from which a ``forbid`` rejects; below it is advice.
        engine: ``native``; ``pydatalog``, the second opinion, which keeps no proofs; ``both``, which
            fails closed where the two disagree.
        semiring: how weights combine: ``maxmin``, ``product`` or ``boolean``.
        budget: bounds on every question, and on each action of a check, its reasons included; what
            exceeds them is rejected as undecided.

    Raises:
        InexpressibleError: the chosen engine cannot run these rules.
        OptionError: theta, the engine or the semiring is not one of those.
    """

    def __init__(
        self,
        program: Program,
        *,
        theta: float = THETA,
        engine: EngineChoice = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
    ) -> None:
        if type(theta) not in (int, float) or not 0 < theta <= 1:
            raise OptionError(f"theta is {theta}: it is a weight above 0 and at most 1")
        self.program = program
        self.theta = theta
        self.semiring = semiring
        self.budget = budget or Budget(seconds=2.0)
        self.engine_name = engine
        self._engine = make_engine(program, engine, semiring=semiring, budget=self.budget)
        self._lock = threading.RLock()
        names: dict[str, str] = {}  # what facts name, actions name too
        self._facts = FactBase(program, self._engine, names)
        self._grounder = Grounder(program, self._engine, theta, names)
        self.deadline = self._engine.deadline  # when the work on the present answer must stop
        self._reasons = Reasons(self._engine, self._grounder, theta, SEMIRINGS[semiring])
        self._basis: Basis | None = None  # of the present state, while that is not about to change
        self.unforeseen: frozenset[str] = frozenset()  # actions that no repair may name
        self._readers = TextReaders(program)

    def fork(self) -> Checker:
        """A checker of its own with the same rules and, to begin with, the facts as they are now. What was
        compiled is shared, also what either compiles later; so to fork costs little more than to copy the
        facts. The two may be used in different threads."""
        with self._lock:
            other = copy(self)
            other._engine = self._engine.fork()
            other._lock = threading.RLock()
            names: dict[str, str] = {}
            other._facts = self._facts.fork(other._engine, names)
            other._grounder = self._grounder.fork(other._engine, names)
            other.deadline = other._engine.deadline
            other._reasons = self._reasons.fork(other._engine, other._grounder)
            other._basis = None
            other._readers = self._readers.fork()
            return other

    @classmethod
    def load(
        cls,
        *paths: str | os.PathLike[str],
        theta: float = THETA,
        engine: EngineChoice = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
        within: str | os.PathLike[str] | None = None,
        params: Mapping[str, object] | None = None,
    ) -> Checker:
        """A checker with the rules of files, and of folders with all ``.dl`` files below them. ``params`` are
        the values of the rules' parameters (``.param``), by name.

        ``within`` is the folder that files which others ``.use`` must lie in. By default it is the working
        folder for paths below it, and for others the folder that is named, or that the file lies in.

        Raises:
            OptionError: ``params`` names what is no parameter, or another option is none.
            ProgramError: a file cannot be read, or the rules are not valid.
            StateError: there is no rule file.
        """
        program = load_program(paths, within=within, params=params)
        return cls(program, theta=theta, engine=engine, semiring=semiring, budget=budget)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        theta: float = THETA,
        engine: EngineChoice = "native",
        semiring: str = "maxmin",
        budget: Budget | None = None,
        params: Mapping[str, object] | None = None,
    ) -> Checker:
        """A checker with the rules of a text; ``params`` as above.

        Raises:
            OptionError: ``params`` names what is no parameter, or another option is none.
            ProgramError: the rules are not valid.
        """
        program = program_from_text(text, params=params)
        return cls(program, theta=theta, engine=engine, semiring=semiring, budget=budget)

    # -- the state -----------------------------------------------------------------------------

    def update(
        self,
        add: Iterable[str | FactTuple | Fact] = (),
        remove: Iterable[str | FactTuple | Fact] = (),
        *,
        source: str | None = None,
    ) -> None:
        """Change the state: first retract, then assert. Either all changes are made or none.

        Args:
            add: facts as text, ``at(apple_1, fridge_1)``, with a weight ``0.7 :: at(..)``, or observed to
                be false ``not at(..)``; or as tuples of a relation, its values, and perhaps a weight,
                ``("at", ("apple_1", "fridge_1"), 0.7)`` and ``("not at", (..))``, whose values are typed as
                they are, so that nothing needs quotes; or :class:`Fact` as
                :mod:`~mpr_logic.checker.state` reads them.
            remove: facts in the same forms; one that is not there is passed over.
            source: where the facts come from, for proofs; by default the number of the update, or the
                place where a Fact was read.

        Raises:
            StateError: a fact does not fit the program.
        """
        with self._lock:
            self._basis = None  # only decisions may ask about the state as it was
            if not self._readers.needed or isinstance(add, str) or not hasattr(add, "__iter__"):
                self._facts.update(add, remove, source)
                return
            coming = [self._facts.fact(each) for each in add]
            self._facts.update(coming, remove, source)
            tried = [each.row for each in coming if is_history(each.relation)]
            self._facts.update(self._readers.keep(value for row in tried for value in row), ())

    def load_state(self, state: object, *, source: str | None = None) -> None:
        """Add the facts of a state: the path of a ``.dl`` or ``.json`` file, or a value that was JSON. See
        docs/reference/state.md for both forms.

        Raises:
            StateError: it is not of that form, or does not fit the program.
            ProgramError: the file cannot be read, or is not valid ``.dl``.
        """
        if isinstance(state, (str, os.PathLike)):
            self.update(add=read_state(self.program, state), source=source)
        else:
            self.update(add=state_from_value(self.program, state), source=source or "state")

    def record(
        self,
        action: str | Action,
        succeeded: bool | None = None,
        *,
        effects: bool = True,
        entered: bool = False,
        number: int | None = None,
    ) -> None:
        """Enter an action that was tried into the history, which ``past``, ``succeeded`` and ``failed``
        speak of; where it succeeded, make the changes that ``causes`` and ``ends`` declare for it. Each
        record is one call, which aggregates tell apart from equal ones.

        Args:
            action: what was tried.
            succeeded: whether it did what it was meant to; None where that is not known.
            effects: whether the declared changes are made.
            entered: whether this call was recorded when it began: then only how it went is new.
            number: of which call that was, the ``last_call`` of then; by default of the last one with these
                arguments whose outcome was not known.

        Raises:
            StateError: it is no action of the program.
            EvaluationError: the changes could not be derived; nothing is recorded then.
        """
        with self._lock:
            name, args = resolve_action(self.program, action)
            ends, causes = self.effects(action) if succeeded and effects else ([], [])
            source = f"{Action(name, *args)} {'succeeded' if succeeded else 'was tried'}"
            new = tried(name, args, succeeded)[entered:]
            if number is not None:
                new = [of_call(each, number) for each in new]
            self.update(add=[*new, *causes], remove=ends, source=source)

    def effects(self, action: str | Action) -> tuple[list[Fact], list[Fact]]:
        """The facts that an action would end and cause in the present state, by its declared effects.

        Raises:
            StateError: it is no action of the program.
            EvaluationError: they could not be derived.
        """
        with self._lock:
            name, args = resolve_action(self.program, action)
            self._look(args)
            return self._facts.effects(name, args, self.theta)

    def assuming(self, facts: Iterable[Fact]) -> AbstractContextManager[object]:
        """A context in which these facts hold too, for the questions of this thread alone; afterwards the
        state is as it was, apart from what else was changed inside."""
        given = list(facts)
        return self._assuming(given) if given else self._lock

    @contextmanager
    def _assuming(self, facts: list[Fact]) -> Iterator[None]:
        with self._lock, self._facts.assuming(facts):
            yield

    @contextmanager
    def at(self, version: Version) -> Iterator[None]:
        """A context in which the state is that of another version, for the questions of this thread alone.

        Raises:
            StaleDecisionError: too much has changed since.
        """
        with self._lock, self._facts.at(version), self._reading(self._readers.fresh()):
            self._renew()
            yield

    def outcomes(self, influence: Influence) -> PossibleStates:
        """The states that can come of calls under way, as far as they bear on the action of the influence."""
        return PossibleStates(self._facts, self.theta, influence)

    @contextmanager
    def other_states(self) -> Iterator[StateMover]:
        """A context in which the facts can be moved to states that may come, for the questions of this thread
        alone; afterwards the state is as it was."""
        with self._lock, other_states(self._facts) as moved, self._reading(self._readers.fork()):
            yield moved

    def go_back(self, version: Version) -> None:
        """Make the state what it was in another version, for good.

        Raises:
            StaleDecisionError: too much has changed since.
        """
        with self._lock:
            self._facts.go(version)
            self._facts.number += 1
            self._readers = self._readers.fresh()  # what was read since is gone, too

    def facts(self) -> dict[str, dict[Row, float]]:
        """The state: for each core relation its asserted rows and their weights; a copy. Where aggregates
        range over the history, ``call succeeded pay`` has a row for each call, its number in front. Of a set
        that rules speak of, ``in symbol {a, b}`` has the members."""
        with self._lock:
            return {name: dict(rows) for name, rows in self._facts.rows.items() if rows}

    def history(self) -> list[tuple[str, Row, float]]:
        """The entries of the history beside those that the program's text states: the core relation, the row
        and the weight, in the order of the calls. What is true of two calls stands there twice."""
        with self._lock:
            return [(relation, row, weight) for _, relation, row, weight in self._facts.gathered()]

    def calls(self) -> list[tuple[int, str, Row, float]]:
        """The same entries, each with the number of its call in front."""
        with self._lock:
            return self._facts.gathered()

    @property
    def stated_calls(self) -> int:
        """The number of calls that the program's text states: those of the state come behind them."""
        return self._facts.stated

    @property
    def last_call(self) -> int:
        """The number of the last call, which is its position in the history; 0 where there is none."""
        return self._facts.calls.last

    def skip_calls(self, to: int) -> None:
        """Use up the numbers of calls up to ``to``, for calls that are not recorded."""
        with self._lock:
            self._facts.calls.last = max(self._facts.calls.last, to)

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
                when first asked for.

        Returns:
            A decision for each, in their order.
        """
        decisions: list[Decision] = []
        with self._lock:
            unread: MprError | None = None
            if self._readers.needed:
                actions = list(actions)
                unread = self._read(actions)
            self._renew()
            limit, seconds, now = self.deadline.limit, self.budget.seconds, self.deadline.clock
            known, basis, outer = self._grounder.known, self._present(), limit[0]
            last, timed = now(), now is time.perf_counter
            whole = again = last
            asked: GroundAction | Action | str
            evidence: CheckEvidence | None
            fired: tuple[Fired, Fired] | None
            try:
                for action in actions:
                    if last >= again:  # the ones before took time that is not this one's
                        whole, again = min(outer, last + seconds), last + seconds * 0.01
                        limit[0] = whole
                    try:
                        if unread is not None:
                            raise unread
                        key = action if type(action) is str else action.key  # type: ignore[union-attr]
                        asked = ground = known.get(key) or self._grounder.make(action)
                        evidence = fired = None
                        if proofs:
                            limit[0] = last + (whole - last) * AT_ONCE
                            verdict, evidence = self._decide_by_proofs(ground)
                            limit[0] = whole
                        if evidence is None:
                            verdict = ground[0].verdict(ground[1])
                            if verdict == OPEN:
                                verdict, fired = self._grounder.weigh(ground)
                            if proofs:
                                evidence = self._reasons.record(ground, verdict, fired)
                            elif fired is not None:
                                evidence = Explained(fired)
                    except (MprError, *ANYTHING_MAY_FAIL) as error:
                        asked, verdict, evidence = _undecided(action, error)
                    last, before = now(), last
                    took = last - before if timed else 0.0
                    decisions.append(Decision(asked, verdict, basis, evidence, took))
            finally:
                limit[0] = outer
        return decisions

    def _decide_by_proofs(self, ground: GroundAction) -> tuple[int, CheckEvidence | None]:
        """Decide by the proofs of the rules that fire, which are recorded with that. There is no evidence
        where the rules may fail, or do: then it takes a verdict of its own, with the whole budget."""
        rules, args = ground
        if not rules.certain:
            return OPEN, None
        try:
            found = rules.proofs(args)
            if found[0]:
                return FORBIDDEN, found
            if rules.closed and not self._grounder.permits(ground):
                return UNPERMITTED, (None, found[1])
        except ANYTHING_MAY_FAIL:
            return OPEN, None
        return ADMITTED, found

    def _renew(self) -> None:
        """Make ready for a question: ask the engine for its functions again where it has compiled anew."""
        generation = self._engine.ready()
        if generation != self._grounder.generation:
            self._grounder.begin(generation)

    def _present(self) -> Basis:
        """The common ground of the decisions in the present state."""
        basis, state = self._basis, self._facts.version
        if basis is None or basis.state is not state:
            later = partial(self._explain, state)
            basis = self._basis = Basis(
                self.theta, self.program.version, state, later, self.program.uncertain
            )
        return basis

    def _explain(self, state: Version, decision: Decision, part: Part) -> Mapping[Part, tuple[Any, ...]]:
        """Work out a part of a decision that was made in some state: what every decision calls.

        Raises:
            StaleDecisionError: too much has changed since.
            EvaluationError: the engine could not finish, or keeps no proofs.
        """
        reasons, found = self._reasons, list[Reason]()
        if part == "repairs" and not decision.admissible:
            with suppress(BudgetError), self.asking(), self.at(state):
                return {part: self.repairs(decision)}
        if part == "repairs":
            return {part: ()}
        if part in ("reasons", "advice"):
            listed = decision.by_rule if part == "reasons" else decision.advice_by_rule
            action = decision.action
            if isinstance(action, Action) and not reasons.are_all(listed):
                with suppress(BudgetError, StaleDecisionError), self.asking(), self.at(state):
                    reasons.all_of(action, listed, found)
            return {part: tuple(found) or listed}
        verdict = decision.code
        if part == "by_rule" and verdict != FORBIDDEN:
            return {part: by_verdict(decision.action, verdict)}  # which the state has no part in
        if part == "advice_by_rule" and not self._may_advise(decision):
            return {part: ()}
        with self.asking(), self.at(state):
            explained = reasons.each(self._grounder.get(decision.action), verdict, decision.fired)
            return {"by_rule": explained.reasons or (), "advice_by_rule": explained.advice or ()}

    def _may_advise(self, decision: Decision) -> bool:
        """Whether some forbid of a decision's action could fire with a weight below theta."""
        if decision.fired is not None:
            return bool(decision.fired[1])
        self._renew()
        return isinstance(decision.action, str) or self._grounder.rules(decision.action.name).may_advise

    @contextmanager
    def asking(self) -> Iterator[Engine]:
        """A question about the present state: no other thread changes it meanwhile, and the clock runs. The
        engine is there to be asked; its facts are changed through the checker alone.

        Raises:
            EvaluationError: the engine could not finish.
        """
        with self._lock, self._engine.bounded():
            yield self._engine

    @contextmanager
    def until(self, moment: float) -> Iterator[None]:
        """A context in which all answers are there at that time by the budget's clock (``time.perf_counter``
        unless it has another), or say that it was over: the time that several questions have together."""
        with self._lock, self.deadline.until(moment):
            yield

    def prepare(self, *, wholly: bool = True) -> None:
        """Compile now what decides about each action and what proves its rejection, so that no later
        question waits for it. Nothing else changes. Not ``wholly`` is what the first check needs.

        Raises:
            EvaluationError: a rule is too large to be compiled.
        """
        with self.asking():
            self._renew()
            for name in self.program.schema.actions:
                self._grounder.prepare(name, wholly=wholly)

    def resolve(self, action: str | Action) -> Action:
        """The action of the program that a text or an Action states, its arguments by position and typed.

        Raises:
            StateError: it is none.
        """
        with self._lock:
            self._renew()
            return action_of(self._grounder.get(action))

    def forget_actions(self, *, beyond: int) -> None:
        """Forget the resolved actions where there are more than so many: their arguments can be large."""
        if len(self._grounder.known) > beyond:
            self._grounder.known.clear()

    def undecided(self, action: Action, error: MprError) -> Decision:
        """The decision about an action that could not be decided, for a reason outside of the checker."""
        asked, verdict, evidence = _undecided(action, error)
        return Decision(asked, verdict, self._present(), evidence)

    def repairs(self, decision: Decision, *, limits: RepairLimits | None = None) -> tuple[Repair, ...]:
        """The repairs of a rejected action; see ``Decision.repairs``.

        Raises:
            EvaluationError: the engine could not finish, or keeps no proofs.
        """
        action = decision.action
        if decision.verdict == "undecided" or not isinstance(action, Action):
            return ()
        with self.asking():
            self._look(action.args)  # in an earlier state nothing is known to have been looked at
            return repairs(
                self._engine,
                self._facts,
                self._abducibles,
                action.name,
                action.args,
                theta=self.theta,
                admissible=self._admits,
                limits=limits or RepairLimits(),
            )

    @cached_property
    def _abducibles(self) -> Abducibles:
        """The relations that can be changed under these rules."""
        return Abducibles(self.program, self.unforeseen)

    def _admits(self, name: str, args: Row) -> bool:
        """Whether the engine, as it is now, admits an action; not where a reader has yet to look at its
        texts, since a state that is only supposed keeps nothing."""
        if not self._readers.know(args):
            return False
        self._renew()
        verdict, _ = self._grounder.weigh(self._grounder.resolved(name, args))
        return verdict == ADMITTED

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
            self._look(row)
            return self._engine.prove(relation, row)  # type: ignore[arg-type]

    def why_not(self, atom: str, *, verdict: str = "") -> WhyNot:
        """Explain why a fact does not hold, or why no rule forbids (or, of a closed action, permits) an
        action: for each rule that could have derived it, the first literal that fails. With a ``verdict``,
        such as ``forbid``, explain why no rule says that of an action.

        Raises:
            StateError: it is neither an atom nor an action of the program.
            EvaluationError: the engine could not finish.
        """
        with self.asking():
            relation, row = question_of(self.program, atom, actions=True)
            if verdict:
                relation = f"{verdict} {relation.partition(' ')[2] or relation}"
            self._look(row)
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
            self._look(pattern)
            rows = self._engine.query(relation, pattern)
        return {row: weight for row, weight in rows.items() if same_variables(literal, row)}

    def preferences(self, actions: Iterable[str | Action]) -> list[tuple[Action, float, tuple[Reason, ...]]]:
        """The admissible ones among some actions that a ``prefer`` speaks for, the strongest first, each
        with its weight and the reasons.

        Raises:
            EvaluationError: the engine could not finish.
        """
        found = []
        with self.asking():
            for decision in self.check_all(actions):
                if not decision.admissible:
                    continue
                action = decision.action
                assert isinstance(action, Action)
                fired = self._engine.fired(f"prefer {action.name}", action.args)
                if fired:
                    reasons = self._reasons.explain(action, fired)
                    found.append((action, max(w for _, w in fired), reasons))
        return sorted(found, key=lambda each: (-each[1], str(each[0])))

    # -- inside --------------------------------------------------------------------------------

    def _read(self, actions: Iterable[str | Action]) -> MprError | None:
        """Let readers look at the texts among the arguments of some actions, since rules ask what they say.
        Returns why they could not."""
        texts: list[object] = []
        for action in actions:
            try:
                texts += resolve_action(self.program, action)[1]
            except (MprError, *ANYTHING_MAY_FAIL):
                continue  # no action: it is rejected as such
        try:
            self._look(texts)
        except MprError as error:
            return error
        return None

    @contextmanager
    def _reading(self, readers: TextReaders) -> Iterator[None]:
        """A context with other readers: what they add to the facts inside is undone behind it."""
        before, self._readers = self._readers, readers
        try:
            yield
        finally:
            self._readers = before

    def _look(self, texts: Iterable[object]) -> None:
        """Let readers look at some texts, where rules ask what they say.

        Raises:
            EvaluationError: a reader is not installed.
        """
        if self._readers.needed:
            new, gone = self._readers.of(texts)
            if new or gone:
                self._basis = None  # only decisions may ask about the state as it was
                self._facts.update(new, gone)

    @property
    def version(self) -> Version:
        """The present state: it can be gone back to by :meth:`at`."""
        return self._facts.version


def _undecided(action: Any, error: BaseException) -> tuple[Action | str, int, Explained]:
    """The action as far as it can be shown, the verdict, and the one reason: what went wrong."""
    if not isinstance(action, (str, Action)):
        error = StateError(f"an action is a text or an Action, not {type(action).__name__}")
        action = f"<{type(action).__name__}>"
    known = error if isinstance(error, MprError) else translated(error)
    return action, UNDECIDED, Explained(((), ()), (Reason(str(known), error=known),), ())
