"""Semirings, in which weights combine: ``and`` along a proof, ``or`` over proofs of one fact.

All three take the stronger of two proofs. They differ in what a chain of steps is worth:
the weakest link, the product, or simply one.
(Provenance semirings: Green, Karvounarakis and Tannen 2007.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DIGITS = 12
"""Weights that were computed are rounded to so many decimals, so that ``1 - (1 - w)`` is w again."""


@dataclass(frozen=True, slots=True)
class Semiring:
    """``both(a, b)`` is the weight of two steps together. ``weighted`` is False where all weigh 1."""

    name: str
    weighted: bool
    both: Callable[[float, float], float]

    def all(self, weights: Iterable[float]) -> float:
        """The weight of many steps together; 1 where there are none."""
        total = 1.0
        for weight in weights:
            total = self.both(total, weight)
        return total

    def complement(self, weight: float) -> float:
        """The weight of ``not a`` where a weighs ``weight``."""
        if not self.weighted:
            return 0.0 if weight > 0 else 1.0
        return round(1.0 - weight, DIGITS)


def _product(a: float, b: float) -> float:
    return round(a * b, DIGITS)


def _one(a: float, b: float) -> float:
    return 1.0 if a and b else 0.0


SEMIRINGS = {
    "maxmin": Semiring("maxmin", True, min),
    "product": Semiring("product", True, _product),
    "boolean": Semiring("boolean", False, _one),
}


def semiring(name: str) -> Semiring:
    """The semiring of that name: ``maxmin``, ``product`` or ``boolean``.

    Raises:
        ValueError: for any other name.
    """
    try:
        return SEMIRINGS[name]
    except KeyError:
        raise OptionError(f"no semiring `{name}`: choose one of {', '.join(SEMIRINGS)}") from None
