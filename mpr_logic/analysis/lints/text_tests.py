"""The tests of one text by constant parts: whether a text can pass all of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.regex import Reach

if TYPE_CHECKING:
    from collections.abc import Callable

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
        if isinstance(self._value, str) and holds(self._value, test.name, part) == test.negated:
            return test
        if _is_passed_by_all(test.name, part) if test.negated else _is_passed_by_none(test.name, part):
            return test
        if test.negated:
            self._denied.append(here)
            return next((other for name, text, other in self._asked if _implies(name, text, here)), None)
        apart = (other for name, text, other in self._asked if _apart(name, text, test.name, part))
        clash = next(apart, None)
        self._asked.append(here)
        return clash or next((each[2] for each in self._denied if _implies(test.name, part, each)), None)


def holds(value: str, name: str, part: str) -> bool | None:
    """Whether a text passes a test; None where the expression is none."""
    if name == "starts_with":
        return value.startswith(part)
    if name == "ends_with":
        return value.endswith(part)
    if name == "contains":
        return part in value
    search = _search(part)
    return None if search is None else search(value) is not None


@lru_cache(maxsize=64)
def _search(expression: str) -> Callable[[str], object] | None:
    """The search for an expression in a text; None where it is none."""
    import re2  # only programs that use `matches` pay for it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options).search  # type: ignore[no-any-return]
    except re2.error:
        return None


def _is_passed_by_all(name: str, part: str) -> bool:
    return Reach(part).everything if name == "matches" else part == ""


def _is_passed_by_none(name: str, part: str) -> bool:
    return name == "matches" and Reach(part).nothing


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
