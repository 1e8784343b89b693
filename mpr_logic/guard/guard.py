"""The neutral guard: a tool call in, a verdict out. Every adapter is a thin layer over it."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.checker.checker import THETA
from mpr_logic.checker.loading import rule_files
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import BudgetError, GuardError, MprError, StateError
from mpr_logic.guard.calls import Call, Limits, read_arguments
from mpr_logic.guard.conversation import Message
from mpr_logic.guard.directives import asks_person, may_go_on, rewritten, severity
from mpr_logic.guard.host import asked, within
from mpr_logic.guard.log import NO_LOG
from mpr_logic.guard.reloading import UnsettledError, Watcher, check_ends, check_losses, check_written, losses
from mpr_logic.guard.rules import Options, load_ruleset, stamp
from mpr_logic.guard.session import Session
from mpr_logic.guard.store import Store
from mpr_logic.guard.telemetry import make_spans
from mpr_logic.guard.verdict import PERSON, REJECTED, Verdict

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from mpr_logic.analysis.program import Fact
    from mpr_logic.checker.decision import Decision
    from mpr_logic.checker.facts import FactTuple
    from mpr_logic.engine.choice import EngineChoice
    from mpr_logic.guard.calls import Moment
    from mpr_logic.guard.host import Relation
    from mpr_logic.guard.log import DecisionLog
    from mpr_logic.guard.rules import Ruleset
    from mpr_logic.guard.tools import Tools
    from mpr_logic.guard.verdict import Mode, Outcome

    Approver = Callable[[Verdict], bool | Awaitable[bool]]

_logger = logging.getLogger(__name__)
UNCHECKED = "The call could not be checked, and was not made."

ROUNDS = 4
"""The most checks of one call: one, and one after each rewriting or replacement of the rules."""

UNKNOWN: Any = object()
"""The result of a call that nobody tells."""

TOLD = 4_000
"""The most characters of a message for the model."""


class Guard:
    """Decides about the tool calls of agents. It may be used from several threads, and by many sessions;
    the calls of one session are decided one after the other, and each sees those admitted before it.

    Args:
        paths: rule files, and folders with all ``.dl`` files below them.
        text: further rules.
        tools: the tools with their schemas; a call must be of one of them. Without, the rules declare the
            actions, and the arguments need only fit the declarations.
        mode: ``enforce``; or ``shadow``, which decides and logs, and lets every call run as it is.
        approver: asked about what ``@escalate`` rules leave to a person. It gets the verdict and returns
            whether the call may be made; it may be async where :meth:`acheck` is used. Without one, such
            calls are rejected.
        relations: functions of the host that rules read as relations: see :mod:`~mpr_logic.guard.host`.
        state: facts that each session begins with: a path, or a value as ``Checker.load_state`` takes it.
        log: where decisions are written.
        theta: the weight from which a forbid rejects.
        engine: as of a Checker; ``@rewrite`` needs proofs, which ``pydatalog`` does not keep.
        timeout: seconds for one check, host functions included; what takes longer is rejected.
        approval_timeout: seconds for the approver.
        limits: bounds on the arguments.
        sessions: the most sessions at a time, for the sake of memory; the calls of further ones are rejected.
        strict: rules that have lost their grip are an error: a law about what is no tool, a relation that
            nothing fills, a body that cannot hold. Else it is a warning: logged, and told by :meth:`health`.
        store: where relations that are declared ``shared`` are kept, for all guards that are given the same:
            a :class:`~mpr_logic.guard.store.Store`, a SQLite file, or a URL of PostgreSQL.
        semiring: how weights combine, as of a Checker.
        clock: the time, in seconds since 1970.
        within: the folder that files which others ``.use`` must lie in. By default it is the working folder
            for paths below it, and for others the folder that is named, or that the file lies in.
        params: the values of the rules' parameters (``.param``), by name; also of rules that are loaded anew.
        prepare: compile at once what decides about calls and proves it, also of rules that are loaded anew,
            so that no call waits for it: for a guard that lives long. Of very many rules, what decides.

    Raises:
        OptionError: ``params`` names what is no parameter of the rules.
        ProgramError: the rules are not valid, or have lost their grip.
        StateError: there is no rule file, or the state does not fit.
        GuardError: a directive, a relation or a mode is none, or a relation is shared and no store is given.
        StoreError: the store cannot be opened.
    """

    def __init__(
        self,
        *paths: str | os.PathLike[str],
        text: str | None = None,
        tools: Tools | None = None,
        mode: Mode = "enforce",
        approver: Approver | None = None,
        relations: Mapping[str, Relation] | None = None,
        state: object = None,
        log: DecisionLog | None = None,
        theta: float = THETA,
        engine: EngineChoice = "native",
        timeout: float = 2.0,
        approval_timeout: float = 300.0,
        limits: Limits | None = None,
        sessions: int = 10_000,
        strict: bool = True,
        semiring: str = "maxmin",
        clock: Callable[[], float] = time.time,
        store: Store | str | os.PathLike[str] | None = None,
        within: str | os.PathLike[str] | None = None,
        params: Mapping[str, object] | None = None,
        prepare: bool = False,
    ) -> None:
        if mode not in ("enforce", "shadow"):
            raise GuardError(f"no mode `{mode}`: choose enforce or shadow")
        for name, function in (relations or {}).items():
            if inspect.iscoroutinefunction(function):
                raise GuardError(f"the function of `{name}` is async: give one that is not")
        self.mode: Mode = mode
        self.approver = approver
        self.timeout = timeout
        self.limits = limits or Limits()
        self.log = log or NO_LOG
        self._paths, self._text, self._tools, self._within = paths, text, tools, within
        self._strict = strict
        self.clock = clock
        self._relations = dict(relations or {})
        self._own_store = None if store is None or isinstance(store, Store) else Store(store)
        self.store = self._own_store or store if isinstance(store, Store) else self._own_store
        budget = Budget(seconds=timeout)
        self._options = Options(
            theta,
            engine,
            budget,
            state,
            self.store,
            semiring,
            clock,
            dict(params or {}),
            self.limits,
            prepare,
        )
        self.approval_timeout = approval_timeout
        self.sessions = sessions
        self._lock = threading.RLock()
        self._replacing = threading.RLock()  # before the other: what is read last is what is gone by
        self._sessions: dict[str, Session] = {}
        self._counts = dict.fromkeys(("admit", "modify", "escalate", "reject", "error"), 0)
        self._spans = make_spans()
        self._error: str | None = None
        self._unsettled = False
        self._files: list[str | os.PathLike[str]] = list(paths)  # those that they use are added
        self._watcher = Watcher(self._watched, self._files)  # has looked before the files are read
        self.rules = self._load(tools)
        self._files += self.rules.files
        self.session("")

    # -- calls ---------------------------------------------------------------------------------

    def check(
        self,
        tool: str,
        arguments: Any = None,
        *,
        id: str = "",
        session: str = "",
        ask: bool = True,
    ) -> Verdict:
        """Decide about one call. Never raises: what cannot be decided is rejected. A call that may run is
        entered into the history at once, so that parallel calls of one turn see each other.

        Args:
            tool: the tool's name.
            arguments: a JSON object, or the text of one.
            id: the id that the framework gave the call.
            session: the conversation or run.
            ask: ask the approver where a rule says so. False leaves the outcome ``escalate``, for a host
                that asks a person in its own way and then says the answer by :meth:`answer`.
        """
        call = Call(tool, arguments, id, session)
        with self._spans(call) as span:
            verdict = self._decided(call, None)
            if ask and verdict.outcome == "escalate" and verdict.mode == "enforce":
                verdict = self.answer(verdict, self._ask(verdict))
            span(verdict)
        return verdict

    def why(self, tool: str, arguments: Any = None, *, session: str = "") -> Verdict:
        """Tell what :meth:`check` would say, with the decision's repairs. It is neither logged nor entered
        into the history, and the call may not be made on its account."""
        check = _Check(self, Call(tool, arguments, "", session), "", dry=True)
        return self._guarded(check, check.run)

    async def acheck(
        self,
        tool: str,
        arguments: Any = None,
        *,
        id: str = "",
        session: str = "",
        ask: bool = True,
    ) -> Verdict:
        """:meth:`check` for async hosts: the event loop goes on meanwhile, and the approver may be async."""
        from asyncio import to_thread

        verdict = await to_thread(self.check, tool, arguments, id=id, session=session, ask=False)
        if not ask or verdict.outcome != "escalate" or verdict.mode == "shadow":
            return verdict
        return await to_thread(self.answer, verdict, await self._aask(verdict))

    def answer(self, verdict: Verdict, approved: bool | None, *, by: str = "") -> Verdict:
        """Enter what a person said about a call that was left to them. An approved call is decided once more:
        nothing else may have come to stand against it.

        Args:
            verdict: one whose outcome is ``escalate``.
            approved: whether the call may be made; None where nobody could be asked, which is a no.
            by: who said so, for the log.

        Raises:
            StateError: the verdict left nothing to a person.
        """
        if verdict.outcome != "escalate":
            raise StateError(f"the call of `{verdict.call.tool}` was not left to a person")
        self._note(lambda: self.log.answer(verdict, approved, by))
        return self._decided(verdict.call, (verdict, approved))

    def record(
        self,
        verdict: Verdict | str,
        succeeded: bool | None = None,
        *,
        facts: Iterable[str | Fact] = (),
        session: str = "",
        result: Any = UNKNOWN,
        effects: bool = True,
    ) -> None:
        """Enter how a call went, once it was made.

        Args:
            verdict: of the call, or its ``id``.
            succeeded: whether it did what it was meant to; None where nobody can tell.
            facts: what its result says, in the forms of ``Checker.update``.
            session: where the id alone is given.
            result: what it returned, where that is known: a JSON value, or a text; of a call that failed,
                the message. Rules read it as ``returned`` or ``refused``. Heard again as a message that
                answers the same call, it is not taken in twice.
            effects: whether the changes that the rules declare are made. Without them the host tells what has
                changed, by :meth:`update`, and a call of which nobody can tell how it went has ended too.

        Raises:
            StateError: no such call waits for its result, or a fact does not fit.
            EvaluationError: what the call changes could not be derived.
        """
        id = verdict if isinstance(verdict, str) else verdict.id
        name = session if isinstance(verdict, str) else verdict.call.session
        of = self.session(name)
        with ExitStack() as held:
            with of.locked(self.timeout) if result is UNKNOWN else of.hearing(self.timeout):
                held.enter_context(of.locked())  # still so when the result has been heard
                unknown = isinstance(verdict, Verdict) and verdict.mode == "shadow" and not of.waits_for(id)
                if result is not UNKNOWN and (unknown or of.waits_for(id)):
                    call = verdict.call if isinstance(verdict, Verdict) else Call("")
                    of.returned(id, result, failed=succeeded is False, call=call)
            if unknown:
                return  # it ran, but the rules know no such call
            of.record(id, succeeded, facts, lambda: self.timeout, effects=effects)
        self._note(lambda: self.log.result(id, name, succeeded))

    @property
    def hears(self) -> bool:
        """Whether a rule reads the conversation: else nobody need tell of it."""
        return bool(self.rules.hears.reads)

    def hear(self, *messages: Message, session: str = "") -> None:
        """Tell of messages of the conversation, in their order, each once. Calls in them are no history: that
        is what was checked and recorded.

        What goes beyond the guard's limits is not taken in; from then on calls are rejected about which a
        rule reads the conversation.

        Args:
            messages: what was said and returned since the last time.
            session: the conversation or run.

        Raises:
            StateError: something else than messages is given, or there are too many sessions.
        """
        for each in messages:
            if not isinstance(each, Message):
                raise StateError(f"a guard hears messages, not {type(each).__name__}: Message(role, text)")
        of = self.session(session)
        with of.hearing(self.timeout):
            of.hear(messages)

    def follow(self, messages: Sequence[Message], *, session: str = "") -> None:
        """Tell of a conversation as it stands, from its beginning: what is new in it since the last time is
        heard.

        Where the host has cut the conversation, what follows the longest end of what was told before is new;
        where no such end stands at its beginning, all of it: nothing is lost, in doubt it is heard twice.

        Args:
            messages: all of them.
            session: the conversation or run.

        Raises:
            StateError: as :meth:`hear`.
        """
        if not self.hears:
            return
        given: object = messages
        if not isinstance(given, Sequence) or not all(isinstance(each, Message) for each in given):
            raise StateError("a guard follows a list of messages: [Message(role, text), ...]")
        of = self.session(session)
        with of.hearing(self.timeout):
            followed = copy(of.followed)
            of.hear(followed.news(messages))
            of.followed = followed  # they are known once all of them were taken in

    def unheard(self, why: str, *, session: str = "") -> None:
        """Note that some of a conversation could not be told: from then on calls are rejected about which a
        rule reads the conversation.

        Args:
            why: in words, for the verdict's ``error``.
            session: the conversation or run.

        Raises:
            StateError: there are too many sessions.
        """
        self.session(session).conversation.lost(why)

    def replay(self, lines: Iterable[dict[str, Any]], *, session: str = "") -> None:
        """Take the history of a session from the lines of a log, for a guard that has just been made: the
        calls that ran, and how they went. The log must hold the arguments themselves.

        Raises:
            GuardError: it does not.
            StateError: a call is none of the present rules.
        """
        of = self.session(session)
        for line in lines:
            if line.get("session") != session or line.get("kind") not in ("decision", "result", "rejected"):
                continue
            with of.hearing(self.timeout):
                of.replay(line)

    # -- sessions ------------------------------------------------------------------------------

    def update(
        self,
        add: Iterable[str | FactTuple | Fact] = (),
        remove: Iterable[str | FactTuple | Fact] = (),
        *,
        session: str = "",
    ) -> None:
        """Change the facts of a session; see ``Checker.update``.

        Raises:
            StateError: a fact does not fit, or there are too many sessions.
        """
        of = self.session(session)
        with of.locked(self.timeout):
            of.update(add, remove, lambda: self.timeout)

    def session(self, name: str) -> Session:
        """The session of a name, begun where there is none.

        Raises:
            StateError: there are too many, or that is no name.
        """
        if not isinstance(name, str):
            raise StateError(f"the name of a session is a text, not {type(name).__name__}")
        with self._lock:
            found = self._sessions.get(name)
            if found is None:
                if len(self._sessions) > self.sessions:
                    raise StateError(f"there are {self.sessions} sessions: end some of them first")
                found = self._sessions[name] = Session(self.rules, self._options)
            return found

    def holds(self, session: str) -> bool:
        """Whether there is a session of that name."""
        return session in self._sessions

    def end(self, session: str) -> None:
        """Forget a session: its facts and its history."""
        with self._lock:
            self._sessions.pop(session, None)

    # -- rules ---------------------------------------------------------------------------------

    def reload(self, *, force: bool = False) -> bool:
        """Read the rule files again. Where they do not make valid rules, do not fit what the sessions hold,
        are being written, or have lost all laws, all laws about an action, or all clauses of a file, the old
        ones stay, the log says why, and so does :meth:`health`.

        Args:
            force: take valid rules whatever they lost.

        Returns:
            Whether the guard now goes by what the files say.
        """
        return self._replace(force=force)

    @property
    def tools(self) -> Tools | None:
        """The tools that calls are held against; None where the rules alone declare them."""
        return self._tools

    def use(self, tools: Tools) -> bool:
        """Go on with other tools; as :meth:`reload`."""
        return self._replace(tools)

    def _watched(self) -> bool:
        """Reload, since a file has changed. Returns False where it is to be tried again soon."""
        self._replace(watching=True)
        return not self._unsettled

    def watch(self, seconds: float = 1.0) -> None:
        """Look that often, in a thread of its own, whether the rule files have changed, and reload them. As
        nobody has asked for it, a file that has lost some of its clauses is not taken: it may be torn."""
        self._watcher.start(seconds)

    def close(self) -> None:
        """End the watching, and close the log and the store that were opened here."""
        self._watcher.stop()
        self.log.close()
        if self._own_store is not None:
            self._own_store.close()

    def health(self) -> dict[str, Any]:
        """Report the guard's state and counts, as a value for JSON. ``ok`` is False where rule files changed
        and could not be used."""
        with self._lock:
            return {
                "ok": self._error is None,
                "mode": self.mode,
                "version": self.rules.program.version,
                "error": self._error,
                "warnings": [each.render() for each in self.rules.warnings],
                "sessions": len(self._sessions),
                "counts": dict(self._counts),
            }

    # -- inside --------------------------------------------------------------------------------

    def _decided(self, call: Call, answer: tuple[Verdict, bool | None] | None) -> Verdict:
        """A verdict that is logged and counted."""
        check = _Check(self, call, uuid4().hex if answer is None else answer[0].id)
        verdict = self._guarded(check, check.run if answer is None else lambda: check.answered(*answer))
        try:
            self.log.decision(verdict)
        except Exception as error:
            _logger.error("a decision could not be logged, and the call is rejected: %s", _one_line(error))
            verdict = check.rejected(UNCHECKED, error=f"the decision could not be logged: {error}")
            self._withdraw(verdict)
        if verdict.outcome == "reject" and verdict.mode == "enforce" and self.hears:
            self._not_made(verdict)
        with self._lock:
            self._counts["error" if verdict.error is not None else verdict.outcome] += 1
        return verdict

    def _not_made(self, verdict: Verdict) -> None:
        """Note that the model is told something in the place of a rejected call's result."""
        with self._lock:
            of = self._sessions.get(verdict.call.session)
        if of is not None:
            with suppress(Exception), of.hearing(self.timeout):
                of.conversation.rejected(str(verdict.call.id), verdict.message)

    def _withdraw(self, verdict: Verdict) -> None:
        """A call that was admitted is not made after all."""
        try:
            of = self.session(verdict.call.session)
            with of.locked(self.timeout):
                of.withdraw(verdict.id)
        except Exception:
            _logger.exception("a call that was not made could not be taken back: it counts as under way")

    def _guarded(self, check: _Check, work: Callable[[], Verdict]) -> Verdict:
        """A verdict; whatever goes wrong on the way to it is a rejection."""
        try:
            return work()
        except MprError as error:
            unfit = isinstance(error, StateError) and not check.inside
            told = str(error) if unfit else UNCHECKED
            return check.rejected(told, error=f"{type(error).__name__}: {error}", unfit=unfit)
        except Exception as error:
            _logger.exception("the guard failed, and rejected a call")
            return check.rejected(UNCHECKED, error=f"{type(error).__name__}: {error}")

    def _ask(self, verdict: Verdict) -> bool | None:
        """Ask the approver; whatever goes wrong is a no. None where there is none."""
        approver = self.approver
        if approver is None:
            return None

        def work() -> Any:
            said = approver(verdict)
            if not inspect.isawaitable(said):
                return said
            from asyncio import run

            return run(_awaited(said))

        try:
            return within(self.approval_timeout, work, "the approver") is True
        except Exception:
            _logger.exception("the approver failed: the call is rejected")
            return False

    async def _aask(self, verdict: Verdict) -> bool | None:
        from asyncio import to_thread, wait_for

        if self.approver is None or not inspect.iscoroutinefunction(self.approver):
            return await to_thread(self._ask, verdict)
        try:
            return await wait_for(self.approver(verdict), self.approval_timeout) is True
        except Exception:
            _logger.exception("the approver failed: the call is rejected")
            return False

    def _note(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            _logger.error("the log could not be written: %s", _one_line(error))

    def _load(self, tools: Tools | None) -> Ruleset:
        rules = load_ruleset(
            self._paths,
            self._text,
            tools,
            self._relations,
            self._options,
            strict=self._strict,
            within=self._within,
        )
        if rules.shared and self.store is None:
            names = " and ".join(f"`{name}`" for name in sorted(rules.shared))
            raise GuardError(
                f'{names} is declared shared: say where it is kept, by Guard(..., store="limits.db") or '
                "--store limits.db; postgresql://USER@HOST/NAME where several machines share it"
            )
        for each in rules.warnings:
            _logger.warning("%s", each.render())
        return rules

    def _replace(self, tools: Tools | None = None, *, force: bool = False, watching: bool = False) -> bool:
        """Read the rules and go on under them, with the present tools where no others are given."""
        with self._replacing:
            return self._replaced(self._tools if tools is None else tools, force, watching)

    def _replaced(self, tools: Tools | None, force: bool, watching: bool) -> bool:
        try:
            rules = self._load(tools) if force else self._whole(tools, watching)
            self._move(rules)
        except (MprError, OSError, RecursionError, MemoryError) as error:
            before, self._error = self._error, f"{type(error).__name__}: {error}"
            self._unsettled = isinstance(error, UnsettledError)
            if self._error != before:
                _logger.error("the rules could not be replaced, the old ones stay: %s", error)
                self._note(lambda: self.log.reloaded(self.rules.program.version, self._error))
            return False
        self._tools, self._error, self._unsettled = tools, None, False
        self._files[:] = [*self._paths, *rules.files]
        self._note(lambda: self.log.reloaded(rules.program.version, None))
        return True

    def _whole(self, tools: Tools | None, watching: bool) -> Ruleset:
        """The rules as the files say them now, if these are whole.

        Raises:
            MprError: they are not valid, or not whole.
        """
        files = [str(file) for file in rule_files(self._files) if file.exists()] if self._files else []
        seen = stamp(self._files)
        check_written(files)
        check_ends(files)
        rules = self._load(tools)
        more = [file for file in rules.files if file not in files]  # which are used from now on
        check_written(more)
        check_ends(more)
        if stamp(self._files) != seen:
            raise UnsettledError("the rule files changed while they were read")
        found = losses(self.rules.program, rules.program, [*files, *more], self._options.theta)
        check_losses(found, lambda: stamp(self._files), watching=watching)
        return rules

    def _move(self, rules: Ruleset) -> None:
        """All sessions go on under new rules, or none."""
        with self._lock:
            sessions = list(self._sessions.values())
            held = []
            try:
                for each in sessions:
                    context = each.locked(max(self.timeout, 1.0) * 2)
                    context.__enter__()
                    held.append(context)
                checkers = [each.moved(rules) for each in sessions]
                for each, checker in zip(sessions, checkers, strict=True):
                    each.move(rules, checker)
                self.rules = rules
                self._restate(sessions)
            finally:
                for context in reversed(held):
                    context.__exit__(None, None, None)

    def _restate(self, sessions: list[Session]) -> None:
        """Let the store know what the rules mean by the calls under way. Where that fails, what hangs on one
        of them is rejected until it has ended."""
        try:
            for each in sessions:
                each.restate()
        except MprError as error:
            _logger.error("the store does not know what the new rules change: %s", _one_line(error))


class _Check:
    """One check of one call; a dry one leaves no trace. ``inside`` tells whether trouble is the guard's, not
    that of the call."""

    def __init__(self, guard: Guard, call: Call, id: str, *, dry: bool = False) -> None:
        self._dry = dry
        self._guard = guard
        self._call = call
        self._id = id
        self._began = time.perf_counter()
        self._deadline = self._began + guard.timeout
        self._given: dict[str, Any] = {}
        self._arguments: dict[str, Any] = {}
        self._decision: Decision | None = None
        self._approved: frozenset[str] | None = None  # the rules in spite of which a person approved
        self._version = guard.rules.program.version
        self._known: Moment = {}
        self.inside = False

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            BudgetError: none are.
        """
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise BudgetError(f"the check took longer than {self._guard.timeout:g} seconds")
        return left

    def run(self) -> Verdict:
        """The verdict about the call.

        Raises:
            MprError: it could not be decided.
        """
        if not isinstance(self._call.tool, str):
            raise StateError(f"the name of a tool is a text, not {type(self._call.tool).__name__}")
        tool = self._guard.rules.actions.find(self._call.tool)
        named = tool.names if tool is not None else frozenset()
        self._given = read_arguments(self._call.arguments, self._guard.limits, named)
        self._arguments = self._given
        for _ in range(ROUNDS):
            rules = self._guard.rules
            settled = self._settle(rules)
            if settled is not None:
                return settled
        raise BudgetError(f"the call was rewritten {ROUNDS} times, and still is not admissible")

    def answered(self, verdict: Verdict, approved: bool | None) -> Verdict:
        """The verdict after a person's answer.

        Raises:
            MprError: it could not be decided.
        """
        self._given, self._arguments, self._decision = verdict.given, verdict.arguments, verdict.decision
        if approved is not True:
            who = "No person could be asked to approve" if approved is None else "A person did not approve"
            return self._verdict("reject", f"{who} this call.\n{verdict.refusal}", approved)
        self._approved = frozenset(verdict.rules)
        found = self._settle(self._guard.rules)
        if found is None or found.arguments != verdict.arguments or found.outcome == "escalate":
            raise BudgetError("the rules or the state changed while a person was asked")
        return found

    def rejected(self, message: str, error: str, *, unfit: bool = False) -> Verdict:
        """A rejection for another reason than a rule."""
        return replace(self._verdict("reject", message, None), error=error, unfit=unfit)

    def _settle(self, rules: Ruleset) -> Verdict | None:
        """One round; None where the call was rewritten or the rules replaced, so that another is due."""
        self.inside = False
        self._version = rules.program.version
        tool = rules.actions.of(self._call.tool)
        needs = rules.needs(tool.action)
        proposed = tool.propose(self._arguments, needs.opens)
        self.inside = True
        call = Call(self._call.tool, self._arguments, self._call.id, self._call.session)
        facts: list[Fact] = []
        if rules.relations:
            facts = asked(rules.program, rules.relations, needs.reads | needs.keeps, call, self.left)
        session: Session = self._guard.session(call.session)
        outcome: Outcome | None = "reject"
        arguments = self._arguments

        def settle(decision: Decision) -> bool:
            nonlocal outcome
            outcome = self._outcome(decision, rules)
            if outcome not in ("reject", "escalate"):  # a rejection stands, however late it is
                self.left()
                if self._approved is not None and self._id in session.approved:
                    raise StateError("a person has approved this call, and it was made: ask for another")
            if self._dry:
                return False
            if self._guard.mode == "shadow":  # it runs as it was given, whatever is said of it
                return arguments is self._given
            return outcome in ("admit", "modify")

        with session.locked(self.left()):
            if session.rules is not rules:
                return None
            with session.checker.until(self._deadline):
                self._decision, text, self._known = session.decide(
                    proposed,
                    facts,
                    needs,
                    severity=lambda decision: severity(decision, rules.directives),
                    settle=settle,
                    left=self.left,
                    id=self._id,
                    call=self._call,
                    repairs=self._dry,
                )
            if self._approved is not None and outcome in ("admit", "modify"):
                session.approve(self._id)
            if rules.hears.reads:
                session.admitted(self._id, self._arguments)
        self.inside = False
        if outcome is None:
            return None
        first = {"reject": REJECTED, "escalate": PERSON}.get(outcome)
        message = "" if first is None else f"{first}\n{text}"
        undecided = self._decision.by_rule[0].text if self._decision.verdict == "undecided" else None
        approved = None if self._approved is None else True
        return replace(self._verdict(outcome, message[:TOLD].strip(), approved), error=undecided)

    def _outcome(self, decision: Decision, rules: Ruleset) -> Outcome | None:
        """The outcome of a decision; None where it rewrote the arguments."""
        admitted: Outcome = "admit" if self._arguments == self._given else "modify"
        if decision.admissible:
            return admitted
        if not may_go_on(decision, rules.directives):
            return "reject"
        new = rewritten(decision, rules.directives, rules.actions, self._arguments)
        if new != self._arguments:
            self._arguments = new
            return None
        if not asks_person(decision, rules.directives):
            return "reject"
        approved = self._approved is not None and self._approved.issuperset(decision.rules)
        return admitted if approved else "escalate"

    def _verdict(self, outcome: Outcome, message: str, approved: bool | None) -> Verdict:
        shadow = self._guard.mode == "shadow"
        return Verdict(
            call=self._call,
            outcome=outcome,
            arguments=self._given if shadow else self._arguments,
            message=message,
            decision=self._decision,
            mode=self._guard.mode,
            id=self._id,
            approved=approved,
            given=self._given,
            version=self._version,
            known=self._known,
            seconds=time.perf_counter() - self._began,
        )


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value
