"""From text to tokens, from tokens to values, and the characters that a text may not have."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.language.lalr_tables import END, tables
from mpr_logic.language.moments import Duration

if TYPE_CHECKING:
    from mpr_logic.language.ast import Value
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.source import SourceText


UNKNOWN = "?"  # the kind of a character that begins no token
RESERVED = frozenset("CONTAINS STARTS_WITH ENDS_WITH MATCHES LOWER LENGTH".split())
"""The terminals that no relation may have as its name, but that may stand as constants."""
ATTRIBUTES = frozenset("OPEN_WORLD INPUT KEY CHANGED_BY SHARED COMPLETE AS TELLS UNKNOWN".split())
"""The terminals that behind a ``.decl`` are its attributes, and elsewhere names."""
SOFT = ATTRIBUTES | {"IN", "IS", "POSITION", "WITHIN", "BEFORE", "AFTER", "SINCE", "EXPECT"}
"""The terminals that have a meaning in some places, and are names elsewhere."""


_A_CLAUSE = re.compile(r"\s*(?:\(|:-|\.(?![A-Za-z]))")
"""The marks behind the name of a relation, which never stand behind an attribute that takes no arguments."""


class Token(NamedTuple):
    """A token: its terminal, its text and its offsets. At the end of the text the terminal is END."""

    kind: str
    text: str
    start: int
    end: int


class Lexer:
    """Reads tokens from ``position`` on; the comments that it passes are kept in ``comments``."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position
        self.comments: list[Token] = []
        self._tables = tables()

    def next(self) -> Token:
        """The next token. Characters that begin none come as one of kind UNKNOWN, again and again."""
        match_at = self._tables.scanner.match
        while match := match_at(self.text, self.position):
            kind = match.lastgroup or UNKNOWN
            start, self.position = match.span()
            if kind not in self._tables.ignored:
                text = match.group()
                if kind == "NAME":
                    kind = self._tables.words.get(text, kind)
                    if kind == "COMPLETE" and _A_CLAUSE.match(self.text, self.position):
                        kind = "NAME"  # a relation of that name, at the beginning of a clause behind a .decl
                return Token(kind, text, start, self.position)
            if kind == "COMMENT":
                self.comments.append(Token(kind, match.group(), start, self.position))
        at = self.position
        if at >= len(self.text):
            return Token(END, "", at, at)
        return Token(UNKNOWN, self.text[at], at, at + 1)

    def take_comments(self, end: int) -> tuple[str, ...]:
        """The comments that begin before an offset, and back to it: what lies behind is read anew."""
        taken = tuple(comment_text(c.text) for c in self.comments if c.start < end)
        self.comments.clear()
        self.position = end
        return taken


def comment_text(comment: str) -> str:
    """The text of a comment without its ``%``, the blank after it, and blanks at its end."""
    return comment[1:].removeprefix(" ").rstrip(" \t\r")


# ---- the words of the language


def keywords() -> frozenset[str]:
    """The words that are no names, not even of constants (unless quoted)."""
    return frozenset(word for word, kind in tables().words.items() if kind not in RESERVED | SOFT)


def reserved() -> frozenset[str]:
    """The words that no relation may have as its name, but that may stand as constants."""
    return frozenset(word for word, kind in tables().words.items() if kind in RESERVED)


def attributes() -> frozenset[str]:
    """The words that may follow a ``.decl`` as its attributes; elsewhere they are names like others."""
    return frozenset(word for word, kind in tables().words.items() if kind in ATTRIBUTES)


# ---- the values of constants

MAX_DIGITS = 1000

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "n": "\n", "t": "\t", "r": "\r"}
_CONTROLS = {
    "b": "for a backspace write `\\u0008`; in an expression of `matches`, the end of a word is `\\\\b`",
    "f": "for a form feed write `\\u000c`; a backslash itself, as in a path, is `\\\\`",
}
"""Escapes of JSON that would change what an expression or a path says, each with what to write instead."""


class ValueFault(Exception):
    """A constant that is written wrongly; ``start`` and ``end`` are offsets within its text."""

    def __init__(self, code: str, message: str, help: str, start: int, end: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.start = start
        self.end = end


def constant_value(text: str) -> Value:
    """The value of a constant: a name, a text in quotes or a number, negative or not. Raises ValueFault."""
    if text[0] == '"':
        return text_value(text)
    if text[0] == "-":
        return -number_value(text[1:])
    return number_value(text) if text[0].isdigit() else text


def text_value(quoted: str) -> str:
    """The text between the quotes, its escapes resolved. Raises ValueFault."""
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    value = _ESCAPE.sub(_escape, inner)
    try:
        # two \u escapes may spell one character beyond U+FFFF, as in JSON
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        help = "write the character itself, or both halves one after the other"
        message = "half of a surrogate pair is no character"
        raise ValueFault("E0111", message, help, 0, len(quoted)) from None


def _escape(match: re.Match[str]) -> str:
    code, simple = match.groups()
    if code:
        return chr(int(code, 16))
    if simple in _ESCAPES:
        return _ESCAPES[simple]
    help = 'use `\\"`, `\\n`, `\\t`, `\\r` or `\\u` with four hex digits; for a backslash itself `\\\\`'
    help = _CONTROLS.get(simple, help)
    # + 1: the opening quote
    raise ValueFault("E0111", f"`{match.group()}` is no escape", help, match.start() + 1, match.end() + 1)


def number_value(digits: str) -> int | float | Duration:
    """The int, float or duration that is written. Raises ValueFault where it is too long or too large."""
    if digits[-1] in "smhdw":
        return _duration(digits)
    if digits.isdigit():
        if len(digits) <= MAX_DIGITS:
            return int(digits)
        message = f"this number has more than {MAX_DIGITS} digits"
        raise ValueFault("E0110", message, "write it as a float, such as `1e300`", 0, len(digits))
    value = float(digits)
    if math.isfinite(value):
        return value
    message = "this number is too large for a float"
    raise ValueFault("E0110", message, "the largest is about 1.8e308", 0, len(digits))


def _duration(text: str) -> Duration:
    found = Duration.read(text)
    if found is not None:
        return found
    raise ValueFault(
        "E0110", "this duration is too long", "take fewer digits, or a larger unit", 0, len(text)
    )


def weight_value(digits: str) -> float:
    """The weight that is written. Raises ValueFault where it is not in (0, 1]."""
    value = float(digits)
    if 0 < value <= 1:
        return value
    help = "a weight says how sure the clause is: above 0, and 1 (or none) where it is certain"
    message = f"the weight `{shorten(digits)}` is not in (0, 1]"
    raise ValueFault("E0109", message, help, 0, len(digits))


def shorten(text: str, limit: int = 30) -> str:
    """A text cut to a length fit for a message."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


# ---- characters that a text may not have: outside of quotes they are written as escapes

LINE_ENDS = "\x0b\x0c\x85\u2028\u2029"
"""Characters that editors show as the end of a line, beside a carriage return alone."""

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


def hidden_character(source: SourceText, start: int = 0, end: int | None = None) -> Diagnostic | None:
    """The diagnostic of the first character, in a text or a stretch of it, that can mislead a reader.

    Editors end a line at some characters where the language does not, so that a comment would swallow what a
    reader sees as a line of its own. Others turn the direction of what follows, or are invisible.
    """
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


def hidden_beside_texts(source: SourceText) -> Diagnostic | None:
    """The first hidden character outside of the quoted texts of an atom or a fact.

    Such texts are values from elsewhere, and may hold any character.
    """
    scanner = Lexer(source.text)
    at = 0
    while True:
        token = scanner.next()
        found = hidden_character(source, at, token.start)  # blanks and comments before it
        if found is not None or token.kind in (END, UNKNOWN):
            return found
        at = token.end


def unfit_character(source: SourceText) -> Diagnostic | None:
    """The diagnostic of a character that no text may have: NUL, or half of a surrogate pair."""
    text = source.text
    at = text.find("\0")
    if at < 0 and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            at = error.start
    if at < 0:
        return None
    message = f"U+{ord(text[at]):04X} is no character of a text"
    return source.diagnostic("E0102", message, at, at + 1, "remove it; is this a binary file?")
