"""Runs tests: each case in a session of its own, decided as a guard decides."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import THETA
from mpr_logic.checker.disclosure import for_operator
from mpr_logic.checker.parsing import question_of
from mpr_logic.checker.render import proof_text
from mpr_logic.checker.state import read_state, state_from_clauses
from mpr_logic.errors import EvaluationError, MprError, OptionError, StateError
from mpr_logic.guard.calls import Call
from mpr_logic.guard.conversation import Message
from mpr_logic.guard.guard import UNKNOWN, Guard
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.messages import Unread
from mpr_logic.guard.recordings.recording import Broken
from mpr_logic.guard.replay import outcome_of, played
from mpr_logic.guard.store import snapshot
from mpr_logic.guard.tools import Tools, read_tools
from mpr_logic.guard.written import read_call
from mpr_logic.language.ast import Atom, Clause, Const, Sentence, Var
from mpr_logic.language.printer import print_atom, print_row, print_sentence
from mpr_logic.testing.suites import filled, rows_of
from mpr_logic.testing.writing import expectation, id_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Schema
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.language.ast import ClauseKind, Span, Value
    from mpr_logic.testing.coverage import Coverage
    from mpr_logic.testing.suites import Case

IT = "it"
"""The name of the call that a recording is stopped at."""

LINES = 12
"""The most lines of a proof, or of an explanation why not, that a failure shows."""

_PLACE = re.compile(r"[^\s]*?([^/\\\s]+\.dl):\d+:\d+")

Status = OneOf["passed", "failed", "error"]


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of a guard under test, beside the rules.

    Args:
        theta: the weight from which a forbid rejects.
        seconds: the time that a check may take.
        strict: whether rules that have lost their grip are an error.
        params: the values of the rules' parameters; a test may set others.
        tools: files of the tools' schemas; without, the rules declare the tools.
        accept: write the snapshots of proofs anew, instead of comparing them.
    """

    theta: float = THETA
    seconds: float = 2.0
    strict: bool = True
    params: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    accept: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A sentence of a test that is not so: where it stands, what was found, and the first lines of why."""

    span: Span
    expected: str
    found: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """The result of a case. ``error``: it could not be run, and the one failure says why."""

    case: Case
    status: Status
    failures: tuple[Failure, ...] = ()
    expectations: int = 0
    seconds: float = 0.0


class UnusableError(MprError):
    """The rules under test cannot be used: ``why`` says it."""

    def __init__(self, why: MprError) -> None:
        super().__init__(str(why))
        self.why = why


class Bench:
    """Rules under test: the guards that decide, one for each choice of parameters.

    Args:
        setup: what they are made with.
        rules: paths of rule files and folders.
        text: the rules themselves, instead.
        coverage: told of each decision.
    """

    def __init__(
        self,
        setup: Setup,
        rules: tuple[str, ...] = (),
        text: str | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        self.setup = setup
        self.coverage = coverage
        self.at: float | None = None
        self.files: set[str] = set()
        self._rules, self._text = rules, text
        self._tools = [each for path in setup.tools for each in read_tools(path)]
        self._guards: dict[tuple[tuple[str, Value], ...], Guard] = {}
        self._numbers = count()

    def run(self, case: Case) -> CaseResult:
        """Run a case.

        Raises:
            MprError: the rules cannot be used.
        """
        began = time.perf_counter()
        run = _Run(self, case)
        span = case.test.span
        status: Status = "passed"
        try:
            with self._session(_params(case)) as (run.guard, run.name):
                for item in case.items:
                    span = item.span
                    if not run.do(item):
                        break
                run.settle()
            status = "failed" if run.failures else "passed"
        except UnusableError as error:
            raise error.why from None
        except MprError as error:
            run.failures.append(Failure(span, "", str(error)))
            status = "error"
        seconds = time.perf_counter() - began
        return CaseResult(case, status, tuple(run.failures), run.expectations, seconds)

    @property
    def schema(self) -> Schema:
        """The declarations of the rules.

        Raises:
            MprError: the rules cannot be used.
        """
        with self._session({}) as (guard, _):
            return guard.rules.program.schema

    def decided(self, case: Case, tool: str, arguments: Mapping[str, Any]) -> tuple[Atom, Verdict] | None:
        """The action that a call is, and the verdict about it, behind the facts and calls of a case; None
        where the rules know no such action, or the case cannot be done.

        Raises:
            UnusableError: the rules cannot be used.
        """
        run = _Run(self, case)
        with suppress(StateError, EvaluationError), self._session({}) as (run.guard, run.name):
            if run.guard.rules.actions.find(tool) is None or not all(map(run.do, case.items)):
                return None
            run.settle()
            verdict = run.guard.why(tool, arguments, session=run.name)
            action = verdict.decision.action if verdict.decision is not None else None
            if isinstance(action, Action):
                return Atom(action.name, tuple(map(Const, action.args))), verdict
        return None

    def answers(
        self, case: Case, calls: Sequence[Atom], about: Atom, kind: ClauseKind
    ) -> list[tuple[Sentence, ...] | None]:
        """The answers of the rules behind the facts and calls of a case, as sentences that expect them.

        Args:
            case: without expectations.
            calls: those that are asked about.
            about: an atom of the relation that is asked about too.
            kind: of the clauses that matter: effects are asked about behind each call, preferences of each.

        Returns:
            The sentences, for each question; None for what could not be decided or done.
        """
        effects = kind in ("causes", "ends")
        found: list[tuple[Sentence, ...] | None] = []
        for call in calls if effects else [None]:
            run = _Run(self, case)
            answers: list[tuple[Sentence, ...] | None] = [None]
            with suppress(MprError), self._session(_params(case)) as (run.guard, run.name):
                made = [Sentence(("run",), call)] if call is not None else []
                if all(run.do(item) for item in [*case.items, *made]):
                    run.settle()
                    answers = [(*made, *run.holding(about))]
                    answers += [] if effects else [run.asked(each, kind) for each in calls]
            found += answers
        return found

    @contextmanager
    def _session(self, params: Mapping[str, Value]) -> Iterator[tuple[Guard, str]]:
        """A guard of the rules, and the name of a new session of it.

        Raises:
            UnusableError: the rules cannot be used.
            OptionError: what the test gives a value is no parameter, or takes no such value.
        """
        self.at = None
        key = tuple(sorted(params.items(), key=lambda each: each[0]))
        guard = self._guards.get(key)
        if guard is None:
            guard = self._opened(params)
            if not guard.rules.shared:  # else what one session does counts for the others
                self._guards[key] = guard
        name = f"test {next(self._numbers)}"
        try:
            yield guard, name
        finally:
            guard.end(name)
            guard.mode = "enforce"
            if guard.rules.shared:
                guard.close()

    def _opened(self, params: Mapping[str, Value]) -> Guard:
        try:
            guard = Guard(
                *self._rules,
                text=self._text,
                tools=Tools(self._tools) if self._tools else None,
                theta=self.setup.theta,
                timeout=self.setup.seconds,
                strict=self.setup.strict,
                store=snapshot(":memory:"),
                clock=lambda: self.at or 0.0,
                params={**self.setup.params, **params},
            )
        except OptionError:
            raise
        except MprError as error:
            raise UnusableError(error) from None
        self.files.update(guard.rules.files)
        if self.coverage is not None:
            self.coverage.add_rules(guard.rules.program)
        return guard


def _params(case: Case) -> dict[str, Value]:
    return {
        item.object.name: item.others[0].value
        for item in case.items
        if isinstance(item, Sentence) and item.words == ("param",) and isinstance(item.object, Atom)
        if isinstance(item.others[0], Const)
    }


class _Run:
    """One case as it runs."""

    guard: Guard
    name: str

    def __init__(self, bench: Bench, case: Case) -> None:
        self.failures: list[Failure] = []
        self.expectations = 0
        self._bench = bench
        self._folder = Path(case.test.span.file).parent
        self._given: list[Clause] = []
        self._it: Call | None = None

    @property
    def _program(self) -> Program:
        return self.guard.rules.program

    def do(self, item: Clause | Sentence) -> bool:
        """Do what an item says. Returns whether the test goes on.

        Raises:
            MprError: it cannot be done.
        """
        if isinstance(item, Clause):
            self._given.append(item)
            return True
        self.settle()
        word = item.words[0]
        if word == "expect":
            alone = replace(item, ranges=())  # the table is not copied for each of its rows
            for values in rows_of(item.ranges):
                self.expectations += 1
                self._expect(filled(alone, values))
            return True
        if word == "run":
            return self._make(item)
        if isinstance(item.object, Const):
            self._tell(word, str(item.object.value), item)
        return True

    def settle(self) -> None:
        """Let the facts hold that were given since the last time.

        Raises:
            StateError: one is no fact of the rules.
        """
        if self._given:
            given, self._given = self._given, []
            facts = state_from_clauses(self._program, given, str(given[0].span.file))
            self.guard.update(add=facts, session=self.name)

    # -- what is told ----------------------------------------------------------------------------

    def _tell(self, word: str, text: str, item: Sentence) -> None:
        match word:
            case "user" | "system" | "assistant":
                self.guard.hear(Message(word, text), session=self.name)
            case "now":
                self._bench.at = _seconds(text)
            case "state":
                self.guard.update(add=read_state(self._program, self._folder / text), session=self.name)
            case "recording":
                number = item.others[0].value if item.others and isinstance(item.others[0], Const) else None
                self._follow(text, number if isinstance(number, int) else None)

    def _follow(self, path: str, until: int | None) -> None:
        """Play a recording up to a call, which is `it` from then on."""
        found = [each.recording for each in recordings_in((str(self._folder / path),))]
        if len(found) != 1 or isinstance(found[0], Broken):
            said = (
                found[0].error
                if found and isinstance(found[0], Broken)
                else f"it holds {len(found)} recordings"
            )
            raise StateError(f"`{path}` is no one recording: {said}")
        self.guard.mode = "shadow"  # a recorded call ran, whatever is said of it
        for each in played(self.guard, self.name, found[0], self._tick):
            if each.number == until:
                arguments = each.call.arguments
                given = arguments.given if isinstance(arguments, Unread) else dict(arguments)
                self._it = Call(each.call.tool, given, each.call.id, self.name)
                break
            each.decide()
        else:
            if until is not None:
                raise StateError(f"`{path}` has no call {until}")
        self.guard.mode = "enforce"

    def _tick(self, at: float) -> None:
        self._bench.at = at

    # -- calls -----------------------------------------------------------------------------------

    def _call(self, atom: Atom) -> Call:
        if atom.name == IT and not atom.args and self._it is not None:
            return self._it
        return read_call(self.guard, print_atom(atom))

    def _make(self, item: Sentence) -> bool:
        """Make a call, if it is admitted."""
        assert isinstance(item.object, Atom)
        call = self._call(item.object)
        self._know_the_time(call)
        verdict = self.guard.check(call.tool, call.arguments, id=call.id, session=self.name, ask=False)
        self._look(verdict, ("causes", "ends"))
        if item.tail == "approved" and verdict.outcome == "escalate":
            verdict = self.guard.answer(verdict, True, by="the test")
        if not verdict.runs:
            outcome, rules, _ = outcome_of(verdict)
            self._fail(item, f"{print_atom(item.object)} is admitted", _by(outcome, rules), _proof(verdict))
            return False
        if item.tail != "pending":
            result = (
                item.others[0].value
                if item.tail == "gives" and isinstance(item.others[0], Const)
                else UNKNOWN
            )
            self.guard.record(verdict, item.tail != "fails", result=result)
        return True

    def _know_the_time(self, call: Call) -> None:
        """Refuse to decide where rules read the time, and the test does not tell it."""
        tool = self.guard.rules.actions.find(call.tool)
        if tool is None or self._bench.at is not None:
            return
        if "now" in self.guard.rules.needs(tool.action).reads:
            raise StateError(
                f"`{call.tool}` cannot be decided without `now`: say the time of the check, such as "
                '`now "2026-01-01T10:00:00Z".`'
            )

    def _decided(self, atom: Atom) -> Verdict:
        call = self._call(atom)
        self._know_the_time(call)
        verdict = self.guard.why(call.tool, call.arguments, session=self.name)
        self._look(verdict)
        return verdict

    def _look(self, verdict: Verdict, effects: tuple[str, ...] = ()) -> None:
        """Let the coverage see the rules about a call in the state that it was decided in."""
        coverage, decision = self._bench.coverage, verdict.decision
        if coverage is None or decision is None or isinstance(decision.action, str):
            return
        name, row = decision.action.name, decision.action.args
        asked: list[tuple[str, tuple[Value | None, ...]]] = [
            (f"{word} {name}", tuple(row)) for word in ("forbid", "permit", "prefer")
        ]
        asked += [
            (rule.head, (*row, *(None,) * (len(rule.args) - len(row))))
            for rule in (self._program.rules if effects else ())
            if rule.action == name and rule.clause.kind in effects
        ]
        checker = self.guard.session(self.name).checker
        with checker.at(decision.state):
            coverage.look(checker, asked)

    def asked(self, atom: Atom, kind: ClauseKind) -> tuple[Sentence, ...] | None:
        """The sentence that expects what is decided about a call; with ``prefer``, who prefers it."""
        try:
            if kind != "prefer":
                found = expectation(self._decided(atom), atom)
                return None if found is None else (found,)
            ids = self._preferred(atom)
        except MprError:
            return None
        words = ("expect", "preferred" if ids else "unpreferred")
        return (Sentence(words, atom, "by" if ids else "", tuple(map(id_of, ids))),)

    def holding(self, about: Atom) -> tuple[Sentence, ...]:
        """The sentences that expect what holds of a relation; none where it is asked with values."""
        signature = self._program.schema.relations.get(about.name)
        if signature is None or signature.given:
            return ()
        anything = Atom(about.name, tuple(Var("_") for _ in signature.params))
        rows = self.guard.session(self.name).checker.query(print_atom(anything))
        if not rows:
            return (Sentence(("expect", "not"), anything),)
        atoms = [Atom(about.name, tuple(map(Const, row))) for row in sorted(rows, key=str)]
        return tuple(Sentence(("expect",), atom) for atom in atoms)

    # -- expectations ----------------------------------------------------------------------------

    def _expect(self, item: Sentence) -> None:
        assert isinstance(item.object, Atom)
        verdict = item.words[1] if len(item.words) > 1 else ""
        if verdict in ("", "not"):
            self._fact(item, item.object, wanted=not verdict)
        elif verdict in ("preferred", "unpreferred"):
            self._preference(item, item.object, wanted=verdict == "preferred")
        elif verdict == "proof":
            self._snapshot(item, item.object)
        else:
            self._verdict(item, item.object, verdict)

    def _verdict(self, item: Sentence, atom: Atom, wanted: str) -> None:
        verdict = self._decided(atom)
        outcome, rules, said = outcome_of(verdict)
        ids = tuple(sorted(map(_id, item.others))) if item.tail == "by" else None
        right = outcome == wanted
        found = _by(outcome, rules) if outcome not in ("unfit", "undecided") else f"{outcome}: {said}"
        if right and ids is not None:
            right = ids == tuple(sorted(set(rules)))
        if right and item.tail == "asks" and verdict.decision is not None:
            asks = verdict.decision.asks
            right, found = asks == (_text(item.others[0]),), f"it asks {' or '.join(asks) or 'nothing'}"
        if right and item.tail == "to":
            assert isinstance(item.others[0], Atom)
            new = read_call(self.guard, print_atom(item.others[0])).arguments
            right, found = new == verdict.arguments, f"rewritten to {verdict.arguments}"
        if not right:
            self._fail(item, _expected(item), found, self._why(verdict, atom, ids or ()))

    def _preference(self, item: Sentence, atom: Atom, *, wanted: bool) -> None:
        ids = self._preferred(atom)
        right = bool(ids) == wanted
        if right and item.tail == "by":
            right = ids == sorted(map(_id, item.others))
        if not right:
            said = f"preferred by {', '.join(ids)}" if ids else "no rule prefers it"
            self._fail(item, _expected(item), said, ())

    def _preferred(self, atom: Atom) -> list[str]:
        """The ids of the rules that prefer a call."""
        decision = self._decided(atom).decision
        if decision is None or not isinstance(decision.action, Action):
            return []
        checker = self.guard.session(self.name).checker
        with checker.at(decision.state):
            found = checker.preferences([decision.action])
        return sorted({str(reason.id) for _, _, reasons in found for reason in reasons})

    def _why(self, verdict: Verdict, atom: Atom, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The proof of a rejection; of another call, why the rules that were to speak against it do not."""
        decision = verdict.decision
        if decision is None or decision.verdict == "undecided":
            return ()
        lacking = set(ids).difference(decision.rules)
        closed = decision.verdict == "unpermitted" and not lacking
        if not (decision.admissible or lacking or closed):
            return _proof(verdict)
        checker = self.guard.session(self.name).checker
        with checker.at(decision.state):
            answer = checker.why_not(str(decision.action), verdict="permit" if closed else "forbid")
        attempts = tuple(each for each in answer.attempts if not lacking or each.rule.id in lacking)
        unknown = lacking - {each.rule.id for each in answer.attempts}
        if unknown:
            return tuple(f"no rule about {atom.name} has the id `{each}`" for each in sorted(unknown))
        return _first(replace(answer, attempts=attempts, omitted=0).lines())

    def _fact(self, item: Sentence, atom: Atom, *, wanted: bool) -> None:
        if atom.name in self._program.schema.actions:
            raise StateError(
                f"`{atom.name}` is an action: say what is expected of it, such as `expect admitted "
                f"{print_atom(atom)}.`"
            )
        checker = self.guard.session(self.name).checker
        text = print_atom(atom)
        at = self._bench.at
        now = [] if at is None else [Fact("now", (int(at),), 1.0, item.span)]
        with checker.assuming(now):
            rows = checker.query(text)
            if self._bench.coverage is not None:
                self._bench.coverage.look(checker, [question_of(self._program, text)])
            if bool(rows) == wanted:
                return
            if wanted:
                why = _first(checker.why_not(text).lines())
            else:
                proof = checker.why(print_row(atom.name, min(rows, key=str)))
                why = () if proof is None else _first(proof_text(proof).split("\n"))
        self._fail(item, _expected(item), "it does not hold" if wanted else "it holds", why)

    def _snapshot(self, item: Sentence, atom: Atom) -> None:
        verdict = self._decided(atom)
        if verdict.decision is None:
            self._fail(item, _expected(item), verdict.error or "it was not decided", ())
            return
        text = _PLACE.sub(r"\1", for_operator(verdict.decision)) + "\n"
        path = self._folder / _text(item.others[0])
        try:
            if self._bench.setup.accept:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                return
            kept = path.read_text(encoding="utf-8") if path.exists() else None
        except (OSError, ValueError) as error:
            raise StateError(f"the snapshot `{path}` cannot be used: {error}") from None
        if kept is None:
            self._fail(item, _expected(item), f"`{path}` is not there: write it by --accept", ())
        elif kept != text:
            from difflib import unified_diff

            lines = list(
                unified_diff(kept.splitlines(), text.splitlines(), "kept", "found", lineterm="", n=1)
            )
            self._fail(item, _expected(item), "the proof is another: take it by --accept", _first(lines))

    def _fail(self, item: Sentence, expected: str, found: str, why: tuple[str, ...]) -> None:
        self.failures.append(Failure(item.span, expected, found, why))


def _expected(item: Sentence) -> str:
    return print_sentence(item).removeprefix("expect ").removesuffix(".")


def _by(outcome: str, rules: tuple[str, ...]) -> str:
    return f"{outcome} by {', '.join(dict.fromkeys(rules))}" if rules else outcome


def _proof(verdict: Verdict) -> tuple[str, ...]:
    decision = verdict.decision
    return () if decision is None else _first(for_operator(decision).split("\n"))


def _first(lines: list[str]) -> tuple[str, ...]:
    shown = [line for line in lines if line.strip()]
    return (*shown[:LINES], *(["..."] if len(shown) > LINES else []))


def _id(each: Atom | Const) -> str:
    return each.name if isinstance(each, Atom) else str(each.value)


def _text(each: Atom | Const) -> str:
    return print_atom(each) if isinstance(each, Atom) else str(each.value)


def _seconds(text: str) -> float:
    """A time, in seconds since 1970.

    Raises:
        StateError: it is none, or names no zone.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        pass
    raise StateError(f"`{text[:40]}` is no time with a zone, such as 2026-01-01T10:00:00Z")
