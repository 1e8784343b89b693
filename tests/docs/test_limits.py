"""The recipes for limits admit what is left, and nothing beyond it, however the calls go."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.guard.guard import Guard
from tests.helpers.pages import DOCS, blocks

pytest.importorskip("pydantic")

RECIPES = {
    block.file[0]: block.file[1] for block in blocks(DOCS / "how-to" / "limits.md") if block.file is not None
}
OUTCOMES = st.sampled_from([True, False, None])


def settle(guard: Guard, verdict: Any, outcome: bool | None) -> int:
    """Tell how an admitted call went; returns 1 where it counts on, 0 where it gives back what it held."""
    if outcome is not None:
        guard.record(verdict, succeeded=outcome)
    return 0 if outcome is False else 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["rent", "food", "else"]), st.integers(-900, 900), OUTCOMES), max_size=12
    )
)
def test_a_limit_for_each_account(calls: list[tuple[str, int, bool | None]]) -> None:
    """A payment is admitted exactly where it is above 0 and fits what is left of its account."""
    guard, left = Guard(text=RECIPES["accounts.dl"]), {"rent": 2000, "food": 300, "else": 0}
    for account, n, outcome in calls:
        verdict = guard.check("pay", {"account": account, "n": n})
        assert verdict.runs == (0 < n <= left[account])
        if verdict.runs:
            left[account] -= n * settle(guard, verdict, outcome)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["rent", "food"]), st.integers(-50, 110), st.booleans()),
        max_size=12,
    )
)
def test_a_limit_for_each_day(calls: list[tuple[int, str, int, bool]]) -> None:
    """Each day has its own limit for each account, and a day that comes again has what was left of it."""
    guard, spent = Guard(text=RECIPES["days.dl"]), defaultdict[tuple[int, str], int](int)
    assert not guard.check("pay", {"account": "rent", "n": 1}).runs
    for day, account, n, outcome in calls:
        guard.update(add=[f"today({day})"])
        verdict = guard.check("pay", {"account": account, "n": n})
        assert verdict.runs == (n > 0 and spent[day, account] + n <= 100)
        if verdict.runs:
            spent[day, account] += n * settle(guard, verdict, outcome)


@given(st.lists(st.integers(0, 1800), max_size=12))
def test_mails_in_an_hour(pauses: list[int]) -> None:
    """No hour has more than three mails, and a fourth is sent once the first is an hour old."""
    now = [1_000_000]
    guard, sent = Guard(text=RECIPES["mails.dl"], clock=lambda: float(now[0])), list[int]()
    for pause in pauses:
        now[0] += pause
        runs = guard.check("send_email", {"to": "ann@us"}).runs
        assert runs == (sum(at > now[0] - 3600 for at in sent) < 3)
        sent += [now[0]] * runs


AMOUNTS = st.one_of(st.integers(-60, 60), st.sampled_from(["50", None, True, [50], {"amount": 50}]))
PAYMENTS = st.one_of(
    st.builds(lambda amount: {"amount": amount}, AMOUNTS), st.sampled_from([{}, 50, "50", [{"amount": 50}]])
)


@given(st.lists(st.tuples(st.lists(PAYMENTS, max_size=3), OUTCOMES), max_size=8))
def test_a_limit_over_lists(calls: list[tuple[list[Any], bool | None]]) -> None:
    """Lists are admitted exactly where all their amounts are numbers above 0 that fit together."""
    guard, left = Guard(text=RECIPES["lists.dl"]), 100
    for payments, outcome in calls:
        amounts = [each.get("amount") if isinstance(each, dict) else None for each in payments]
        whole = [n for n in amounts if type(n) is int and n > 0]
        verdict = guard.check("pay_all", {"payments": payments})
        assert verdict.runs == (len(whole) == len(amounts) and sum(whole) <= left)
        if verdict.runs:
            left -= sum(whole) * settle(guard, verdict, outcome)


def test_a_limit_over_guards_at_once(tmp_path: Path) -> None:
    """Of calls at once through several guards of one store just as many are admitted as fit."""
    guards = [Guard(text=RECIPES["shared.dl"], store=tmp_path / "limits.db") for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(guards[i % 3].check, "pay", {"n": 30}, session=f"s{i}") for i in range(6)]
        assert sum(call.result().runs for call in calls) == 3
    assert not guards[0].check("pay", {"n": -1000}).runs
    for guard in guards:
        guard.close()
