"""Methods compared with a baseline, over the same pairs of a seed and a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.experiments.measures import WHO
from mpr_logic.experiments.statistics import FEWEST_FOR_WILCOXON, compare
from mpr_logic.experiments.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.experiments.groups import Group, Players
    from mpr_logic.experiments.statistics import Outcomes, Paired
    from mpr_logic.experiments.tables import Row

COLUMNS = (
    *(column for column in WHO if column.key != "phase"),  # the title has it
    Column("counted", "counted", beside=()),
    Column("rate", "won", "share"),
    Column("baseline", "baseline", "method"),
    Column("baseline_rate", "won", "share"),
    Column("pairs", "pairs", "count"),
    Column("difference", "points", "points", ("low", "high")),
    Column("mcnemar_p", "McNemar p", "p"),
    Column("by_seed", "by seed", "points_range", ("seed_low", "seed_high")),
    Column("t_p", "t p", "p"),
    Column("wilcoxon_p", "Wilcoxon p", "p"),
)
NOTES = (
    "Each method less the baseline with the same model, in the last round of each, over the pairs of a seed "
    "and a task that both have played. Of one that tries a task again until it has won, the first trial, and "
    "then what any trial has won.",
    "Points: the mean difference in percentage points, with the 95 % interval of a two-way bootstrap: both "
    "seeds and tasks are resampled.",
    "McNemar p: exact and two-sided, over pairs. It takes them as independent; those of one task are not.",
    "By seed: the t interval over the seeds' mean differences (t p: its paired test), as if the tasks were "
    "all there are.",
    f"Wilcoxon p: the signed-rank test over the same means, from {FEWEST_FOR_WILCOXON} seeds on.",
    "No p is adjusted for the number of comparisons.",
)


def comparisons(players: Players, baselines: Sequence[str]) -> Table:
    """All methods against the baselines: in the tests; in training, where nothing was tested."""
    rows = tuple(_rows(players, baselines))
    phase = f" in {rows[0]['phase']}" if rows else ""
    return Table("comparisons", f"Paired comparisons{phase}", COLUMNS, rows, NOTES)


def _rows(players: Players, baselines: Sequence[str]) -> Iterator[Row]:
    phase = "test" if any(group.phase == "test" for group in players.groups) else "train"
    for baseline in baselines:
        for (method, model, of, split), line in players.lines.items():
            other = players.lines.get((baseline, model, phase, split))
            if of != phase or method == baseline or other is None:
                continue
            fresh, less = _outcomes(line.standing), _outcomes(other.standing)
            counted = "first trial" if line.retried else "fresh"
            yield from _row(players, line.standing, other.standing, counted, compare(fresh, less))
            if line.retried:
                won = set().union(*(group.won for group in line.groups))
                so_far = {pair: float(pair in won) for group in line.groups for pair in group.pairs}
                counted = f"any of {len(line.groups)} trials"
                yield from _row(players, line.groups[-1], other.standing, counted, compare(so_far, less))


def _row(players: Players, group: Group, other: Group, counted: str, found: Paired | None) -> Iterator[Row]:
    if found is None:
        return
    low, high = (None, None) if found.interval is None else (found.interval.low, found.interval.high)
    seeds = found.by_seed
    row = players.named(
        group,
        several_models=len(players.models) > 1,
        counted=counted,
        baseline=other.method,
        baseline_scripted=players.scripted(other.method, other.model),
        baseline_privileged=players.privileged(other.method),
        baseline_round=other.round,
        pairs=found.pairs,
        left_out=found.left_out,
        seeds=found.seeds,
        tasks=found.tasks,
        rate=found.a,
        baseline_rate=found.b,
        difference=found.difference,
        low=low,
        high=high,
        only_method=found.only_a,
        only_baseline=found.only_b,
        mcnemar_p=found.mcnemar,
        by_seed=None if seeds is None else found.mean_of_seeds,
        seed_low=None if seeds is None else seeds.low,
        seed_high=None if seeds is None else seeds.high,
        t_p=found.t,
        wilcoxon_p=found.wilcoxon,
    )
    del row["standing"]
    yield row


def _outcomes(group: Group) -> Outcomes:
    return {(each.seed, each.task): float(each.won) for each in group.results}
