"""Characters that make a text look other than it is: no rule file may hold them as they are.

An editor ends a line at some of them where the language does not, so that a comment would swallow what a
reader sees as a line of its own. Others turn the direction of what follows, or are not seen at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.language.scanner import UNKNOWN, Scanner
from mpr_logic.language.tables import END

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.source import Source

LINE_ENDS = "\x0b\x0c\x85\u2028\u2029"
"""Beside a carriage return alone: what editors show as the end of a line."""

_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# joiners and variation selectors are seen by what they do to letters and pictures: they may stay
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_HIDDEN = re.compile(f"\r(?!\n)|[{LINE_ENDS}{_TURNING}{_UNSEEN}{_CONTROL}]")
_LINE_END = re.compile(f"[\r{LINE_ENDS}]")
_INVISIBLE = re.compile(f"[{_TURNING}{_UNSEEN}]")


def hidden_character(source: Source, start: int = 0, end: int | None = None) -> Diagnostic | None:
    """The diagnostic of the first such character of a text, or of a stretch of it."""
    text = source.text
    end = len(text) if end is None else end
    found = _HIDDEN.search(text, start, end)
    if found is not None and found.group() == "\r" and text.startswith("\r\n", found.start()):
        found = None  # the stretch ends inside of a line's end
    if found is None:
        return None
    char = found.group()
    escape = f"\\u{ord(char):04x}" if char > "\r" else repr(char)[1:-1].replace("\\x", "\\u00")
    if ord(char) > 0xFFFF:
        high, low = char.encode("utf-16-be")[:2], char.encode("utf-16-be")[2:]
        escape = f"\\u{high.hex()}\\u{low.hex()}"
    instead = f"in a text write `{escape}`"
    name = f"U+{ord(char):04X}"
    at = found.span()
    if _LINE_END.match(char):
        message = "a carriage return alone" if char == "\r" else name
        message += " ends a line for some programs, and not here"
        help = f"end lines with LF, or with CR and LF; {instead}"
        return source.diagnostic("E0124", message, *at, help)
    if _INVISIBLE.match(char):
        message = f"{name} is not seen, and can make this text look other than it is"
        return source.diagnostic("E0125", message, *at, f"remove it; {instead}")
    return source.diagnostic("E0102", f"{name} is a control character", *at, f"remove it; {instead}")


def hidden_beside_texts(source: Source) -> Diagnostic | None:
    """The same for one atom or fact, whose texts in quotes are values from elsewhere: only what stands beside
    them is looked at."""
    scanner = Scanner(source.text)
    at = 0
    while True:
        token = scanner.next()
        found = hidden_character(source, at, token.start)  # blanks and comments before it
        if found is not None or token.kind in (END, UNKNOWN):
            return found
        at = token.end
