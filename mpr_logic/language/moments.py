"""Times, dates and durations: values that are whole numbers underneath and know what they are.

``Instant`` counts microseconds since 1970 UTC, leap seconds as POSIX has them (none); ``Date`` counts days
since 1970; ``Duration`` counts microseconds. None is a number: a second is not taken for a millisecond.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mpr_logic.errors import ArithmeticFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SECOND = 1_000_000
"""The microseconds of a second."""

DAY = 86_400 * SECOND
"""The microseconds of a day."""

UNITS = {"us": 1, "ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": DAY, "w": 7 * DAY}
"""The units of a duration in the language, each in microseconds."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_ORDINAL = dt.date(1970, 1, 1).toordinal()
_MICROSECOND = dt.timedelta(microseconds=1)
_LATEST = (dt.datetime.max.replace(tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
_EARLIEST = (dt.datetime.min.replace(tzinfo=dt.UTC) - _EPOCH) // _MICROSECOND
_MOST = 10**30  # of the microseconds of a duration: longer than any two times are apart, and short as a text


@dataclass(frozen=True, slots=True, repr=False)
class Moment:
    """A value of one of the types of time; made by its class's ``read``, or of a number in its unit.

    It is equal to none that is not of its kind, and has order and arithmetic with its kind alone.

    Raises:
        ArithmeticFailure: there is no such time or date, or the two have no order, or no result.
    """

    number: int
    type_: ClassVar[str]
    least: ClassVar[int]
    most: ClassVar[int]

    def __post_init__(self) -> None:
        if not self.least <= self.number <= self.most:
            raise ArithmeticFailure(f"the result is no {self.type_} that can be written: bound what is added")

    @property
    def constant(self) -> str:
        """The constant of the language that stands for it."""
        return f'"{self}"'

    def __repr__(self) -> str:
        return f"{type(self).__name__}.read({str(self)!r})"

    def __lt__(self, other: object) -> bool:
        return self.number < self._same(other)

    def __le__(self, other: object) -> bool:
        return self.number <= self._same(other)

    def __gt__(self, other: object) -> bool:
        return self.number > self._same(other)

    def __ge__(self, other: object) -> bool:
        return self.number >= self._same(other)

    def _same(self, other: object) -> int:
        if isinstance(other, Moment) and type(other) is type(self):
            return other.number
        raise ArithmeticFailure(f"{_named(self)} and {_named(other)} have no order")

    def _none(self, op: str, other: object) -> ArithmeticFailure:
        return ArithmeticFailure(f"`{op}` has no result for {_named(self)} and {_named(other)}")

    def __pos__(self) -> Self:
        return self

    def __neg__(self) -> Moment:
        raise ArithmeticFailure(f"`-` has no result for {_named(self)}")

    def __add__(self, other: object) -> Moment:
        if isinstance(other, Duration):
            return self._moved(other.number)
        raise self._none("+", other)

    def __radd__(self, other: object) -> Moment:
        raise self._none("+", other)

    def __sub__(self, other: object) -> Moment:
        if isinstance(other, Moment) and type(other) is type(self):
            return Duration((self.number - other.number) * self._unit())
        if isinstance(other, Duration):
            return self._moved(-other.number)
        raise self._none("-", other)

    def __rsub__(self, other: object) -> Moment:
        raise self._none("-", other)

    def __mul__(self, other: object) -> Moment:
        raise self._none("*", other)

    def __rmul__(self, other: object) -> Moment:
        return self * other

    def _unit(self) -> int:
        return 1

    def _moved(self, microseconds: int) -> Self:
        return type(self)(self.number + microseconds)


@dataclass(frozen=True, slots=True, repr=False)
class Duration(Moment):
    """A length of time in microseconds; a day has 24 hours."""

    type_: ClassVar = "duration"
    least: ClassVar = -_MOST
    most: ClassVar = _MOST

    @classmethod
    def read(cls, text: str) -> Duration | None:
        """The duration of a literal (``24h``, ``1h30m``) or an ISO 8601 text (``P1DT12H``), or None.

        Years and months have no length of their own, so a text with them is none.
        """
        sign = -1 if text[:1] == "-" else 1
        text = text.removeprefix("-")
        if len(text) > _LONGEST:
            return None
        if LITERAL.fullmatch(text):
            number = sum(int(n) * UNITS[unit] for n, unit in _PART.findall(text))
        elif found := _ISO_DURATION.fullmatch(text):
            *whole, part = found.groups("0")
            number = sum(int(n) * UNITS[unit] for n, unit in zip(whole, "wdhms", strict=True))
            number += int(f"{part:0<6}"[:6])
        else:
            return None
        return cls(sign * number) if number <= cls.most else None

    @property
    def constant(self) -> str:
        """The constant of the language that stands for it."""
        return str(self)

    def __str__(self) -> str:
        rest = abs(self.number)
        # as people say it: 24h and 48h, but 3d
        units = ("d", "h", "m", "s", "ms", "us") if rest > 2 * DAY else ("h", "m", "s", "ms", "us")
        parts = []
        for unit in units:
            number, rest = divmod(rest, UNITS[unit])
            if number:
                parts.append(f"{number}{unit}")
        return ("-" if self.number < 0 else "") + ("".join(parts) or "0s")

    def __neg__(self) -> Duration:
        return Duration(-self.number)

    def __add__(self, other: object) -> Moment:
        if isinstance(other, Moment):
            return other._moved(self.number)
        raise self._none("+", other)

    def __radd__(self, other: object) -> Moment:
        if type(other) is int and other == 0:  # the sum of nothing
            return self
        raise self._none("+", other)

    def __mul__(self, other: object) -> Moment:
        if type(other) is int:
            return Duration(self.number * other)
        raise self._none("*", other)


@dataclass(frozen=True, slots=True, repr=False)
class Instant(Moment):
    """A point in time: microseconds since 1970 UTC, from the year 1 to 9999."""

    type_: ClassVar = "time"
    least: ClassVar = _EARLIEST
    most: ClassVar = _LATEST

    @classmethod
    def read(cls, text: str, zone: dt.tzinfo | None = None) -> Instant | None:
        """The instant of an ISO 8601 text such as ``2026-01-31T10:00:00Z``; None where it is none.

        Args:
            text: a date and a time of day, and its offset from UTC.
            zone: where the text has no offset, the zone that is meant. A time that its clocks skip is what it
                would have been without the change; of one that they show twice, the first is meant.
        """
        if len(text) > _LONGEST or not _ISO_TIME.fullmatch(text):
            return None
        text = text.upper()
        leap = text[17:19] == "60"  # the second after 59 is, as POSIX has it, the next minute's first
        try:
            found = dt.datetime.fromisoformat(f"{text[:17]}59{text[19:]}" if leap else text)
            if found.tzinfo is None:
                if zone is None:
                    return None
                found = found.replace(tzinfo=zone)
            return cls.of(found)._moved(SECOND if leap else 0)
        except (ValueError, OverflowError, ArithmeticFailure):
            return None

    @classmethod
    def of(cls, time: dt.datetime) -> Instant:
        """The instant of Python's datetime, which has a zone.

        Raises:
            ValueError: it has none.
        """
        if time.utcoffset() is None:
            raise ValueError(f"{time} has no zone, so it is no instant")
        return cls((time - _EPOCH) // _MICROSECOND)

    @property
    def datetime(self) -> dt.datetime:
        """Python's datetime for it, in UTC."""
        return _EPOCH + dt.timedelta(microseconds=self.number)

    def __str__(self) -> str:
        return self.datetime.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, repr=False)
class Date(Moment):
    """A day of the calendar, counted from 1970-01-01."""

    type_: ClassVar = "date"
    least: ClassVar = 1 - _ORDINAL
    most: ClassVar = dt.date.max.toordinal() - _ORDINAL

    @classmethod
    def read(cls, text: str) -> Date | None:
        """The date of an ISO 8601 text such as ``2026-01-31``; None where it is none."""
        if len(text) != 10 or not _ISO_DATE.fullmatch(text):
            return None
        try:
            return cls.of(dt.date.fromisoformat(text))
        except ValueError:
            return None

    @classmethod
    def of(cls, date: dt.date) -> Date:
        """The date of Python's date."""
        return cls(date.toordinal() - _ORDINAL)

    @property
    def date(self) -> dt.date:
        """Python's date for it."""
        return dt.date.fromordinal(self.number + _ORDINAL)

    def __str__(self) -> str:
        return self.date.isoformat()

    def _unit(self) -> int:
        return DAY

    def _moved(self, microseconds: int) -> Date:
        days, rest = divmod(microseconds, DAY)
        if rest:
            raise ArithmeticFailure(f"`{self}` is a date: what is added to it is a whole number of days")
        return Date(self.number + days)


TYPES: dict[str, type[Moment]] = {each.type_: each for each in (Instant, Date, Duration)}
"""The classes of time by the names of their types."""

READERS: dict[str, Callable[[str], Moment | None]] = {
    "time": Instant.read,
    "date": Date.read,
    "duration": Duration.read,
}
"""For each type of time, what reads a text as one of its values; None where it is none."""

LITERAL = re.compile(r"(?:[0-9]+(?:us|ms|[smhdw]))+")
"""A duration as the language writes it."""

_LONGEST = 80
_PART = re.compile(r"([0-9]+)(us|ms|[smhdw])")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_TIME = re.compile(
    _ISO_DATE.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_ISO_DURATION = re.compile(
    r"P(?=[0-9T])(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,]([0-9]+))?S)?)?"
)


def json_value(value: object) -> Any:
    """A value as JSON has it: of a type of time its text, of any other the value itself."""
    return str(value) if isinstance(value, Moment) else value


def json_values(row: Iterable[object]) -> list[Any]:
    """A row as JSON has it."""
    return list(map(json_value, row))


def kinds_of(text: str) -> tuple[str, ...]:
    """The types of time of which a text can be a value. Fast for the many texts that are none."""
    if text[4:5] != "-" and text[:1] not in ("P", "-") and not text[:1].isdigit():
        return ()
    return tuple(name for name, read in READERS.items() if read(text) is not None)


def _named(value: object) -> str:
    kind = value.type_ if isinstance(value, Moment) else "symbol" if isinstance(value, str) else "number"
    return f"the {kind} `{value}`"
