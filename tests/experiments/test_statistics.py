"""The statistics: known values, and what holds of all outcomes."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

pytest.importorskip("scipy", reason="needs: pip install 'mpr-logic[experiments]'")

from mpr_logic.experiments.statistics import (
    Interval,
    calibration,
    compare,
    mcnemar,
    two_way_bootstrap,
    wilson,
)

Pairs = dict[tuple[int, str], float]

tasks = st.sampled_from("abcdef")
outcomes = st.dictionaries(st.tuples(st.integers(0, 7), tasks), st.sampled_from([0.0, 1.0]), min_size=1)
forecasts = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(count: int, of: int, low: float, high: float) -> None:
    """The four examples of R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    found = wilson(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_its_share(count: int, of: int) -> None:
    """The interval holds the share, lies within 0 and 1, and mirrors the others' interval."""
    assume(count <= of)
    found, other = wilson(count, of), wilson(of - count, of)
    assert 0 <= found.low <= count / of <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def test_mcnemar_as_published() -> None:
    """Sign-test values of a binomial table: 1 of 10 has p 22/1024, 0 of 6 has 2/64; none to tell apart, 1."""
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)
    assert mcnemar(6, 0) == pytest.approx(2 / 64)
    assert mcnemar(0, 0) == 1


def per_seed(differences: list[float], of: int = 10) -> tuple[Pairs, Pairs]:
    """Outcomes of two methods whose mean differences by seed are these, in tenths."""
    a = {(seed, str(n)): float(n < round(of * d)) for seed, d in enumerate(differences) for n in range(of)}
    return a, dict.fromkeys(a, 0.0)


def test_paired_t_worked_by_hand() -> None:
    """Differences .1 .2 .3 .4 .5: mean .3, standard error .0707, t(4) = 4.243 and 2.776 at 97.5 %."""
    found = compare(*per_seed([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert found is not None
    assert found.by_seed is not None
    assert found.difference == pytest.approx(0.3)
    assert (found.by_seed.low, found.by_seed.high) == pytest.approx((0.1037, 0.4963), abs=1e-4)
    assert found.t == pytest.approx(0.01324, abs=1e-5)
    assert found.wilcoxon is None
    assert (found.pairs, found.seeds, found.tasks, found.only_a, found.only_b) == (50, 5, 10, 15, 0)


def test_wilcoxon_from_six_seeds() -> None:
    """Six seeds that all speak for one method: the least p there is, 2/64."""
    found = compare(*per_seed([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]))
    assert found is not None
    assert found.wilcoxon == pytest.approx(2 / 64)


def test_one_seed_says_nothing_of_seeds() -> None:
    """With one seed there is no test over seeds, and with no spread no interval at all."""
    found = compare(*per_seed([0.5]))
    assert found is not None
    assert (found.by_seed, found.t, found.wilcoxon) == (None, None, None)
    assert found.interval is not None
    same = compare(*per_seed([0.0, 0.0]))
    assert same is not None
    assert (same.difference, same.interval, same.by_seed, same.mcnemar) == (0, None, None, 1)


def test_the_bootstrap_sees_both_clusters() -> None:
    """Whatever is the same within a task, more seeds do not narrow; the same of seeds and tasks."""
    coin = random.Random(1)
    of_task = [float(coin.random() < 0.5) for _ in range(40)]

    def width(seeds: int, *, swapped: bool) -> float:
        pairs = {
            ((n, str(s)) if swapped else (s, str(n))): value
            for n, value in enumerate(of_task)
            for s in range(seeds)
        }
        found = two_way_bootstrap(pairs)
        assert found is not None
        return found.high - found.low

    for swapped in (False, True):
        few, many = width(2, swapped=swapped), width(20, swapped=swapped)
        assert many > 0.8 * few > 0.2


@pytest.mark.slow
def test_the_bootstrap_covers_what_is_true() -> None:
    """At least nine in ten intervals hold the truth when seeds and tasks both have effects of their own."""
    draw = random.Random(7)
    held = 0
    for _ in range(100):
        seed = [draw.gauss(0, 0.1) for _ in range(5)]
        task = [draw.gauss(0, 0.3) for _ in range(40)]
        pairs = {
            (s, str(t)): 0.2 + seed[s] + task[t] + draw.gauss(0, 0.3) for s in range(5) for t in range(40)
        }
        found = two_way_bootstrap(pairs)
        held += found is not None and found.low <= 0.2 <= found.high
    assert held >= 90


@given(outcomes, outcomes)
def test_swapping_the_methods_flips_the_sign(a: Pairs, b: Pairs) -> None:
    """The same comparison from the other side has the other sign, and the same p."""
    there, back = compare(a, b), compare(b, a)
    assert (there is None) == (back is None) == (not a.keys() & b.keys())
    if there is None or back is None:
        return
    assert there.difference == -back.difference
    for mine, other in ((there.interval, back.interval), (there.by_seed, back.by_seed)):
        assert (mine is None) == (other is None)
        if mine is not None and other is not None:
            assert (mine.low, mine.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert (there.only_a, there.only_b, there.mcnemar) == (back.only_b, back.only_a, back.mcnemar)
    assert there.t == (None if back.t is None else pytest.approx(back.t))
    assert there.wilcoxon == (None if back.wilcoxon is None else pytest.approx(back.wilcoxon))


@given(outcomes, outcomes, st.randoms(use_true_random=False))
def test_order_changes_nothing(a: Pairs, b: Pairs, shuffle: random.Random) -> None:
    """The order of outcomes changes no bit of a comparison."""

    def shuffled(pairs: Pairs) -> Pairs:
        items = list(pairs.items())
        shuffle.shuffle(items)
        return dict(items)

    assert compare(a, b) == compare(shuffled(a), shuffled(b))


@given(outcomes, outcomes)
def test_an_interval_holds_its_estimate(a: Pairs, b: Pairs) -> None:
    """Both intervals of a difference hold what they are intervals of."""
    found = compare(a, b)
    if found is None:
        return
    if found.interval is not None:
        assert found.interval.low <= found.difference <= found.interval.high
    if found.by_seed is not None:
        assert found.by_seed.low <= found.mean_of_seeds <= found.by_seed.high


def test_brier_worked_by_hand() -> None:
    """Ten forecasts of 0.8, eight of them true, and ten of 0.3, one of them true: Murphy's three parts."""
    known = [(0.8, n < 8) for n in range(10)] + [(0.3, n < 1) for n in range(10)]
    found = calibration(known)
    assert found is not None
    assert found.brier == pytest.approx(0.145)
    assert found.reliability == pytest.approx(0.02)
    assert found.resolution == pytest.approx(0.1225)
    assert found.uncertainty == pytest.approx(0.2475)
    assert [(each.low, each.high, each.count, each.share) for each in found.bins] == [
        (0.3, 0.4, 10, 0.1),
        (0.8, 0.9, 10, 0.8),
    ]
    assert found.bins[1].interval == wilson(8, 10)


@given(forecasts)
def test_brier_parts_as_published(known: list[tuple[float, bool]]) -> None:
    """The parts add up, and the resolution is Murphy's, less the variance within bins, plus twice the
    covariance (Stephenson and others 2008)."""
    found = calibration(known)
    assert found is not None
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty)
    n, mean = len(known), sum(came for _, came in known) / len(known)
    expected = 0.0
    for each in found.bins:
        last = each.high == 1
        group = [(w, y) for w, y in known if int(w * 10) == round(each.low * 10) or (last and w == 1)]
        assert len(group) == each.count
        expected += each.count * (each.share - mean) ** 2
        expected -= sum((w - each.forecast) ** 2 for w, _ in group)
        expected += 2 * sum((y - each.share) * (w - each.forecast) for w, y in group)
    assert found.resolution == pytest.approx(expected / n, abs=1e-9)


@given(forecasts, st.randoms(use_true_random=False))
def test_calibration_holds_for_any_order(known: list[tuple[float, bool]], shuffle: random.Random) -> None:
    """The order changes nothing; bins hold their mean forecast, and together all forecasts."""
    found = calibration(known)
    shuffled = list(known)
    shuffle.shuffle(shuffled)
    assert found == calibration(shuffled)
    assert found is not None
    assert sum(each.count for each in found.bins) == len(known)
    for each in found.bins:
        assert each.low - 1e-9 <= each.forecast <= each.high + 1e-9
        assert each.interval.low <= each.share <= each.interval.high


def test_nothing_has_no_statistics() -> None:
    """Of no forecast and of no common pair there is none."""
    assert calibration([]) is None
    assert compare({(1, "a"): 1.0}, {(2, "a"): 1.0}) is None
    assert two_way_bootstrap({(1, "a"): 1.0}) is None
    assert wilson(1, 1).high == Interval(0, 1).high
