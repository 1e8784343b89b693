"""Judges rules by the simulator: ``python -m mpr_logic.envs.alfworld.judge --split valid_seen``.

Plays games in three ways, and at every state holds the checker's decisions about every action that the
agent could think of against the simulator's list of admissible commands, and every fact of the agent's
belief against the simulator's hidden facts. :mod:`mpr_logic.envs.alfworld.judging` says what is counted.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mpr_logic.checking.checker import Checker
from mpr_logic.envs.alfworld.commands import SAID
from mpr_logic.envs.alfworld.games import games
from mpr_logic.envs.alfworld.judging import PLAYS, Judge, Tally
from mpr_logic.errors import MprError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RULES = "rules/alfworld"
BATCH = 5
"""So many games are judged by a worker at a time."""

WIDTH = 110
"""Of the printed table."""

KNOWABLE = 0.999
"""Of what the agent can know not to be admissible, this share has to be rejected."""


def judged(rules: str, split: str, indices: Sequence[int], steps: int, seed: int) -> Tally:
    """Judge some games of a split, by their place in it.

    Raises:
        GameError: a game cannot be read.
        ProgramError: the rules are not valid.
    """
    judge, chosen, tally = Judge(Checker.load(rules), steps=steps, seed=seed), games(split), Tally()
    for index in indices:
        game = chosen[index]
        for how in PLAYS:
            tally.add(judge.play(game, how))
    return tally


def passed(tally: Tally) -> bool:
    """Whether nothing was rejected wrongly, nothing believed wrongly, and enough rejected."""
    wrong = tally.false.total() + tally.steps_rejected + tally.wrong + tally.unread
    return wrong == 0 and share(tally.rejected.total(), tally.missed.total()) >= KNOWABLE


def share(part: int, rest: int) -> float:
    """The share of a part in the whole; 1 of nothing."""
    return part / (part + rest) if part + rest else 1.0


def table(tally: Tally) -> Table:
    """The figures, by action."""
    found = Table(caption=f"{tally.games} plays, {tally.states} states")
    found.add_column("action")
    for name in ("admissible", "rejected wrongly", "not admissible", "admitted, knowable", "unknowable"):
        found.add_column(name, justify="right")
    found.add_column("knowable rejected", justify="right")
    counters = (tally.listed, tally.false, tally.rejected, tally.missed, tally.unknowable)
    for name in SAID:
        found.add_row(name, *_figures(*[counter[name] for counter in counters]))
    found.add_section()
    found.add_row("all", *_figures(*[counter.total() for counter in counters]))
    return found


def _figures(listed: int, false: int, rejected: int, missed: int, unknowable: int) -> list[str]:
    counts = (listed, false, rejected + missed + unknowable, missed, unknowable)
    return [f"{n:,}" for n in counts] + [f"{share(rejected, missed):.3%}" if rejected + missed else ""]


def report(console: Console, tally: Tally) -> None:
    """Print what was found."""
    console.print(table(tally), width=max(console.width, WIDTH))
    console.print(
        f"steps of walkthroughs: {tally.steps:,}, rejected {tally.steps_rejected}\n"
        f"facts of the belief, over all states: {tally.facts:,}, wrong {tally.wrong}\n"
        f"observations that could not be read: {tally.unread}"
    )
    for example in tally.examples:
        console.print(f"  {example}", markup=False, highlight=False)
    console.print("passed" if passed(tally) else "not passed")


def batches(splits: Sequence[str], number: int | None, seed: int) -> Iterator[tuple[str, list[int]]]:
    """Choose games of each split, all or so many, and cut them into batches."""
    for split in splits:
        size = len(games(split))
        chosen = list(range(size))
        if number is not None and number < size:
            chosen = sorted(Random(seed).sample(chosen, number))
        for start in range(0, len(chosen), BATCH):
            yield split, chosen[start : start + BATCH]


def run(work: Sequence[tuple[str, list[int]]], rules: str, steps: int, seed: int, jobs: int) -> Tally:
    """Judge batches of games in several processes, with a bar on standard error."""
    tally = Tally()
    bar = Progress(
        TextColumn("games"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar, ProcessPoolExecutor(jobs) as pool:
        line = bar.add_task("", total=sum(len(indices) for _, indices in work))
        tasks = {
            pool.submit(judged, rules, split, indices, steps, seed): len(indices) for split, indices in work
        }
        try:
            for task in as_completed(tasks):
                tally.add(task.result())
                bar.advance(line, tasks[task])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tally


def main(
    split: Annotated[list[str] | None, typer.Option(help="A split by name; may be given again.")] = None,
    number: Annotated[
        int | None, typer.Option("--games", min=1, help="So many games of each split, drawn by the seed.")
    ] = None,
    rules: Annotated[str, typer.Option(help="The rules to judge: a file or folder.")] = RULES,
    steps: Annotated[int, typer.Option(min=0, help="The length of random play.")] = 20,
    seed: Annotated[int, typer.Option(help="What is drawn depends on this alone.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures here too.")] = None,
) -> None:
    """Judge rules by the simulator, over games under $ALFWORLD_DATA. Exit: 0 passed, 1 not, 2 error."""
    splits = split or ["valid_seen"]
    try:
        tally = run(list(batches(splits, number, seed)), rules, steps, seed, jobs)
        if out is not None:
            figures = {"splits": splits, "seed": seed, "passed": passed(tally), **tally.figures()}
            out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except (MprError, OSError) as error:
        Console(stderr=True).print(str(error), markup=False)
        raise typer.Exit(2) from None
    report(Console(), tally)
    raise typer.Exit(0 if passed(tally) else 1)


if __name__ == "__main__":
    typer.run(main)
