"""When an answer must be there: one time for all that works on it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager
from math import inf
from typing import TYPE_CHECKING, NoReturn

from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Deadline:
    """The time at which work on an answer stops. Each engine has one, and whatever works with the engine
    on the same answer polls it: compiled rules, the search for repairs, the writing of proofs.

    ``limit[0]`` is that time by ``clock``, infinite while nobody waits. It is a list since compiled code
    holds on to it.
    """

    __slots__ = ("clock", "limit")

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.limit = [inf]

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

    def left(self) -> float:
        """The seconds that are left; 0 where none are."""
        return max(0.0, self.limit[0] - self.clock())

    @contextmanager
    def until(self, time: float) -> Iterator[None]:
        """A context whose work stops at that time by the clock, or sooner, if it must anyway."""
        outer = self.limit[0]
        self.limit[0] = min(outer, time)
        try:
            yield
        finally:
            self.limit[0] = outer

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """A context whose work takes so many seconds at most."""
        return self.until(self.clock() + seconds)


def late() -> NoReturn:
    """Called where the time is over.

    Raises:
        BudgetError: always.
    """
    raise BudgetError("the time is over: allow more seconds, or simplify the rules")
