"""What the commands that play many tasks have in common: which tasks, who plays, and the bar meanwhile."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from mpr_logic.cli.options import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mpr_logic.agent.worlds import Worlds
    from mpr_logic.cli.acting import Choose
    from mpr_logic.experiments.players import Player, Script


class Who(StrEnum):
    """Who plays."""

    absent_minded = "absent-minded"
    forgetful = "forgetful"
    walkthrough = "walkthrough"
    model = "model"


Env = Annotated[str, typer.Option(metavar="NAME", help="The environment.")]
Split = Annotated[
    str | None, typer.Option(metavar="NAME", help="A split of it; without one, tasks are made by seed.")
]
Tasks = Annotated[int, typer.Option(metavar="N", min=1, help="So many tasks.")]
Skip = Annotated[int, typer.Option(metavar="N", min=0, help="Leave out so many from the front.")]
Draw = Annotated[
    int | None, typer.Option(metavar="N", help="Shuffle the split by this number first.", show_default=False)
]
Seed = Annotated[int, typer.Option(metavar="N", help="For all that the player draws.")]
Steps = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="After so many actions an episode is over.")
]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="So many processes.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
WhoOption = Annotated[
    Who,
    typer.Option(
        help="Who plays: a scripted person who forgets little steps, and heeds rules (absent-minded) or "
        "repairs (forgetful); the walkthrough; or a language model."
    ),
]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tasks that were chosen: the environment, and their places in the split."""

    world: Worlds
    places: list[int]


def chosen(env: str, split: str | None, tasks: int, skip: int, draw: int | None) -> Chosen:
    """The tasks that the options name.

    Raises:
        GameError: there is no such environment or split.
        ExperimentError: the split has fewer tasks, or the extra is not installed.
    """
    from mpr_logic.agent.worlds import worlds
    from mpr_logic.experiments.experiment import Tasks as Asked

    world = worlds(env)
    return Chosen(world, Asked(tasks=tasks, split=split, skip=skip, draw=draw).places(world))


def player_of(
    who: Who, model: str | None, base_url: str | None, local: Path | None, cache: Path | None, choose: Choose
) -> Player:
    """The player that the options name.

    Raises:
        Usage: a model is to play, and none is named.
    """
    if who is not Who.model:
        from mpr_logic.experiments.players import Scripted

        return Scripted(cast("Script", who.value))
    import os

    name = model or (local.stem if local else os.environ.get("MPR_MODEL"))
    if not name:
        raise Usage("a model is to play, and none is named: add --model or --local, or set MPR_MODEL")
    from mpr_logic.experiments.modelled import Modelled

    return Modelled(name, base_url, local, choose.value, None, cache)


@contextmanager
def shown(total: int, *, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """A progress bar on the standard error; yields what tells it what is going on, from any thread."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if quiet:
        yield lambda what, more: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    lock = threading.Lock()
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        bar = progress.add_task("", total=total)

        def say(what: str, more: int) -> None:
            with lock:
                progress.update(bar, advance=more, description=what)

        yield say
