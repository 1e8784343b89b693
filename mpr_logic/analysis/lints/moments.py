"""The times, dates or durations that comparisons with constants leave to a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.language.ast import Comparison


@dataclass(slots=True)
class Span:
    """A value's span, in whole units of its type: from ``low`` to ``high``, each with the comparison that
    says so, and without those that a comparison rules out."""

    low: int | None = None
    high: int | None = None
    why_low: Comparison | None = None
    why_high: Comparison | None = None

    def narrow(self, op: str, number: int, item: Comparison) -> None:
        """Take a comparison of the value with a number. ``!=`` is not looked at: see :meth:`without`."""
        low = number + 1 if op == ">" else number if op in (">=", "=") else None
        high = number - 1 if op == "<" else number if op in ("<=", "=") else None
        if low is not None and (self.low is None or low > self.low):
            self.low, self.why_low = low, item
        if high is not None and (self.high is None or high < self.high):
            self.high, self.why_high = high, item

    def empty(self) -> bool:
        """Whether no number is left."""
        return self.low is not None and self.high is not None and self.low > self.high

    def without(self, number: int) -> bool:
        """Whether no number is left where this one is ruled out."""
        return self.low == self.high == number

    def reasons(self) -> list[Comparison]:
        """The comparisons that it comes of."""
        return [each for each in (self.why_low, self.why_high) if each is not None]
