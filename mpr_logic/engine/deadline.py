"""The deadline of an answer: one time for all that works on it."""

from __future__ import annotations

import time
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, NoReturn

from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from threading import Thread
    from typing import Any


TURNS = 512
"""No loop of compiled code takes more turns between two looks at the clock, those of loops in it aside."""


class Deadline:
    """The time at which work on an answer stops. Each engine has one, and whatever works with the engine
    on the same answer polls it: compiled rules, the search for repairs, the writing of proofs.

    ``limit[0]`` is that time by ``clock``, infinite while nobody waits. It is a list since compiled code
    holds on to it.
    """

    __slots__ = ("clock", "limit", "strays")

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.limit = [inf]
        self.strays: list[Thread] = []  # that no answer waits for any more: see the regular expressions

    def poll(self) -> None:
        """Go on if there is time left: to be called in every loop whose turns nobody has bounded.

        Raises:
            BudgetError: there is none.
        """
        if self.clock() > self.limit[0]:
            late()

    def over(self) -> bool:
        """Whether no time is left: for a search that then returns what it has found."""
        return self.clock() > self.limit[0]

    def polled(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, with a look at the clock for every :data:`TURNS` of them: what a long loop runs over.

        Raises:
            BudgetError: there is no time left.
        """
        return chain.from_iterable(self._chunks(iter(rows)))

    def _chunks(self, rows: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
        while chunk := tuple(islice(rows, TURNS)):
            self.poll()
            yield chunk

    def left(self) -> float:
        """The seconds that are left; 0 where none are."""
        return max(0.0, self.limit[0] - self.clock())

    def until(self, time: float) -> AbstractContextManager[None]:
        """A context whose work stops at that time by the clock, or sooner, if it must anyway."""
        return _Until(self.limit, time)

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """A context whose work takes so many seconds at most."""
        return self.until(self.clock() + seconds)


class _Until:
    """A context in which a limit is no later than a time. Each check enters one: a class of its own costs
    half of what a generator does."""

    __slots__ = ("_limit", "_outer", "_time")

    def __init__(self, limit: list[float], time: float) -> None:
        self._limit, self._time = limit, time
        self._outer = inf

    def __enter__(self) -> None:
        self._outer = self._limit[0]
        self._limit[0] = min(self._outer, self._time)

    def __exit__(self, *_: object) -> None:
        self._limit[0] = self._outer


def late() -> NoReturn:
    """Called where the time is over.

    Raises:
        BudgetError: always.
    """
    raise BudgetError("the time is over: allow more seconds, or simplify the rules")
