"""The functions of calendars and clocks, and of texts that write times, with one meaning for all engines.

Each takes its arguments and then the deadline, which none needs: all are quick. One that has no value for its
arguments returns None, and the literal that calls it fails. What is no time, no text or no zone, raises
ArithmeticFailure: the question is then undecided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.texts import must_be_texts
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.moments import Date, Duration, Instant
from mpr_logic.language.zones import WEEKDAYS, local, zone

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from mpr_logic.language.ast import Value


def _clock(name: str, time: Any, place: Any) -> dt.datetime:
    """The date and time that the calendar and the clocks of a zone show at a time."""
    if not isinstance(time, Instant):
        raise ArithmeticFailure(f"`{name}` needs a time, and `{time}` is none: test it first, `T is time`")
    must_be_texts(name, place)
    return local(time, zone(place))


def _day(name: str, given: Any, *more: Any) -> dt.date:
    """The day of a date, or of a time in a zone."""
    *place, _deadline = more
    if place:
        return _clock(name, given, place[0])
    if not isinstance(given, Date):
        raise ArithmeticFailure(f"`{name}` needs a date, or a time and its zone, and `{given}` is no date")
    return given.date


def year(given: Any, *more: Any) -> int:
    """The year of a date, or of a time in a zone."""
    return _day("year", given, *more).year


def month(given: Any, *more: Any) -> int:
    """The month, from 1."""
    return _day("month", given, *more).month


def day(given: Any, *more: Any) -> int:
    """The day of the month, from 1."""
    return _day("day", given, *more).day


def weekday(given: Any, *more: Any) -> str:
    """The day of the week, from monday to sunday."""
    return WEEKDAYS[_day("weekday", given, *more).weekday()]


def hour(time: Any, place: Any, deadline: object = None) -> int:
    """The hour of the day that the clocks of a zone show at a time."""
    return _clock("hour", time, place).hour


def minute(time: Any, place: Any, deadline: object = None) -> int:
    """The minute of the hour."""
    return _clock("minute", time, place).minute


def date(time: Any, place: Any, deadline: object = None) -> Date:
    """The date that the calendar of a zone shows at a time."""
    return Date.of(_clock("date", time, place).date())


def to_time(text: Any, *more: Any) -> Instant | None:
    """The instant that a text writes; None where it writes none. Where it has no offset from UTC, the clocks
    of the zone are meant, if one is given."""
    *place, _deadline = more
    must_be_texts("to_time", text, *place)
    return Instant.read(text, *map(zone, place))


def to_date(text: Any, deadline: object = None) -> Date | None:
    """The date that a text writes; None where it writes none."""
    must_be_texts("to_date", text)
    return Date.read(text)


def to_duration(text: Any, deadline: object = None) -> Duration | None:
    """The duration that a text writes; None where it writes none."""
    must_be_texts("to_duration", text)
    return Duration.read(text)


FUNCTIONS: dict[str, Callable[..., Value | None]] = {
    each.__name__: each
    for each in (year, month, day, weekday, hour, minute, date, to_time, to_date, to_duration)
}
"""Each function by its name."""
