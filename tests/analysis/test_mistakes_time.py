"""Mistakes of people who think of time in other languages, each with the message that it gets and its fix."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.moments import Instant
from mpr_logic.language.parser import parse
from tests.analysis.found import errors

SCHEMA = """.decl due(o: symbol, at: time)
.decl day(o: symbol, d: date)
.decl limit(d: duration)
.decl n(x: int)
.decl p(o: symbol)
.decl q(d: duration)
"""


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [
        (
            'p(O) :- due(O, T), T > "yesterday".',
            "E0260",
            "ask for the time of the check, `now_at(N)`",
            "p(O) :- due(O, T), now_at(N), T > N - 24h.",
        ),
        (
            "p(O) :- due(O, T), T < now.",
            "E0260",
            "ask for the time of the check, `now_at(N)`",
            "p(O) :- due(O, T), now_at(N), T < N.",
        ),
        (
            'p(O) :- due(O, T), T < "2026-01-31T10:00:00".',
            "E0260",
            'it names no zone: write "2026-01-31T10:00:00Z" for UTC, or its offset',
            'p(O) :- due(O, T), T < "2026-01-31T10:00:00Z".',
        ),
        (
            'p(O) :- due(O, T), T < "2026-01-31".',
            "E0260",
            "a date has no time of day",
            'p(O) :- due(O, T), T < "2026-01-31T00:00:00Z".',
        ),
        (
            'p(O) :- due(O, "31.01.2026 10:00").',
            "E0260",
            'write it as "2026-01-31T10:00:00Z"',
            'p(O) :- due(O, "2026-01-31T10:00:00Z").',
        ),
        ('day(a, "1/31/2026").', "E0260", 'write it as "2026-01-31"', 'day(a, "2026-01-31").'),
        ("day(a, 2026-01-31).", "E0260", 'in quotes: write it as "2026-01-31"', 'day(a, "2026-01-31").'),
        ('limit("24 hours").', "E0260", "write `24h`", "limit(24h)."),
        ('limit("P1M").', "E0260", "write it as a number with its unit", "limit(30d)."),
        ("limit(86400).", "E0260", "write it as a number with its unit", "limit(86400s)."),
        (
            "p(O) :- due(O, T), now(S), S > T.",
            "E0261",
            "the time of the check is in `now_at(T)`",
            "p(O) :- due(O, T), now_at(S), S > T.",
        ),
        (
            "p(O) :- due(O, T), now_at(N), N - T > 86400.",
            "E0261",
            "write it as a number with its unit",
            "p(O) :- due(O, T), now_at(N), N - T > 24h.",
        ),
        (
            "p(O) :- due(O, T), now_at(N), T + 3600 < N.",
            "E0261",
            "add a duration, such as `24h`",
            "p(O) :- due(O, T), now_at(N), T + 1h < N.",
        ),
        ("q(D) :- n(X), D = 1h + X.", "E0261", "write `X * 1s`", "q(D) :- n(X), D = 1h + X * 1s."),
        ("q(X) :- n(X).", "E0206", "", "q(X * 1s) :- n(X)."),
        (
            "p(O) :- due(O, T), due(_, U), T + U > T.",
            "E0261",
            "two of one type are a duration apart",
            "p(O) :- due(O, T), due(_, U), T - U > 1h.",
        ),
        (
            "p(O) :- due(O, T), day(O, D), T > D.",
            "E0261",
            "declare the argument that `D` comes from as `time`",
            "p(O) :- due(O, T), day(O, D), due(_, U), T > U.",
        ),
        (
            'p(O) :- due(O, T), starts_with(T, "2026").',
            "E0212",
            "take a value of the right type",
            'p(O) :- due(O, T), T >= "2026-01-01T00:00:00Z", T < "2027-01-01T00:00:00Z".',
        ),
        (
            "p(O) :- due(O, T), within(T, 24).",
            "E0261",
            "write it as a number with its unit",
            "p(O) :- due(O, T), within(T, 24h).",
        ),
        (
            "p(O) :- due(O, T), within(24h, T).",
            "E0262",
            "write `within(T, 24h)`",
            "p(O) :- due(O, T), within(T, 24h).",
        ),
        (
            "p(O) :- due(O, T), within(T).",
            "E0262",
            "write `within(T, 24h)`",
            "p(O) :- due(O, T), within(T, 24h).",
        ),
        (
            "p(send) :- 3 <= count : { called(_, send, T), within(T, 1h) }.",
            "E0261",
            "`called_at(N, A, T)`",
            "p(send) :- 3 <= count : { called_at(_, send, T), within(T, 1h) }.",
        ),
        (
            'p(O) :- due(O, T), during(T, "9-17").',
            "E0262",
            "last the zone",
            'p(O) :- due(O, T), during(T, "9-17 UTC").',
        ),
        (
            'p(O) :- due(O, T), during(T, "mon-fri Europe/Munich").',
            "E0262",
            "last the zone",
            'p(O) :- due(O, T), during(T, "mon-fri Europe/Berlin").',
        ),
        (
            'p(O) :- day(O, D), during(D, "mon-fri UTC").',
            "E0261",
            "declare the argument that `D` comes from as `time`",
            'p(O) :- due(O, T), during(T, "mon-fri UTC").',
        ),
        (
            'limit("24h") :- n("2026-01-31T10:00:00Z").',
            "E0207",
            "write a constant of type `int`",
            'limit("24h") :- n(20260131).',
        ),
    ],
)
def test_each_mistake_has_a_fix(wrong: str, code: str, help: str, right: str) -> None:
    """Each mistake gives one error, whose help says what to write, and that is right."""
    ((found, _, said),) = errors(SCHEMA + wrong)
    assert (found, help in said) == (code, True), said
    assert errors(SCHEMA + right) == []


@pytest.mark.parametrize(
    "text",
    [
        "p(O) :- due(O, T), T > 24 h.",
        "p(O) :- due(O, T), T > 24hours.",
        "limit(interval 1 day).",
        "limit(1.5h).",
    ],
)
def test_what_is_no_duration_is_a_syntax_error(text: str) -> None:
    """A unit stands right behind a whole number, and is one of the units."""
    with pytest.raises(ProgramError) as caught:
        parse(SCHEMA + text)
    assert {d.code for d in caught.value.diagnostics} == {"E0101"}


@pytest.mark.parametrize("name", ["time", "date", "duration"])
def test_a_program_may_have_types_of_these_names(name: str) -> None:
    """A program that declares a type of such a name has that type, with its constants and its tests."""
    program = analyse(
        [
            parse(
                f".type {name} <: symbol .decl r(t: {name}) .decl s(t: {name}) .decl now_at(x: symbol)\n"
                'r("2026-01-31"). now_at(a). s(T) :- r(T), starts_with(T, "2026"), now_at(_).'
            )
        ]
    )
    assert [f.row for f in program.facts] == [("2026-01-31",), ("a",)]
    assert len(program.rules) == 1


def test_one_shape_holds_texts_of_different_kinds() -> None:
    """Facts and rules that differ in a constant alone are each checked, and what is no time is refused."""
    good = 'due(a, "2026-01-31T10:00:00Z"). due(b, "2026-01-31T10:00:00+01:00").\n'
    assert errors(SCHEMA + good) == []
    bad = 'due(c, "soon"). due(d, "2026-01-31").'
    assert [code for code, _, _ in errors(SCHEMA + good + bad)] == ["E0260"] * 2
    first, second = (fact.row[1] for fact in analyse([parse(SCHEMA + good)]).facts)
    assert isinstance(first, Instant)
    assert isinstance(second, Instant)
    assert str(first - second) == "1h"
