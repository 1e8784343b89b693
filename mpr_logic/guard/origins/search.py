"""The search for a value in a canonical text: by its words, in its spellings, as no part of a longer one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.guard.origins.spelling import (
    UNSPACED,
    UNSPACED_LETTER,
    key,
    number,
    numbers,
    text_of,
    without_www,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mpr_logic.language.ast import Value

TOKEN = re.compile(rf"[^\W_{UNSPACED}]+|[{UNSPACED}]|[^\x00-\x7f\w\s]")
"""A word; a letter of a script without spaces; a sign beyond ASCII, such as an emoji."""

LONGEST_WHOLE = 1_000
"""The most characters of a text that is looked at as a value."""

_NAMES = re.compile(rf"(?:[^\W{UNSPACED}]|[.-])+")  # hosts and names of files are in there
_MOST_SOUGHT = 1_000_000  # characters, where a value repeats itself: beyond them it counts as found
_SHORT = 4


def tokens_of(form: str) -> set[str]:
    """The words of a canonical text, and the names with dots."""
    found = set(TOKEN.findall(form))
    if "." in form:
        for each in _NAMES.findall(form):
            if "." in each:
                found.update(without_www(name) for name in _dotted(each))
    return found


def _dotted(run: str) -> Iterator[str]:
    """The names with dots in a run of letters, digits, dots and dashes: each label begins and ends with a
    letter or a digit."""
    labels: list[str] = []
    for each in (*run.split("."), ""):
        label = each.strip("-")
        if not label or each[0] == "-":
            if len(labels) > 1:
                yield ".".join(labels)
            labels = []
        if label:
            labels.append(label)
            if each[-1] == "-":
                if len(labels) > 1:
                    yield ".".join(labels)
                labels = []


_BETWEEN = re.compile(r"[\s\-./()+]+")
_GROUPED_NUMBER = re.compile(r"[a-z0-9]{7,40}")
_FEWEST_DIGITS = 6

Tests: TypeAlias = "tuple[Test, ...]"


class Search:
    """The search for a value: the tokens of its spellings, each with a test for it.

    Attributes:
        key: the value's own key.
        keys: by which calls that were made with it are known.
        ways: for each spelling the tokens, and the test of a text that has them.
        compact: of a number that may be written in groups, its letters and digits.
        padded: of a short value, which often stands inside of words, the value between spaces.
    """

    __slots__ = ("_figure", "compact", "key", "keys", "padded", "ways")

    def __init__(self, value: str | int | float) -> None:
        self._figure = number(value)
        self.key = key(value) if isinstance(value, str) else self._figure or text_of(value)
        self.keys = {self.key}
        self.padded = f" {self.key} " if len(self.key) <= _SHORT else ""
        self.compact = ""
        if self._figure is not None:
            figures = {self._figure}
        else:
            figures = numbers(self.key) if self.key[:1].isdigit() else set()
        self.ways: list[tuple[tuple[str, ...], Test]] = [(tuple(tokens_of(self.key)), AS_IS)]
        for each in figures:
            self.keys.add(f"#{each}")
            self.ways.append(((f"#{each}",), _NUMBER))
        compact = _BETWEEN.sub("", self.key)
        if (
            _GROUPED_NUMBER.fullmatch(compact)
            and sum(map(str.isdigit, compact)) >= _FEWEST_DIGITS
            and (self._figure is None or "." not in self._figure)
        ):
            self.compact = compact
            self.ways.append(((compact,), _COMPACT))

    @classmethod
    def of(cls, value: Value) -> Search | None:
        """The search for a value; None for one that has no letter, no digit and no sign beyond ASCII."""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        found = cls(value)
        return found if found.ways[0][0] else None

    def span_in(self, form: str, tests: Tests) -> tuple[int, int] | None:
        """The place of the value in a canonical text, where it is no part of a longer one; None where it does
        not stand there."""
        for test in tests:
            found = test(self, form)
            if found is not None:
                return found
        return None

    def as_is(self, form: str) -> tuple[int, int] | None:
        """The value as it is."""
        return found_at(self.key, form)

    def as_compact(self, form: str) -> tuple[int, int] | None:
        """The value without what stands between its groups."""
        return found_at(self.compact, form)

    def as_spaced(self, form: str, *, first: str) -> tuple[int, int] | None:
        """The value with something else between its groups, of which this is the first."""
        pattern: re.Pattern[str] | None = None
        begun = form.find(first)
        while begun >= 0:
            if begun == 0 or not _of_word(form[begun - 1]):
                pattern = pattern or re.compile(rf"{_SOME_BETWEEN.join(self.compact)}(?![^\W{UNSPACED}])")
                found = pattern.match(form, begun)
                if found is not None:
                    return found.span()
            begun = form.find(first, begun + 1)
        return None

    def as_number(self, form: str) -> tuple[int, int] | None:
        """The value as a number that is written otherwise: the index has read it."""
        if len(form) > LONGEST_WHOLE:
            return 1, 1  # within a text, wherever that is
        figure = self._figure or next(each[1:] for each in self.keys if each[0] == "#")
        found = _written(figure).search(form)
        return (1, 1) if found is None else found.span()


Test: TypeAlias = "Callable[[Search, str], tuple[int, int] | None]"
AS_IS, _COMPACT, _NUMBER = Search.as_is, Search.as_compact, Search.as_number
_SOME_BETWEEN = r"[\s\-./()]{0,3}"


def found_at(wanted: str, form: str, last: int | None = None) -> tuple[int, int] | None:
    """The first place where a value stands in a canonical text, of those that begin at ``last`` or before."""
    end = len(form) if last is None else last + len(wanted)
    begun = form.find(wanted, 0, end)
    compared = 0
    while begun >= 0:
        compared += len(wanted)
        if bounded(form, begun, begun + len(wanted)) or compared > _MOST_SOUGHT:
            return begun, begun + len(wanted)
        begun = form.find(wanted, begun + 1, end)
    return None


def _written(figure: str) -> re.Pattern[str]:
    """The ways in which a number is written: with or without groups, and zeros that change nothing."""
    whole, _, rest = figure.partition(".")
    grouped = "[ ,.]?".join(_threes(whole))
    fraction = rf"[.,]{rest}0*" if rest else "(?:[.,]0+)?"
    return re.compile(rf"(?<![\w.,])0*{grouped}{fraction}(?!\w|[.,]\d)")


def _threes(digits: str) -> list[str]:
    first = len(digits) % 3
    return ([digits[:first]] if first else []) + [digits[i : i + 3] for i in range(first, len(digits), 3)]


def bounded(text: str, begun: int, end: int) -> bool:
    """Tell whether what stands at a place of a canonical text is a value, and not a part of a longer one:
    ``evil.com`` is none in ``not-evil.com``, nor ``bob@a.com`` in ``jim.bob@a.com``; ``a.com`` is one in
    ``https://www.a.com/page``."""
    value_begins, value_ends = text[begun], text[end - 1]
    before = text[begun - 1] if begun else " "
    after = text[end] if end < len(text) else " "
    if (_of_word(before) and _of_word(value_begins)) or (_of_word(after) and _of_word(value_ends)):
        return False
    value = text[begun:end]
    if " " in value:
        return True
    if value.isdigit() and (
        _THOUSANDS.match(text, end)
        or (before == "," and text[begun - 2 : begun - 1].isdigit() and len(value) == 3)
    ):
        return False
    return _free_before(text, begun, value) and _free_after(text, end, value)


_THOUSANDS = re.compile(r",\d{3}(?!\d)")


def ends_word(text: str, end: int) -> bool:
    """Tell whether a word that stands before a place of a text ends there."""
    return end >= len(text) or not (text[end].isalnum() and _of_word(text[end]) and _of_word(text[end - 1]))


def has_words(text: str) -> bool:
    """Tell whether a text has a letter or a digit."""
    return any(map(str.isalnum, text))


def _of_word(char: str) -> bool:
    """Tell whether a character belongs to the same word as one beside it of which this holds."""
    return (char.isalnum() and (char.isascii() or not UNSPACED_LETTER.match(char))) or char == "_"


def _free_before(text: str, begun: int, value: str) -> bool:
    if begun == 0 or not _of_word(value[0]):
        return (
            begun == 0 or value[0] not in "/~" or not (_of_word(text[begun - 1]) or text[begun - 1] in ".~")
        )
    before = text[begun - 1]
    if before not in "-.@+%/\\":
        return True
    further = text[begun - 2] if begun > 1 else " "
    if before == "@":
        return "." in value and "@" not in value
    if before == ".":
        return text[max(begun - 4, 0) : begun] == "www." or not _of_word(further)
    if before in "/\\":
        return "/" not in value or (further in "/\\" and text[max(begun - 3, 0)] == ":")
    return not _of_word(further)


def _free_after(text: str, end: int, value: str) -> bool:
    if end == len(text):
        return True
    after = text[end]
    further = text[end + 1] if end + 1 < len(text) else " "
    if not _of_word(further):
        return after != "@"
    if after in "-.@+":
        return False
    if after in "/\\?#&=":
        return "/" not in value and "\\" not in value
    return True
