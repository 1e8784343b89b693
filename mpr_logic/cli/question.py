"""A question about an action or a fact: the rules, the state, and what a guard would know of the moment."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mpr_logic.cli.options import EngineName, SemiringName, UsageError, check_range, params_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.analysis.program import Fact, Program
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.errors import EvaluationError, StateError
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Question:
    """Rules, states and what is asked of them."""

    rules: tuple[str, ...]
    asked: str
    states: tuple[str, ...]
    theta: float
    engine: EngineName
    semiring: SemiringName
    seconds: float

    @property
    def shown(self) -> str:
        """The question, cut to what fits into a message."""
        return self.asked if len(self.asked) <= 80 else f"{self.asked[:77]}..."

    def placed(self, error: EvaluationError) -> EvaluationError:
        """The error with the question in front, which the engine does not know."""
        return type(error)(f"`{self.shown}`: {error}")

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Say of an engine's error what was asked."""
        from mpr_logic.errors import EvaluationError

        try:
            yield
        except EvaluationError as error:
            raise self.placed(error) from error


def question(
    arguments: Sequence[str] | None,
    states: Sequence[str] | None,
    theta: float,
    engine: EngineName,
    semiring: SemiringName,
    seconds: float,
    *,
    kind: str,
    needs_state: bool = False,
) -> Question:
    """Take the arguments of a command apart: rule files, and last what is asked.

    Raises:
        UsageError: something is missing, or out of range.
    """
    *rules, asked = arguments or [""]
    if not asked.strip() or _names_rules(asked):
        found = f"the last argument, `{asked}`, names rules" if asked.strip() else "there is none"
        article = "an" if kind[0] in "aeiou" else "a"
        raise UsageError(f"the last argument is to be {article} {kind}, and {found}: write {_EXAMPLES[kind]}")
    if not rules:
        raise UsageError(
            f"no rules are named before `{asked}`: give rule files or folders first, such as rules/kitchen"
        )
    if needs_state and not states:
        raise UsageError(
            "no state is named, and nothing can be decided of an unknown state: add --state FILE "
            "(an empty file, if nothing is known to hold)"
        )
    check_range(theta, seconds)
    return Question(tuple(rules), asked, tuple(states or ()), theta, engine, semiring, seconds)


_EXAMPLES = {
    "action": "it like 'put(apple_1, fridge_1)'",
    "atom": "it like 'at(apple_1, fridge_1)'",
    "query": "it like 'at(X, fridge_1)'",
}


def _names_rules(text: str) -> bool:
    """Whether an argument is a path rather than an atom: then the atom was forgotten."""
    return "(" not in text and (text.endswith((".dl", ".json", "/")) or "/" in text or "\\" in text)


def facts_of(program: Program, state: str) -> list[Fact]:
    """The facts of a state as a command names it: a file, or - for the standard input.

    Raises:
        StateError: it cannot be read, or does not fit the rules.
    """
    from mpr_logic.checker.state import read_state, state_from_text

    if state != "-":
        return read_state(program, state)
    return state_from_text(program, _standard_input())


def _standard_input() -> str:
    from mpr_logic.errors import StateError
    from mpr_logic.language.source import MAX_BYTES

    if sys.stdin is None:
        raise StateError("<stdin>: the standard input is closed: give the state in a file")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise StateError(f"<stdin>: the state is larger than {MAX_BYTES >> 20} MiB: split it")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise StateError(
            f"<stdin>: byte {error.start + 1} of the state is not UTF-8 text: send it as UTF-8"
        ) from None


@dataclass(frozen=True, slots=True)
class Situation:
    """A question, and what a guard would know of the moment beside the rules and the state."""

    asked: Question
    tools: tuple[str, ...] = ()
    now: str | None = None
    first: bool = False
    lenient: bool = False
    store: str | None = None
    param: Sequence[str] = ()
    stated: set[str] = field(default_factory=set)

    def guard(self) -> Guard:
        """A guard of the rules, in this state.

        Raises:
            MprError: the rules, the tools, the state or the store cannot be used.
            UsageError: the time is none.
        """
        from mpr_logic.guard.guard import Guard
        from mpr_logic.guard.rules import StateBatches
        from mpr_logic.guard.store import snapshot
        from mpr_logic.guard.tools import Tools, read_tools

        asked = self.asked
        now = seconds_of(self.now) if self.now is not None else 0.0
        described = [each for path in self.tools for each in read_tools(path)]
        guard = Guard(
            *asked.rules,
            tools=Tools(described) if self.tools else None,
            state=StateBatches(self._batches),
            theta=asked.theta,
            engine=asked.engine.value,
            semiring=asked.semiring.value,
            timeout=asked.seconds,
            clock=lambda: now,
            strict=not self.lenient,
            store=snapshot(self.store or ":memory:"),
            params=params_of(self.param),
        )
        guard.session("")  # so that the states are read
        if guard.rules.shared:
            guard.update()  # so that facts are asked about with the rows of the store
        return guard

    def _batches(self, program: Program) -> list[list[Fact]]:
        found = [facts_of(program, each) for each in self.asked.states]
        self.stated.update(fact.relation for batch in found for fact in batch)
        return found

    def held(self) -> Guard:
        """A guard, as above; where the rules have lost their grip, an action that is none is told of first.

        Raises:
            MprError: as above.
            StateError: the action is none.
        """
        from mpr_logic.errors import ProgramError, StateError

        try:
            return self.guard()
        except ProgramError as error:
            if self.lenient or not all(each.code.startswith("E06") for each in error.diagnostics):
                raise
            from mpr_logic.checker.checker import Checker

            checker = Checker.load(*self.asked.rules, params=params_of(self.param))
            decision = checker.check(self.asked.asked)
            bad = decision.verdict == "undecided" and isinstance(decision.reasons[0].error, StateError)
            if not self.tools and bad:
                raise StateError(decision.reasons[0].text) from None
            raise

    def missing(self, guard: Guard, read: frozenset[str]) -> None:
        """Refuse to decide where rules read what nobody has told.

        Raises:
            StateError: it says what is missing, and how to give it.
        """
        from mpr_logic.analysis.builtin_relations import HEARD, TRACED
        from mpr_logic.errors import StateError

        known = guard.session("").checker.facts()
        if "now" in read and self.now is None and "now" not in known:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `now`: give the time of the check, such as "
                "--now 2026-01-01T10:00:00Z"
            )
        lacking = sorted((read & guard.rules.shared) - self.stated) if self.store is None else []
        if lacking:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `{lacking[0]}`, which is shared: name the "
                "guard's store, --store WHERE (it is read only), or state its rows; --store :memory: begins "
                "with what the rules say"
            )
        if "called" in read and not self.first and "called" not in known:
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `called`: state the calls of the session so "
                "far, called(number, action, second), or say --first where there are none"
            )
        unheard = sorted(read & (HEARD | TRACED - {"mentions"})) if not self.first else []
        if unheard and (HEARD | TRACED).isdisjoint(known):
            raise StateError(
                f"`{self.asked.shown}` cannot be decided without `{unheard[0]}`: state what was said and "
                'returned so far, such as said(0, user, "..."), or say --first where that is nothing'
            )

    def verdict(self, guard: Guard) -> tuple[Verdict, Decision]:
        """Return the verdict that the guard would give, and the checker's decision in it.

        Raises:
            StateError: the action is none, or what decides about it is not known.
        """
        from mpr_logic.errors import StateError
        from mpr_logic.guard.written import read_call

        try:
            call = read_call(guard, self.asked.asked)
        except StateError as error:
            return self._no_action(guard, error)
        action = guard.rules.actions.of(call.tool).action
        self.missing(guard, guard.rules.needs(action).reads)
        verdict = guard.why(call.tool, call.arguments)
        if verdict.decision is None:  # the call did not come so far
            raise StateError(str(verdict.error).removeprefix("StateError: "))
        return verdict, verdict.decision

    def _no_action(self, guard: Guard, error: StateError) -> tuple[Verdict, Decision]:
        """Return the verdict on a text that is no action: an undecided decision, as a checker's."""
        from mpr_logic.guard.calls import Call
        from mpr_logic.guard.verdict import Verdict

        decision = guard.session("").checker.check(self.asked.asked)
        if decision.verdict != "undecided":
            raise error
        return Verdict(Call(self.asked.asked), "reject", {}, decision=decision), decision


def seconds_of(text: str) -> float:
    """A time, in seconds since 1970.

    Raises:
        UsageError: it is none, or names no zone.
    """
    said = f"--now is `{text[:40]}`"
    try:
        return float(int(text))
    except ValueError:
        pass
    except OverflowError:
        raise UsageError(f"{said}: that is later than any time") from None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"{said}: it is a time like 2026-01-01T10:00:00Z, or seconds since 1970") from None
    whole = found.isoformat()
    raise UsageError(f"{said}, without a zone: write {whole}Z for UTC, or its offset: {whole}+01:00")


def read_of(checker: Checker, text: str) -> frozenset[str]:
    """The relations that decide about a fact, its own too."""
    from mpr_logic.analysis.strata import read_by
    from mpr_logic.checker.parsing import literal_of

    name = literal_of(text).atom.name
    return read_by(checker.program, [name]) | {name}


def told_time(guard: Guard) -> Fact:
    """The fact that tells the time of the check."""
    from mpr_logic.analysis.program import Fact
    from mpr_logic.language.ast import Span

    return Fact("now", (int(guard.clock()),), 1.0, Span("--now", 0, 0, 0, 0))
