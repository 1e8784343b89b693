"""Results of tools, as a guard takes them in: a JSON value, or a text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.checker import strict_json
from mpr_logic.checker.structures import canonical
from mpr_logic.guard.origins.records import TooLargeError, written

if TYPE_CHECKING:
    from mpr_logic.guard.calls import Limits


class Result(NamedTuple):
    """The result of a tool.

    ``value`` is a JSON value of its own, ``text`` the same as a text; ``characters`` are those that the facts
    about it hold, where each list and object is a text of its own, and ``values`` counts all that is inside.
    Of one beyond the limits nothing is kept but these counts, as far as they went.
    """

    value: Any
    text: str
    characters: int
    values: int


class _NoJsonError(Exception):
    """A value has no JSON, or lies deeper than can be looked into."""


class _BeyondError(Exception):
    """A value holds more than a whole conversation may: the characters and the values that were counted."""


def read_result(content: Any, limits: Limits) -> Result:
    """Read what a tool returned. A text that is a JSON object or array is taken for one. What has no JSON is
    taken as Python writes it; what is nested deeper than the limits let be is a text. What holds more than
    the limits let a conversation hold is not read: its counts say so.

    Args:
        content: a JSON value, or a text.
        limits: bounds on the depth, on the digits of a number, on the values and the characters.
    """
    nothing: Any = {} if isinstance(content, dict) else ""
    try:
        if not isinstance(content, str):
            try:
                return _of_value(content, limits)
            except _NoJsonError:
                content = _written(content, limits.heard)
        return _parsed(content, limits) or _of_text(content)
    except _BeyondError as error:
        return Result(nothing, str(nothing), *error.args)
    except TooLargeError:
        return Result(nothing, str(nothing), limits.heard + 1, 1)


def _written(content: Any, most: int) -> str:
    """The text that Python writes for a value without JSON."""
    try:
        return written(content, most)
    except TooLargeError:
        raise
    except Exception:  # what a host's object raises when it is written
        return f"{type(content).__name__} without JSON"


def sound(text: object) -> str:
    """A text without halves of surrogate pairs, which are no characters: in their place stands U+FFFD."""
    said = text if isinstance(text, str) else str(text)
    try:
        said.encode()
    except UnicodeEncodeError:
        return said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return said


def _parsed(text: str, limits: Limits) -> Result | None:
    """A text that is a JSON object or array; None where it is neither."""
    value = strict_json.opened(text)
    try:
        return None if value is text else _of_value(value, limits)
    except (RecursionError, _NoJsonError):
        return None


def _of_text(text: str) -> Result:
    text = sound(text)
    return Result(text, text, len(text), 1)


def _of_value(content: Any, limits: Limits) -> Result:
    reader = _Reader(limits)
    value, _ = reader.value(content, limits.depth)
    return Result(
        value, value if isinstance(value, str) else canonical(value), reader.characters, reader.values
    )


class _Reader:
    """Copies a JSON value, and counts."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.characters = 0
        self.values = 0

    def value(self, given: Any, depth: int) -> tuple[Any, int]:
        """A copy, and the characters of its JSON.

        Raises:
            _NoJsonError: it has none.
            _BeyondError: it holds too much.
        """
        self.values += 1
        if self.values > self._limits.returned or self.characters > self._limits.heard:
            raise _BeyondError(self.characters, self.values)
        if isinstance(given, str):
            text = sound(given)
            self.characters += len(text)
            return text, len(text) + 3
        if given is None or isinstance(given, bool):
            return given, 5
        if isinstance(given, int):
            if self._limits.pass_digits(given):
                raise _NoJsonError
            return int(given), 8
        if isinstance(given, float):
            if not math.isfinite(given):
                raise _NoJsonError
            return float(given), 8
        if not depth or not isinstance(given, (list, tuple, dict)):
            raise _NoJsonError
        return self._object(given, depth) if isinstance(given, dict) else self._list(given, depth)

    def _list(self, given: list[Any] | tuple[Any, ...], depth: int) -> tuple[list[Any], int]:
        found = [self.value(each, depth - 1) for each in given]
        size = 2 + sum(length for _, length in found)
        self.characters += size
        return [each for each, _ in found], size

    def _object(self, given: dict[Any, Any], depth: int) -> tuple[dict[str, Any], int]:
        copy, size = {}, 2
        for key, each in given.items():
            if not isinstance(key, str):
                raise _NoJsonError
            name = sound(key)
            if name in copy:  # two keys that differ in what is no character: as a text, both are kept
                raise _NoJsonError
            copy[name], length = self.value(each, depth - 1)
            size += len(key) + 4 + length
        self.characters += size
        return copy, size
