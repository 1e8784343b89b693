"""``mpr learn``: an agent plays, fails, and its memory learns, round by round."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import acting as a
from mpr_logic.cli import options as o
from mpr_logic.cli import tasks as t
from mpr_logic.cli.output import NO, YES, Answer, reply

if TYPE_CHECKING:
    from mpr_logic.experiments.training import Round

EXAMPLE = "mpr learn memory.db --env tools --split train --tasks 3 --rounds 1"


def learn(
    store: Annotated[
        str | None,
        typer.Argument(metavar="STORE", help="The memory: a file, or an SQLAlchemy URL.", show_default=False),
    ] = None,
    env: t.Env = "alfworld",
    policy: t.WhoOption = t.Who.absent_minded,
    split: t.Split = None,
    tasks: t.Tasks = 60,
    skip: t.Skip = 0,
    draw: t.Draw = None,
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="So many rounds over the tasks.")] = 3,
    seed: t.Seed = 1,
    steps: t.Steps = None,
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
    model: a.ModelName = None,
    base_url: a.BaseUrl = None,
    local: a.Local = None,
    cache: a.Cached = None,
    choose: a.ChooseOption = a.Choose.writing,
    jobs: t.Jobs = 1,
    theta: o.Theta = 0.9,
    quiet: t.Quiet = False,
    json: o.Json = False,
    no_color: o.NoColor = False,
) -> None:
    """Train a memory: each round plays all tasks, told what was learned before, and nothing is blocked; then
    it learns from what came to nothing.

    Exit status: 0 there are learned rules now, 1 there is none, 2 it could not be done.
    """

    def work() -> Answer:
        if store is None:
            raise o.Usage("no memory is named: give a file, which is made if it is not there")
        if not (induced or reflect):
            raise o.Usage("nobody reflects: leave --no-induced out, or add --reflect")
        o.check_theta(theta)
        from mpr_logic.experiments.arms import Arm
        from mpr_logic.experiments.executors import executor
        from mpr_logic.experiments.methods import METHODS
        from mpr_logic.experiments.training import Learner, Reflecting, train
        from mpr_logic.memory.records import ACTIVE
        from mpr_logic.memory.store import Memory

        found = t.chosen(env, split, tasks, skip, draw)
        player = t.player_of(policy, model, base_url, local, cache, choose)
        thinker = t.player_of(t.Who.model, model, base_url, local, cache, choose) if reflect else None
        learner = Learner(store, env, conditions, induced, theta=theta)
        arm = Arm(
            env, METHODS["MPR"], player, seed, steps or found.world.steps, "train", 1, split, theta=theta
        )
        if check:
            arm = replace(arm, method=METHODS["MPR+HAC"], probes=store)
        reflecting = None if thinker is None else Reflecting(thinker, samples)
        where = executor("local", jobs)
        try:
            with t.shown(rounds * len(found.places), quiet=quiet or json) as say:
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
