"""The functions of texts, with one meaning for all engines that call them.

Each takes its arguments and then the deadline, which it looks at before a long text. One that has no value
for its arguments returns None, and the literal that calls it fails. What is no text, and a result that would
be too long, raise ArithmeticFailure: the question is then undecided. All take time linear in their texts.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from mpr_logic.engine import regex
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.moments import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.language.ast import Value

LONG = 10_000
"""Before a text of more characters is searched there is a look at the clock."""

MOST = 1_000_000
"""No text of more characters is made: a rule could otherwise fill the memory by joining."""

NORMAL = 100_000
"""No text of more characters is normalised, if it is not ASCII: each of them is looked at by itself."""

MARKS = 100
"""The most marks that may follow one character in a text that is normalised: the time to put them in order
grows with their square."""

DIGITS = 1000
"""The most characters of a number in a text, as in the language."""

_INT = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def must_be_texts(name: str, *values: object) -> None:
    """Raise ArithmeticFailure where a value is no text."""
    for value in values:
        if not isinstance(value, str):
            raise ArithmeticFailure(
                f"`{name}` needs text, and `{value}` is none: "
                "test it first, `T is symbol`, or take its text, `to_text(N)`"
            )


def look_at_clock(deadline: Deadline | None, *texts: str) -> None:
    """Stop where the time is over, if one of the texts is long."""
    if deadline is not None and any(len(text) > LONG for text in texts):
        deadline.poll()


def _bounded(name: str, characters: int, most: int = MOST) -> None:
    if characters > most:
        raise ArithmeticFailure(f"`{name}` works on texts of at most {most:,} characters: bound the texts")


def lower(text: Value, deadline: Deadline | None = None) -> str:
    """The text in lower case."""
    if not isinstance(text, str):
        must_be_texts("lower", text)
    look_at_clock(deadline, text)  # type: ignore[arg-type]
    return text.lower()  # type: ignore[union-attr]


def length(text: Value, deadline: Deadline | None = None) -> int:
    """The number of characters (code points)."""
    if not isinstance(text, str):
        must_be_texts("length", text)
    return len(text)  # type: ignore[arg-type]


def upper(text: Any, deadline: Deadline | None = None) -> str:
    """The text in upper case."""
    return _changed("upper", str.upper, text, deadline)


def casefold(text: Any, deadline: Deadline | None = None) -> str:
    """The text without distinctions of case."""
    return _changed("casefold", str.casefold, text, deadline)


def trim(text: Any, deadline: Deadline | None = None) -> str:
    """The text without white space around it."""
    return _changed("trim", str.strip, text, deadline)


def nfc(text: Any, deadline: Deadline | None = None) -> str:
    """The text in Unicode's normal form C."""
    return _changed("nfc", lambda t: _normal("NFC", t), text, deadline)


def nfkc(text: Any, deadline: Deadline | None = None) -> str:
    """The text in Unicode's normal form KC."""
    return _changed("nfkc", lambda t: _normal("NFKC", t), text, deadline)


def _changed(name: str, change: Callable[[str], str], text: Any, deadline: Deadline | None) -> str:
    must_be_texts(name, text)
    look_at_clock(deadline, text)
    _bounded(name, len(text))
    made = change(text)
    _bounded(name, len(made))
    return made


def _normal(form: Any, text: str) -> str:
    if text.isascii():
        return text
    _bounded(form.lower(), len(text), NORMAL)
    apart = {each: unicodedata.normalize("NFKD" if form == "NFKC" else "NFD", each) for each in set(text)}
    marks = {each: _marks(found) for each, found in apart.items()}
    run = 0
    for each in text:
        run = marks[each] + (run if marks[each] == len(apart[each]) else 0)
        if run > MARKS:
            raise ArithmeticFailure(f"`{form.lower()}` takes no more than {MARKS} marks behind one character")
    return unicodedata.normalize(form, text)


def _marks(text: str) -> int:
    """The number of combining marks at the end of a text."""
    marks = 0
    for each in reversed(text):
        if not unicodedata.combining(each):
            break
        marks += 1
    return marks


def concat(*given: Any) -> str:
    """The texts, one behind the other."""
    *parts, deadline = given
    must_be_texts("concat", *parts)
    look_at_clock(deadline, *parts)
    _bounded("concat", sum(map(len, parts)))
    return "".join(parts)


def replace(text: Any, old: Any, new: Any, deadline: Deadline | None = None) -> str:
    """The text with one part replaced wherever it stands, from left to right; of an empty part there is
    none to replace."""
    must_be_texts("replace", text, old, new)
    look_at_clock(deadline, text)
    if not old:
        return text  # type: ignore[no-any-return]
    _bounded("replace", len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)  # type: ignore[no-any-return]


def substring(text: Any, start: Any, *given: Any) -> str | None:
    """The characters from a position on, so many at most; None where the text has no such position."""
    *most, deadline = given
    must_be_texts("substring", text)
    numbers = [_position("substring", each) for each in (start, *most)]
    look_at_clock(deadline, text)
    first, *size = numbers
    if not 0 <= first <= len(text) or min(size, default=0) < 0:
        return None
    return text[first : first + size[0]] if size else text[first:]  # type: ignore[no-any-return]


def part(text: Any, separator: Any, position: Any, deadline: Deadline | None = None) -> str | None:
    """The piece of a text at a position between separators; negative positions count from the end."""
    must_be_texts("part", text, separator)
    place = _position("part", position)
    look_at_clock(deadline, text)
    _bounded("part", len(text))
    if not separator:
        return None
    pieces = text.split(separator)
    return pieces[place] if -len(pieces) <= place < len(pieces) else None


def _position(name: str, value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ArithmeticFailure(f"`{name}` needs a whole number for a position, and `{value}` is none")


def group(text: Any, expression: Any, which: Any, deadline: Deadline | None = None) -> str | None:
    """The text of a group of the first match of an RE2 expression, which comes from outside the rules; None
    where it does not match, or not with that group, or has none."""
    must_be_texts("group", text, expression)
    return regex.group(text, expression, _group(which), deadline)


def group_written(text: Any, expression: Any, which: Any, deadline: Deadline | None = None) -> str | None:
    """The same of an expression that a rule is written with."""
    must_be_texts("group", text, expression)
    return regex.group(text, expression, _group(which), deadline, written=True)


def _group(which: Any) -> str | int:
    return which if isinstance(which, str) else _position("group", which)


def to_int(text: Any, deadline: Deadline | None = None) -> int | None:
    """The int that a text writes in decimal digits; None where it writes none."""
    must_be_texts("to_int", text)
    return int(text) if len(text) <= DIGITS and _INT.fullmatch(text) else None


def to_float(text: Any, deadline: Deadline | None = None) -> float | None:
    """The float that a text writes; None where it writes none, or one that is not finite."""
    must_be_texts("to_float", text)
    if len(text) > DIGITS or not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def to_text(value: Value, deadline: Deadline | None = None) -> str:
    """The text of a value: equal numbers have one text, so that of 1.0 is that of 1."""
    if isinstance(value, (str, Moment)):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return repr(value)
    except ValueError:  # Python writes no int of more digits
        raise ArithmeticFailure("`to_text` writes no number of more than 4,300 digits") from None


FUNCTIONS: dict[str, Callable[..., Value | None]] = {
    each.__name__: each
    for each in (
        lower,
        upper,
        casefold,
        trim,
        nfc,
        nfkc,
        length,
        concat,
        replace,
        substring,
        part,
        group,
        to_text,
        to_int,
        to_float,
    )
}
"""Each function by its name."""
