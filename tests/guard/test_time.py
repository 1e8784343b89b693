"""Times in a guard: what a call states, what effects note, what a store and a log keep."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mpr_logic.errors import StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog, read_log
from mpr_logic.language.moments import Instant

RULES = """
.action send(to: symbol, at: time)
.decl sent(to: symbol, t: time) shared
.decl last(to: symbol, t: time) key(to) changed_by("the host")
send(X, T) causes sent(X, T).
send(X, _) causes last(X, N) :- now_at(N).
@id(busy) @because("{X} was written to {D} ago")
forbid send(X, _) :- last(X, T), now_at(N), D = N - T, D < 1h.
@id(double) @because("{X} has that of {T}")
forbid send(X, T) :- sent(X, T).
"""
NOON = 1_767_268_800  # 2026-01-01T12:00:00Z
AT = {"to": "bob", "at": "2026-01-01T00:00:00+01:00"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.second = NOON

    def __call__(self) -> float:
        return self.second


def test_a_call_counts_from_its_admission_until_the_hour_is_over(tmp_path: Path) -> None:
    """A call under way counts, its effect notes when it was admitted, and the store gives a time back."""
    clock = Clock()
    guard = Guard(text=RULES, clock=clock, store=tmp_path / "calls.db")
    first = guard.check("send", AT)
    assert first.runs
    assert first.arguments == AT
    clock.second += 600
    assert not guard.check("send", {**AT, "at": "2026-01-02T00:00:00Z"}).runs  # under way
    clock.second += 600
    guard.record(first, succeeded=True)
    again = guard.check("send", {**AT, "at": "2026-01-02T00:00:00Z"})
    assert again.message.splitlines()[1:] == ["- because bob was written to 20m ago"]
    clock.second += 2400
    assert guard.check("send", {**AT, "at": "2026-01-02T00:00:00Z"}).runs
    other = Guard(text=RULES, clock=clock, store=tmp_path / "calls.db")
    utc = {"to": "bob", "at": "2025-12-31T23:00:00Z"}
    assert other.check("send", utc).message.splitlines()[1:] == [
        "- because bob has that of 2025-12-31T23:00:00Z"
    ]


@pytest.mark.parametrize("value", ["tomorrow", "2026-01-01", "2026-01-01T00:00:00", 17, True, None])
def test_a_text_that_is_no_time_is_ill_typed(value: object) -> None:
    """A call whose time is none is rejected, whatever the rules say, and told how a time is written."""
    guard = Guard(text=".action send(to: symbol, at: time)")
    verdict = guard.check("send", {"to": "bob", "at": value})
    assert not verdict.runs
    assert "takes `time`" in verdict.message or value is None


def test_a_log_is_replayed_with_its_own_clock(tmp_path: Path) -> None:
    """The times of a moment are read back from the log as they were, whatever the clock says now."""
    rules = RULES.replace(" shared", ' changed_by("the host")')
    clock, path = Clock(), tmp_path / "log.jsonl"
    hosts = {"seen": lambda call: [("bob", "2026-01-01T10:00:00Z")]}
    rules += ".decl seen(to: symbol, t: time) input\nsend(X, _) causes sent(X, T) :- seen(X, T).\n"
    guard = Guard(text=rules, clock=clock, log=DecisionLog(path), relations=hosts)
    guard.record(guard.check("send", AT), succeeded=True)
    later = Guard(text=rules, clock=lambda: NOON + 10**6, relations=hosts)
    later.replay(read_log(path))
    kept = guard.session("").checker.facts()
    assert later.session("").checker.facts() == kept
    assert set(kept["sent"]) == {("bob", Instant.read(t)) for t in ("2025-12-31T23:00Z", "2026-01-01T10:00Z")}


def test_states_and_updates_hold_times() -> None:
    """A fact's text is a time in whatever zone it is written; one that is none is refused."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    guard = Guard(text=RULES.replace(" shared", ""), clock=lambda: NOON + 60)
    checker = guard.session("").checker
    checker.update(add=['last(bob, "2026-01-01T13:00:00+01:00")'])
    assert list(checker.query("last(bob, T)")) == [("bob", Instant.of(at))]
    assert checker.query('last(bob, "2026-01-01T12:00:00Z")')
    assert not guard.check("send", AT).runs
    with pytest.raises(StateError, match="takes `time`"):
        checker.update(add=["last(bob, yesterday)"])


SPANS = """
.action send(to: symbol)
.action deploy(service: symbol)
@id(rate) @because("three sends in an hour are enough")
forbid send(_) :- 3 <= count : { called_at(_, send, T), within(T, 1h) }.
@id(hours) @because("deploy while somebody is there")
forbid deploy(_) :- not during("mon-fri 09:00-17:00 Europe/Berlin").
"""


def test_three_in_an_hour() -> None:
    """A call counts from its admission for an hour, and no longer."""
    clock = Clock()
    guard = Guard(text=SPANS, clock=clock)
    admitted = []
    for _ in range(12):
        verdict = guard.check("send", {"to": "bob"})
        admitted.append(verdict.runs)
        if verdict.runs:
            guard.record(verdict, succeeded=True)
        clock.second += 1000
    assert admitted == [True, True, True, False] * 3


def test_office_hours_are_those_of_the_zone() -> None:
    """The same second is in the hours of a zone or not, whatever the machine's zone is."""
    clock = Clock()
    guard = Guard(text=SPANS, clock=clock)
    found = []
    for text in ("2026-03-27T16:00Z", "2026-03-27T15:59Z", "2026-03-30T07:00Z", "2026-03-30T06:59Z"):
        time = Instant.read(text)
        assert time is not None
        clock.second = int(time.datetime.timestamp())
        found.append(guard.check("deploy", {"service": "shop"}).runs)
    assert found == [False, True, True, False]  # summer time began on the 29th


def test_why_not_shows_what_the_author_wrote() -> None:
    """A span and an aggregate that fail are shown as they stand in the rule, with their values."""
    guard = Guard(text=SPANS, clock=lambda: NOON)
    guard.check("send", {"to": "bob"})
    checker = guard.session("").checker
    checker.update(add=[f"now({NOON})"])
    answer = str(checker.why_not("send(bob)"))
    assert "3 <= count : { called_at(_, send, T), within(T, 1h) } fails: 3 <= 1 is false" in answer
    answer = str(checker.why_not("deploy(shop)"))
    assert (
        'not during("mon-fri 09:00-17:00 Europe/Berlin") fails: not during("2026-01-01T12:00:00Z"' in answer
    )
