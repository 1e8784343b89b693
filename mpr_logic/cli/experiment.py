"""``mpr experiment``: methods, players, seeds and splits from one file, side by side."""

from __future__ import annotations

import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, reply

if TYPE_CHECKING:
    from mpr_logic.agent.executors import Executor
    from mpr_logic.agent.running import Runner

EXAMPLE = "mpr experiment experiment.toml --out runs/mine"


class Where(StrEnum):
    """Where the work is done."""

    local = "local"
    ray = "ray"


def experiment(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What is compared (docs/reference/experiment.md).")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The folder of the run; by default runs/ and the file's name."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="So many processes.")] = 1,
    executor: Annotated[Where, typer.Option(help="Where the work is done.")] = Where.local,
    address: Annotated[
        str | None, typer.Option(metavar="A", help="Of a Ray cluster; without one, Ray runs here.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    json: o.Json = False,
    no_color: o.NoColor = False,
) -> None:
    """Run an experiment; one that was broken off goes on where it was left. Then: mpr report FOLDER.

    Exit status: 0 all was played, 2 it could not be, or was broken off.
    """

    def work() -> Answer:
        from mpr_logic.agent.executors import executor as made
        from mpr_logic.agent.experiment import read_experiment
        from mpr_logic.agent.running import Runner

        found = read_experiment(file)
        folder = out or Path("runs") / file.stem
        runner = Runner(found, folder)
        played = _shown(runner, made(executor.value, jobs, address), quiet=quiet or json)
        text = f"{played} episodes are in {folder}; to read them: mpr report {folder}"
        return Answer(YES, text, {"folder": str(folder), "episodes": played})

    reply("experiment", work, json=json, no_color=no_color)


def _shown(runner: Runner, executor: Executor, *, quiet: bool) -> int:
    """Run it behind a progress bar; how many episodes there are in the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    lock = threading.Lock()
    with Progress(*columns, console=Console(file=sys.stderr), disable=quiet) as progress:
        bar = progress.add_task("", total=runner.total)

        def say(what: str, more: int) -> None:
            with lock:
                progress.update(bar, advance=more, description=what or None)

        runner.go(executor, say)
    return len(runner.folder.done)
