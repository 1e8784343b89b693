"""``mpr learn``: an agent plays, fails, and its memory learns, round by round."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, progress_bar, reply

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.agent.environment import Worlds
    from mpr_logic.experiments.players import Player, Script
    from mpr_logic.experiments.training import Round

EXAMPLE = "mpr learn memory.db --env tools --split train --tasks 3 --rounds 1"


def learn(
    store: o.OptionalMemoryArgument = None,
    env: o.EnvOption = "alfworld",
    policy: o.TrainingPolicyOption = o.TrainingPolicy.absent_minded,
    split: o.SplitOption = None,
    tasks: o.TasksOption = 60,
    skip: o.SkipOption = 0,
    draw: o.DrawOption = None,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="So many rounds over the tasks.")] = 3,
    seed: o.SeedOption = 1,
    steps: o.StepsOption = None,
    reflect: Annotated[
        bool, typer.Option("--reflect", help="The model reflects on each episode that is lost.")
    ] = False,
    samples: Annotated[int, typer.Option(metavar="N", min=1, help="So many answers to each.")] = 4,
    induced: Annotated[
        bool,
        typer.Option("--induced/--no-induced", help="Rules are sought in the failed steps without a model."),
    ] = True,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="What is law already blocks; some of what it blocks is tried all the same, so that a wrong "
            "law falls.",
        ),
    ] = False,
    conditions: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many conditions are joined in a rule at most.")
    ] = 1,
    model: o.ModelOption = None,
    base_url: o.BaseUrlOption = None,
    local: o.LocalOption = None,
    cache: o.CacheOption = None,
    choose: o.ChooseOption = o.ChooseName.writing,
    jobs: o.JobsOption = 1,
    theta: o.ThetaOption = 0.9,
    quiet: o.QuietOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Train a memory by playing tasks, round by round.

    Each round plays all tasks, told what was learned before, and nothing is blocked; then the memory learns
    from what came to nothing.

    Exit status: 0 there are learned rules now, 1 there is none, 2 it could not be done.
    """

    def work() -> Answer:
        if store is None:
            raise o.UsageError("no memory is named: give a file, which is made if it is not there")
        if not (induced or reflect):
            raise o.UsageError("nobody reflects: leave --no-induced out, or add --reflect")
        o.check_theta(theta)
        from mpr_logic.experiments.arms import Arm
        from mpr_logic.experiments.executors import executor
        from mpr_logic.experiments.methods import METHODS
        from mpr_logic.experiments.training import Learner, Reflecting, train
        from mpr_logic.memory.records import ACTIVE
        from mpr_logic.memory.store import Memory

        found = select_tasks(env, split, tasks, skip, draw)
        player = player_of(policy, model, base_url, local, cache, choose)
        thinker = (
            player_of(o.TrainingPolicy.model, model, base_url, local, cache, choose) if reflect else None
        )
        learner = Learner(store, env, conditions, induced, theta=theta)
        arm = Arm(
            env, METHODS["MPR"], player, seed, steps or found.world.steps, "train", 1, split, theta=theta
        )
        if check:
            arm = replace(arm, method=METHODS["MPR+HAC"], probes=store)
        reflecting = None if thinker is None else Reflecting(thinker, samples)
        where = executor("local", jobs)
        try:
            with progress_bar(rounds * len(found.places), quiet=quiet or json) as say:
                done = list(train(learner, arm, found.places, rounds, where, reflecting, say))
        finally:
            where.shutdown()
        with Memory.open(store, theta=theta) as memory:
            rules = memory.rules(ACTIVE)
        laws = sum(rule.status == "law" for rule in rules)
        rows = [_row(each) for each in done]
        lines = [_line(row, len(found.places)) for row in rows]
        lines.append(f"rules: {len(rules)}, laws: {laws}; to read them: mpr memory list {store}")
        content = {"player": player.name, "rounds": rows, "rules": len(rules), "laws": laws}
        return Answer(YES if rules else NO, "\n".join(lines), content)

    reply("learn", work, json=json, no_color=no_color)


def _row(done: Round) -> dict[str, Any]:
    results = [played.result for played in done.played]
    verdicts = [outcome.verdict for outcome in done.lesson.outcomes]
    return {
        "round": done.number,
        "won": sum(result.won for result in results),
        "steps": sum(result.steps for result in results),
        "invalid": sum(result.invalid for result in results),
        "probes": sum(result.probes for result in results),
        **{name: verdicts.count(name) for name in ("admitted", "refined", "merged", "refused")},
        "passed_over": [asdict(each) for each in done.lesson.passed_over],
    }


def _line(row: dict[str, Any], tasks: int) -> str:
    from mpr_logic.analysis.report import count

    learned = ", ".join(f"{row[name]} {name}" for name in ("admitted", "refined", "merged", "refused"))
    played = f"won {row['won']} of {tasks}, {row['invalid']} of {row['steps']} steps came to nothing"
    passed_over = row["passed_over"]
    left = (
        f"; {count(len(passed_over), 'episode')} passed over: mpr memory learn names them"
        if passed_over
        else ""
    )
    return f"round {row['round']}: {played}; candidates: {learned}{left}"


@dataclass(frozen=True, slots=True)
class TaskSelection:
    """The tasks that were chosen: the environment, and their places in the split."""

    world: Worlds
    places: list[int]


def select_tasks(env: str, split: str | None, tasks: int, skip: int, draw: int | None) -> TaskSelection:
    """The tasks that the options name.

    Raises:
        GameError: there is no such environment or split.
        ExperimentError: the split has fewer tasks, or the extra is not installed.
    """
    from mpr_logic.agent.environment import worlds
    from mpr_logic.experiments.experiment import Tasks as Asked

    world = worlds(env)
    return TaskSelection(world, Asked(tasks=tasks, split=split, skip=skip, draw=draw).places(world))


def player_of(
    who: o.TrainingPolicy,
    model: str | None,
    base_url: str | None,
    local: Path | None,
    cache: Path | None,
    choose: o.ChooseName,
) -> Player:
    """The player that the options name.

    Raises:
        UsageError: a model is to play, and none is named.
    """
    if who is not o.TrainingPolicy.model:
        from mpr_logic.experiments.players import Scripted

        return Scripted(cast("Script", who.value))
    name = model or (local.stem if local else os.environ.get("MPR_MODEL"))
    if not name:
        raise o.UsageError("a model is to play, and none is named: add --model or --local, or set MPR_MODEL")
    from mpr_logic.experiments.players import Modelled

    return Modelled(name, base_url, local, choose.value, None, cache)
