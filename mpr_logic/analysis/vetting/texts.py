"""What several text tests of one value come to: whether one of them rules another out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.language.ast import Test


class Texts:
    """The tests of one text, each of a constant part. ``value`` is the text itself, where it is known."""

    def __init__(self, value: object) -> None:
        self._value = value
        self._asked: list[tuple[str, str, Test]] = []
        self._denied: list[tuple[str, str, Test]] = []

    def add(self, test: Test, part: str) -> Test | None:
        """Take one more test. Returns the one that it cannot hold with: itself, where it holds of nothing."""
        here = (test.name, part, test)
        if isinstance(self._value, str) and _holds(self._value, test.name, part) == test.negated:
            return test
        if test.negated:
            if part == "" and test.name != "matches":
                return test
            self._denied.append(here)
            return next((other for name, text, other in self._asked if _implies(name, text, here)), None)
        apart = (other for name, text, other in self._asked if _apart(name, text, test.name, part))
        clash = next(apart, None)
        self._asked.append(here)
        return clash or next((each[2] for each in self._denied if _implies(test.name, part, each)), None)


def _holds(value: str, name: str, part: str) -> bool | None:
    if name == "starts_with":
        return value.startswith(part)
    if name == "ends_with":
        return value.endswith(part)
    if name == "contains":
        return part in value
    import re2  # only programs that use `matches` pay for it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(part, options).search(value) is not None
    except re2.error:
        return None


def _apart(one: str, first: str, other: str, second: str) -> bool:
    """Whether no text passes both tests."""
    if one == other == "starts_with":
        return not (first.startswith(second) or second.startswith(first))
    if one == other == "ends_with":
        return not (first.endswith(second) or second.endswith(first))
    return False


def _implies(name: str, part: str, denied: tuple[str, str, Test]) -> bool:
    """Whether every text that passes one test passes the denied one too."""
    other, text, _ = denied
    if other == "contains":
        return name in ("starts_with", "ends_with", "contains") and text in part
    if name != other:
        return False
    if name == "starts_with":
        return part.startswith(text)
    if name == "ends_with":
        return part.endswith(text)
    return part == text


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
            place = _behind_class(expression, place)
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
