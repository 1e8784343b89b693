"""What was measured of each method, in each phase and round: the tables of a report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mpr_logic.experiments.statistics import calibration, wilson
from mpr_logic.experiments.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.experiments.groups import Line, Players
    from mpr_logic.experiments.results import Result
    from mpr_logic.experiments.statistics import Calibration
    from mpr_logic.experiments.tables import Row

WHO = (
    Column("method", "method", "method"),
    Column("model", "model", beside=()),
    Column("phase", "phase"),
    Column("split", "split", beside=("phase",)),
)
ROUND = Column("round", "round", "count")


def tables(players: Players) -> tuple[Table, ...]:
    """All but the comparisons and the calibration."""
    return success(players), kinds(players), actions(players), costs(players), rules(players)


def success(players: Players) -> Table:
    """How many episodes were won in each round, fresh and cumulative."""
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
    return Table("success", "Success", columns, tuple(rows), notes)


def kinds(players: Players) -> Table:
    """The same by task type."""
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
    return Table("kinds", "Success by task type", columns, tuple(rows), notes, long=True)


def _won(results: Sequence[Result]) -> Row:
    won = sum(each.won for each in results)
    interval = wilson(won, len(results))
    return {
        "episodes": len(results),
        "won": won,
        "rate": won / len(results),
        "low": interval.low,
        "high": interval.high,
    }


def _cumulative(line: Line, kind: str | None = None) -> Iterator[Row]:
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


def actions(players: Players) -> Table:
    """What became of the proposed actions."""
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
    )
    rows = tuple(players.named(group, **_actions(group.results)) for group in players.groups)
    return Table("actions", "Actions", columns, rows, notes)


def _actions(results: Sequence[Result]) -> Row:
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


def costs(players: Players) -> Table:
    """What an episode took, on average."""
    titles = ("steps", "calls", "tokens read", "tokens written", "US dollars", "seconds")
    columns = (*WHO, ROUND, *(Column(k, t, "mean") for k, t in zip(COSTS, titles, strict=True)))
    rows = tuple(
        players.named(group, **{key: _mean(group.results, key) for key in COSTS}) for group in players.groups
    )
    return Table("costs", "What an episode takes", columns, rows, ("Means over episodes.",))


def rules(players: Players) -> Table:
    """How many rules were in force."""
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
    return Table("rules", "Rules in force", columns, rows, ("Means over episodes, and the most in any.",))


def _mean(results: Iterable[Result], key: str) -> float:
    values: list[float] = [getattr(each, key) for each in results]
    return math.fsum(values) / len(values)


def calibrations(players: Players) -> tuple[Table, Table]:
    """How well the weights of rules foretold what came to nothing: the scores, and the bins behind them."""
    scores: list[Row] = []
    bins: list[Row] = []
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


def _score_table(rows: list[Row]) -> Table:
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
    return Table("calibration", "Calibration of rule weights", columns, tuple(rows), notes)


def _bin_table(rows: list[Row]) -> Table:
    columns = (
        *WHO,
        Column("bin", "weight", "range", ("from", "to")),
        Column("forecasts", "forecasts", "count"),
        Column("weight", "mean", "score"),
        Column("share", "came true", "share", ("low", "high")),
    )
    notes = ("The forecasts of one rule are not independent, and Wilson's intervals take them as such.",)
    return Table("reliability", "Reliability", columns, tuple(rows), notes)
