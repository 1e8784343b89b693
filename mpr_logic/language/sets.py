"""Names of the anonymous relations that sets stand for: ``X in {a, b}`` is a literal of one of them.

The name holds the kind of the members and, of a small set, the members themselves, in order: so equal sets
are one relation, however they were written, and whoever prints a literal needs nothing but its name. Of a
large set the name holds the first members, how many more there are, and a hash of all.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "in "
SHOWN = 12
"""The most members of a set that its name lists."""

_NAME = re.compile(r"in (?P<kind>[a-z]+) (?P<text>\{.*\})(?: #[0-9a-f]+)?", re.DOTALL)


def set_relation(kind: str, members: Iterable[str]) -> str:
    """The name of the relation of a set: its kind is a built-in type, its members are texts of constants."""
    ordered = sorted(set(members), key=text_order)
    if len(ordered) <= SHOWN:
        return f"{PREFIX}{kind} {{{', '.join(ordered)}}}"
    digest = hashlib.sha256("\n".join(ordered).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    more = len(ordered) - SHOWN
    return f"{PREFIX}{kind} {{{', '.join(ordered[:SHOWN])}, ... {more} more}} #{digest}"


def text_order(text: str) -> tuple[bool, float, str]:
    """The key that orders texts of constants: numbers come first, by their size."""
    number = text[:1] in "-0123456789" and bool(_NUMBER.fullmatch(text))
    return not number, float(text) if number else 0.0, text


_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]+)?(e[+-]?[0-9]{1,3})?")


def is_set(relation: str) -> bool:
    """Whether a core relation is that of a set."""
    return relation.startswith(PREFIX)


def set_kind(relation: str) -> str:
    """The built-in type of the members."""
    return relation[len(PREFIX) :].partition(" ")[0]


def set_text(relation: str) -> str:
    """The set as people read it: ``{a, b}``."""
    found = _NAME.fullmatch(relation)
    return found["text"] if found else relation
