"""Regular expressions as lints read them: what they can never match, and what they always match.

An expression is read into a tree of the few kinds of parts that decide such questions. Of one that has more
in it nothing is said.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Anchor:
    """A part that takes no character: the ``start`` of the text, its ``end``, or an ``edge`` of a word.
    ``lines`` is whether it stands for those of each line too."""

    where: str
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """A part that takes one character. ``text`` is how it is written; ``fold`` says that case is no
    matter, ``any_line`` that a dot passes line ends too."""

    text: str
    fold: bool = False
    any_line: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part that stands at least so many times."""

    part: Part
    least: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """Parts of which one matches, each with its text."""

    branches: tuple[tuple[Part, str], ...]


Part: TypeAlias = Anchor | Character | Repeat | Sequence | Alternation

_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<end>[:)])))?")
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:,\d*)?\})\??")
_ESCAPE = re.compile(
    r"\\(?:[pP](?:\{\^?\w+\}|\w)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|[0-7]{1,3}|.)", re.DOTALL
)


class UnreadError(Exception):
    """An expression has something that is not read here."""


@functools.lru_cache(maxsize=256)
def read(expression: str) -> Part | None:
    """The tree of a regular expression of RE2; None where it is not understood, or nested too deep."""
    try:
        reader = _Reader(expression)
        part = reader.alternatives()
    except (UnreadError, RecursionError):
        return None
    return part if reader.place == len(expression) else None


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self.place = 0
        self._flags = frozenset[str]()

    def alternatives(self) -> Part:
        """Read up to the end of the group, or of the expression."""
        outside, found = self._flags, list[tuple[Part, str]]()
        while True:
            start = self.place
            part = self._sequence()
            found.append((part, self._text[start : self.place]))
            if not self._text.startswith("|", self.place):
                break
            self.place += 1
        self._flags = outside
        return found[0][0] if len(found) == 1 else Alternation(tuple(found))

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self.place < len(self._text) and self._text[self.place] not in "|)":
            if self._text.startswith("\\Q", self.place):  # all that follows is meant as it is
                end = self._text.find("\\E", self.place)
                end = len(self._text) if end < 0 else end
                quoted = self._text[self.place + 2 : end]
                parts += [Character(f"\\{c}" if c == "." else c, "i" in self._flags) for c in quoted]
                self.place = end + 2 if end < len(self._text) else end
                continue
            part = self._part()
            least = self._least()
            if part is not None:
                parts.append(part if least is None else Repeat(part, least))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _part(self) -> Part | None:
        char = self._text[self.place]
        if char == "(":
            return self._group()
        if char == "[":
            start, self.place = self.place, _behind_class(self._text, self.place)
            return Character(self._text[start : self.place], "i" in self._flags)
        if char == "\\":
            escape = _ESCAPE.match(self._text, self.place)
            if escape is None or escape[0] == "\\E":
                raise UnreadError
            self.place = escape.end()
            if escape[0] in ("\\A", "\\z"):
                return Anchor("start" if escape[0] == "\\A" else "end")
            return Anchor("edge") if escape[0] in ("\\b", "\\B") else Character(escape[0], "i" in self._flags)
        self.place += 1
        if char in "^$":
            return Anchor("start" if char == "^" else "end", "m" in self._flags)
        return Character(char, "i" in self._flags, "s" in self._flags)

    def _group(self) -> Part | None:
        opening = _GROUP.match(self._text, self.place)
        if opening is None or (
            opening["flags"] is None
            and self._text.startswith("(?", opening.start())
            and not re.match(r"\(\?P?<", opening[0])
        ):
            raise UnreadError
        self.place = opening.end()
        outside = self._flags
        on, _, off = (opening["flags"] or "").partition("-")
        self._flags = (outside | frozenset(on)) - frozenset(off)
        if opening["end"] == ")":  # from here on
            return None
        part = self.alternatives()
        self._flags = outside
        if not self._text.startswith(")", self.place):
            raise UnreadError
        self.place += 1
        return part

    def _least(self) -> int | None:
        """Read a quantifier: how often the part before it stands at least; None where there is none."""
        found = _QUANTIFIER.match(self._text, self.place)
        if found is None:
            return None
        self.place = found.end()
        return {"*": 0, "?": 0, "+": 1}[found[1]] if found[1] else int(found[2])


def _behind_class(expression: str, place: int) -> int:
    """The place behind a class of characters in brackets."""
    place += 1
    if expression.startswith("^", place):
        place += 1
    if expression.startswith("]", place):
        place += 1
    while place < len(expression) and expression[place] != "]":
        if expression[place] == "\\":
            place += 1
        elif expression.startswith("[:", place):
            end = expression.find(":]", place)
            place = end + 1 if end >= 0 else place
        place += 1
    return place + 1


def _characters(part: Part) -> Iterator[Character]:
    """The parts that take a character, from left to right."""
    if isinstance(part, Character):
        yield part
    elif isinstance(part, Repeat):
        yield from _characters(part.part)
    elif isinstance(part, Sequence):
        for each in part.parts:
            yield from _characters(each)
    elif isinstance(part, Alternation):
        for each, _ in part.branches:
            yield from _characters(each)


def passes_no_line_end(expression: str) -> bool:
    """Whether a regular expression has a `.` that stands for any character but the end of a line: one
    outside of brackets, without the flag ``s``."""
    part = read(expression)
    return part is not None and any(each.text == "." and not each.any_line for each in _characters(part))


def folds(expression: str) -> bool:
    """Whether case is no matter to a regular expression, or to a part of it."""
    part = read(expression)
    return part is not None and any(each.fold for each in _characters(part))


# -- letters that no text in lower case has ---------------------------------------------------------


class Capitals:
    """The places in a regular expression that need a letter in upper case, which no text in lower case has.

    Attributes:
        needed: whether whatever it matches has one.
        dead: the alternatives that match nothing without one, where others do.
    """

    def __init__(self, expression: str) -> None:
        self.dead: list[str] = []
        part = read(expression)
        self.needed = part is not None and not folds(expression) and self._needs(part)

    def _needs(self, part: Part) -> bool:
        if isinstance(part, Character):
            if part.text.startswith("["):
                return re.fullmatch(r"\[[A-Z-]+\]", part.text) is not None
            return not part.text.startswith("\\") and part.text.lower() != part.text
        if isinstance(part, Repeat):
            return self._needs(part.part) and part.least > 0
        if isinstance(part, Sequence):
            needed = [self._needs(each) for each in part.parts]  # of all, for the dead ones in them
            return any(needed)
        if isinstance(part, Alternation):
            found = [(self._needs(each), text) for each, text in part.branches]
            if all(needs for needs, _ in found):
                return True
            self.dead += [text for needs, text in found if needs]
        return False


# -- what matches nothing, and what matches everything ----------------------------------------------


class Reach:
    """The texts that a regular expression can match at all.

    Attributes:
        nothing: whether it matches no text: a character stands before the start, or behind the end.
        everything: whether it matches every text: it matches the empty one, anywhere.
        dead: the alternatives that match nothing, where others do.
    """

    def __init__(self, expression: str) -> None:
        self.dead: list[str] = []
        part = read(expression)
        self.nothing = self.everything = False
        if part is not None:
            self.nothing = self._width(part, 0, "start") is None or self._width(part, 0, "end") is None
            self.everything = any(_is_nullable(part, end) for end in ("start", "end")) or _is_whole(part)

    def _width(self, part: Part, taken: int, side: str) -> int | None:
        """The fewest characters that a part takes, read from one side after ``taken`` characters;
        None where it cannot match."""
        if isinstance(part, Character):
            return 1
        if isinstance(part, Anchor):
            return None if part.where == side and not part.lines and taken else 0
        if isinstance(part, Repeat):
            inner = self._width(part.part, taken, side)
            return 0 if not part.least else inner and inner * part.least
        if isinstance(part, Alternation):
            widths = [(self._width(each, taken, side), text) for each, text in part.branches]
            alive = [width for width, _ in widths if width is not None]
            self.dead += [text for width, text in widths if width is None and alive and text not in self.dead]
            return min(alive, default=None)
        total = 0
        for each in part.parts if side == "start" else reversed(part.parts):
            width = self._width(each, taken + total, side)
            if width is None:
                return None
            total += width
        return total


def _is_nullable(part: Part, end: str) -> bool:
    """Whether a part matches the empty text at one end of every text."""
    if isinstance(part, Anchor):
        return part.where == end
    if isinstance(part, Repeat):
        return not part.least or _is_nullable(part.part, end)
    if isinstance(part, Sequence):
        return all(_is_nullable(each, end) for each in part.parts)
    if isinstance(part, Alternation):
        return any(_is_nullable(each, end) for each, _ in part.branches)
    return False


def _is_whole(part: Part) -> bool:
    """Whether an expression is ``^.*$`` where the dot stands for any character."""
    return isinstance(part, Sequence) and part.parts == (
        Anchor("start"),
        Repeat(Character(".", any_line=True), 0),
        Anchor("end"),
    )


def unescaped(expression: str) -> str | None:
    """The expression with each doubled backslash made one, where all are doubled and stand before what
    an escape is made of; None else. A path of Windows is not taken for one."""
    if re.search(r"[A-Za-z]:\\", expression) or not re.search(r"\\\\[bdswBDSW.]", expression):
        return None
    pairs = re.findall(r"\\+.?", expression, re.DOTALL)
    if all(re.fullmatch(r"\\\\[bdswBDSW.()\[\]{}*+?|^$/-]", each) for each in pairs):
        return expression.replace("\\\\", "\\")
    return None
