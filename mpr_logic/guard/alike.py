"""Keys that some readers of JSON take for one: by case, by Unicode's forms of a letter, by what nobody sees.

Go reads ``Path`` where it looks for ``path``, and a long s where it looks for an s; Java and .NET can be told
to; some leave out spaces around a key, or what comes behind a NUL. A call with two such keys, or with one in
another spelling than the tool's own, is another call to each reader.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_LETTERS = str.maketrans({"\u0131": "i", "\u0130": "i"})
"""The i without a dot, and the I with one: an i where a reader compares letter by letter."""


def alike(key: str) -> str:
    """What all spellings of a key have in common, which some reader takes for it."""
    text = key.partition("\0")[0]  # where texts end, to a reader in C
    if text.isascii():
        return text.strip().lower()
    seen = "".join(c for c in text.translate(_LETTERS) if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).upper().casefold())
    return unicodedata.normalize("NFKC", plain.casefold()).strip()


def two_alike(keys: Iterable[str], named: Collection[str] = ()) -> tuple[str, str] | None:
    """The first two of these keys that some reader takes for one; None where there are none. Who names two
    keys in a schema tells them apart: two of ``named`` are none."""
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(alike(key), key)
        if other is not key and not (key in named and other in named):
            return other, key
    return None


def alike_within(value: Any) -> tuple[str, str] | None:
    """The first two keys of one object that some reader takes for one, at any depth of a JSON value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            found = two_alike(each)
            if found is not None:
                return found
            left += each.values()
        elif isinstance(each, list):
            left += each
    return None
