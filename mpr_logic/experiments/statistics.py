"""The statistics of reports: shares with their intervals, paired comparisons, calibration.

All are worked out from sets of episodes: the order in which these come changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.results import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LEVEL = 0.95
"""The confidence of every interval."""

RESAMPLES = 10_000
"""The number of resamples that the bootstrap draws."""

RANDOM_SEED = 2509_03990
"""The seed of the resamples: the same episodes give the same interval."""

FEWEST_FOR_WILCOXON = 6
"""The fewest seeds for a Wilcoxon test: with fewer, no outcome of it has p < 0.05 (two-sided: at n = 5 the
least is 0.0625)."""

Outcomes: TypeAlias = "Mapping[tuple[int, str], float]"
"""The outcome of each pair of a seed and a task: 1 won, 0 not."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Paired:
    """Method a less method b, over the pairs of a seed and a task that both have played.

    ``interval`` is the two-way bootstrap's; None where all pairs differ by the same, and resampling could
    only repeat it. ``mcnemar`` is the exact two-sided p of ``only_a`` against ``only_b``. ``left_out`` are
    the pairs that only one has played.

    ``mean_of_seeds`` is the mean of the seeds' mean differences, another than ``difference`` only where the
    seeds have unequal numbers of pairs. ``by_seed`` and ``t`` are the interval and the two-sided p of a
    paired t test over these means, None with one seed, or where they are all the same. ``wilcoxon`` is the
    two-sided p of the signed-rank test over them, None with fewer than six seeds.
    """

    pairs: int
    seeds: int
    tasks: int
    left_out: int
    a: float
    b: float
    difference: float
    interval: Interval | None
    only_a: int
    only_b: int
    mcnemar: float
    mean_of_seeds: float
    by_seed: Interval | None
    t: float | None
    wilcoxon: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """The forecasts from ``low`` to below ``high``: how many, their mean, and the share that came true."""

    low: float
    high: float
    count: int
    forecast: float
    share: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """The Brier score and its parts: ``brier = reliability - resolution + uncertainty``, exactly.

    ``share`` is how many of the forecasts came true. ``resolution`` holds what forecasts differ by within a
    bin as well: D. B. Stephenson, C. A. S. Coelho, I. T. Jolliffe, Two extra components in the Brier score
    decomposition, Weather and Forecasting 23 (2008), equation 11. It can be below 0.
    """

    forecasts: int
    share: float
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    bins: tuple[Bin, ...]


def wilson(count: int, of: int) -> Interval:
    """The interval of a share: E. B. Wilson, Probable inference, JASA 22 (1927). It takes what was counted
    as independent.

    Raises:
        ValueError: ``of`` is 0, or less than ``count``.
    """
    found = _scipy().binomtest(count, of).proportion_ci(LEVEL, method="wilson")
    share = count / of
    return Interval(min(float(found.low), share), max(float(found.high), share))


def compare(a: Outcomes, b: Outcomes) -> Paired | None:
    """Compare two methods over what both have played; None where that is nothing."""
    both = sorted(a.keys() & b.keys())
    if not both:
        return None
    differences = {key: a[key] - b[key] for key in both}
    seeds = sorted({seed for seed, _ in both})
    means = [fmean(d for key, d in differences.items() if key[0] == seed) for seed in seeds]
    only_a, only_b = (sum(d * sign > 0 for d in differences.values()) for sign in (1, -1))
    by_seed, t = _paired_t(means)
    return Paired(
        pairs=len(both),
        seeds=len(seeds),
        tasks=len({task for _, task in both}),
        left_out=len(a.keys() ^ b.keys()),
        a=fmean(a[key] for key in both),
        b=fmean(b[key] for key in both),
        difference=fmean(differences.values()),
        interval=two_way_bootstrap(differences),
        only_a=only_a,
        only_b=only_b,
        mcnemar=mcnemar(only_a, only_b),
        mean_of_seeds=fmean(means),
        by_seed=by_seed,
        t=t,
        wilcoxon=_wilcoxon(means),
    )


def two_way_bootstrap(values: Outcomes) -> Interval | None:
    """The percentile interval of the mean of values that share seeds and tasks.

    Seeds and tasks are resampled, each on their own, and a value counts as often as its seed times its
    task: the pigeonhole bootstrap (A. B. Owen, Annals of Applied Statistics 1, 2007). With one seed, or
    one task, only the others are resampled, and the interval says nothing of other seeds. Where resampling
    misses the mean itself, the interval is widened to hold it.
    """
    import numpy as np

    if len(set(values.values())) < 2:
        return None
    seeds = {seed: i for i, seed in enumerate(sorted({seed for seed, _ in values}))}
    tasks = {task: i for i, task in enumerate(sorted({task for _, task in values}))}
    value, there = np.zeros((len(seeds), len(tasks))), np.zeros((len(seeds), len(tasks)))
    for (seed, task), each in values.items():
        value[seeds[seed], tasks[task]] = each
        there[seeds[seed], tasks[task]] = 1
    random = np.random.default_rng(RANDOM_SEED)
    of_seeds, of_tasks = (
        random.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)
        for n in (len(seeds), len(tasks))
    )
    total = ((of_seeds @ value) * of_tasks).sum(axis=1)
    weight = ((of_seeds @ there) * of_tasks).sum(axis=1)
    means = total[weight > 0] / weight[weight > 0]
    low, high = (float(each) for each in np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    mean = fmean(values.values())
    return Interval(min(low, mean), max(high, mean))


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p of McNemar's test: whether, of the pairs in which one alone won, either wins
    more often than a coin. It takes the pairs as independent."""
    discordant = only_a + only_b
    return float(_scipy().binomtest(only_a, discordant).pvalue) if discordant else 1.0


def _paired_t(means: Sequence[float]) -> tuple[Interval | None, float | None]:
    if len(means) < 2 or max(means) - min(means) < 1e-12:
        return None, None
    found = _scipy().ttest_1samp(means, 0)
    interval = found.confidence_interval(LEVEL)
    return Interval(float(interval.low), float(interval.high)), float(found.pvalue)


def _wilcoxon(means: Sequence[float]) -> float | None:
    if len(means) < FEWEST_FOR_WILCOXON:
        return None
    # rounded: means that differ by a rounding error alone are ties
    rounded = [round(mean, 12) for mean in means]
    return float(_scipy().wilcoxon(rounded).pvalue) if any(rounded) else 1.0


def calibration(forecasts: Iterable[tuple[float, bool]], bins: int = 10) -> Calibration | None:
    """Return the calibration of weights in [0, 1] against what came true, over ``bins`` bins of equal width;
    None where there are no forecasts."""
    known = sorted(forecasts)
    if not known:
        return None
    n, share = len(known), fmean(came for _, came in known)
    groups: dict[int, list[tuple[float, bool]]] = {}
    for weight, came in known:
        groups.setdefault(min(int(weight * bins), bins - 1), []).append((weight, came))
    found = [_bin(number / bins, (number + 1) / bins, group) for number, group in sorted(groups.items())]
    brier = fmean((weight - came) ** 2 for weight, came in known)
    reliability = math.fsum(each.count * (each.forecast - each.share) ** 2 for each in found) / n
    uncertainty = share * (1 - share)
    # what is left: Murphy's resolution, less the variance within bins, plus twice the covariance
    resolution = reliability + uncertainty - brier
    return Calibration(n, share, brier, reliability, resolution, uncertainty, tuple(found))


def _bin(low: float, high: float, group: Sequence[tuple[float, bool]]) -> Bin:
    came = sum(each for _, each in group)
    forecast = fmean(weight for weight, _ in group)
    return Bin(low, high, len(group), forecast, came / len(group), wilson(came, len(group)))


def _scipy() -> Any:
    try:
        from scipy import stats  # type: ignore[import-untyped]
    except ImportError:
        raise ExperimentError(MISSING) from None
    return stats
