"""Calls of one turn cannot pass a limit together: one that is admitted counts against the next at once."""

from __future__ import annotations

import pytest

from mpr_logic.guard.guard import Guard

RULES = ("rules/tools/world", "rules/tools/closed")


def guard_of(**facts: list[list[object]]) -> Guard:
    """A guard of the bundled rules for tools, with these facts."""
    return Guard(*RULES, state={"facts": facts})


@pytest.mark.parametrize("calls", [2, 3, 8])
def test_payments_of_one_turn_share_the_limit(calls: int) -> None:
    """Of equal payments that fit the limit once, one is admitted, however many are proposed at once."""
    guard = guard_of(ledger=[["acct_7"]], limit=[[900]], spent=[[250]])
    found = [guard.check("pay", {"a": "acct_7", "n": 500}, id=str(i)).runs for i in range(calls)]
    assert found == [True] + [False] * (calls - 1)


def test_a_smaller_payment_still_fits() -> None:
    """A payment is admitted that fits what the limit leaves beside the payments under way."""
    guard = guard_of(ledger=[["acct_7"]], limit=[[900]], spent=[[250]])
    found = [guard.check("pay", {"a": "acct_7", "n": n}).runs for n in (500, 500, 150, 1)]
    assert found == [True, False, True, False]


def test_mails_of_one_turn_share_their_number() -> None:
    """No more mails are sent at once than may be sent one after the other."""
    guard = guard_of(
        has_read=[["hello"]],
        most_mails=[[5]],
        mails=[[3]],
        contact=[["ann@house"]],
        met_address=[["ann@house"]],
        domain=[["@house"]],
    )
    found = [guard.check("send_mail", {"a": "ann@house", "s": "hello"}).runs for _ in range(4)]
    assert found == [True, True, False, False]
