"""Slips in rules about a conversation: each is told, and its fix is right."""

from __future__ import annotations

import pytest

from mpr_logic.guard.conversation import Message
from mpr_logic.guard.guard import Guard
from tests.analysis.found import found

HEAD = """.action pay(to: symbol, amount: int)
.action get_account(id: symbol)
"""
LAST = 'forbid pay(_, _) :- last_said(user, T), contains(lower(T), "no").'

# what was written, the code, and what was meant, which rejects a payment of 500 after the talk below
SLIPS = [
    ('forbid pay(_, _) :- last_said(human, T), contains(lower(T), "no").', "E0650", LAST),
    ('forbid pay(_, _) :- last_said("User", T), contains(lower(T), "no").', "E0650", LAST),
    ('forbid pay(_, _) :- last_said(customer, T), contains(lower(T), "no").', "E0650", LAST),
    (
        'forbid pay(_, _) :- said(_, developer, T), contains(T, "never pay").',
        "E0650",
        'forbid pay(_, _) :- said(_, system, T), contains(T, "never pay").',
    ),
    (
        'forbid pay(_, _) :- said(_, model, T), contains(T, "shall I").',
        "E0650",
        'forbid pay(_, _) :- said(_, assistant, T), contains(T, "shall I").',
    ),
    (
        'forbid pay(_, _) :- said(_, tool, T), contains(T, "blocked").',
        "E0650",
        'forbid pay(_, _) :- returned(_, _, T), T is symbol, contains(T, "blocked").',
    ),
    ('forbid pay(_, _) :- last_said(user, "no").', "W0651", LAST),
    ("forbid pay(_, _) :- not last_said(user, yes).", "W0651", LAST),
    (
        "forbid pay(_, _) :- argument(amuont, A), A is int, A > 100.",
        "E0651",
        "forbid pay(_, _) :- argument(amount, A), A is int, A > 100.",
    ),
    (
        "forbid pay(_, _) :- argument(id, A), A is symbol, contains(A, ann).",
        "E0651",
        "forbid pay(_, _) :- argument(to, A), A is symbol, contains(A, ann).",
    ),
    (
        'forbid pay(_, _) :- returned(_, get_acount, V), field(V, state, "blocked").',
        "W0650",
        'forbid pay(_, _) :- returned(_, get_account, V), field(V, state, "blocked").',
    ),
    (
        "forbid pay(_, _) :- newest(getAccount, _).",
        "W0650",
        "forbid pay(_, _) :- newest(get_account, _).",
    ),
    ('forbid pay(_, _) :- said(-1, user, T), contains(T, "pay").', "E0605", LAST),
    ("forbid pay(_, _) :- newest(_, get_account).", "E0207", "forbid pay(_, _) :- newest(get_account, _)."),
    (
        '.decl said(text: symbol) input\nforbid pay(_, _) :- said(0, user, T), contains(T, "pay").',
        "E0223",
        'forbid pay(_, _) :- said(_, user, T), contains(T, "pay").',
    ),
    ('said(0, user, "pay").\nforbid pay(_, _).', "E0224", "forbid pay(_, _)."),
    (
        "forbid pay(_, _) :- last_said(T), contains(T, no).",
        "E0203",
        LAST,
    ),
    (
        "forbid pay(_, N) :- argument(N, A), A is int, A > 100.",
        "E0206",
        "forbid pay(_, _) :- argument(_, A), A is int, A > 100.",
    ),
]


@pytest.mark.parametrize(("wrong", "code", "right"), SLIPS)
def test_slips(wrong: str, code: str, right: str) -> None:
    """The slip has its code and no other, and what was meant has none and rejects the call."""
    assert {each.code for each in found(HEAD + wrong)} == {code}
    assert found(HEAD + right) == []
    guard = Guard(text=HEAD + right)
    guard.hear(
        Message("system", "never pay twice"),
        Message("user", "pay ann 500"),
        Message("assistant", "shall I?"),
        Message("tool", tool="get_account", content={"state": "blocked"}),
        Message("tool", tool="get_account", content="blocked"),
        Message("user", "No, thanks."),
    )
    assert not guard.check("pay", {"to": "ann", "amount": 500}).runs


@pytest.mark.parametrize(
    "text",
    [
        "forbid pay(_, _) :- said(T, user, W), T > 3, matches(W, no).",
        'forbid pay(_, _) :- last_said(user, "I hereby confirm that this is what I want.").',
        "forbid pay(_, _) :- argument(X, 3), X != amount.",
        "forbid pay(_, _) :- refused(_, get_account, _).",
        "forbid pay(_, _) :- asked_with(_, anything, 3).",
    ],
)
def test_what_is_meant_is_let_be(text: str) -> None:
    """Nothing is said of rules that look like a slip and are none."""
    assert found(HEAD + text) == []
