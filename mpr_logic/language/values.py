"""The values of constants as they are written: names, texts in quotes, numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.language.ast import Value

MAX_DIGITS = 1000

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


class ValueFault(Exception):
    """A constant that is written wrongly; ``start`` and ``end`` are offsets within its text."""

    def __init__(self, code: str, message: str, help: str, start: int, end: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.start = start
        self.end = end


def constant_value(text: str) -> Value:
    """The value of a constant: a name, a text in quotes or a number, negative or not. Raises ValueFault."""
    if text[0] == '"':
        return text_value(text)
    if text[0] == "-":
        return -number_value(text[1:])
    return number_value(text) if text[0].isdigit() else text


def text_value(quoted: str) -> str:
    """What stands between the quotes, its escapes resolved. Raises ValueFault."""
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    value = _ESCAPE.sub(_escape, inner)
    try:
        # two \u escapes may spell one character beyond U+FFFF, as in JSON
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        help = "write the character itself, or both halves one after the other"
        message = "half of a surrogate pair is no character"
        raise ValueFault("E0111", message, help, 0, len(quoted)) from None


def _escape(match: re.Match[str]) -> str:
    code, simple = match.groups()
    if code:
        return chr(int(code, 16))
    if simple in _ESCAPES:
        return _ESCAPES[simple]
    help = 'use `\\"`, `\\n`, `\\t`, `\\r` or `\\u` with four hex digits; for a backslash itself `\\\\`'
    # + 1: the opening quote
    raise ValueFault("E0111", f"`{match.group()}` is no escape", help, match.start() + 1, match.end() + 1)


def number_value(digits: str) -> int | float:
    """The int or float that is written. Raises ValueFault where it is too long or too large."""
    if digits.isdigit():
        if len(digits) <= MAX_DIGITS:
            return int(digits)
        message = f"this number has more than {MAX_DIGITS} digits"
        raise ValueFault("E0110", message, "write it as a float, such as `1e300`", 0, len(digits))
    value = float(digits)
    if math.isfinite(value):
        return value
    message = "this number is too large for a float"
    raise ValueFault("E0110", message, "the largest is about 1.8e308", 0, len(digits))


def weight_value(digits: str) -> float:
    """The weight that is written. Raises ValueFault where it is not in (0, 1]."""
    value = float(digits)
    if 0 < value <= 1:
        return value
    help = "a weight says how sure the clause is: above 0, and 1 (or none) where it is certain"
    message = f"the weight `{shorten(digits)}` is not in (0, 1]"
    raise ValueFault("E0109", message, help, 0, len(digits))


def shorten(text: str, limit: int = 30) -> str:
    """A text cut to a length fit for a message."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
