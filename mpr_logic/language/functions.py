"""The functions of terms: their names, what they take and what they give.

``docs/reference/language.md`` says what each means; :mod:`mpr_logic.engine.texts` and
:mod:`mpr_logic.engine.calendars` work it out. A name of this list is a function only where a term stands, so
relations, actions and constants may have it too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mpr_logic.language.zones import WEEKDAYS


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        takes: the built-in type of each argument; ``any`` takes every value.
        gives: the built-in type of its value.
        optional: how many of the last arguments may be left out.
        repeats: whether the last argument may be given several times.
        lacks: why it has no value for some arguments of these types, in words; empty where it always has one.
        alone: the built-in type of its first argument where that is the only one, if it is another one then.
        least, most: the numbers that it gives are from the one to the other.
        values: the only symbols that it gives; empty where it may give any.
    """

    takes: tuple[str, ...]
    gives: str
    optional: int = 0
    repeats: bool = False
    lacks: str = ""
    alone: str = ""
    least: float = -math.inf
    most: float = math.inf
    values: tuple[str, ...] = ()

    def takes_so_many(self, number: int) -> bool:
        """Whether it may be given this number of arguments."""
        most = len(self.takes)
        return number >= most - self.optional and (self.repeats or number <= most)

    def type_at(self, place: int, number: int) -> str:
        """The built-in type of the argument at a place, of a call with ``number`` arguments."""
        if self.alone and number == 1:
            return self.alone
        return self.takes[min(place, len(self.takes) - 1)]

    @property
    def partial(self) -> bool:
        """Whether it has no value for some arguments: the literal that calls it then fails."""
        return bool(self.lacks)

    @property
    def arguments(self) -> str:
        """The number of its arguments, in words."""
        most = len(self.takes)
        least = most - self.optional
        if self.repeats:
            return f"{least} arguments or more"
        if least < most:
            return f"{least} or {most} arguments"
        return "1 argument" if most == 1 else f"{most} arguments"


_TEXT = ("symbol",)
_TIME_AND_ZONE = ("time", "symbol")


def _of_day(least: float, most: float) -> Function:
    """A number of a day: of a date, or of a time by the calendar of a zone."""
    return Function(_TIME_AND_ZONE, "int", optional=1, alone="date", least=least, most=most)


FUNCTIONS: dict[str, Function] = {
    **{name: Function(_TEXT, "symbol") for name in ("lower", "upper", "casefold", "trim", "nfc", "nfkc")},
    "length": Function(_TEXT, "int", least=0),
    "concat": Function(("symbol", "symbol"), "symbol", repeats=True),
    "replace": Function(("symbol", "symbol", "symbol"), "symbol"),
    "substring": Function(
        ("symbol", "int", "int"), "symbol", optional=1, lacks="the text has no such position"
    ),
    "part": Function(("symbol", "symbol", "int"), "symbol", lacks="the text has no such part"),
    "group": Function(("symbol", "symbol", "any"), "symbol", lacks="nothing matches, or not this group"),
    "to_text": Function(("any",), "symbol"),
    "to_int": Function(_TEXT, "int", lacks="the text is no whole number"),
    "to_float": Function(_TEXT, "float", lacks="the text is no number"),
    "year": _of_day(1, 9999),
    "month": _of_day(1, 12),
    "day": _of_day(1, 31),
    "weekday": Function(_TIME_AND_ZONE, "symbol", optional=1, alone="date", values=WEEKDAYS),
    "hour": Function(_TIME_AND_ZONE, "int", least=0, most=23),
    "minute": Function(_TIME_AND_ZONE, "int", least=0, most=59),
    "date": Function(_TIME_AND_ZONE, "date"),
    "to_time": Function(
        ("symbol", "symbol"), "time", optional=1, lacks="the text is no time, or it needs a zone and has none"
    ),
    "to_date": Function(_TEXT, "date", lacks="the text is no date"),
    "to_duration": Function(_TEXT, "duration", lacks="the text is no duration"),
}
"""Each function by its name."""

EXPRESSIONS = frozenset({"group"})
"""The functions whose second argument is a regular expression."""

ZONED = frozenset({"to_time", *(n for n, each in FUNCTIONS.items() if each.takes == _TIME_AND_ZONE)})
"""The functions whose second argument, where it is given, is the name of a time zone."""

CHECKED = EXPRESSIONS | ZONED
"""The functions whose second argument is checked by its value before a program runs."""
