"""Functions of calendars and clocks: what each gives, in every engine, and what has no value."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import evaluate
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.verifier_times import OF_TIME
from mpr_logic.engine.calendars import FUNCTIONS
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.moments import Date, Duration, Instant
from tests.helpers import naive_values

if TYPE_CHECKING:
    from mpr_logic.engine.choice import EngineChoice
    from mpr_logic.language.ast import Value

ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
)
CHANGES = [datetime(2026, 3, 29, 2, 30), datetime(2026, 10, 25, 2, 30), datetime(2011, 12, 30, 5)]
SHOWN = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)) | st.sampled_from(CHANGES)
OFFSETS = st.sampled_from(["", "Z", "+05:30"])
DAYS = ("year", "month", "day", "weekday")
TYPES = ".decl t(x: time) input\n.decl d(x: date) input\n.decl s(x: symbol) input\n.decl a(x: any) input\n"


def called(term: str, **facts: Value) -> set[Value]:
    """The values of a term in which T is a time, D a date, S a text, or A anything."""
    (name, value), *_ = facts.items()
    text = f"{TYPES}q(Y) :- {name}({name.upper()}), Y = {term}."
    return {row[0] for row in evaluate(text, {name: [(value,)]}).get("q", ())}


@pytest.mark.parametrize(
    ("term", "time", "value"),
    [
        ('year(T, "Europe/Berlin")', "2025-12-31T23:00:00Z", 2026),
        ('year(T, "UTC")', "2025-12-31T23:00:00Z", 2025),
        ('month(T, "America/New_York")', "2026-05-01T03:59:59Z", 4),
        ('day(T, "Pacific/Apia")', "2026-02-28T11:00:00Z", 1),
        ('weekday(T, "UTC")', "2026-01-30T23:59:59Z", "friday"),
        ('weekday(T, "Asia/Kolkata")', "2026-01-30T18:30:00Z", "saturday"),
        ('hour(T, "Asia/Kolkata")', "2026-01-30T18:30:00Z", 0),
        ('minute(T, "Asia/Kolkata")', "2026-01-30T18:45:59Z", 15),
        ('date(T, "Asia/Kolkata")', "2026-01-30T18:30:00Z", Date.read("2026-01-31")),
        # the hour that Berlin's clocks show twice is shown twice, and the one that they skip never
        ('hour(T, "Europe/Berlin")', "2026-10-25T00:30:00Z", 2),
        ('hour(T, "Europe/Berlin")', "2026-10-25T01:30:00Z", 2),
        ('hour(T, "Europe/Berlin")', "2026-03-29T00:59:59Z", 1),
        ('hour(T, "Europe/Berlin")', "2026-03-29T01:00:00Z", 3),
        ('weekday(date(T, "UTC"))', "0001-01-01T00:00:00Z", "monday"),
    ],
)
def test_what_clocks_and_calendars_show(term: str, time: str, value: Value) -> None:
    """A time is on the day and at the hour that the clocks of the zone show."""
    assert called(term, t=time) == {value}


@pytest.mark.parametrize(
    ("term", "text", "value"),
    [
        ('to_time(S, "Europe/Berlin")', "2026-01-31T10:00", "2026-01-31T09:00:00Z"),
        ('to_time(S, "Europe/Berlin")', "2026-07-31 10:00:00", "2026-07-31T08:00:00Z"),
        # an offset in the text says it, whatever the zone
        ('to_time(S, "Europe/Berlin")', "2026-01-31T10:00:00-05:00", "2026-01-31T15:00:00Z"),
        ("to_time(S)", "2026-01-31T10:00:00-05:00", "2026-01-31T15:00:00Z"),
        ("to_time(S)", "2026-01-31T10:00:00", None),
        # what the clocks skip is what it were without the change; of what they show twice the first is meant
        ('to_time(S, "Europe/Berlin")', "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ('to_time(S, "Europe/Berlin")', "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ('to_time(S, "Europe/Berlin")', "2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z"),
        ('to_time(S, "UTC")', "2026-02-29T10:00:00", None),
        ('to_time(S, "UTC")', "2026-01-31", None),
        ('to_time(S, "UTC")', "", None),
        ('to_time(S, "UTC")', "x" * 100_000, None),
        ('to_time(S, "Europe/Berlin")', "0001-01-01T00:00:00", None),
        ("to_date(S)", "2026-01-31", "2026-01-31"),
        ("to_date(S)", "2026-01-32", None),
        ("to_date(S)", "31.1.2026", None),
        ("to_duration(S)", "1h30m", "1h30m"),
        ("to_duration(S)", "P1D", "24h"),
        ("to_duration(S)", "P1M", None),
    ],
)
def test_what_a_text_writes(term: str, text: str, value: str | None) -> None:
    """A text that writes a time, a date or a duration has it; of any other the literal fails."""
    assert set(map(str, called(term, s=text))) == (set() if value is None else {value})


@given(SHOWN, ZONES, OFFSETS)
def test_the_verifier_and_the_naive_reading_have_their_own(shown: datetime, zone: str, offset: str) -> None:
    """Three readings of one calendar agree, at the hours that clocks skip or show twice too."""
    text = shown.isoformat() + offset
    time = FUNCTIONS["to_time"](text, zone, None)
    assert time == OF_TIME["to_time"](text, zone) == naive_values.there("to_time", text, zone)
    assert isinstance(time, Instant)
    for name in (*DAYS, "hour", "minute", "date"):
        found = FUNCTIONS[name](time, zone, None)
        assert found == OF_TIME[name](time, zone) == naive_values.there(name, time, zone)
    day = Date.of(shown.date())
    for name in DAYS:
        assert FUNCTIONS[name](day, None) == OF_TIME[name](day) == naive_values.there(name, day)


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_every_engine_has_them(engine: EngineChoice) -> None:
    """Zones in rules and in facts, texts, sets and aggregates decide alike."""
    checker = Checker.from_text(
        """
        .action deploy(at: time, where: symbol, note: any)
        .decl zone(place: symbol, name: symbol)
        .decl release(at: symbol)
        .decl busy(day: date)
        zone(office, "Europe/Berlin"). zone(lab, "America/New_York").
        release("2026-01-30T08:00:00"). release("2026-01-30T23:30:00"). release("soon").
        busy(D) :- 2 <= count : { release(R), D = date(to_time(R, "UTC"), "UTC") }, D = to_date("2026-01-30").
        @id(week) forbid deploy(T, P, _) :- zone(P, Z), weekday(T, Z) not in {monday, tuesday, friday}.
        @id(hour) forbid deploy(T, P, _) :- zone(P, Z), H = hour(T, Z), (H < 9 ; H >= 17).
        @id(busy) forbid deploy(T, lab, _) :- busy(date(T, "UTC")), minute(T, "UTC") != 0.
        @id(leap) forbid deploy(T, _, N) :- N is symbol, to_duration(N) > 1h, month(date(T, "UTC")) = 2.
        """,
        engine=engine,
    )
    calls = [
        'deploy("2026-01-30T15:59:59Z", office, x)',
        'deploy("2026-01-30T16:00:00Z", office, x)',
        'deploy("2026-01-31T02:00:00Z", lab, x)',
        'deploy("2026-01-30T18:30:00Z", lab, x)',
        'deploy("2026-02-03T09:00:00Z", office, "2h")',
        'deploy("2026-02-04T09:00:00Z", office, 7)',
    ]
    ids = [[reason.id for reason in checker.check(call).reasons] for call in calls]
    assert ids == [[], ["hour"], ["hour"], ["busy"], ["leap"], ["week"]]


def test_what_is_no_time_and_no_zone_is_undecided() -> None:
    """A value that hides behind `any`, and a zone from a fact that there is not, are no quiet no."""
    with pytest.raises(ArithmeticFailure, match="`hour` needs a time, and `soon` is none"):
        called('hour(A, "UTC")', a="soon")
    with pytest.raises(ArithmeticFailure, match="`year` needs a date"):
        called("year(A)", a=Duration(1))
    with pytest.raises(ArithmeticFailure, match="no time zone `Mars`"):
        called('hour(to_time("1970-01-01T00:00:00Z"), S)', s="Mars")
    with pytest.raises(ArithmeticFailure, match="`to_time` needs text"):
        called('to_time(A, "UTC")', a=7)
    with pytest.raises(ArithmeticFailure, match="no year from 1 to 9999"):
        called('year(T, "Europe/Berlin")', t="9999-12-31T23:30:00Z")
    assert called('hour(A, "UTC")', a=Instant(0)) == {0}


@pytest.mark.parametrize("body", ["T = {}, T = {}", "T = {1}, T = {0}", "{} = T, (T = {} ; t(T))"])
def test_a_text_beside_a_time_is_one_in_any_order(body: str) -> None:
    """A variable that is set to a text and to a time is a time, whichever stands first."""
    text = body.format('"2026-01-31T10:00:00+01:00"', 'to_time("2026-01-31T09:00:00Z")')
    assert len(evaluate(f"{TYPES}q(T) :- {text}.")["q"]) == 1


def test_why_not_names_the_text_that_is_no_time() -> None:
    """Where a text is no time the rule fails, and why-not says which and why."""
    text = '.action book(at: symbol)\nforbid book(T) :- hour(to_time(T, "Europe/Berlin"), "UTC") < 6.'
    checker = Checker.from_text(text)
    assert not checker.check('book("2026-01-31T06:59:00")').admissible
    assert checker.check("book(tomorrow)").admissible
    said = str(checker.why_not("book(tomorrow)"))
    assert 'to_time(tomorrow, "Europe/Berlin") has no value: the text is no time' in said
