"""Clocks and calendars of named zones: the date and hour of an instant there, and whether a schedule has it.

The zones are those of the machine's time zone database, or of the package ``tzdata``.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.errors import ArithmeticFailure

if TYPE_CHECKING:
    from mpr_logic.language.moments import Instant

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The constants for the days of the week, in the order of ISO 8601."""


_OF_THE_MACHINE = ("localtime", "posixrules")
"""Files of the database that are other zones on other machines."""


@functools.lru_cache(maxsize=256)
def zone(name: str) -> dt.tzinfo:
    """The zone of a name such as ``Europe/Berlin`` or ``UTC``.

    Raises:
        ArithmeticFailure: there is none, or the machine knows no zones.
    """
    if name == "UTC":  # needs no database
        return dt.UTC
    import zoneinfo  # only programs with named zones pay for it

    try:
        if name in _OF_THE_MACHINE or name.startswith(("posix/", "right/")):  # the latter count leap seconds
            raise ValueError(name)
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if not _known():
            message = f"`{name[:60]}` is not known, since this machine has no time zones: install tzdata"
            raise ArithmeticFailure(message) from None
        raise ArithmeticFailure(f"there is no time zone `{name[:60]}`: one is Europe/Berlin") from None


@functools.cache  # the files of the database are looked through
def _known() -> frozenset[str]:
    """The names of all zones that the machine knows."""
    import zoneinfo

    return frozenset(zoneinfo.available_timezones())


def nearest_zone(name: str) -> str | None:
    """The zone that a name which is none was meant for; None where that is not clear."""
    wanted = name[:60].strip().replace(" ", "_").casefold()
    # Etc/GMT+1 is an hour behind UTC, and whoever writes GMT+1 means an hour before it
    known = sorted(_known() - {*_OF_THE_MACHINE})
    names = {each.casefold(): each for each in known if not each.startswith("Etc/")}
    if wanted in names:
        return names[wanted]
    region, _, city = wanted.rpartition("/")
    cities = {each.rpartition("/")[2]: each for each in names if "/" in each and each.startswith(region)}
    close = difflib.get_close_matches(city, cities, n=1, cutoff=0.8)
    return names[cities[close[0]]] if close else None


def local(time: Instant, place: dt.tzinfo) -> dt.datetime:
    """The date and the time of day of an instant in a zone.

    Raises:
        ArithmeticFailure: it is not in the years 1 to 9999 there.
    """
    try:
        return time.datetime.astimezone(place)
    except OverflowError:
        raise ArithmeticFailure(f"`{time}` is in no year from 1 to 9999 there") from None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Some hours of some days of the week in a zone.

    Attributes:
        days: the days on which hours begin, from 0 for monday.
        begin: the minute of the day at which they begin.
        end: the minute at which they are over; if it is not after the beginning, it is one of the next day.
        zone: whose clocks are meant.
    """

    days: frozenset[int]
    begin: int
    end: int
    zone: dt.tzinfo

    def has(self, time: Instant) -> bool:
        """Whether a time is in these hours; the moment at which they end is not.

        Raises:
            ArithmeticFailure: the time is not in the years 1 to 9999 there.
        """
        there = local(time, self.zone)
        minute, day = there.hour * 60 + there.minute, there.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        # over midnight: what is before the end began the day before
        return (day in self.days and minute >= self.begin) or (
            (day - 1) % 7 in self.days and minute < self.end
        )


@functools.lru_cache(maxsize=256)
def schedule(text: str) -> Schedule:
    """The schedule that a text such as ``mon-fri 09:00-17:00 Europe/Berlin`` writes.

    Days are named by three letters, joined by ``-`` and ``,``; without them every day is meant, without hours
    the whole day.

    Raises:
        ArithmeticFailure: it is none, or its zone is not known.
    """
    found = _SCHEDULE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or not (found["days"] or found["hours"]):
        raise ArithmeticFailure(f"`{text[:60]}` is no schedule: one is `mon-fri 09:00-17:00 Europe/Berlin`")
    days = frozenset(range(7)) if found["days"] is None else _days(found["days"])
    begin, end = (0, 1440) if found["hours"] is None else map(_minute, found["hours"].split("-"))
    if begin == end:
        raise ArithmeticFailure(f"`{found['hours']}` begins when it ends: leave it out for the whole day")
    return Schedule(days, begin, end, zone(found["zone"]))


def is_schedule(text: str) -> bool:
    """Whether a text is written as a schedule, whatever its zone."""
    return len(text) <= _LONGEST and _SCHEDULE.fullmatch(text) is not None


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        first, last = (_NAMES.index(name) for name in (part[:3], part[-3:]))
        found.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(found)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or found > 1440:
        raise ArithmeticFailure(f"`{text}` is no time of day: they go from 0:00 to 24:00")
    return found


_LONGEST = 200
_NAMES = tuple(day[:3] for day in WEEKDAYS)
_DAY = f"(?:{'|'.join(_NAMES)})"
_CLOCK = r"[0-9]{1,2}(?::[0-9]{2})?"
_SCHEDULE = re.compile(
    rf"(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) +)?"
    rf"(?:(?P<hours>{_CLOCK}-{_CLOCK}) +)?(?P<zone>[A-Za-z][^ ]*)",
    re.IGNORECASE | re.ASCII,
)
