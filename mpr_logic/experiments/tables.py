"""Tables of a report as plain data, so that the terminal, the page and JSON give the same numbers: what was
measured of each method in each phase and round, and methods compared with a baseline over the same pairs of a
seed and a task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mpr_logic.experiments.statistics import FEWEST_FOR_WILCOXON, calibration, compare, wilson
from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.experiments.results import Players, Result, ResultGroup, RoundSeries, TableRow
    from mpr_logic.experiments.statistics import Calibration, Outcomes, Paired


ColumnFormat: TypeAlias = Literal[
    "text", "method", "count", "mean", "share", "points", "p", "score", "range", "points_range"
]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the key of the rows that it shows, its title, and its format.

    ``interval`` names the keys that hold the ends of its interval; a range is nothing but an interval. A
    column that has a ``beside`` is left out where it is the same in all rows that have the same there.
    """

    key: str
    title: str
    form: ColumnFormat = "text"
    interval: tuple[str, str] | None = None
    beside: tuple[str, ...] | None = None

    @property
    def number(self) -> bool:
        """Whether it holds numbers, which stand at the right."""
        return self.form not in ("text", "method")


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows, and the columns that show them. ``notes`` say how it is to be read.

    Of a table that is ``long``, a short report shows the rows with a true ``standing`` alone.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    long: bool = False

    def short(self) -> tuple[TableRow, ...]:
        """The rows of a short report."""
        return tuple(row for row in self.rows if row["standing"]) if self.long else self.rows

    def shown(self, rows: tuple[TableRow, ...]) -> tuple[Column, ...]:
        """The columns to be shown of these rows."""
        return tuple(column for column in self.columns if _tells(column, rows))

    def heading(self) -> str:
        """The title, with what holds of all rows."""
        return f"{self.title} (all scripted)" if self.all_scripted else self.title

    @property
    def all_scripted(self) -> bool:
        """Whether no language model chose in any row."""
        marks = [row["scripted"] and row.get("baseline_scripted", True) for row in self.rows]
        return bool(marks) and all(marks)

    def cell(self, column: Column, row: TableRow) -> str:
        """The text of a cell, the value of a column in a row: one line, in which nothing moves the cursor."""
        if column.form == "method":
            said = {"scripted": False, "baseline_scripted": False} if self.all_scripted else {}
            return method(row | said, column.key)
        if column.interval is not None:
            low, high = (row[key] for key in column.interval)
            ends = None if low is None else f"{_END[column.form](low)} to {_END[column.form](high)}"
            if column.form in ("range", "points_range"):
                return ends or "-"
        value = row[column.key]
        if value is None:
            return "-"
        text: str = _TEXT[column.form](value)
        return f"{text} ({ends})" if column.interval is not None and ends else text


@dataclass(frozen=True, slots=True)
class Report:
    """The results of an experiment, as text and as tables.

    ``summary`` says them in sentences, ``measured`` how they were measured, ``commands`` by which commands,
    ``remarks`` what is missing or was left out. ``tables`` are by their keys; docs/reference/results.md says
    what each holds.
    """

    name: str
    summary: tuple[str, ...]
    measured: tuple[str, ...]
    commands: tuple[str, ...]
    remarks: tuple[str, ...]
    tables: dict[str, ReportTable]


def _tells(column: Column, rows: Iterable[TableRow]) -> bool:
    """Whether a column tells rows apart, or is always shown."""
    if column.beside is None:
        return True
    found: dict[tuple[object, ...], object] = {}
    return any(
        found.setdefault(tuple(row[key] for key in column.beside), row[column.key]) != row[column.key]
        for row in rows
    )


def method(row: TableRow, key: str = "method") -> str:
    """The method of a row, or its baseline, called what it is."""
    marks = [
        mark
        for mark in ("scripted", "privileged")
        if row[mark if key == "method" else f"{key}_{mark}"] and mark not in row[key]
    ]
    name = visible(row[key])
    return f"{name} ({', '.join(marks)})" if marks else name


def percent(share: float) -> str:
    """A share as percent."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * difference + 0.0:+.1f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _mean_text(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


_TEXT: dict[ColumnFormat, Any] = {
    "text": lambda value: visible(str(value)),
    "count": str,
    "mean": _mean_text,
    "share": percent,
    "points": points,
    "p": _p,
    "score": lambda value: f"{value:.3f}",
}
_END: dict[ColumnFormat, Any] = {
    **_TEXT,
    "share": lambda value: f"{100 * value:.1f}",
    "range": _mean_text,
    "points_range": points,
}


WHO = (
    Column("method", "method", "method"),
    Column("model", "model", beside=()),
    Column("phase", "phase"),
    Column("split", "split", beside=("phase",)),
)
ROUND = Column("round", "round", "count")


def tables(players: Players) -> tuple[ReportTable, ...]:
    """All but the comparisons and the calibration."""
    return success(players), kinds(players), actions(players), costs(players), rules(players)


def success(players: Players) -> ReportTable:
    """The table of the episodes won in each round, fresh and cumulative."""
    rows = [
        players.named(group, **_won(group.results), **cumulative)
        for line in players.lines.values()
        for group, cumulative in zip(line.groups, _cumulative(line), strict=True)
    ]
    columns = (
        *WHO,
        ROUND,
        Column("episodes", "episodes", "count"),
        Column("won", "won", "count"),
        Column("rate", "fresh", "share", ("low", "high")),
        Column("cumulative", "cumulative", "share"),
    )
    notes = (
        "Fresh: won in that round, of its episodes, with Wilson's 95 % interval.",
        "Cumulative: won in that round or an earlier one, of all pairs of a seed and a task; in training, "
        "and of trials of the same task.",
    )
    return ReportTable("success", "Success", columns, tuple(rows), notes)


def kinds(players: Players) -> ReportTable:
    """The table of the episodes won by task type."""
    rows = []
    for line in players.lines.values():
        for kind in sorted({each.kind for group in line.groups for each in group.results}):
            for group, cumulative in zip(line.groups, _cumulative(line, kind), strict=True):
                of = [each for each in group.results if each.kind == kind]
                if of:
                    rows.append(players.named(group, kind=kind, **_won(of), **cumulative))
    columns = (
        Column("kind", "task type"),
        *WHO,
        ROUND,
        Column("episodes", "episodes", "count"),
        Column("won", "won", "count"),
        Column("rate", "fresh", "share", ("low", "high")),
        Column("cumulative", "cumulative", "share"),
    )
    rows.sort(key=lambda row: row["kind"])
    notes = ("In a short report, the last round of each phase; of trials of the same task the first.",)
    return ReportTable("kinds", "Success by task type", columns, tuple(rows), notes, long=True)


def _won(results: Sequence[Result]) -> TableRow:
    won = sum(each.won for each in results)
    interval = wilson(won, len(results))
    return {
        "episodes": len(results),
        "won": won,
        "rate": won / len(results),
        "low": interval.low,
        "high": interval.high,
    }


def _cumulative(line: RoundSeries, kind: str | None = None) -> Iterator[TableRow]:
    """Of each round, the share of pairs won so far."""
    if not line.cumulates:
        yield from ({"cumulative_won": None, "pairs": None, "cumulative": None} for _ in line.groups)
        return
    of = {
        (each.seed, each.task)
        for group in line.groups
        for each in group.results
        if kind is None or each.kind == kind
    }
    so_far: set[tuple[int, str]] = set()
    for group in line.groups:
        so_far |= group.won & of
        share = len(so_far) / len(of)
        yield {"cumulative_won": len(so_far), "pairs": len(of), "cumulative": share}


def actions(players: Players) -> ReportTable:
    """The table of the outcomes of the proposed actions."""
    columns = (
        *WHO,
        ROUND,
        Column("steps", "steps", "count"),
        Column("invalid_rate", "invalid of steps", "share"),
        Column("proposed", "proposed", "count"),
        Column("invalid_of_proposed", "invalid of proposed", "share"),
        Column("rejected_rate", "rejected", "share"),
        Column("false_rejection_rate", "falsely", "share"),
        Column("known_rejections", "of known", "count"),
        Column("fallbacks", "fallbacks", "count"),
        Column("probes", "probes", "count"),
    )
    notes = (
        "Steps are the actions that reached the world; invalid ones of them came to nothing.",
        "Rejected, of the proposed. Falsely: the world would have done it; of those where that is known.",
        "These are the player's own proposals: what laws would reject of what others try is not seen here.",
    )
    rows = tuple(players.named(group, **_actions(group.results)) for group in players.groups)
    return ReportTable("actions", "Actions", columns, rows, notes)


def _actions(results: Sequence[Result]) -> TableRow:
    steps, proposed, rejected, invalid, fallbacks, probes = (
        sum(getattr(each, key) for each in results)
        for key in ("steps", "proposed", "rejected", "invalid", "fallbacks", "probes")
    )
    judged = [(each.false_rejections, each.rejected) for each in results]
    wrong = [(false, of) for false, of in judged if false is not None]
    false, known = sum(false for false, _ in wrong), sum(of for _, of in wrong)
    return {
        "steps": steps,
        "proposed": proposed,
        "invalid": invalid,
        "invalid_rate": _share(invalid, steps),
        "invalid_of_proposed": _share(invalid, proposed),
        "rejected": rejected,
        "rejected_rate": _share(rejected, proposed),
        "false_rejections": false if wrong else None,
        "known_rejections": known,
        "false_rejection_rate": _share(false, known),
        "fallbacks": fallbacks,
        "probes": probes,
    }


def _share(count: int, of: int) -> float | None:
    return count / of if of else None


COSTS = ("steps", "calls", "prompt_tokens", "completion_tokens", "cost", "seconds")


def costs(players: Players) -> ReportTable:
    """The table of the costs of an episode, on average."""
    titles = ("steps", "calls", "tokens read", "tokens written", "US dollars", "seconds")
    columns = (*WHO, ROUND, *(Column(k, t, "mean") for k, t in zip(COSTS, titles, strict=True)))
    rows = tuple(
        players.named(group, **{key: _mean(group.results, key) for key in COSTS}) for group in players.groups
    )
    return ReportTable("costs", "What an episode takes", columns, rows, ("Means over episodes.",))


def rules(players: Players) -> ReportTable:
    """The table of the numbers of rules in force."""
    columns = (
        *WHO,
        ROUND,
        Column("rules", "rules", "mean"),
        Column("laws", "laws", "mean"),
        Column("most_rules", "most rules", "count"),
        Column("most_laws", "most laws", "count"),
    )
    rows = tuple(
        players.named(
            group,
            rules=_mean(group.results, "rules"),
            laws=_mean(group.results, "laws"),
            most_rules=max(each.rules for each in group.results),
            most_laws=max(each.laws for each in group.results),
        )
        for group in players.groups
    )
    return ReportTable(
        "rules", "Rules in force", columns, rows, ("Means over episodes, and the most in any.",)
    )


def _mean(results: Iterable[Result], key: str) -> float:
    values: list[float] = [getattr(each, key) for each in results]
    return math.fsum(values) / len(values)


def calibrations(players: Players) -> tuple[ReportTable, ReportTable]:
    """The tables of how well the weights of rules foretold failures: the scores, and the bins behind them."""
    scores: list[TableRow] = []
    bins: list[TableRow] = []
    for line in players.lines.values():
        found = calibration(
            (f.weight, f.wrong) for group in line.groups for each in group.results for f in each.forecasts
        )
        if found is None:
            continue
        named = players.named(line.standing)
        del named["round"], named["standing"], named["retried"]
        scores.append(named | _scores(found))
        bins += [
            named
            | {
                "from": each.low,
                "to": each.high,
                "forecasts": each.count,
                "weight": each.forecast,
                "share": each.share,
                "low": each.interval.low,
                "high": each.interval.high,
            }
            for each in found.bins
        ]
    return _score_table(scores), _bin_table(bins)


def _scores(found: Calibration) -> dict[str, Any]:
    keys = ("forecasts", "share", "brier", "reliability", "resolution", "uncertainty")
    return {key: getattr(found, key) for key in keys}


def _score_table(rows: list[TableRow]) -> ReportTable:
    columns = (
        *WHO,
        Column("forecasts", "forecasts", "count"),
        Column("share", "came true", "share"),
        Column("brier", "Brier", "score"),
        Column("reliability", "reliability", "score"),
        Column("resolution", "resolution", "score"),
        Column("uncertainty", "uncertainty", "score"),
    )
    notes = (
        "A rule's weight is the forecast that the action it forbids comes to nothing. "
        "Brier = reliability - resolution + uncertainty: a small reliability and a large resolution help.",
        "Weights are lower bounds: they are meant to say less than what comes true.",
    )
    return ReportTable("calibration", "Calibration of rule weights", columns, tuple(rows), notes)


def _bin_table(rows: list[TableRow]) -> ReportTable:
    columns = (
        *WHO,
        Column("bin", "weight", "range", ("from", "to")),
        Column("forecasts", "forecasts", "count"),
        Column("weight", "mean", "score"),
        Column("share", "came true", "share", ("low", "high")),
    )
    notes = ("The forecasts of one rule are not independent, and Wilson's intervals take them as such.",)
    return ReportTable("reliability", "Reliability", columns, tuple(rows), notes)


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


def comparisons(players: Players, baselines: Sequence[str]) -> ReportTable:
    """All methods against the baselines: in the tests; in training, where nothing was tested."""
    rows = tuple(_rows(players, baselines))
    phase = f" in {rows[0]['phase']}" if rows else ""
    return ReportTable("comparisons", f"Paired comparisons{phase}", COLUMNS, rows, NOTES)


def _rows(players: Players, baselines: Sequence[str]) -> Iterator[TableRow]:
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


def _row(
    players: Players, group: ResultGroup, other: ResultGroup, counted: str, found: Paired | None
) -> Iterator[TableRow]:
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


def _outcomes(group: ResultGroup) -> Outcomes:
    return {(each.seed, each.task): float(each.won) for each in group.results}
