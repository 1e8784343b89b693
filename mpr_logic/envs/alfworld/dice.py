"""Draws that are the same for a seed on every platform and version of Python."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")


class Dice:
    """Draws by a seed.

    All of them go through ``Random.random``: what the other methods of ``Random`` return may change from one
    Python to the next.
    """

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        """Return a number from 0 to ``bound`` - 1."""
        return int(self._random.random() * bound)

    def between(self, low: int, high: int) -> int:
        """Return a number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return True that often in a hundred."""
        return self.below(100) < percent

    def pick(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[self.below(len(values))]

    def weighted(self, weights: Mapping[T, int]) -> T:
        """Return one of the keys, in proportion to its weight; at least one weight is above 0."""
        left = self.below(sum(weights.values()))
        for value, weight in weights.items():
            left -= weight
            if left < 0:
                return value
        raise AssertionError("the weights add up to more than their sum")
