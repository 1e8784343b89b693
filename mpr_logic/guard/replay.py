"""Replay: rules decide about the calls of a recorded conversation, each with what was known at that moment.

The history is that of the recording, whatever the rules say: a call that ran counts as tried, with its own
outcome. So a replay shows what the rules would have said up to the first call that they stop; what an agent
would have done after it nobody can tell.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_args
from typing import Literal as OneOf

from mpr_logic.checker.checker import THETA
from mpr_logic.checker.disclosure import decision_json, for_operator
from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.recordings.messages import Unread
from mpr_logic.guard.store import snapshot
from mpr_logic.guard.tools import Tools, read_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from mpr_logic.guard.conversation import Message, ToolCall
    from mpr_logic.guard.recordings.recording import Known, Recording
    from mpr_logic.guard.verdict import Verdict

Outcome = OneOf[
    "rejected",
    "escalated",
    "uninformed",
    "unfit",
    "undecided",
    "rewritten",
    "advised",
    "admitted",
    "undeclared",
]
"""The answer of the rules to a call. ``unfit``: its arguments do not fit the declaration. ``advised``: it is
admitted, and a rule below theta speaks against it. ``undeclared``: neither a rule nor a schema declares its
tool."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)[:-1]
"""The gravest first, without ``undeclared``: a call of such a tool is not decided."""

STOPS = frozenset(OUTCOMES[:5])
"""A call does not run by these."""

Place: TypeAlias = tuple[int, int]
"""The place of a call in a recording: that of its message, and its own among the calls of the message."""

_SESSION = "replay"


@dataclass(frozen=True, slots=True)
class ReplaySetup:
    """The rules that decide, and what they are given; one that other processes can be sent.

    Args:
        rules: rule files, and folders of them.
        tools: files of the tools' schemas; without, the rules declare the tools.
        state: a file of facts that each conversation begins with.
        theta: the weight from which a forbid rejects.
        seconds: the time that a check may take.
        strict: whether rules that have lost their grip are an error.
        params: the values of the rules' parameters.
        now: the time of all checks, in seconds since 1970; None for the recordings' own clock.
    """

    rules: tuple[str, ...]
    tools: tuple[str, ...] = ()
    state: str | None = None
    theta: float = THETA
    seconds: float = 2.0
    strict: bool = True
    params: Mapping[str, Any] | None = None
    now: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision about a recorded call with its proofs and repairs: as text, and as JSON."""

    text: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """A call of a recording, and what the rules say of it.

    Args:
        number: of the call in its recording, from 1.
        call: as the model proposed it.
        outcome: what the rules say of it.
        rules: the ids of the rules that say it.
        message: the rules' words, or what does not fit.
        seconds: the time that the decision took.
        explanation: where one was asked for, and rules decided.
    """

    number: int
    call: ToolCall
    outcome: Outcome
    rules: tuple[str, ...] = ()
    message: str = ""
    seconds: float = 0.0
    explanation: Explanation | None = None

    @property
    def stops(self) -> bool:
        """Whether the call would not have run."""
        return self.outcome in STOPS

    @property
    def size(self) -> tuple[int, int]:
        """The amount to read: the calls before it, and the characters of its arguments."""
        return self.number, len(json.dumps(dict(self.call.arguments), default=str))


class Replayer:
    """Decides about recorded calls by one set of rules.

    Raises:
        MprError: the rules, the tools or the state cannot be used.
    """

    def __init__(self, setup: ReplaySetup) -> None:
        self._now = time.time() if setup.now is None else setup.now
        self._own_clock = setup.now is None
        self._at = self._now
        described = [each for path in setup.tools for each in read_tools(path)]
        self.guard = Guard(
            *setup.rules,
            tools=Tools(described) if setup.tools else None,
            mode="shadow",  # a recorded call ran, whatever is said of it
            state=setup.state,
            theta=setup.theta,
            timeout=setup.seconds,
            strict=setup.strict,
            store=snapshot(":memory:"),
            clock=lambda: self._at,
            params=setup.params,
            prepare=True,
        )

    def decide(self, recording: Recording, explain: Container[int] = ()) -> Iterator[Decided]:
        """Decide about the calls of a recording, in order.

        Args:
            recording: the conversation.
            explain: the numbers of the calls whose decisions are to be explained.

        Raises:
            StateError: what a call brought about does not fit the rules.
        """
        self.guard.end(_SESSION)
        tick = self._tick if self._own_clock else None
        self._at = self._began(recording.messages)
        for each in played(self.guard, _SESSION, recording, tick):
            verdict = each.decide()
            if verdict is None:
                yield Decided(each.number, each.call, "undeclared")
                continue
            decided = _decided(each.number, each.call, verdict)
            yield replace(decided, explanation=_explained(verdict)) if each.number in explain else decided
        self.guard.end(_SESSION)

    def _tick(self, at: float) -> None:
        self._at = at

    def _began(self, messages: tuple[Message, ...]) -> float:
        """The first time that a recording tells; where it tells none, that of the replay."""
        if not self._own_clock:
            return self._now
        return next((each.at for each in messages if each.at is not None), self._now)


class PlayedCall(NamedTuple):
    """A call of a recording at its moment. ``decide`` gives the verdict, and enters the call as it was made;
    None where neither a rule nor a schema declares its tool."""

    number: int
    call: ToolCall
    decide: Callable[[], Verdict | None]


def played(
    guard: Guard, session: str, recording: Recording, tick: Callable[[float], None] | None
) -> Iterator[PlayedCall]:
    """The calls of a recorded conversation, each when the session has been told all that came before it.

    Args:
        guard: in shadow mode, since a recorded call ran, whatever is said of it.
        session: the name of the session.
        recording: the conversation.
        tick: is told each time that the recording tells; None where its clock is another.

    Raises:
        StateError: what a call brought about does not fit the rules.
    """
    messages, results = recording.messages, answered_calls(recording.messages)
    stopped = refused_calls(messages, results)
    made: dict[Place, Verdict] = {}
    number = 0

    def decide(call: ToolCall, at: Place) -> Verdict | None:
        arguments = call.arguments
        given = arguments.given if isinstance(arguments, Unread) else dict(arguments)
        if guard.rules.actions.find(call.tool) is None:
            return None
        if at in stopped:  # it was not made
            return guard.why(call.tool, given, session=session)
        verdict = made[at] = guard.check(call.tool, given, id=call.id, session=session, ask=False)
        return verdict

    for place, message in enumerate(messages):
        if message.at is not None and tick is not None:
            tick(message.at)
        if guard.hears and not message.refused:
            guard.hear(message, session=session)
        for each, call in enumerate(message.calls):
            number += 1
            yield PlayedCall(number, call, partial(decide, call, (place, each)))
        if place in results and results[place] in made:
            _record(guard, made.pop(results[place]), not message.error, effects=not recording.known)
        if place in recording.known:
            _learn(guard, session, recording.known[place], made)


def _learn(guard: Guard, session: str, known: Known, made: dict[Place, Verdict]) -> None:
    """Enter what the agent knows of its world since a message. A call without a result has ended."""
    for of in list(made):
        _record(guard, made.pop(of), None, effects=False)
    guard.update(known.added, known.removed, session=session)


def _record(guard: Guard, verdict: Verdict, succeeded: bool | None, *, effects: bool) -> None:
    """Enter how a call went."""
    try:
        guard.record(verdict, succeeded, effects=effects)
    except MprError as error:
        raise StateError(f"the result of `{verdict.call.tool[:60]}` cannot be entered: {error}") from None


def answered_calls(messages: Sequence[Message]) -> dict[int, Place]:
    """The call that each result is of, by the place of the result: that of its id, else the first of its
    tool's name, else the first that has no id, among all calls without a result."""
    found: dict[int, Place] = {}
    waiting: dict[Place, ToolCall] = {}
    for place, message in enumerate(messages):
        waiting |= {(place, each): call for each, call in enumerate(message.calls)}
        if message.role == "tool":
            of = next((at for at, call in waiting.items() if _answers(message, call)), None)
            if of is not None:
                found[place] = of
                del waiting[of]
    return found


def _answers(message: Message, call: ToolCall) -> bool:
    if message.answers:
        return call.id == message.answers
    return call.tool == message.tool if message.tool else not call.id


def refused_calls(messages: Sequence[Message], results: Mapping[int, Place]) -> frozenset[Place]:
    """The calls that a guard stopped when they were recorded, so that they never ran. That is so by what the
    recording says of a result, not by the result's text: a tool, and who writes what it reads, may say the
    same."""
    return frozenset(of for place, of in results.items() if messages[place].refused)


def _decided(number: int, call: ToolCall, verdict: Verdict) -> Decided:
    outcome, rules, message = outcome_of(verdict)
    return Decided(number, call, outcome, rules, message[:1000], verdict.seconds)


def outcome_of(verdict: Verdict) -> tuple[Outcome, tuple[str, ...], str]:
    """The answer of the rules to a call by its verdict, the ids of the rules that say it, and their words."""
    decision = verdict.decision
    message = verdict.error or ""
    if verdict.outcome in ("admit", "modify") and decision is not None:
        advice = decision.advice_by_rule
        ids = tuple(each.id for each in advice if each.id is not None)
        said = "; ".join(each.text for each in advice)
        return "rewritten" if verdict.outcome == "modify" else "advised" if advice else "admitted", ids, said
    if decision is not None and verdict.error is None:
        outcome: Outcome = "escalated" if verdict.outcome == "escalate" else "rejected"
        outcome = "uninformed" if decision.verdict == "uninformed" else outcome
        return outcome, decision.rules, "; ".join(each.text for each in decision.by_rule)
    if verdict.unfit:
        return "unfit", (), message.removeprefix("StateError: ")
    return "undecided", (), message


def _explained(verdict: Verdict) -> Explanation | None:
    """The explanation of a verdict; None where no rule was asked."""
    decision = verdict.decision
    return None if decision is None else Explanation(for_operator(decision), decision_json(decision))
