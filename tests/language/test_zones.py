"""Named zones and schedules: which hours an instant is in, and what is no zone or no schedule."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.checker.verifier_times import during
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language import zones
from mpr_logic.language.moments import Duration, Instant
from mpr_logic.language.zones import Schedule, local, schedule, zone

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"])
DAY = st.sampled_from(["mon", "Tue", "wed", "thu", "fri", "SAT", "sun"])
RANGE = st.one_of(DAY, st.builds("{}-{}".format, DAY, DAY))
DAYS = st.lists(RANGE, min_size=1, max_size=3).map(",".join)
CLOCK = st.builds("{}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
HOURS = st.builds("{}-{}".format, CLOCK, CLOCK).filter(lambda h: len(set(h.split("-"))) == 2)
SCHEDULES = st.one_of(
    st.builds("{} {} {}".format, DAYS, HOURS, ZONES),
    st.builds("{} {}".format, DAYS, ZONES),
    st.builds("{} {}".format, HOURS, ZONES),
)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(Instant.of)


def read(text: str) -> Instant:
    """The instant of a text that is one."""
    found = Instant.read(text)
    assert found is not None
    return found


@given(SCHEDULES, TIMES)
def test_the_verifier_reads_schedules_alike(text: str, time: Instant) -> None:
    """The engine's hours of a day and the verifier's minutes of a week are the same times."""
    assert schedule(text).has(time) == during(time, text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        # a friday; Berlin is an hour ahead in winter
        ("mon-fri 09:00-17:00 Europe/Berlin", "2026-01-30T08:00:00Z", "2026-01-30T07:59:59.999999Z"),
        ("mon-fri 9-17 Europe/Berlin", "2026-01-30T15:59:59Z", "2026-01-30T16:00:00Z"),
        # and two in summer
        ("mon-fri 9-17 Europe/Berlin", "2026-07-31T07:00:00Z", "2026-07-31T15:00:00Z"),
        ("sat,sun UTC", "2026-01-31T00:00:00Z", "2026-02-02T00:00:00Z"),
        # over midnight: the night that begins on friday ends on saturday
        ("fri 22-6 UTC", "2026-01-31T05:59:00Z", "2026-01-30T05:59:00Z"),
        ("sun-mon 0-24 UTC", "2026-02-01T23:59:59Z", "2026-02-03T00:00:00Z"),
        # the day on which Berlin's clocks skip the hour from 2 to 3, and the one on which it comes twice
        ("1:30-2:30 Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        ("2-3 Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"),
        # a leap day, in a zone that has skipped a whole day of 2011
        ("thu Pacific/Apia", "2024-02-28T11:00:00Z", "2024-02-29T11:00:00Z"),
        ("thu Pacific/Apia", "2011-12-30T09:59:00Z", "2011-12-30T10:00:00Z"),
        ("sat Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T09:59:00Z"),
    ],
)
def test_hours_are_those_of_the_zones_clocks(text: str, inside: str, outside: str) -> None:
    """A schedule has what the clocks of its zone show in it, whatever they were set to."""
    assert schedule(text).has(read(inside))
    assert not schedule(text).has(read(outside))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UTC",
        "mon",
        "9-17",
        "monday 9-17 UTC",
        "mon-fri 9:00 UTC",
        "9-25 UTC",
        "9:60-10 UTC",
        "9-9 UTC",
        "mon  Europe/Atlantis",
        "mon Europe",
        "mon Europe/../../etc/passwd",
        "mon localtime",
        "mon posixrules",
        "mon right/UTC",
        "mon UTC and so on",
        "mon U\x00TC",
        "m\u00f6n UTC",
        "\u0661-\u0662 UTC",
        "mon," * 1000 + "mon UTC",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    """A text that names no hours, hours that are none, or no zone, is a failure that says so."""
    with pytest.raises(
        ArithmeticFailure, match=r"no schedule|no time of day|no time zone|begins when it ends"
    ):
        schedule(text)


def test_the_ends_of_the_calendar_fail() -> None:
    """An instant that is in no year of a zone is a failure, not another time."""
    with pytest.raises(ArithmeticFailure, match="no year from 1 to 9999"):
        local(read("9999-12-31T23:00:00Z"), zone("Europe/Berlin"))
    with pytest.raises(ArithmeticFailure, match="no year from 1 to 9999"):
        schedule("mon America/New_York").has(read("0001-01-01T00:00:00Z"))


def test_a_machine_without_zones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no zone can be found the failure names what to install, and UTC is there all the same."""

    def nothing(name: str) -> zoneinfo.ZoneInfo:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(zoneinfo, "ZoneInfo", nothing)
    monkeypatch.setattr(zones, "_known", frozenset)
    with pytest.raises(ArithmeticFailure, match="install tzdata"):
        schedule("mon Asia/Thimphu")
    assert schedule("mon 0:07-0:08 UTC") == Schedule(frozenset({0}), 7, 8, UTC)


def test_a_length_of_time_is_shown_in_its_units() -> None:
    """A duration of hours and seconds names both."""
    assert str(Duration(17_999_000_000)) == "4h59m59s"
