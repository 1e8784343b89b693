"""Judges rules by the simulator: ``python -m mpr_logic.envs.alfworld.judge --split valid_seen``.

Plays games in three ways, and at every state holds the checker's decisions about every action that the
agent could think of against the simulator's list of admissible commands, and every fact of the agent's
belief against the simulator's hidden facts. :mod:`mpr_logic.envs.alfworld.judging` says what is counted.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from mpr_logic.checker.checker import Checker
from mpr_logic.envs.alfworld.commands import SAID
from mpr_logic.envs.alfworld.games import games
from mpr_logic.envs.alfworld.judging import PLAYS, Judge, JudgedPlays
from mpr_logic.envs.alfworld.parallel import batches, spread
from mpr_logic.errors import MprError

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = "rules/alfworld"

WIDTH = 110
"""Of the report, where it is not read on a terminal."""

KNOWABLE = 0.999
"""Of what the agent can know not to be admissible, this share has to be rejected."""


def judged(split: str, places: Sequence[int], rules: str, steps: int, seed: int) -> JudgedPlays:
    """Judge some games of a split, by their places in it.

    Raises:
        GameError: a game cannot be read.
        ProgramError: the rules are not valid.
    """
    judge, chosen, tally = Judge(Checker.load(rules), steps=steps, seed=seed), games(split), JudgedPlays()
    for place in places:
        game = chosen[place]
        for how in PLAYS:
            tally.add(judge.play(game, how))
    return tally


def passed(tally: JudgedPlays) -> bool:
    """Whether nothing was rejected wrongly, nothing believed wrongly, and enough rejected."""
    wrong = tally.false.total() + tally.steps_rejected + tally.wrong + tally.unread
    return wrong == 0 and share(tally.rejected.total(), tally.missed.total()) >= KNOWABLE


def share(part: int, rest: int) -> float:
    """The share of a part in the whole; 1 of nothing."""
    return part / (part + rest) if part + rest else 1.0


def table(tally: JudgedPlays) -> Table:
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


def report(tally: JudgedPlays) -> None:
    """Print what was found."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table(tally))
    console.print(
        f"steps of walkthroughs: {tally.steps:,}, rejected {tally.steps_rejected}\n"
        f"facts of the belief, over all states: {tally.facts:,}, wrong {tally.wrong}\n"
        f"observations that could not be read: {tally.unread}"
    )
    for example in tally.examples:
        console.print(f"  {example}", soft_wrap=True)
    console.print("passed" if passed(tally) else "not passed")


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
    splits, tally = split or ["valid_seen"], JudgedPlays()
    try:
        Checker.load(rules)  # what is wrong with them is said before any game is played
        work = partial(judged, rules=rules, steps=steps, seed=seed)
        for found in spread(work, batches(splits, number, seed), jobs):
            tally.add(found)
        report(tally)
        if out is not None:
            figures = {"splits": splits, "seed": seed, "passed": passed(tally), **tally.figures()}
            out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    except (MprError, OSError) as error:
        Console(stderr=True).print(str(error), markup=False)
        raise typer.Exit(2) from None
    raise typer.Exit(0 if passed(tally) else 1)


if __name__ == "__main__":
    typer.run(main)
