"""Combining marks: as many on one letter as texts have, so that normal forms take linear time."""

from __future__ import annotations

import re
import unicodedata

_MOST = 30
_RUNS = re.compile(rf"[^\x00-\x7f\w\s]{{{_MOST + 1},}}")
_SPLIT = "\u0f73\u0f75\u0f81"  # these are two marks each


def few_marks(text: str) -> str:
    """A text with as many marks on one letter as texts have at most (Unicode's stream-safe format, UAX 15).
    A normal form brings the marks of a letter into order, and the time for it grows with their square."""
    return _RUNS.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in found.group():
        marks = marks + 1 if unicodedata.combining(char) or char in _SPLIT else 0
        if marks <= _MOST:
            kept.append(char)
    return "".join(kept)
