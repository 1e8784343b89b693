"""The order of types: which type takes the values of which.

The built-in types stand as ``bool <: symbol <: any`` and ``int <: float <: any``; a declared type stands
under its base. A constant and a computed value have a *value type*, written ``=int``: they belong
to every type over that base, since no declaration lists the members of a type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.language.ast import Value

BUILTIN = ("symbol", "int", "float", "bool", "any")
UNKNOWN = "?"
"""The type of an argument of which inference knows nothing yet."""
NUMBERS = ("int", "float")
SYMBOLS = ("symbol", "bool")
_OVER = {"bool": "symbol", "symbol": "any", "int": "float", "float": "any"}


def base(types: Mapping[str, str], name: str) -> str:
    """The built-in type under a declared one, or of a value type (``=int`` gives ``int``)."""
    name = name.removeprefix("=")
    while name in types:
        name = types[name]
    return name


def under(types: Mapping[str, str], lower: str, upper: str) -> bool:
    """Whether every value of type ``lower`` may stand where ``upper`` is asked for."""
    if upper == "any" or lower == upper:
        return True
    if lower[0] == "=":
        lower, upper = lower[1:], base(types, upper)
    step: str | None = lower
    while step is not None:
        if step == upper:
            return True
        step = types.get(step) or _OVER.get(step)
    return False


def meet(types: Mapping[str, str], first: str, second: str) -> str | None:
    """The narrower of two types; None where neither is under the other."""
    if first[0] == "=" and second[0] != "=":  # a declared type says more than a value's
        return second if base(types, first) == base(types, second) else _narrower(types, first, second)
    return _narrower(types, first, second)


def _narrower(types: Mapping[str, str], first: str, second: str) -> str | None:
    if under(types, first, second):
        return first
    return second if under(types, second, first) else None


def join(first: str, second: str) -> str:
    """The type that inference gives to values of two built-in types."""
    if first == second:
        return first
    return "symbol" if first in SYMBOLS and second in SYMBOLS else "any"


def value_type(value: Value) -> str:
    """The built-in type of a constant: bool for ``true`` and ``false``, else symbol, int or float."""
    if isinstance(value, str):
        return "bool" if value in ("true", "false") else "symbol"
    return "int" if isinstance(value, int) else "float"


def comparable(first: str, second: str) -> bool:
    """Whether values of two built-in types may be equal or in order: numbers, or symbols, or unknown."""
    if "any" in (first, second):
        return True
    return (first in NUMBERS) == (second in NUMBERS)


def shown(name: str) -> str:
    """A type as a message names it."""
    return name.removeprefix("=")
