"""Words that are most likely one word, once misspelt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 3
"""Of words with fewer letters than this, one letter makes another word."""


def like(word: str, others: Iterable[str]) -> str | None:
    """One of the others that differs in one letter: left out, put in, another one, or two in turn."""
    if len(word) < SHORTEST:
        return None
    return next((other for other in others if len(other) >= SHORTEST and _one_off(word, other)), None)


def _one_off(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    first, second = one[start:], other[start:]
    changed = first[:1] + second[:1]
    if re.search(r"[\d_]", changed):  # two things that are numbered, not one that is misspelt
        return False
    if len(one) == len(other):
        return first[1:] == second[1:] or (first[:2] == second[1::-1] and first[2:] == second[2:])
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return longer[1:] == shorter
