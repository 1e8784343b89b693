"""Mistakes of people who take texts for times: values of JSON in a column of times, and `to_time("now")`."""

from __future__ import annotations

import pytest

from mpr_logic import Guard
from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.language.parser import parse

SCHEMA = """.action book(when: any, at: time)
.action look(x: symbol)
.decl closed(at: time) input
.decl holiday(day: date) input
.decl known(x: any) input
"""
DAY = '"2026-01-05T10:00:00Z"'


def told(body: str) -> list[tuple[str, str]]:
    """The warnings about values of JSON in columns of times, and their helps."""
    found = vet(analyse([parse(f"{SCHEMA}forbid book(W, A) :- {body}.")]))
    return [(d.message, d.help or "") for d in found if d.code == "W0643"]


@pytest.mark.parametrize(
    ("wrong", "message", "help", "right"),
    [
        (
            "closed(W)",
            "`closed` never holds of it",
            "At = to_time(W)",
            "W is symbol, At = to_time(W), closed(At)",
        ),
        (
            "not closed(W)",
            "`not closed` always",
            "At = to_time(W)",
            "W is symbol, At = to_time(W), not closed(At)",
        ),
        (
            "closed(A), holiday(W)",
            "no date",
            "to_date(W)",
            "closed(A), W is symbol, D = to_date(W), holiday(D)",
        ),
        (
            "item(W, _, X), closed(X)",
            "`X` is",
            "to_time(X)",
            "item(W, _, X), X is symbol, closed(T), T = to_time(X)",
        ),
        ("returned(_, look, V), field(V, at, X), closed(X)", "`X` is", "to_time(X)", "closed(A), known(W)"),
        ("past book(X, _), closed(X)", "`X` is", "to_time(X)", "past book(_, T), closed(T)"),
        ("1 <= count : { item(W, _, X), closed(X) }", "`X` is", "to_time(X)", "1 <= count : { closed(_) }"),
    ],
)
def test_each_mistake_has_a_fix(wrong: str, message: str, help: str, right: str) -> None:
    """The message says what never holds, and the help how the text is read; that is right."""
    ((said, fix),) = told(wrong)
    assert (message in said, help in fix) == (True, True)
    assert told(right) == []


def test_the_fix_rejects_what_the_mistake_lets_pass() -> None:
    """The text of the call is the time of the fact once it is read."""
    for body, runs in (("closed(W)", True), ("W is symbol, At = to_time(W), closed(At)", False)):
        state = {"facts": [f"closed({DAY})"]}
        guard = Guard(text=f"{SCHEMA}forbid book(W, _) :- {body}.", state=state, strict=False)
        assert guard.check("book", {"when": DAY.strip('"'), "at": DAY.strip('"')}).runs is runs


@pytest.mark.parametrize(
    ("wrong", "help", "right"),
    [
        ('A < to_time("now")', "now_at(N)", "now_at(N), A < N"),
        ('holiday(D), D = to_date("today")', 'date(N, "UTC")', 'holiday(D), now_at(N), D = date(N, "UTC")'),
        (
            'A < to_time("2026-01-31T10:00:00")',
            "2026-01-31T10:00:00Z",
            'A < to_time("2026-01-31T10:00:00", "UTC")',
        ),
        (
            '(A < to_time("tomorrow") ; closed(A))',
            "2026-01-31T10:00:00Z",
            'A < to_time("2026-01-31T10:00:00Z")',
        ),
        (
            'now_at(N), N - A > to_duration("a day")',
            "24h",
            "now_at(N), N - A > 1d",
        ),
    ],
)
def test_a_constant_that_is_no_time(wrong: str, help: str, right: str) -> None:
    """A comparison with it would never hold; the help says how a time is written, or where the clock is."""

    def told(body: str) -> list[str]:
        found = vet(analyse([parse(f"{SCHEMA}forbid book(_, A) :- {body}.")]))
        return [d.help or "" for d in found if d.code == "W0646"]

    (fix,) = told(wrong)
    assert help in fix
    assert told(right) == []
