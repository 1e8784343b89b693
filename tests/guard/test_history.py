"""The history of a guard's sessions counts calls: each admitted one once, on every path that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog, read_log
from tests.helpers.examples import at_most

ACTIONS = ".action pay(to: symbol, amount: int)\n"
COUNTING = (
    ACTIONS
    + """
@id(most) @because("{S} were paid: {M} is the most")
forbid pay(T, A) :- S = sum B : { succeeded pay(T, B) }, M = 100, S + A > M.
@id(often) @because("{N} calls")
forbid pay(_, _) :- N = count : { past pay(_, _) }, N >= 4.
"""
)
SET_ONLY = ACTIONS + '@because("again")\nforbid pay(T, 0) :- past pay(T, 0).\n'
PAY = {"to": "bob", "amount": 40}


def paid(guard: Guard, succeeded: bool | None = True, session: str = "") -> bool:
    """Make the same payment once more, if the guard lets it; whether it did."""
    verdict = guard.check("pay", PAY, session=session)
    if verdict.runs:
        guard.record(verdict, succeeded)
    return verdict.runs


def test_equal_payments_reach_the_limit() -> None:
    """Two payments of 40 leave room for no third, in each session by itself."""
    guard = Guard(text=COUNTING)
    assert [paid(guard) for _ in range(3)] == [True, True, False]
    assert [paid(guard, session="other") for _ in range(3)] == [True, True, False]


@settings(max_examples=at_most(25), deadline=None)
@given(st.lists(st.sampled_from([True, False, None]), max_size=8))
def test_an_admitted_call_is_one_whatever_becomes_of_it(outcomes: list[bool | None]) -> None:
    """A call enters `past` once, when it is admitted, and its outcome once; one that nobody can tell may have
    been a success."""
    guard, tried, good = Guard(text=COUNTING), 0, 0
    for outcome in outcomes:
        runs = paid(guard, outcome)
        assert runs == (tried < 4 and (good + 1) * 40 <= 100)
        tried += runs
        good += runs and outcome is not False


def test_a_session_that_moves_to_new_rules_keeps_each_call(tmp_path: Path) -> None:
    """Equal calls stay several when the rules are replaced, by rules that count or that begin to."""
    path = tmp_path / "rules.dl"
    for before in (COUNTING, SET_ONLY):
        path.write_text(before)
        guard = Guard(path)
        assert paid(guard)
        assert paid(guard)
        waiting = guard.check("pay", {"to": "bob", "amount": 20})
        assert waiting.runs
        path.write_text(COUNTING + "% changed\n")
        assert guard.reload()
        assert not paid(guard)
        guard.record(waiting, True)
        assert not guard.check("pay", {"to": "bob", "amount": 1}).runs
        assert guard.check("pay", {"to": "ann", "amount": 1}).runs
        assert not guard.check("pay", {"to": "ann", "amount": 1}).runs  # the fifth


def test_what_rules_begin_to_read_is_entered_while_it_runs(tmp_path: Path) -> None:
    """A call under way counts as tried once new rules read the history."""
    path = tmp_path / "rules.dl"
    path.write_text(ACTIONS)
    guard = Guard(path)
    waiting = [guard.check("pay", PAY) for _ in range(4)]
    path.write_text(COUNTING)
    assert guard.reload()
    assert not guard.check("pay", PAY).runs
    for each in waiting[:2]:
        guard.record(each, False)
    told = guard.check("pay", PAY)
    assert "4 calls" in told.message


ORDERS = """
.action order(lines: any)
@id(spent) @because("{S} spent, {A} more")
forbid order(L) :- S = sum B : { succeeded order(K), item(K, _, X), field(X, amount, B) },
    A = sum C : { item(L, _, Y), field(Y, amount, C) }, S + A > 500.
@id(seats) @because("{N} of {M} seats")
forbid order(L) :- N = count : { item(L, _, _) }, M = 4, N > M.
"""


@pytest.mark.heavy
@settings(max_examples=at_most(40), deadline=None)
@given(st.lists(st.lists(st.sampled_from([60, 90]), max_size=6), max_size=8))
def test_lists_of_all_calls_are_summed_place_by_place(orders: list[list[int]]) -> None:
    """Equal places of a list and equal calls are told apart, together."""
    guard, spent = Guard(text=ORDERS), 0
    for order in orders:
        lines = [{"amount": each} for each in order]
        verdict = guard.check("order", {"lines": lines})
        assert verdict.runs == (spent + sum(order) <= 500 and len(order) <= 4)
        if verdict.runs:
            guard.record(verdict, True)
            spent += sum(order)


def test_a_log_is_replayed_call_by_call(tmp_path: Path) -> None:
    """Equal calls of a log are several; a log that is read twice tells of each once."""
    path = tmp_path / "log.jsonl"
    guard = Guard(text=COUNTING, log=DecisionLog(path))
    assert paid(guard)
    assert paid(guard, False)
    guard.close()
    again = Guard(text=COUNTING)
    for _ in range(2):
        again.replay(read_log(path))
    assert paid(again, False)
    assert paid(again, False)
    assert "4 calls" in again.check("pay", PAY).message


def test_rules_that_begin_to_look_into_lists_see_the_calls_before(tmp_path: Path) -> None:
    """Orders from before a reload count under rules that only now add up the places of a list."""
    before = """
.action order(lines: any)
forbid order(_) :- N = count : { past order(_) }, N > 9.
"""
    after = """
.action order(lines: any)
forbid order(L) :-
    T = sum A : { succeeded order(K), item(K, _, A) }, S = sum A : { item(L, _, A) }, T + S > 150.
"""
    path = tmp_path / "rules.dl"
    path.write_text(before)
    guard = Guard(path)
    guard.record(guard.check("order", {"lines": [60, 60]}), True)
    path.write_text(after)
    assert guard.reload(force=True)
    assert guard.check("order", {"lines": [10, 10]}).runs
    assert not guard.check("order", {"lines": [60, 60]}).runs
    assert not guard.check("order", {"lines": [31]}).runs  # 120 ordered, 20 under way
