"""Plays games by following the strongest preference: ``python -m mpr_logic.envs.alfworld.player``.

No model, no search, no hidden facts: what the rules prefer, among what they admit, is done.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import StrongestPreference
from mpr_logic.checker.checker import Checker
from mpr_logic.envs.alfworld.environment import STEPS, AlfWorld
from mpr_logic.envs.alfworld.games import games
from mpr_logic.envs.alfworld.judge import RULES, WIDTH
from mpr_logic.envs.alfworld.parallel import batches, spread
from mpr_logic.errors import MprError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Played:
    """The result of one game: whether it was won, the number of its steps, and of those that were refused."""

    split: str
    game: str
    task_type: str
    won: bool
    steps: int
    refused: int


def played(split: str, places: Sequence[int], rules: str, steps: int) -> list[Played]:
    """Play some games of a split, by their places in it.

    Raises:
        GameError: a game cannot be read.
        ProgramError: the rules are not valid.
        EvaluationError: a question could not be answered.
    """
    program, chosen, found = Checker.load(rules).program, games(split), []
    for place in places:
        game = chosen[place]
        turns = play(AlfWorld(game, steps=steps), Checker(program), StrongestPreference())
        taken = [turn.observation for turn in turns if turn.action is not None]
        won = bool(taken) and taken[-1].won
        refused = sum(seen.succeeded is False for seen in taken)
        found.append(Played(split, game.id, game.task_type, won, len(taken), refused))
    return found


def report(found: Sequence[Played]) -> None:
    """Print how many were won, by task type, and the games that were not."""
    table = Table()
    table.add_column("task")
    for name in ("games", "won", "share", "steps where won", "most", "came to nothing"):
        table.add_column(name, justify="right")
    for task_type in sorted({each.task_type for each in found}):
        table.add_row(task_type, *_figures([each for each in found if each.task_type == task_type]))
    table.add_section()
    table.add_row("all", *_figures(found))
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)
    for each in found:
        if not each.won:
            console.print(f"not won: {each.game} after {each.steps} steps", soft_wrap=True)


def _figures(found: Sequence[Played]) -> list[str]:
    lengths = [each.steps for each in found if each.won]
    mean, most = (f"{sum(lengths) / len(lengths):.1f}", str(max(lengths))) if lengths else ("", "")
    share = f"{len(lengths) / len(found):.1%}" if found else ""
    refused = str(sum(each.refused for each in found))
    return [str(len(found)), str(len(lengths)), share, mean, most, refused]


def main(
    split: Annotated[list[str] | None, typer.Option(help="A split by name; may be given again.")] = None,
    number: Annotated[
        int | None, typer.Option("--games", min=1, help="So many games of each split, drawn by the seed.")
    ] = None,
    rules: Annotated[str, typer.Option(help="The rules: a file or folder.")] = RULES,
    steps: Annotated[int, typer.Option(min=1, help="After so many steps a game is lost.")] = STEPS,
    seed: Annotated[int, typer.Option(help="Which games are drawn.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    out: Annotated[Path | None, typer.Option("--json", help="Write how each game went here too.")] = None,
) -> None:
    """Play games under $ALFWORLD_DATA by following the strongest admissible preference."""
    found: list[Played] = []
    try:
        Checker.load(rules)  # what is wrong with them is said before any game is played
        parts = batches(split or ["valid_seen"], number, seed)
        for each in spread(partial(played, rules=rules, steps=steps), parts, jobs):
            found += each
        report(sorted(found, key=lambda each: (each.split, each.game)))
        if out is not None:
            out.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n", encoding="utf-8")
    except (MprError, OSError) as error:
        Console(stderr=True).print(str(error), markup=False)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)
