"""Past time under a guard: calls under way, outcomes that come late, clocks, reloads and replays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mpr_logic import Guard
from mpr_logic.guard.verdict import Verdict

LEAK = """
.action read(d: symbol)
.action confirm()
.action send(to: symbol)
@id(leak) forbid send(_) :- not succeeded confirm since succeeded read(_).
"""


def made(guard: Guard, tool: str, **arguments: Any) -> Verdict:
    """An admitted call, whose outcome is not known yet."""
    verdict = guard.check(tool, arguments)
    assert verdict.runs, verdict.message
    return verdict


def done(guard: Guard, tool: str, **arguments: Any) -> None:
    """An admitted call, which succeeds."""
    guard.record(made(guard, tool, **arguments), succeeded=True)


def may(guard: Guard, tool: str, **arguments: Any) -> bool:
    """Whether a call would run; it is taken back."""
    verdict = guard.check(tool, arguments)
    if verdict.runs:
        guard.record(verdict, succeeded=False)
    return verdict.runs


def test_a_call_under_way_counts_whatever_becomes_of_it() -> None:
    """A file that is being read counts as read, a confirmation under way does not count as given."""
    guard = Guard(text=LEAK)
    reading = made(guard, "read", d="plan")
    assert not may(guard, "send", to="eve")
    guard.record(reading, succeeded=False)
    assert may(guard, "send", to="eve")
    done(guard, "read", d="plan")
    confirming = made(guard, "confirm")
    assert not may(guard, "send", to="eve")
    guard.record(confirming, succeeded=True)
    assert may(guard, "send", to="eve")


def test_a_call_has_the_position_of_its_admission() -> None:
    """A call that was admitted before a confirmation is before it, however late it ends, of equal ones."""
    guard = Guard(text=LEAK)
    early = made(guard, "read", d="plan")
    done(guard, "confirm")
    late = made(guard, "read", d="plan")
    assert not may(guard, "send", to="eve")
    guard.record(late, succeeded=False)
    assert may(guard, "send", to="eve")  # the early one is confirmed, whatever becomes of it
    guard.record(early, succeeded=True)
    assert may(guard, "send", to="eve")
    guard = Guard(text=LEAK)
    early = made(guard, "read", d="plan")
    done(guard, "confirm")
    late = made(guard, "read", d="plan")
    guard.record(early, succeeded=False)
    guard.record(late, succeeded=True)
    assert not may(guard, "send", to="eve")


def test_many_calls_under_way_make_one_state() -> None:
    """Of many calls under way the worst state alone is looked at, for each form."""
    rules = """
    .action read(d: symbol)
    .action confirm(n: int)
    .action mail()
    .action post()
    .action ring()
    .action sign()
    forbid mail :- not succeeded confirm(_) since succeeded read(_).
    forbid post :- succeeded read(x) before succeeded confirm(_).
    forbid ring :- not failed read(_) after past confirm(_), past confirm(9).
    forbid sign :- 30 <= count : { succeeded read(_) within 1h }.
    """
    guard = Guard(text=rules)
    for n in range(20):
        made(guard, "read", d=f"d{n % 5}")
        made(guard, "confirm", n=n)
    runs = {}
    for tool in ("mail", "post", "ring", "sign"):
        verdict = guard.check(tool, {})
        assert "too many" not in verdict.message, tool
        runs[tool] = verdict.runs
    assert runs == {"mail": False, "post": True, "ring": False, "sign": True}


def test_within_asks_the_clock_of_the_guard() -> None:
    """Calls older than the span no longer count."""
    now = [1_000.0]
    rules = """
    .action send(to: symbol)
    @id(rate) forbid send(_) :- 2 <= count : { past send(_) within 1m }.
    """
    guard = Guard(text=rules, clock=lambda: now[0])
    done(guard, "send", to="ann")
    now[0] += 30
    done(guard, "send", to="ann")
    assert not may(guard, "send", to="bert")
    now[0] += 31
    assert may(guard, "send", to="bert")


@pytest.mark.parametrize(
    "body",
    [
        "past any within 1m",
        "1 <= count : { past send(_) within 1m }",
        "called_at(_, send, T), within(T, 1m)",
        "called_at(time: T, number: _, action: _), W = 1m, within(T, W)",
        "1 <= count : { called_at(_, send, T), within(T, 1m) }",
        "sent(T), within(T, 1m)",
        "1 <= count : { sent(T), within(T, 1m) }",
        "sent(T), now_at(Now), T <= Now, Now - T <= 1m",
        "called_at(N, send, T), 0 = count : { called(N, _, _), not within(T, 1m) }",
    ],
)
@pytest.mark.parametrize(("passed", "open"), [(-86400, False), (-1, False), (60, False), (61, True)])
def test_a_clock_that_is_set_back(body: str, passed: int, open: bool) -> None:
    """A call is never in the future: one that a later clock told of was made just now."""
    now = [1_000_000.0]
    rules = ".action send(to: symbol)\n.decl sent(t: time)\nsent(T) :- called_at(_, send, T).\n"
    rules += f"forbid send(_) :- {body}."
    guard = Guard(text=rules, clock=lambda: now[0])
    done(guard, "send", to="ann")
    now[0] += passed
    assert may(guard, "send", to="bert") == open


def test_other_times_may_be_in_the_future() -> None:
    """A time that is of no call is not within the last minute before it is there."""
    rules = """
    .action send(to: symbol)
    .decl due(at: time) input
    due("1970-01-01T01:00:00Z").
    forbid send(_) :- due(T), not within(T, 1m).
    """
    now = [3500.0]
    guard = Guard(text=rules, clock=lambda: now[0])
    assert not may(guard, "send", to="ann")
    now[0] = 3605
    assert may(guard, "send", to="ann")


def test_positions_join_with_the_times_of_calls() -> None:
    """The number in `called_at` is the position, also of calls that the history does not keep."""
    now = [0.0]
    rules = """
    .action read(d: symbol)
    .action look()
    .action send(to: symbol)
    @id(soon) @because("{D} was read at {T}")
    forbid send(_) :- past read(D) at I, called_at(I, read, T), T > "1970-01-01T00:00:15Z".
    """
    guard = Guard(text=rules, clock=lambda: now[0])
    for tool, arguments in (("look", {}), ("read", {"d": "a"}), ("look", {}), ("read", {"d": "b"})):
        now[0] += 10
        done(guard, tool, **arguments)
        if arguments == {"d": "a"}:
            verdict = guard.check("send", {"to": "x"})
    assert "a was read at 1970-01-01T00:00:20Z" in verdict.message
    verdict = guard.check("send", {"to": "x"})
    assert "b was read at 1970-01-01T00:00:40Z" in verdict.message


def test_new_rules_see_the_calls_where_they_were(tmp_path: Path) -> None:
    """After a reload positions, times and outcomes are those of before, though the new rules state calls."""
    now = [100.0]
    first = """
    .action read(d: symbol)
    .action look()
    .action confirm()
    .action send(to: symbol)
    forbid look :- past read(none), past confirm, now(_), called(_, send, _).
    """
    file = tmp_path / "rules.dl"
    file.write_text(first)
    guard = Guard(file, clock=lambda: now[0])
    done(guard, "look")
    done(guard, "read", d="plan")
    confirming = made(guard, "confirm")
    reading = made(guard, "read", d="plan")
    file.write_text(
        first
        + """
    past look. failed look.
    @id(leak) forbid send(ann) :- not succeeded confirm since succeeded read(_).
    @id(young) forbid send(bert) :- past read(_) within 1m.
    @id(place) forbid send(carl) :- past confirm at I, called(I, confirm, _), past read(plan) at I + 1.
    """
    )
    assert guard.reload(force=True)
    guard.record(confirming, succeeded=True)
    assert not may(guard, "send", to="ann")
    guard.record(reading, succeeded=False)
    assert may(guard, "send", to="ann")
    assert not may(guard, "send", to="bert")
    assert not may(guard, "send", to="carl")
    now[0] += 61
    assert may(guard, "send", to="bert")
