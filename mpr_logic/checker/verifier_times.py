"""The verifier's own tests of spans of time: it shares no code with the engine."""

import datetime as dt
import zoneinfo
from typing import Any

from mpr_logic.language.moments import Duration, Instant

DAYS, WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 7 * 1440
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def during(time: Any, hours: Any) -> bool:
    """Whether a time is behind a beginning of a schedule by less than its length, in minutes of a week."""
    if not isinstance(time, Instant):
        raise TypeError("no time")
    *said, place = hours.lower().split()
    there = EPOCH + dt.timedelta(microseconds=time.number)
    there = there.astimezone(dt.UTC if place == "utc" else zoneinfo.ZoneInfo(hours.split()[-1]))
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


SPANS = {"during": during, "within": within}
"""The tests by their names."""
