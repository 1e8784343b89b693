"""Replay: rules decide about the calls of a recorded conversation, each with what was known at that moment.

The history is that of the recording, whatever the rules say: a call that ran counts as tried, with its own
outcome. So a replay shows what the rules would have said up to the first call that they stop; what an agent
would have done after it nobody can tell.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args
from typing import Literal as OneOf

from mpr_logic.checker.checker import THETA
from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.recordings.messages import Unread
from mpr_logic.guard.store import snapshot
from mpr_logic.guard.tools import Tools, read_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.guard.conversation import Message, ToolCall
    from mpr_logic.guard.recordings.recording import Recording
    from mpr_logic.guard.verdict import Verdict

Said = OneOf[
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
"""What rules say of a call. ``unfit``: its arguments do not fit the declaration. ``advised``: it is admitted,
and a rule below theta speaks against it. ``undeclared``: no rule and no schema declares its tool."""

OUTCOMES: tuple[Said, ...] = get_args(Said)[:-1]
"""The gravest first, without ``undeclared``: a call of such a tool is not decided."""

STOPS = frozenset(OUTCOMES[:5])
"""A call does not run by these."""

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
class Decided:
    """A call of a recording, and what the rules say of it.

    Args:
        number: of the call in its recording, from 1.
        call: as the model proposed it.
        said: what the rules say.
        rules: the ids of the rules that say it.
        message: the rules' words, or what does not fit.
        seconds: the time that the decision took.
    """

    number: int
    call: ToolCall
    said: Said
    rules: tuple[str, ...] = ()
    message: str = ""
    seconds: float = 0.0

    @property
    def stops(self) -> bool:
        """Whether the call would not have run."""
        return self.said in STOPS

    @property
    def size(self) -> tuple[int, int]:
        """How much there is to read of it: the calls before it, and the characters of its arguments."""
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
        )

    def decide(self, recording: Recording) -> Iterator[Decided]:
        """Decide about the calls of a recording, in order.

        Raises:
            StateError: what a call brought about does not fit the rules.
        """
        self.guard.end(_SESSION)
        stopped = refused_calls(recording.messages)
        self._at = self._began(recording.messages)
        waiting: list[tuple[ToolCall, Verdict]] = []
        number = 0
        for place, message in enumerate(recording.messages):
            if message.at is not None and self._own_clock:
                self._at = message.at
            if self.guard.hears and not message.refused:
                self.guard.hear(message, session=_SESSION)
            for each, call in enumerate(message.calls):
                number += 1
                arguments = call.arguments
                given = arguments.given if isinstance(arguments, Unread) else dict(arguments)
                if self.guard.rules.actions.find(call.tool) is None:
                    yield Decided(number, call, "undeclared")
                    continue
                if (place, each) in stopped:  # it was not made
                    verdict = self.guard.why(call.tool, given, session=_SESSION)
                else:
                    verdict = self.guard.check(call.tool, given, id=call.id, session=_SESSION, ask=False)
                    waiting.append((call, verdict))
                yield _decided(number, call, verdict)
            if message.role == "tool" and not message.refused:
                self._record(message, waiting)
        self.guard.end(_SESSION)

    def _began(self, messages: tuple[Message, ...]) -> float:
        """The first time that a recording tells; where it tells none, that of the replay."""
        if not self._own_clock:
            return self._now
        return next((each.at for each in messages if each.at is not None), self._now)

    def _record(self, message: Message, waiting: list[tuple[ToolCall, Verdict]]) -> None:
        """Enter how a call went."""
        place = answered(message, (call for call, _ in waiting))
        if place is None:
            return
        call, verdict = waiting.pop(place)
        try:
            self.guard.record(verdict, not message.error)
        except MprError as error:
            raise StateError(f"the result of `{call.tool[:60]}` cannot be entered: {error}") from None


def answered(message: Message, waiting: Iterable[ToolCall]) -> int | None:
    """The place of the call that a result is of, among those without one: by its id, else by the tool's name,
    else the first that has no id. None where there is none."""
    return next((place for place, call in enumerate(waiting) if _answers(message, call)), None)


def _answers(message: Message, call: ToolCall) -> bool:
    if message.answers:
        return call.id == message.answers
    return call.tool == message.tool if message.tool else not call.id


def refused_calls(messages: Sequence[Message]) -> frozenset[tuple[int, int]]:
    """The calls that a guard stopped when they were recorded, so that they never ran: each by the places of
    its message, and of it there. That is so by what the recording says of a result, not by the result's text:
    a tool, and who writes what it reads, may say the same."""
    found: set[tuple[int, int]] = set()
    places: list[tuple[int, int]] = []
    waiting: list[ToolCall] = []
    for place, message in enumerate(messages):
        places += [(place, each) for each in range(len(message.calls))]
        waiting += message.calls
        at = answered(message, waiting) if message.role == "tool" else None
        if at is not None:
            waiting.pop(at)
            of = places.pop(at)
            found |= {of} if message.refused else set()
    return frozenset(found)


def _decided(number: int, call: ToolCall, verdict: Verdict) -> Decided:
    decision = verdict.decision
    said: Said = "undecided"
    rules: tuple[str, ...] = ()
    message = verdict.error or ""
    if verdict.outcome in ("admit", "modify") and decision is not None:
        advice = decision.advice_by_rule
        said = "rewritten" if verdict.outcome == "modify" else "advised" if advice else "admitted"
        rules = tuple(each.id for each in advice if each.id is not None)
        message = "; ".join(each.text for each in advice)
    elif decision is not None and verdict.error is None:
        said = "escalated" if verdict.outcome == "escalate" else "rejected"
        said = "uninformed" if decision.verdict == "uninformed" else said
        rules = decision.rules
        message = "; ".join(each.text for each in decision.by_rule)
    elif message.startswith("StateError: "):
        said, message = "unfit", message.removeprefix("StateError: ")
    return Decided(number, call, said, rules, message[:1000], verdict.seconds)
