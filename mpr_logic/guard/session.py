"""One session of a guard: a conversation or run, its facts and its history."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.occurrences import HISTORY, call_of, is_history
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.disclosure import for_model, repairs_of
from mpr_logic.checker.state import of_call
from mpr_logic.errors import BudgetError, EvaluationError, StateError
from mpr_logic.guard.actions import opened_facts
from mpr_logic.guard.calls import Call, value_of
from mpr_logic.guard.conversation import UNKEPT, Conversation, Followed, Message
from mpr_logic.guard.directives import REJECTED
from mpr_logic.guard.history import AdmittedCall, made_with, moment_of, not_the_verdicts, replayed
from mpr_logic.guard.rules import StateBatches, is_file
from mpr_logic.guard.store import SharedRelations, reservation
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.decision import Decision
    from mpr_logic.checker.facts import FactTuple
    from mpr_logic.checker.underway import Assumed, PossibleState, PossibleStates, UnderWay
    from mpr_logic.checker.versions import Version
    from mpr_logic.guard.actions import Proposed
    from mpr_logic.guard.calls import Moment
    from mpr_logic.guard.conversation import Change
    from mpr_logic.guard.rules import CallNeeds, Options, Ruleset
    from mpr_logic.guard.store import Store, StoreTransaction
    from mpr_logic.language.ast import Row

MOST = 10_000
"""The most admitted calls of a session, of those that a rule may ask about, that wait for outcomes; while so
many do, no further one is admitted. Of the others the oldest are given up."""

MANY = 300
"""More rules are compiled before the first check, which would wait for them longer than it may."""

MOST_WHOLLY = 1_000
"""The most rules of a guard that prepares of which all is compiled, which takes some seconds; of more, what
decides."""

_KEPT = 1_000
"""The most actions that the checker keeps resolved: their arguments can be large."""

_HERE = Span("the guard", 0, 0, 0, 0)
_NO_CALL = Call("")


class _Stored(NamedTuple):
    """The shared relations, inside a transaction."""

    sharing: SharedRelations
    transaction: StoreTransaction


class Session:
    """The state of one session. It is used by one thread at a time, inside :meth:`locked`."""

    def __init__(self, rules: Ruleset, options: Options) -> None:
        self._options = options
        self._lock = threading.RLock()
        self._calls: dict[str, AdmittedCall] = {}  # those whose outcome is not known, as they were admitted
        self._told: set[str] = set()  # those of them of which nobody can tell it
        self._under_way: dict[str, UnderWay] = {}  # those of them whose outcome some rule asks about
        self._unweighed: dict[str, None] = {}  # the ids of the others
        self._outcomes: dict[str, PossibleStates] = {}
        self._known: Version | None = None  # the state that the outcomes were worked out for
        self._sharing: SharedRelations | None = None
        self._replayed: set[str] = set()  # a call that two lines tell of is one call
        self.approved: dict[str, None] = {}  # the ids of calls that were made since a person approved
        self.rules = rules
        self.conversation = Conversation(rules.hears, options.limits, self._named)
        self.followed = Followed()
        self.checker = self._checker(rules, begun=True)
        if isinstance(options.state, StateBatches):
            for batch in options.state.read(rules.program):
                self.checker.update(add=batch)
        elif is_file(options.state):  # it may have changed
            self.checker.load_state(options.state)
        check_stated(rules, self.checker)

    def _checker(self, rules: Ruleset, *, begun: bool = False) -> Checker:
        """A checker that shares what is compiled with the other sessions'; where the session has ``begun``,
        with the facts of a state that is the same for all."""
        options, many = self._options, len(rules.program.rules) > MANY
        first = rules.began.get(begun)
        if first is None and begun:
            first = self._checker(rules)
            if options.same_for_all:
                first.load_state(options.state)
        elif first is None:
            first = Checker(
                rules.program,
                theta=options.theta,
                engine=options.engine,
                semiring=options.semiring,
                budget=options.budget,
            )
            first.unforeseen = rules.unforeseen
        if begun not in rules.began and (options.prepare or (many and begun)):
            with suppress(EvaluationError):  # the check that needs it says so
                first.prepare(wholly=len(rules.program.rules) <= (MOST_WHOLLY if options.prepare else MANY))
        rules.began[begun] = first
        return first.fork()

    @contextmanager
    def locked(self, seconds: float = -1) -> Iterator[None]:
        """A context that one thread is in at a time.

        Raises:
            BudgetError: the others took longer than that.
        """
        if not self._lock.acquire(timeout=seconds if seconds < 0 else min(seconds, threading.TIMEOUT_MAX)):
            raise BudgetError("the calls before this one took too long")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def hearing(self, seconds: float = -1) -> Iterator[None]:
        """:meth:`locked`, where the session is told of the conversation: whatever goes wrong, some of it is
        lost from then on.

        Raises:
            BudgetError: the others took longer than that.
        """
        try:
            with self.locked(seconds):
                yield
        except BaseException:
            self.conversation.lost()
            raise

    def decide(
        self,
        proposed: Proposed,
        facts: Iterable[Fact],
        needs: CallNeeds,
        *,
        severity: Callable[[Decision], int],
        settle: Callable[[Decision], bool],
        left: Callable[[], float],
        id: str,
        call: Call,
        repairs: bool = False,
    ) -> tuple[Decision, str, Moment]:
        """Decide about a call, and enter it into the history if it may run. It may, where it is admissible
        now and in every state that can come of the calls under way.

        Args:
            proposed: the action of the call.
            facts: what the host's functions say.
            needs: what the rules need to know of calls of this action.
            severity: says how much stands in the way by a decision that rejects; of several the gravest
                counts.
            settle: tells, of the decision, whether the call runs now.
            left: how many seconds are left; it may raise.
            id: under which the result will be recorded.
            call: as it was proposed.
            repairs: whether repairs are worked out.

        Returns:
            The decision with its reasons, what the model may read of it, and what is kept of the moment.
        """
        rules, action, second = self.rules, proposed.action, int(self._options.clock())
        self.conversation.begun = True
        if self.conversation.trouble:
            self.conversation.require(needs.reads | needs.traces)
        assumed = [*proposed.facts, *facts]
        if needs.traces:
            assumed += self.conversation.traced(proposed.values, needs.traces, left, needs.kinds)
        moment = moment_of(rules, needs, assumed, second)
        if needs.tells_time:
            assumed.append(Fact("now", (second,), 1.0, _HERE))
        name = action.key[0]
        with self._stored(rules.shares(name), left) as stored:
            decision, text = self._decided(action, assumed, stored, severity, left, repairs)
            self.checker.forget_actions(beyond=_KEPT)
            if settle(decision):
                made = AdmittedCall(id, proposed, moment, second, call.tool, str(call.id))
                self._enter(made, needs)
                if stored is not None and needs.changes_shared:
                    stored.sharing.reserve(stored.transaction, self._under_way[id])
        return decision, text.partition("\n")[2], moment

    def _decided(
        self,
        action: Action,
        assumed: list[Fact],
        stored: _Stored | None,
        severity: Callable[[Decision], int],
        left: Callable[[], float],
        repairs: bool,
    ) -> tuple[Decision, str]:
        """The gravest decision, in the present state and in those that can come of the calls under way."""
        checker = self.checker
        self._renew()
        if assumed:
            with checker.assuming(assumed):
                decision, text = self._answered(action, (), repairs)
        else:
            decision, text = self._answered(action, (), repairs)
        grave = 0 if decision.admissible else severity(decision)
        if grave < REJECTED and (self._under_way or stored is not None):
            try:
                states = self._states(action.key[0], stored, left)
            except StateError as error:
                decision = checker.undecided(action, error)
                return decision, for_model(decision)
            if states:
                with checker.assuming(assumed), checker.other_states() as moved:
                    for state in states:
                        moved.go(state.changes)
                        left()
                        found, said = self._answered(action, state.assumed, repairs)
                        gravity = 0 if found.admissible else severity(found)
                        if gravity > grave:
                            decision, text, grave = found, said, gravity
                        if grave == REJECTED:
                            break
        self._know()
        return decision, text

    def _stored(
        self, needed: bool, left: Callable[[], float]
    ) -> AbstractContextManager[_Stored] | AbstractContextManager[None]:
        """A context in which the shared relations are those of the store, and nobody else changes them; None
        where they are not ``needed``.

        Raises:
            StoreError: the store could not be read or written.
        """
        store = self._options.store
        return nullcontext() if store is None or not needed else self._transaction(store, left)

    @contextmanager
    def _transaction(self, store: Store, left: Callable[[], float]) -> Iterator[_Stored]:
        before, calls, told = self.checker.version, dict(self._calls), set(self._told)
        try:
            with store.writing(left()) as transaction:
                if self._sharing is None:
                    self._sharing = SharedRelations(
                        store, self.checker, self.rules.shared, self.rules.effects_of
                    )
                self._sharing.read(transaction)
                yield _Stored(self._sharing, transaction)
        except BaseException:  # nothing was written: nothing is so here either
            self.checker.go_back(before)
            self._calls, self._told, self._sharing = calls, told, None
            self._weigh()
            raise

    def _answered(
        self, action: Action, under_way: tuple[Assumed, ...], repairs: bool
    ) -> tuple[Decision, str]:
        """The decision in the state where the checker is, and its text for a model."""
        decision = self.checker.check(action)
        if not decision.admissible:
            decision.under_way = under_way
        text = "" if decision.admissible and not decision.advice else for_model(decision)
        if repairs:
            repairs_of(decision)
        return decision, text

    def _renew(self) -> None:
        """Forget what the calls under way come to, where the state has changed since."""
        if self._outcomes and self._known is not self.checker.version:
            self._outcomes.clear()
            self._known = None

    def _know(self) -> None:
        """Hold the present state, for which the possible states were worked out. Where none were it is not
        held: while it is, every change is noted."""
        if self._outcomes:
            self._known = self.checker.version

    def _states(self, action: str, stored: _Stored | None, left: Callable[[], float]) -> list[PossibleState]:
        """The states that can come of the calls under way, as far as they bear on an action; none besides
        the present one where there is no such call.

        Raises:
            StateError: there are too many, or other rules admitted one of the calls.
        """
        influence = self.rules.influence(action)
        if stored is None:
            calls = list(self._under_way.values())
        else:
            calls = stored.sharing.calls(self._under_way, influence.relations)
        if len(calls) >= MOST and self.rules.needs(action).weighs:
            raise StateError(f"{MOST} calls are under way: say how they went")
        if not calls or not influence.actions:
            return []
        outcomes = self._outcomes.get(action)
        if outcomes is None:
            outcomes = self._outcomes[action] = self.checker.outcomes(influence)
        return [state for state in outcomes.states(calls, left) if state.changes]

    def replay(self, line: dict[str, Any]) -> None:
        """Enter what a line of a log says; see ``Guard.replay``.

        Raises:
            GuardError: the log holds no arguments, or not what effects read.
            StateError: the call is none of the present rules.
        """
        id = str(line.get("id"))
        self.conversation.begun = True
        if line["kind"] == "rejected":
            self.conversation.rejected(str(line.get("call")), str(line.get("told", "")))
        elif line["kind"] == "result":
            if self.waits_for(id):
                if "result" in line:
                    self.returned(id, line["result"], failed=line.get("succeeded") is False)
                self._record(id, line.get("succeeded"), [], None)
        elif line.get("runs") is True and id not in self._replayed:
            self._replayed.add(id)
            made = replayed(self.rules, line)
            self._enter(made, self.rules.needs(made.action.name))
            self.admitted(id, made_with(line))

    def _enter(self, made: AdmittedCall, needs: CallNeeds) -> None:
        """The call counts as tried from now on, and as under way."""
        id, rules = made.id, self.rules
        if self._outcomes:
            self._renew()
        if needs.remembers:
            self.checker.update(add=made.proposed.lasting, source=f"call {id}")
            self.checker.record(made.action)
        else:
            self.checker.skip_calls(to=self.checker.last_call + 1)
        made = made._replace(number=self.checker.last_call)
        if rules.counts_calls:
            row = (made.number, made.action.name, made.second)
            self.checker.update(add=[Fact("called", row, 1.0, _HERE)], source=f"call {id}")
        self._calls[id] = made
        if needs.weighs:
            self._under_way[id] = made.under_way(needs)
        else:
            self._unweighed[id] = None
            if len(self._unweighed) > MOST:
                oldest = next(iter(self._unweighed))
                del self._calls[oldest], self._unweighed[oldest]
                self._told.discard(oldest)
        if self._outcomes and not rules.asks_tries:  # else what the others come to may hang on this one
            self._know()

    def approve(self, id: str) -> None:
        """A call is made since a person approved it: an approval is for one. The last of them are kept."""
        self.approved[id] = None
        if len(self.approved) > MOST:
            del self.approved[next(iter(self.approved))]

    def waits_for(self, id: str) -> bool:
        """Whether an admitted call of that id waits for its result."""
        return id in self._calls and id not in self._told

    def missing(self, id: str) -> str:
        """The message about an id of no admitted call that waits for its result; where its caller gave it
        to just one call, it names the verdict's."""
        found = [each.id for each in self._calls.values() if each.caller == id and self.waits_for(each.id)]
        return (
            not_the_verdicts(id, found)
            or f"no admitted call `{id[:60]}` waits for its result in this session"
        )

    def hear(self, messages: Iterable[Message]) -> None:
        """Take in messages of the conversation; see ``Guard.hear``."""
        self._changed(self.conversation.hear(messages))

    def admitted(self, id: str, arguments: Mapping[str, Any]) -> None:
        """Note the arguments that an admitted call is made with, by the id of its verdict."""
        made = self._calls.get(id)
        if made is None:
            return
        try:
            self.conversation.admitted(made.caller or id, made.tool, arguments, id)
        except BaseException:
            self.conversation.lost()
            raise

    def returned(self, id: str, content: Any, *, failed: bool = False, call: Call = _NO_CALL) -> None:
        """Take in what came back of a call that was admitted under this id of its verdict. Where the session
        knows none of that id, it is of the ``call``."""
        if not self.conversation.needs.reads:
            self.conversation.lost(UNKEPT)
            return
        made = self._calls.get(id)
        answers, tool = (str(call.id), str(call.tool)) if made is None else (made.caller or id, made.tool)
        result = Message("tool", answers=answers, tool=tool, content=content, error=failed)
        self._changed(self.conversation.recorded(result, id))

    def _changed(self, change: Change) -> None:
        if change.add or change.remove:
            self.checker.update(add=change.add, remove=change.remove)

    def _named(self, tool: str, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The names that rules have for a tool and its arguments: of one that they do not know, its own."""
        action = self.rules.actions.find(tool)
        return (tool, arguments) if action is None else (action.action, action.worded(arguments))

    def record(
        self,
        id: str,
        succeeded: bool | None,
        facts: Iterable[str | Fact],
        left: Callable[[], float],
        *,
        effects: bool = True,
    ) -> None:
        """Enter how a call went, and what facts came of it. Where nobody can tell, it stays under way; but
        not without ``effects``, where the host tells what has changed.

        Raises:
            StateError: no admitted call of that id waits for its result, or a fact does not fit.
            EvaluationError: what the call changes could not be derived.
            StoreError: what it changes of shared relations could not be kept.
        """
        given = list(facts)
        name = self._calls[id].action.name if self.waits_for(id) else ""
        with self._stored(
            bool(self.rules.shared) and (bool(given) or self.rules.shares(name)), left
        ) as stored:
            self._record(id, succeeded, given, stored, effects=effects)

    def _record(
        self,
        id: str,
        succeeded: bool | None,
        given: list[str | Fact],
        stored: _Stored | None,
        *,
        effects: bool = True,
    ) -> None:
        if not self.waits_for(id):
            raise StateError(self.missing(id))
        made = self._calls[id]
        name = made.action.name
        needs = self.rules.needs(name)
        call = self._under_way.get(id) or made.under_way(needs)
        known = name in self.rules.program.schema.actions  # else nothing can come of it any more
        with self.checker.assuming(call.facts if known else ()):
            made_so = succeeded and known and effects
            ends, causes = self.checker.effects(call.action) if made_so else ([], [])
        self.checker.update(add=[*causes, *given], remove=ends, source=f"result of call {id}")
        if given:
            check_stated(self.rules, self.checker)
        if needs.remembers:
            self.checker.record(call.action, succeeded, effects=False, entered=True, number=made.number)
        if stored is not None:
            stored.sharing.write(stored.transaction)
            stored.sharing.settle(stored.transaction, id, known=succeeded is not None)
        if succeeded is None and effects:
            self._told.add(id)
        else:
            self._ended(id)

    def update(
        self,
        add: Iterable[str | FactTuple | Fact],
        remove: Iterable[str | FactTuple | Fact],
        left: Callable[[], float],
    ) -> None:
        """Change the facts; see ``Checker.update``. Those of shared relations change for all.

        Raises:
            StateError: a fact does not fit.
            StoreError: the change could not be kept.
        """
        with self._stored(bool(self.rules.shared), left) as stored:
            self.checker.update(add, remove, source="the host")
            check_stated(self.rules, self.checker)
            if stored is not None:
                stored.sharing.write(stored.transaction)

    def withdraw(self, id: str) -> None:
        """A call that was entered is not made after all; that it was tried is not taken back."""
        if self.waits_for(id):
            self._ended(id)
            self._sharing = None
        if self._options.store is not None and self.rules.shared:
            with self._options.store.writing() as transaction:
                transaction.settle(id)

    def _ended(self, id: str) -> None:
        del self._calls[id]
        self._unweighed.pop(id, None)
        if self._under_way.pop(id, None) is not None:
            self._outcomes.clear()

    def moved(self, rules: Ruleset) -> Checker:
        """A checker for new rules, with the facts that this session gathered under the old ones. Those of
        relations that are no longer declared are left behind: no rule can read them.

        Raises:
            StateError: a fact does not fit the new declarations.
        """
        checker = self._checker(rules)
        asserted = {(fact.relation, fact.row) for fact in self.rules.program.facts}
        coming = {(fact.relation, fact.row) for fact in rules.program.facts}
        now = self.checker.facts()
        heard = {(fact.relation, fact.row) for fact in self.conversation.facts(self.rules.hears)}
        shift = self._shift(checker)
        gathered = [
            fitting(rules.program, relation, _renumbered(relation, row, shift), weight)
            for relation, rows in now.items()
            for row, weight in rows.items()
            if (relation, row) not in asserted
            and not is_history(relation)
            and (relation, row) not in heard
            and is_declared(rules.program, relation)
        ]
        stated = self.checker.stated_calls
        for number, relation, row, weight in self.checker.calls():
            if is_declared(rules.program, relation):
                fact = fitting(rules.program, relation, row, weight)
                gathered.append(of_call(fact, number + shift) if number > stated else fact)
        gone = [
            fact
            for fact in self.rules.program.facts
            if call_of(fact.relation, fact.row)[2] is None
            and (fact.relation, fact.row) in coming
            and fact.row not in now.get(fact.relation, {})
        ]
        checker.update(add=gathered, remove=gone, source="before the rules changed")
        checker.skip_calls(to=self.checker.last_call + shift)
        checker.update(add=self.conversation.facts(rules.hears))
        check_stated(rules, checker)
        checker.update(add=self._looked_into(rules), source="calls before the rules changed")
        for call in self._calls.values():
            each = call.under(rules)
            name = each.action.name
            signature = rules.program.schema.actions.get(name)
            if signature is not None and coerce_row(signature, each.action.args) != each.action.args:
                raise StateError(f"{each.action} is under way, and does not fit its new declaration")
            if rules.needs(name).remembers:  # what no rule read until now was not entered
                checker.update(add=each.proposed.lasting, source=f"call {each.id}")
                if not self.rules.needs(name).remembers:
                    checker.record(each.action, number=each.number + shift)
        return checker

    def _shift(self, checker: Checker) -> int:
        """By how much the numbers of this session's calls grow where another checker goes on, whose program
        states more calls."""
        return max(0, checker.stated_calls - self.checker.stated_calls)

    def _looked_into(self, rules: Ruleset) -> list[Fact]:
        """The insides of the arguments of calls in the history that new rules look into and the old ones did
        not."""
        found: dict[tuple[str, Row], Fact] = {}
        for relation, row, _ in self.checker.history():
            name, arguments, _ = call_of(relation, row)
            action = name.rpartition(" ")[2]
            if action not in rules.program.schema.actions:
                continue
            opened = rules.needs(action).opens - self.rules.needs(action).opens
            for fact in opened_facts([value_of(each) for each in arguments], opened):
                found[fact.relation, fact.row] = fact
        return list(found.values())

    def move(self, rules: Ruleset, checker: Checker) -> None:
        """Go on under new rules. The calls under way go on with the effects that the new rules declare; one
        whose action is no longer declared bears on nothing."""
        shift = self._shift(checker)
        self.rules, self.checker, self._sharing = rules, checker, None
        self.conversation.under(rules.hears)
        calls = self._calls.items()
        self._calls = {id: each.under(rules)._replace(number=each.number + shift) for id, each in calls}
        self._weigh()

    def restate(self) -> None:
        """Let the store know what the present rules mean by the calls that hold something of shared
        relations: until it does, other sessions take them for calls of other rules.

        Raises:
            StoreError: it cannot be written.
        """
        store, rules = self._options.store, self.rules
        mine = [call for call in self._under_way.values() if rules.needs(call.action.name).changes_shared]
        if store is None or not mine:
            return
        with store.writing() as transaction:
            for call in mine:
                transaction.restate(reservation(call, rules.effects_of))

    def _weigh(self) -> None:
        """Find those of the calls whose outcome some rule asks about."""
        self._outcomes.clear()
        self._under_way, self._unweighed = {}, {}
        for id, each in self._calls.items():
            needs = self.rules.needs(each.action.name)
            if needs.weighs:
                self._under_way[id] = each.under_way(needs)
            else:
                self._unweighed[id] = None


def check_stated(rules: Ruleset, checker: Checker) -> None:
    """Hold a session's facts against those that the rules alone may state.

    Raises:
        StateError: it has others.
    """
    if not rules.stated:
        return
    found = checker.facts()
    for name in sorted(rules.stated):
        said = {fact.row: fact.weight for fact in rules.program.facts if fact.relation == name}
        if found.get(name, {}) != said:
            raise StateError(
                f"what changes a shared relation reads `{name}`, which would differ between sessions: state "
                "its facts in the rules alone, or declare it shared"
            )


def _renumbered(relation: str, row: Row, shift: int) -> Row:
    """A row of the state, where the numbers of calls have grown."""
    return (row[0] + shift, *row[1:]) if relation == "called" else row  # type: ignore[operator]


def is_declared(program: Program, relation: str) -> bool:
    """Whether a core relation of the state is one of this program too."""
    word, _, name = relation.rpartition(" ")
    if word in HISTORY:
        return name in program.schema.actions
    signature = program.schema.relations.get(name)
    return signature is not None and (word != "not" or signature.open_world)


def fitting(program: Program, relation: str, row: Row, weight: float) -> Fact:
    """A fact as this program holds it.

    Raises:
        StateError: it does not fit.
    """
    word, _, name = relation.rpartition(" ")
    signature = program.schema.actions[name] if word in HISTORY else program.schema.relations[name]
    return Fact(relation, coerce_row(signature, row), weight, _HERE)
