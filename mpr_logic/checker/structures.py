"""JSON values as constants of the language, and what is inside of them as facts.

A list or an object is one constant, its canonical JSON text with whole numbers as ints, which the built-in
relations ``item(list, position, value)``, ``list_length(list, length)`` and ``field(object, name, value)``
open up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.language.ast import Row, Value

NULL = "null"
"""The constant for JSON's null, and for an optional argument that was left out."""


def canonical(value: Any) -> str:
    """The canonical JSON text of a JSON value: keys sorted, no spaces."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def constant(value: Any) -> Value:
    """The constant of the language that stands for a JSON value."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return canonical(_whole(value))
    found: Value = value
    return found


def _whole(value: Any) -> Any:
    """A value with its whole numbers as ints: what writes 1.0 means the 1 that another writes. Beyond the
    floats that stand for one int alone each stays what it is."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {key: _whole(each) for key, each in value.items()} if isinstance(value, dict) else value


def deeper_than(value: Any, depth: int) -> bool:
    """Whether lists and objects are nested in a value to more levels."""
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for each in level
            if isinstance(each, (list, dict))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


OPENED = frozenset({"item", "list_length", "field"})
"""The built-in relations that say what is inside the arguments of a call, and what calls returned."""


def inside(value: Any) -> Value:
    """The constant for a value in a column of any type: there a whole number is an int, however written."""
    found = constant(value)
    return int(found) if isinstance(found, float) and found.is_integer() else found


def structure(value: Any) -> Iterator[tuple[str, Row]]:
    """The rows of ``item``, ``list_length`` and ``field`` about a value and all that is inside it, each with
    the name of its relation. Of ``null`` they hold nothing."""
    return _structure(value, inside(value))


def _structure(value: Any, whole: Value) -> Iterator[tuple[str, Row]]:
    """The same, of a value with its constant."""
    if value is None:
        return
    if not isinstance(value, list):
        yield "item", (whole, 0, whole)
        yield "list_length", (whole, 1)
    else:
        for position, each in enumerate(value):
            known = inside(each)
            yield "item", (whole, position, known)
            yield from _structure(each, known)
        yield "list_length", (whole, len(value))
    if isinstance(value, dict):
        for key, each in value.items():
            known = inside(each)
            yield "field", (whole, key, known)
            yield from _structure(each, known)
