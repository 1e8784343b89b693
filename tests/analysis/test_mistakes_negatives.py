"""Limits that a negative number gets around, and commands that pass by their beginning: told, and mended."""

from __future__ import annotations

import pytest

from mpr_logic.guard.guard import Guard
from tests.analysis.found import found

HEAD = """.action pay(to: symbol, amount: int)
.action give(to: symbol, amount: int)
.action order(lines: any)
.action book(seats: int)
.action tip(rate: float)
.class out(to: symbol, amount: int) {pay, give}
.decl limit(n: int) key()
.decl refund(n: int) input
limit(1000).
"""
SHELL = """.action run(command: symbol)
.action note(text: symbol)
.default forbid *
permit note(_).
"""
SUM = "forbid pay(_, N) :- S = sum A : { succeeded pay(_, A) }, S + N > 1000."
CLOSED = ".default forbid *\npermit give(_, _).\npermit order(_).\npermit tip(_).\n"
POSITIVE = "forbid pay(_, N) :- N <= 0."
READ = 'forbid run(C) :- shell_runs(C, P), P != "git".\nforbid run(C) :- shell_opaque(C).'

Calls = list[tuple[str, dict[str, object]]]
PAID: Calls = [("pay", {"to": "a", "amount": -500}), ("pay", {"to": "a", "amount": 1400})]
LINES: Calls = [("order", {"lines": [{"price": 1500}, {"price": -900}]})]
ORDER = "forbid order(L) :- limit(M), M < sum A : { item(L, _, P), field(P, price, A) }."

# what was written, what mends it, and calls that go through, where what was meant stops one of them
SLIPS: list[tuple[str, str, Calls]] = [
    (SUM, f"{SUM}\n{POSITIVE}", PAID),
    (SUM, f"{SUM}\nforbid pay(_, N) :- N < 1.", PAID),
    (SUM, SUM.replace("A) }", "A), A > 0 }"), PAID),
    (
        "forbid out(_, N) :- limit(M), S = sum A : { past out(_, A) }, T = S + N, T > M.",
        "forbid out(_, N) :- limit(M), S = sum A : { past out(_, A) }, T = S + N, T > M.\n"
        "forbid out(_, N) :- N < 0.",
        PAID,
    ),
    (
        ".decl spent(n: int)\nspent(S) :- S = sum A : { succeeded pay(_, A) }.\n"
        "forbid pay(_, N) :- spent(S), S + N > 1000.",
        ".decl spent(n: int)\nspent(S) :- S = sum A : { succeeded pay(_, A), A > 0 }.\n"
        "forbid pay(_, N) :- spent(S), S + N > 1000.",
        PAID,
    ),
    (
        ".decl paid(n: int)\npaid(A) :- succeeded pay(_, A).\n"
        "forbid pay(_, N) :- 1000 < N + S, S = sum A : { paid(A) }.",
        ".decl paid(n: int)\npaid(A) :- succeeded pay(_, A), A > 0.\n"
        "forbid pay(_, N) :- 1000 < N + S, S = sum A : { paid(A) }.",
        PAID,
    ),
    (
        f"{CLOSED}permit book(_).\npermit pay(_, N) :- S = sum A : {{ succeeded pay(_, A) }}, S + N <= 1000.",
        f"{CLOSED}permit book(_).\n"
        "permit pay(_, N) :- N > 0, S = sum A : { succeeded pay(_, A) }, S + N <= 1000.",
        PAID,
    ),
    (ORDER, ORDER.replace("A) }", "A), A > 0 }"), LINES),
    (ORDER, f"{ORDER}\nforbid order(L) :- item(L, _, P), field(P, price, A), A < 0.", LINES),
    ("forbid book(N) :- N mod 2 = 1.", "forbid book(N) :- N mod 2 != 0.", [("book", {"seats": -3})]),
    (
        "forbid book(N) :- 3 = N mod 7.",
        "forbid book(N) :- 3 = N mod 7.\nforbid book(N) :- N < 0.",
        [("book", {"seats": -4})],
    ),
    (
        f"{CLOSED}permit pay(_, _).\npermit book(N) :- N mod 2 != 1.",
        f"{CLOSED}permit pay(_, _).\npermit book(N) :- N mod 2 = 0.",
        [("book", {"seats": -3})],
    ),
]


@pytest.mark.parametrize(("written", "mended", "calls"), SLIPS)
def test_negative_numbers(written: str, mended: str, calls: Calls) -> None:
    """The slip is told, and lets through what the mended rules stop; these are told nothing."""
    told = found(HEAD + written)
    assert [each.code for each in told] == ["W0674"]
    assert told[0].help
    assert found(HEAD + mended) == []
    assert runs(HEAD + written, calls) == [True] * len(calls)
    assert False in runs(HEAD + mended, calls)


def runs(text: str, calls: Calls) -> list[bool]:
    """Whether each of some calls, made one after the other, goes through."""
    guard = Guard(text=text, strict=False)
    found = []
    for tool, arguments in calls:
        verdict = guard.check(tool, arguments)
        found.append(verdict.runs)
        if verdict.runs:
            guard.record(verdict, succeeded=True)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "forbid pay(_, _) :- S = sum A : { refund(A) }, S > 1000.",
        "forbid pay(_, _) :- S = sum A : { succeeded pay(_, A) }, S < -1000.",
        "forbid pay(_, _) :- S = count : { succeeded pay(_, A) }, S > 3.",
        "forbid pay(_, _) :- S = sum A * A : { succeeded pay(_, A) }, S > 3.",
        "forbid pay(_, N) :- N < 0.\nforbid pay(_, N) :- N > 5, S = sum A : { past pay(_, A) }, S + N > 9.",
        ".decl total(n: int)\ntotal(S) :- S = sum A : { succeeded pay(_, A) }.\nforbid book(N) :- total(N).",
        "prefer pay(_, N) :- S = sum A : { past pay(_, A) }, S + N > 9.",
        "forbid book(N) :- N > 0, N mod 2 = 1.",
        "forbid book(N) :- N mod 2 = 0.",
        "forbid book(N) :- N mod 2 != 0.",
        "forbid book(N) :- N mod 2 = -1.",
        "forbid book(_) :- limit(N), N mod 2 = 1.",
    ],
)
def test_numbers_that_are_left_alone(text: str) -> None:
    """Numbers of the host may be negative, a lower bound is no limit, and other tests are right of all."""
    assert "W0674" not in [each.code for each in found(HEAD + text)]


@pytest.mark.parametrize(
    "permit",
    [
        'permit run(C) :- starts_with(C, "git ").',
        'permit run(C) :- starts_with(C, "git status").',
        'permit run(C) :- starts_with(C, "git").',
        '.decl fine(+c: symbol)\nfine(C) :- starts_with(C, "git ").\npermit run(C) :- fine(C).',
        'permit run(_).\nforbid run(C) :- not starts_with(C, "git ").',
    ],
)
def test_a_command_that_passes_by_its_beginning(permit: str) -> None:
    """It is told; with the laws of the help what stands behind a sign of the shell is stopped."""
    told = found(SHELL + permit)
    assert [each.code for each in told] == ["W0675"]
    assert "shell_runs" in (told[0].help or "")
    assert found(f"{SHELL}{permit}\n{READ}") == []
    bad: Calls = [("run", {"command": "git status; rm -rf ~"}), ("run", {"command": "git status && eval $X"})]
    assert runs(SHELL + permit, bad) == [True, True]
    assert runs(f"{SHELL}{permit}\n{READ}", bad) == [False, False]
    assert runs(f"{SHELL}{permit}\n{READ}", [("run", {"command": "git status --short"})]) == [True]


@pytest.mark.parametrize(
    "text",
    [
        'permit run(C) :- starts_with(C, "git "), not matches(C, "[;|&`$<>\\n]").',
        'permit run(C) :- starts_with(C, "git "), matches(C, "^[a-z -]+$").',
        'forbid run(C) :- starts_with(C, "rm ").\npermit run(_).',
        'permit run(C) :- C = "git status".',
        'forbid note(T) :- not starts_with(T, "git ").',
    ],
)
def test_commands_that_are_left_alone(text: str) -> None:
    """A test that looks at the signs of a shell, a law that rejects, and a text that is no command."""
    assert "W0675" not in [each.code for each in found(SHELL + text)]
