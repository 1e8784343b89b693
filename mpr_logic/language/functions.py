"""The text functions of terms: their names, what they take and what they give.

``docs/reference/language.md`` says what each means; :mod:`mpr_logic.engine.texts` works it out. A name of
this list is a function only where a term stands, so relations, actions and constants may have it too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        takes: the built-in type of each argument; ``any`` takes every value.
        gives: the built-in type of its value.
        optional: how many of the last arguments may be left out.
        repeats: whether the last argument may be given several times.
        lacks: why it has no value for some arguments of these types, in words; empty where it always has one.
    """

    takes: tuple[str, ...]
    gives: str
    optional: int = 0
    repeats: bool = False
    lacks: str = ""

    def takes_so_many(self, number: int) -> bool:
        """Whether it may be given this number of arguments."""
        most = len(self.takes)
        return number >= most - self.optional and (self.repeats or number <= most)

    def type_at(self, place: int) -> str:
        """The built-in type of the argument at a place."""
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

FUNCTIONS: dict[str, Function] = {
    **{name: Function(_TEXT, "symbol") for name in ("lower", "upper", "casefold", "trim", "nfc", "nfkc")},
    "length": Function(_TEXT, "int"),
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
}
"""Each function by its name."""

EXPRESSIONS = frozenset({"group"})
"""The functions whose second argument is a regular expression."""
