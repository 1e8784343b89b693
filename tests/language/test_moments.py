"""Times, dates and durations as values: what reads them, what arithmetic gives, and how they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.engine.builtins import total
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.moments import Date, Duration, Instant, Moment, kinds_of
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module, print_value

OFFSETS = st.builds(lambda m: timezone(timedelta(minutes=m)), st.integers(-14 * 60, 14 * 60))
TIMES = st.datetimes(datetime(100, 1, 1), datetime(9900, 1, 1), timezones=OFFSETS)
INSTANTS = st.builds(Instant.of, TIMES)
DATES = st.builds(Date.of, st.dates(date(2, 1, 1), date(9998, 1, 1)))
DURATIONS = st.builds(Duration, st.integers(-(10**15), 10**15) | st.integers(-9999, 9999))
MOMENTS = INSTANTS | DATES | DURATIONS


@given(TIMES)
def test_a_time_is_the_instant_whatever_its_zone(time: datetime) -> None:
    """Texts of one instant in different zones are one value, which gives the instant back."""
    found = Instant.read(time.isoformat())
    assert found is not None
    assert found == Instant.of(time.astimezone(UTC)) == Instant.read(str(found))
    assert found.datetime == time


@given(MOMENTS)
def test_what_is_shown_is_read_as_the_same_value(value: Moment) -> None:
    """A value's text is read as that value by its type alone, and its constant parses."""
    assert type(value).read(str(value)) == value  # type: ignore[attr-defined]
    assert kinds_of(str(value)) == (value.type_,)
    (fact,) = parse(f"p({print_value(value)}).").clauses
    (term,) = fact.head.args
    shown = str(value) if not isinstance(value, Duration) else value
    assert term.value == shown  # type: ignore[union-attr]


@given(INSTANTS, INSTANTS, DURATIONS)
def test_arithmetic_is_pythons(one: Instant, other: Instant, length: Duration) -> None:
    """Differences and sums are those of Python's datetimes, and order is theirs."""
    assert (one - other) == Duration((one.datetime - other.datetime) // timedelta(microseconds=1))
    assert other + (one - other) == one
    assert (one - other) + other == one
    assert one - length == one + -length
    assert (one < other) == (one.datetime < other.datetime)
    assert 3 * length == length + length + length == total([length] * 3)


@given(DATES, st.integers(-1000, 1000))
def test_a_date_moves_by_whole_days(day: Date, days: int) -> None:
    """A date and a number of days make the date so many days later, and dates are so far apart."""
    moved = day + Duration.read("1d") * days  # type: ignore[operator]
    assert isinstance(moved, Date)
    assert moved.date == day.date + timedelta(days=days)
    assert str(moved - day) == str(Duration.read("24h") * days)  # type: ignore[operator]
    with pytest.raises(ArithmeticFailure, match="whole number of days"):
        day + Duration(1)


@given(MOMENTS, MOMENTS | st.integers() | st.floats() | st.text())
def test_kinds_are_never_taken_for_each_other(one: Moment, other: object) -> None:
    """A value is equal to none of another kind, has no order with it, and is no number to add to."""
    if type(one) is type(other):
        assert (one == other) == (one.number == other.number)
        assert one != other or hash(one) == hash(other)
        return
    assert one != other
    assert other != one
    assert other not in {one}
    with pytest.raises(ArithmeticFailure, match="have no order"):
        one < other  # noqa: B015
    if not isinstance(other, Duration) and not isinstance(one, Duration):
        with pytest.raises(ArithmeticFailure, match="has no result"):
            one + other


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z"),
        ("2026-01-31t09:00z", "2026-01-31T09:00:00Z"),
        ("2026-01-31 09:00:00.25Z", "2026-01-31T09:00:00.250000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),  # a leap second
        ("2026-01-31T09:00:00", None),  # no zone
        ("2026-01-31", None),
        ("2026-02-30T09:00:00Z", None),
        ("2026-01-31T24:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),  # before the year 1
        ("20260131T090000Z", None),
        ("\uff12026-01-31T09:00:00Z", None),
        ("yesterday", None),
        ("1769850000", None),
        ("2026-01-31T09:00:00Z" + "0" * 10_000, None),
    ],
)
def test_texts_of_times(text: str, value: str | None) -> None:
    """ISO 8601 with a zone is an instant, and nothing else is."""
    found = Instant.read(text)
    assert (None if found is None else str(found)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24h", "24h"),
        ("1d", "24h"),
        ("2w", "14d"),
        ("1h30m", "1h30m"),
        ("90m", "1h30m"),
        ("90s", "1m30s"),
        ("0s", "0s"),
        ("-5m", "-5m"),
        ("P1DT12H", "36h"),
        ("PT1.5S", "1s500ms"),
        ("100h", "4d4h"),
        ("-P1W", "-7d"),
        ("P1M", None),  # a month has no length
        ("P", None),
        ("PT", None),
        ("24 h", None),
        ("24 hours", None),
        ("24", None),
        ("9" * 60 + "w", None),
    ],
)
def test_texts_of_durations(text: str, value: str | None) -> None:
    """A number with a unit is a duration, and so is one of ISO 8601 without years and months."""
    found = Duration.read(text)
    assert (None if found is None else str(found)) == value


def test_a_text_without_a_zone_needs_one() -> None:
    """A named zone says what a text without an offset means; where its clocks go back, the first is meant."""
    berlin = ZoneInfo("Europe/Berlin")
    assert str(Instant.read("2026-07-01T12:00:00", berlin)) == "2026-07-01T10:00:00Z"
    assert str(Instant.read("2026-10-25T02:30:00", berlin)) == "2026-10-25T00:30:00Z"
    assert str(Instant.read("2026-03-29T02:30:00", berlin)) == "2026-03-29T01:30:00Z"
    with pytest.raises(ValueError, match="has no zone"):
        Instant.of(datetime(2026, 1, 1))


def test_what_cannot_be_written_has_no_value() -> None:
    """A time after the year 9999 and a duration without bound are no values."""
    last = Instant.of(datetime.max.replace(tzinfo=UTC))
    with pytest.raises(ArithmeticFailure, match="bound what is added"):
        last + Duration(1)
    with pytest.raises(ArithmeticFailure, match="bound what is added"):
        Duration(10**29) * 10**10


def test_durations_are_printed_in_one_form() -> None:
    """The formatter writes a duration in its largest units, and leaves what it wrote."""
    text = print_module(parse("p(1h30m, -2w, 1d) :- q(D), D > 60s."))
    assert text == "p(1h30m, -14d, 24h) :- q(D), D > 1m.\n" == print_module(parse(text))
