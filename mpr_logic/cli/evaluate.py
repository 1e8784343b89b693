"""``mpr eval``: what a memory is worth, on tasks that it has not learned from. The memory is not changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.learn import player_of, select_tasks
from mpr_logic.cli.output import YES, Answer, progress_bar, reply

if TYPE_CHECKING:
    from mpr_logic.experiments.arms import PlayedEpisode
    from mpr_logic.experiments.results import RunPlan

SKIPPED = 1000
"""The number of tasks made by seed that are left out by default: learning begins with the first."""

EXAMPLE = "mpr eval memory.db --env tools --split test --tasks 3"


def evaluate(
    store: o.OptionalMemoryArgument = None,
    env: o.EnvOption = "alfworld",
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A method (docs/reference/experiment.md); may be given again. By default act only, MPR and "
            "MPR+HAC.",
        ),
    ] = None,
    policy: o.TrainingPolicyOption = o.TrainingPolicy.absent_minded,
    split: o.SplitOption = None,
    tasks: o.TasksOption = 30,
    skip: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help=f"Leave out so many from the front: by default {SKIPPED}, and of a split none.",
            show_default=False,
        ),
    ] = None,
    draw: o.DrawOption = None,
    seed: o.SeedOption = 1,
    steps: o.StepsOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrlOption = None,
    local: o.LocalOption = None,
    cache: o.CacheOption = None,
    choose: o.ChooseOption = o.ChooseName.writing,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the results there, for mpr report.", show_default=False),
    ] = None,
    jobs: o.JobsOption = 1,
    theta: o.ThetaOption = 0.9,
    quiet: o.QuietOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Compare methods on tasks; the memory stays as it is.

    Exit status: 0 they were played, 2 they could not be.
    """

    def work() -> Answer:
        if store is None:
            raise o.UsageError("no memory is named: give one that mpr learn has written")
        o.check_theta(theta)
        from mpr_logic.agent.environment import remarks_of
        from mpr_logic.cli import report
        from mpr_logic.experiments.arms import Arm
        from mpr_logic.experiments.executors import executor
        from mpr_logic.experiments.methods import METHODS
        from mpr_logic.experiments.report import make_report
        from mpr_logic.experiments.results import MethodNote, ModelNote, Run, RunPlan
        from mpr_logic.experiments.training import Learner, chunks, known

        names = method or ["act only", "MPR", "MPR+HAC"]
        for name in names:
            if name not in METHODS:
                raise o.UsageError(f"there is no method `{name}`: choose from {', '.join(METHODS)}")
        left_out = skip if skip is not None else SKIPPED if split is None else 0
        found = select_tasks(env, split, tasks, left_out, draw)
        player = player_of(policy, model, base_url, local, cache, choose)
        learned = known(Learner(store, env, theta=theta), create=False)
        cap = steps or found.world.steps
        played: list[PlayedEpisode] = []
        where = executor("local", jobs)
        try:
            with progress_bar(len(names) * len(found.places), quiet=quiet or json) as say:
                for name in names:
                    arm = Arm(env, METHODS[name], player, seed, cap, "test", 0, split, learned, theta)
                    for part in chunks(where, arm, found.places):
                        played += part
                        say(name, len(part))
        finally:
            where.shutdown()
        notes = tuple(MethodNote(name, METHODS[name].privileged, reflexion=False) for name in names)
        models = (ModelNote(player.name, scripted=not player.reads),)
        plan = RunPlan(f"eval of {store}", notes, models, theta, 0, cap)
        made = make_report(Run(plan.name, tuple(each.result for each in played), plan, ()))
        if out is not None:
            _write(out, played, plan)
        remark = "\n".join(remarks_of(found.world, split))
        return Answer(YES, report.text(made), report.content(made), remark=remark)

    reply("eval", work, json=json, no_color=no_color)


def _write(out: Path, played: list[PlayedEpisode], plan: RunPlan) -> None:
    """Results and trajectories, as an experiment writes them."""
    from dataclasses import asdict
    from json import dumps

    from mpr_logic.experiments.results import PLAN, RESULTS, result_json
    from mpr_logic.experiments.running import STEPS

    out.mkdir(parents=True, exist_ok=True)
    (out / PLAN).write_text(f"{dumps(asdict(plan), indent=1)}\n", encoding="utf-8")
    files: dict[str, list[dict[str, Any]]] = {
        RESULTS: [result_json(each.result) for each in played],
        STEPS: [line for each in played for line in each.lines],
    }
    for name, lines in files.items():
        text = "".join(f"{dumps(line, allow_nan=False)}\n" for line in lines)
        (out / name).write_text(text, encoding="utf-8")
