"""The verifier's own spans of time, calendars and clocks: it shares no code with the engine."""

import datetime as dt
import zoneinfo
from typing import Any

from mpr_logic.language.moments import Date, Duration, Instant
from mpr_logic.language.zones import WEEKDAYS

DAYS, WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 7 * 1440
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def during(time: Any, hours: Any) -> bool:
    """Whether a time is behind a beginning of a schedule by less than its length, in minutes of a week."""
    if not isinstance(time, Instant):
        raise TypeError("no time")
    said, there = hours.lower().split()[:-1], _there(time.number, hours.split()[-1])
    minute = there.weekday() * 1440 + there.hour * 60 + there.minute
    named = [part.split("-") for part in said[0].split(",")] if said[0][0].isalpha() else [["mon", "sun"]]
    spans = [(DAYS.index(each[0]), DAYS.index(each[-1])) for each in named]
    days = {(first + n) % 7 for first, last in spans for n in range((last - first) % 7 + 1)}
    begin, end = map(_minutes, said[-1].split("-")) if said[-1][0].isdigit() else (0, 1440)
    return any((minute - day * 1440 - begin) % WEEK < ((end - begin) % 1440 or 1440) for day in days)


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return 60 * int(hour) + int(minute or 0)


def within(age: Any, length: Any) -> bool:
    """Whether an age is from none to a length."""
    if type(age) is not Duration or type(length) is not Duration:
        raise TypeError("no durations")
    return 0 <= age.number <= length.number


def _there(number: int, place: str) -> dt.datetime:
    """The date and time that the clocks of a zone show so many microseconds after 1970."""
    zone = dt.UTC if place.upper() == "UTC" else zoneinfo.ZoneInfo(place)
    return (EPOCH + dt.timedelta(microseconds=number)).astimezone(zone)


def _shown(moment: Any, *place: str) -> Any:
    """The date, or what the clocks of a zone show at a time."""
    if type(moment) is not (Instant if place else Date):
        raise TypeError("no date, and no time with its zone")
    return _there(moment.number, *place) if place else (EPOCH + dt.timedelta(days=moment.number)).date()


def _date(moment: Any, place: str) -> Date:
    return Date((_shown(moment, place).replace(tzinfo=dt.UTC) - EPOCH).days)


def _to_time(text: str, *place: str) -> Instant | None:
    """The first time at which the clocks show a text; where none is, that by the offset of a day before."""
    found, utc = Instant.read(text), Instant.read(text + "Z")
    if found or not utc or not place:
        return found
    day = 24 * 3600 * 10**6
    offsets = [_there(utc.number + each, *place).utcoffset() or dt.timedelta() for each in (-day, day)]
    before, after = (utc.number - each // dt.timedelta(microseconds=1) for each in offsets)
    moved = EPOCH.replace(tzinfo=None) + dt.timedelta(microseconds=utc.number)
    right = [each for each in (before, after) if _there(each, *place).replace(tzinfo=None) == moved]
    return Instant(min(right, default=before))


CALENDAR = ("year", "month", "day", "hour", "minute")
OF_TIME: dict[str, Any] = {
    **{name: lambda *of, name=name: getattr(_shown(*of), name) for name in CALENDAR},
    "weekday": lambda *of: WEEKDAYS[_shown(*of).weekday()],
    **{"date": _date, "to_time": _to_time, "to_date": Date.read, "to_duration": Duration.read},
    **{"during": during, "within": within},
}
"""The functions and tests by their names."""
