"""From text to tokens, one at a time."""

from __future__ import annotations

from typing import NamedTuple

from mpr_logic.language.tables import END, tables

UNKNOWN = "?"  # the kind of a character that begins no token


class Token(NamedTuple):
    """A token: its terminal, its text and its offsets. At the end of the text the terminal is END."""

    kind: str
    text: str
    start: int
    end: int


class Scanner:
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
    """What a comment says: without its ``%``, the blank after it, and blanks at its end."""
    return comment[1:].removeprefix(" ").rstrip(" \t\r")
