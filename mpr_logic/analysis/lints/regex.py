"""Regular expressions as lints read them: which texts they can never match.

Only what decides such questions is read: groups, alternatives, classes, quantifiers and letters. Of an
expression that uses more (flags for case, classes by name, quoted stretches) nothing is said.
"""

from __future__ import annotations

import re


class _Unread(Exception):
    """An expression has something that is not read here."""


class Capitals:
    """The places in a regular expression that need a letter in upper case, which no text in lower case has.

    Attributes:
        needed: whether whatever it matches has one.
        dead: the alternatives that match nothing without one, where others do.
    """

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._place = 0
        self.dead: list[str] = []
        self.needed = False
        try:
            self.needed = self._alternatives()
        except _Unread:
            self.dead = []

    def _alternatives(self) -> bool:
        """Read up to the end of the group; whether each alternative needs a capital."""
        found: list[tuple[bool, str]] = []
        while True:
            start = self._place
            needs = self._sequence()
            found.append((needs, self._text[start : self._place]))
            if not self._text.startswith("|", self._place):
                break
            self._place += 1
        if all(needs for needs, _ in found):
            return True
        self.dead += [text for needs, text in found if needs]
        return False

    def _sequence(self) -> bool:
        needed = False
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            needs = self._atom()
            optional = self._optional()
            needed = needed or (needs and not optional)
        return needed

    def _atom(self) -> bool:
        char = self._text[self._place]
        if char == "(":
            opening = re.compile(r"\((\?:|\?P?<\w+>|\?[smU]+:)?(?!\?)").match(self._text, self._place)
            if opening is None:
                if (flags := re.compile(r"\(\?[smU]+\)").match(self._text, self._place)) is None:
                    raise _Unread
                self._place = flags.end()
                return False
            self._place = opening.end()
            needs = self._alternatives()
            self._place += 1
            return needs
        if char == "[":
            start, self._place = self._place, behind_class(self._text, self._place)
            return re.fullmatch(r"\[[A-Z-]+\]", self._text[start : self._place]) is not None
        if char == "\\":
            if self._text[self._place + 1 : self._place + 2] in tuple("xpPQ01234567"):
                raise _Unread
            self._place += 2
            return False
        self._place += 1
        return char.lower() != char

    def _optional(self) -> bool:
        """Pass over a quantifier; whether it lets what stands before it be left out."""
        found = re.compile(r"(\*|\+|\?|\{\d+(,\d*)?\})\??").match(self._text, self._place)
        if found is None:
            return False
        self._place = found.end()
        return found[1] in ("*", "?") or re.match(r"\{0+\D", found[1]) is not None


def passes_no_line_end(expression: str) -> bool:
    """Whether a regular expression has a `.` that stands for any character but the end of a line: one
    outside of brackets, without the flag ``s``."""
    flags = [False]  # whether `s` is set, for each open group
    place = 0
    while place < len(expression):
        char = expression[place]
        if char == "\\":
            if expression.startswith("\\Q", place):  # all that follows is meant as it is
                end = expression.find("\\E", place)
                place = len(expression) if end < 0 else end
            place += 2
        elif char == "[":
            place = behind_class(expression, place)
        elif char == "(":
            group = re.match(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])", expression[place:])
            here = flags[-1]
            if group is not None:
                here = ("s" in group[1] or here) and "s" not in (group[2] or "")
            if group is not None and group[3] == ")":
                flags[-1] = here
            else:
                flags.append(here)
            place += group.end() if group is not None else 1
        elif char == ")":
            flags = flags[:-1] or [False]
            place += 1
        elif char == "." and not flags[-1]:
            return True
        else:
            place += 1
    return False


def behind_class(expression: str, place: int) -> int:
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
