"""The fast path of the parser for ground atoms, such as ``put(apple_1, fridge_1)``.

Almost every proposed action and every changed fact is a name with plain names and small integers as
arguments. One regular expression reads those. Any other text goes to the parser, which reads the same
atoms from the same texts.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from mpr_logic.language.lexer import keywords, reserved

if TYPE_CHECKING:
    from mpr_logic.language.ast import Row

_NAMES = re.compile(r"([a-z]\w*)\(([a-z]\w*(?:, [a-z]\w*)*)\)", re.ASCII)
_ANY = re.compile(r"([a-z]\w*)\(((?:[a-z]\w*|-?\d{1,15})(?:, ?(?:[a-z]\w*|-?\d{1,15}))*)\)", re.ASCII)


def plain_atom(text: str) -> tuple[str, Row] | None:
    """The name and the arguments of a ground atom of plain names and integers; None for any other text."""
    match = _NAMES.fullmatch(text)
    if match is not None:
        name, between = match.groups()
        words = tuple(between.split(", "))
        return (name, words) if name not in _special() and _special().isdisjoint(words) else None
    match = _ANY.fullmatch(text)
    if match is None:
        return None
    name, between = match.groups()
    words = tuple(between.replace(" ", "").split(","))
    if name in _special() or not _special().isdisjoint(words):
        return None
    return name, tuple(w if w[0] >= "a" else int(w) for w in words)


@functools.cache
def _special() -> frozenset[str]:
    return keywords() | reserved()
