"""Fencing of untrusted words in a text that a model reads: they cannot leave their place.

The words of the world, of a tool, or of a model that wrote a rule are data. They may look like the end of a
line, a fence, a tag or a role of the text around them. All prompts and messages for models pass such words
through one of the two functions here.
"""

from __future__ import annotations

import re

from mpr_logic.language.diagnostics import visible

_MARKS = re.compile(
    r"`{2,}|~{3,}|<(?=[|/!?<a-z])|(?<=\|)>|\[(?=/?(?:inst|sys|system|user|assistant)\b)", re.I
)
"""Marks of chat templates, Markdown and XML: fences, tags, tokens of roles."""

_INSTEAD = {"`": "'", "~": "-", "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"}
_INSTEAD |= {">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}", "[": "("}


def in_place(text: str) -> str:
    """A text in which nothing ends a line, moves a cursor, hides, reorders, or looks like a mark."""
    return visible(_MARKS.sub(lambda found: "".join(map(_INSTEAD.__getitem__, found[0])), text))


def on_one_line(text: str) -> str:
    """The same, with its lines and blanks run together."""
    return in_place(" ".join(text.split()))
