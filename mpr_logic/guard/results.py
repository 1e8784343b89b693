"""Results of tools, as a guard takes them in: a JSON value, or a text."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.checker import strict_json
from mpr_logic.checker.structures import canonical
from mpr_logic.guard.origins.records import flat

if TYPE_CHECKING:
    from mpr_logic.guard.calls import Limits


class Result(NamedTuple):
    """The result of a tool.

    ``value`` is a JSON value of its own, ``text`` the same as a text; ``characters`` are those that the facts
    about it hold, where each list and object is a text of its own, and ``values`` counts all that is inside.
    """

    value: Any
    text: str
    characters: int
    values: int


class _NoJsonError(Exception):
    """A value has no JSON, or is beyond what can be looked into."""


def read_result(content: Any, limits: Limits) -> Result:
    """Read what a tool returned. A text that is a JSON object or array is taken for one. What has no JSON is
    taken as Python writes it; what is nested deeper than the limits let be is a text.

    Args:
        content: a JSON value, or a text.
        limits: bounds on the depth, and on the digits of a number.
    """
    if not isinstance(content, str):
        try:
            return _of_value(content, limits)
        except _NoJsonError:
            content = _written(content)
    found = _parsed(content, limits)
    return _of_text(content) if found is None else found


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
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return _of_value(strict_json.loads(text), limits)
    except (ValueError, RecursionError, _NoJsonError):
        return None


def _of_text(text: str) -> Result:
    text = sound(text)
    return Result(text, text, len(text), 1)


def _of_value(content: Any, limits: Limits) -> Result:
    reader = _Reader(limits.digits)
    value, _ = reader.value(content, limits.depth)
    return Result(
        value, value if isinstance(value, str) else canonical(value), reader.characters, reader.values
    )


def _written(content: Any) -> str:
    """The text that Python writes for a value without JSON."""
    try:
        return json.dumps(content, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return flat(content)
    except Exception:  # what a host's object raises when it is written
        return f"{type(content).__name__} without JSON"


class _Reader:
    """Copies a JSON value, and counts."""

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self.characters = 0
        self.values = 0

    def value(self, given: Any, depth: int) -> tuple[Any, int]:
        """A copy, and the characters of its JSON.

        Raises:
            _NoJsonError: it has none.
        """
        self.values += 1
        if isinstance(given, str):
            text = sound(given)
            self.characters += len(text)
            return text, len(text) + 3
        if given is None or isinstance(given, bool):
            return given, 5
        if isinstance(given, int):
            if given.bit_length() > self._digits * 3.322:  # bits in a digit
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
