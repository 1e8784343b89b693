"""How much work a search may do: first by count, so that what is found does not depend on how busy the
machine is, and at last by the clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Work:
    """Counts the steps of a search.

    Args:
        most: so many steps may be done.
        until: when it must be over, by ``time.monotonic``.
    """

    def __init__(self, most: int, until: float) -> None:
        self._left = most
        self._until = until
        self.cut: str | None = None
        """Why not all was done; None where it was."""

    def each(self, things: Iterable[T]) -> Iterator[T]:
        """The things, one for each step, as long as there is work left."""
        for thing in things:
            if self._left <= 0:
                self.cut = self.cut or "there was more to try than is tried"
            elif time.monotonic() > self._until:
                self.cut = "the time was over"
            if self.cut:
                return
            self._left -= 1
            yield thing
