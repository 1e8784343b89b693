"""What a rule's record is worth: a Beta posterior over "when its body held and the action was tried, it
went wrong", and the weight that follows from it.

The weight is the lower credible bound of that posterior at :data:`LEVEL`: with nine chances in ten the
rule is right at least that often. So a rule with little behind it weighs little, whoever wrote it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from mpr_logic.errors import StoreError

Kind: TypeAlias = OneOf["hand", "model", "induced"]
"""Who wrote a rule: a person, a language model, or the search over recorded episodes."""

LEVEL = 0.1
"""The chance that a rule is right less often than its weight says."""

STEP = 1e-4
"""Weights are rounded down to a multiple of this, so that a printed weight is the weight."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a rule before anything was seen, as if it had been ``wrong`` times followed by
    a failure and ``right`` times by a success. Both are above 0."""

    wrong: float
    right: float


PRIORS: dict[Kind, Prior] = {
    "model": Prior(1.0, 1.0),
    "induced": Prior(4.0, 0.5),
    "hand": Prior(40.0, 0.5),
}
"""The priors. Nothing is known of what a model writes: the uniform prior, and law (0.9) after 21 failures
without a success. An induced rule was searched so that it covers failures and no success: law after 10. A
person's rule is believed at once."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A prior, and how often the body held, the action was tried, and it went ``wrong`` or ``right``."""

    prior: Prior
    wrong: int = 0
    right: int = 0

    @property
    def mean(self) -> float:
        """The posterior's mean: how often it is expected to go wrong."""
        wrong, right = self.prior.wrong + self.wrong, self.prior.right + self.right
        return wrong / (wrong + right)

    def bound(self, level: float = LEVEL) -> float:
        """The lower credible bound: the share of failures is below it with probability ``level``.

        Raises:
            StoreError: the extra that computes it is not installed.
        """
        try:
            from scipy.special import betaincinv  # type: ignore[import-untyped]
        except ImportError:
            raise StoreError(MISSING) from None
        return float(betaincinv(self.prior.wrong + self.wrong, self.prior.right + self.right, level))

    def weight(self, theta: float) -> float:
        """The weight in (0, 1): the lower bound, and below ``theta`` while any success contradicts it."""
        bound = _down(self.bound())
        return min(bound, _below(theta)) if self.right else bound


MISSING = "the memory needs the extra: `pip install 'mpr-logic[memory]'`"
"""What is said where the extra is not installed."""


def _down(weight: float) -> float:
    return max(round(math.floor(weight / STEP + 1e-9) * STEP, 6), STEP)


def _below(theta: float) -> float:
    """The largest weight strictly below theta."""
    under = round((math.ceil(theta / STEP - 1e-9) - 1) * STEP, 6)
    return under if under > 0 else theta / 2
