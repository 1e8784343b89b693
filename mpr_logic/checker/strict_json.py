"""JSON as its standard has it: no NaN, no infinity, no key twice in one object."""

from __future__ import annotations

import json
from typing import Any, NoReturn

LONGEST_KEY = 60


def loads(text: str, **options: Any) -> Any:
    """A text as a value.

    Args:
        text: the JSON.
        options: further ones of :func:`json.loads`.

    Raises:
        ValueError: it is none (a JSONDecodeError), or none by the standard.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, parse_constant=no_number, object_pairs_hook=no_repeats, **options)


def opened(text: str) -> Any:
    """The JSON object or array that a text is; the text itself, where it is none by the standard."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return loads(text)
        except (ValueError, RecursionError):
            pass
    return text


def no_number(text: str) -> NoReturn:
    """Refuse what Python's reader takes for a number and JSON does not have.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"`{text}` is not a number of JSON")


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The entries of an object, of which no two have one key.

    Raises:
        ValueError: two have.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        shown = twice if len(twice) <= LONGEST_KEY else f"{twice[: LONGEST_KEY - 3]}..."
        raise ValueError(f"the key `{shown}` stands twice in one object: join the two")
    return found
