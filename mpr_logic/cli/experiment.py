"""``mpr experiment``: methods, players, seeds and splits from one file, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, progress_bar, reply

EXAMPLE = "mpr experiment docs/examples/experiment.toml --out run"


def experiment(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="What is compared (docs/reference/experiment.md).", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The folder of the run; by default runs/ and the file's name."),
    ] = None,
    jobs: o.JobsOption = 1,
    executor: o.ExecutorOption = o.ExecutorName.local,
    address: o.AddressOption = None,
    quiet: o.QuietOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Run an experiment, which a file describes.

    One that was broken off goes on where it was left. Then: mpr report FOLDER.

    Exit status: 0 all was played, 2 it could not be, or was broken off.
    """

    def work() -> Answer:
        if file is None:
            raise o.UsageError("no file is named: give the one that says what is compared")
        from mpr_logic.experiments.executors import executor as made
        from mpr_logic.experiments.experiment import read_experiment
        from mpr_logic.experiments.running import Runner

        found = read_experiment(file)
        folder = out or Path("runs") / file.stem
        runner = Runner(found, folder)
        with progress_bar(runner.total, quiet=quiet or json) as say:
            runner.go(made(executor.value, jobs, address), say)
        played = len(runner.folder.done)
        text = f"{played} episodes are in {folder}; to read them: mpr report {folder}"
        return Answer(YES, text, {"folder": str(folder), "episodes": played})

    reply("experiment", work, json=json, no_color=no_color)
