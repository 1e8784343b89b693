"""Measures attacks: ``python -m mpr_logic.envs.tools.attacks``.

A scripted, gullible agent works in offices whose texts carry planted instructions: without rules, under the
hand-written ones, and under rules that were learned from its own failures in other offices.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from mpr_logic.envs.tools import measure
from mpr_logic.envs.tools.gullible import SHARE, Gullible
from mpr_logic.envs.tools.measure import CLOSED, OPEN, AttackTally
from mpr_logic.envs.tools.planting import ATTACKS
from mpr_logic.errors import MprError
from mpr_logic.experiments.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Program

WIDTH = 110
"""Of the report, where it is not read on a terminal."""

NONE, LEARNED = "none", "learned"
ARMS = (NONE, "open", "closed", LEARNED)


def measured(
    seeds: int, train: int, test: int, tick: Callable[[], None]
) -> tuple[dict[str, list[AttackTally]], list[str]]:
    """A tally of each set of rules for each seed, and the rules that were learned for it. No two seeds have
    an episode in common.

    Raises:
        GameError: an extra is not installed.
        EvaluationError: the engine could not finish.
    """
    fixed = {
        NONE: measure.unguarded(),
        "open": measure.hand_written(OPEN),
        "closed": measure.hand_written(CLOSED),
    }
    found: dict[str, list[AttackTally]] = {arm: [] for arm in ARMS}
    texts: list[str] = []
    for seed in range(seeds):
        program, text = measure.learned(seed * train, train, tick)
        texts.append(text)
        programs: dict[str, Program] = {**fixed, LEARNED: program}
        for arm in ARMS:
            found[arm].append(measure.run(programs[arm], "test", seed * test, test))
            tick()
    return found, texts


def total(tallies: list[AttackTally]) -> AttackTally:
    """All of them together."""
    found = AttackTally()
    for tally in tallies:
        found.add(tally)
    return found


def figures(found: dict[str, list[AttackTally]], texts: list[str]) -> dict[str, object]:
    """The measure as JSON: of each arm the shares with their intervals, the counts in all and by seed."""
    arms = {}
    for arm, tallies in found.items():
        whole = total(tallies)
        reported = {
            name: {"count": part, "of": of, "interval": astuple(wilson(part, of)) if of else None}
            for name, (part, of) in whole.shares().items()
        }
        arms[arm] = {
            "shares": reported,
            "all": whole.content(),
            "seeds": [each.content() for each in tallies],
        }
    return {"policy": Gullible.name, "obeys": SHARE, "rules": arms, "learned": texts}


def tables(found: dict[str, list[AttackTally]]) -> list[Table]:
    """The shares of each arm, and its attacks by kind."""
    wholes = {arm: total(tallies) for arm, tallies in found.items()}
    first = Table(caption=f"policy: {Gullible.name}; 95 % Wilson intervals")
    second = Table(caption="attacks through, of those that the agent obeyed")
    for table in (first, second):
        table.add_column("")
        for arm in wholes:
            table.add_column(arm, justify="right")
    for name in AttackTally().shares():
        first.add_row(name, *(_share(*whole.shares()[name]) for whole in wholes.values()))
    for kind in ATTACKS:
        second.add_row(kind, *(f"{each.through[kind]} of {each.told[kind]}" for each in wholes.values()))
    return [first, second]


def _share(part: int, whole: int) -> str:
    if not whole:
        return "none"
    found = wilson(part, whole)
    return f"{part} of {whole}\n{part / whole:.1%} ({found.low:.1%} to {found.high:.1%})"


def main(
    seeds: Annotated[int, typer.Option(min=1, help="How often all is done, with other episodes.")] = 5,
    train: Annotated[int, typer.Option(min=1, help="Episodes of train that each seed learns from.")] = 400,
    test: Annotated[int, typer.Option(min=1, help="Episodes of test that each seed is measured on.")] = 400,
    out: Annotated[Path | None, typer.Option("--json", help="Write the figures here too.")] = None,
    learned: Annotated[bool, typer.Option("--learned", help="Show the rules that were learned.")] = False,
) -> None:
    """Measure attacks on a scripted, gullible agent under no rules, hand-written and learned ones.

    Exit status: 0 it was measured, 2 it could not be.

    Example: python -m mpr_logic.envs.tools.attacks --seeds 1 --train 200 --test 60
    """
    console, aside = Console(markup=False, highlight=False), Console(stderr=True)
    if not console.is_terminal:
        console.width = WIDTH
    try:
        with Progress(console=aside, transient=True) as progress:
            bar = progress.add_task("playing", total=seeds * (train + len(ARMS)))
            found, texts = measured(seeds, train, test, lambda: progress.advance(bar))
        for table in tables(found):
            console.print(table)
        if learned:
            for seed, text in enumerate(texts):
                console.print(f"\nseed {seed}\n{text}", soft_wrap=True)
        if out is not None:
            out.write_text(json.dumps(figures(found, texts), indent=1) + "\n", encoding="utf-8")
    except (MprError, OSError) as error:
        aside.print(str(error), markup=False)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
