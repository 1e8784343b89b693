"""Reports on experiments: tables, what they come to, how it was measured; also as one page of HTML, which
needs nothing beside itself: no script, no network, no other file."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.plots import plots
from mpr_logic.experiments.results import MISSING, Players
from mpr_logic.experiments.statistics import LEVEL, RANDOM_SEED, RESAMPLES
from mpr_logic.experiments.tables import (
    Report,
    calibrations,
    comparisons,
    method,
    percent,
    points,
    success,
    tables,
)
from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.experiments.results import Run, TableRow
    from mpr_logic.experiments.tables import ReportTable


def make_report(run: Run, baselines: Sequence[str] = ()) -> Report:
    """The report on a run.

    Args:
        run: what :func:`mpr_logic.experiments.results.read_run` has read.
        baselines: the methods that all others are compared with; by default the first of the plan, or by
            name.

    Raises:
        ExperimentError: no episode was played by such a baseline, or the extra is not installed.
    """
    players = Players(run)
    baselines = tuple(baselines) or players.methods[:1]
    players.known(baselines)
    compared = comparisons(players, baselines)
    made = (*tables(players), compared, *calibrations(players))
    return Report(
        name=visible(run.name),
        summary=(_scope(run), *_found(compared, success(players))),
        measured=tuple(_measured(run, players)),
        commands=tuple(map(visible, run.plan.commands)),
        remarks=(*map(visible, run.remarks), *players.remarks()),
        tables={table.key: table for table in made},
    )


def _scope(run: Run) -> str:
    """One sentence on what was played."""
    results = run.results
    methods = len({(each.method, each.model) for each in results})
    tasks = len({(each.split, each.task) for each in results})
    seeds = len({each.seed for each in results})
    return (
        f"{_many(len(results), 'episode')} of {_many(methods, 'method')} on {_many(tasks, 'task')}, "
        f"with {_many(seeds, 'seed')}."
    )


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _found(compared: ReportTable, success: ReportTable) -> list[str]:
    """A sentence on each comparison; where there is none, on the round that stands for each method."""
    if compared.rows:
        return [_difference(row) for row in compared.rows]
    return [
        f"{method(row)} won {percent(row['rate'])} of {_many(row['episodes'], 'episode')} of {row['phase']}."
        for row in success.rows
        if row["standing"]
    ]


def _difference(row: TableRow) -> str:
    by = f"with {visible(row['model'])}, " if row["several_models"] else ""
    low, high = row["low"], row["high"]
    if low is None:
        verdict = "no interval: all pairs differ by the same"
    else:
        verdict = f"{100 * LEVEL:.0f} % interval {points(low)} to {points(high)}" + (
            ", which holds zero" if low <= 0 <= high else ""
        )
    whose = f", {row['counted']}," if row["retried"] else ""
    won = f"{method(row)}{whose} won {percent(row['rate'])} of {_many(row['pairs'], 'pair')}"
    return (
        f"In {row['phase']}, {by}{won} and {method(row, 'baseline')} {percent(row['baseline_rate'])}: "
        f"a difference of {points(row['difference'])} points ({verdict})."
    )


def _measured(run: Run, players: Players) -> list[str]:
    """The sentences on how the run was measured."""
    plan, results = run.plan, run.results
    longest = max(each.steps for each in results)
    cap = (
        f"An episode is over after {plan.steps} steps, and lost if it is not won by then (the step cap)."
        if plan.steps is not None
        else "The step cap is not known."
    )
    lines = [f"{cap} The longest took {longest} steps."]
    lines.append(f"Seeds: {', '.join(map(str, sorted({each.seed for each in results})))}.")
    lines += players.played()
    lines.append(f"Models: {', '.join(visible(m or '(none)') for m in players.models)}.")
    if plan.theta is not None:
        lines.append(f"A rule is law from the weight {plan.theta:g} on (theta).")
    if names := [visible(each) for each in players.methods if players.privileged(each)]:
        lines.append(f"Privileged, told what an agent cannot know: {', '.join(names)}.")
    players_of = sorted({(each.method, each.model) for each in results})
    if names := sorted({visible(m) for m, model in players_of if players.scripted(m, model)}):
        lines.append(f"Scripted, no language model chose: {', '.join(names)}.")
    lines.append(
        "The intervals of shares are Wilson's at 95 %: they take episodes as independent, which those of one "
        "task or one seed are not."
    )
    lines.append(
        f"The intervals of differences are from a two-way bootstrap that resamples seeds and tasks, "
        f"{RESAMPLES} times from the random seed {RANDOM_SEED}."
    )
    if len({each.seed for each in results}) == 1:
        lines.append("There is one seed: nothing here says how other seeds would do.")
    return lines


def page(report: Report) -> str:
    """The page. All text in it is escaped; the plots are SVG, drawn here.

    Raises:
        ExperimentError: the extra that makes it is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ExperimentError(MISSING) from None
    source = files("mpr_logic.agent").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    drawn = [(title, said, Markup(svg)) for title, said, svg in plots(report)]
    return environment.from_string(source).render(report=report, plots=drawn)
