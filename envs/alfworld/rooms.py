"""AlfWorld games made by a seed, for where none were downloaded: ``generate(7)``.

Rooms, objects and tasks are drawn as often as they occur in the released games; the domain and the grammar
are those that the alfworld package ships.
"""

from __future__ import annotations

from mpr_logic.envs.alfworld.dice import Dice
from mpr_logic.envs.alfworld.furnishing import LOOK, Statistics, furnish
from mpr_logic.envs.alfworld.games import TASK_TYPES, Game
from mpr_logic.envs.alfworld.problems import problem, sentence
from mpr_logic.envs.alfworld.walkthroughs import walkthrough

SPLIT = "generated"


def generate(seed: int, task_type: str | None = None) -> Game:
    """Make the game of a seed, and of a task type or one that the seed draws.

    The same arguments give the same game, everywhere. Its ``walkthrough`` wins it. Raises ValueError where
    the task type is none of ``TASK_TYPES``, and GameError where the alfworld package is not installed.
    """
    if task_type is not None and task_type not in TASK_TYPES:
        raise ValueError(f"{task_type!r} is no task type; there are {', '.join(TASK_TYPES)}")
    if task_type is None:
        task_type = Dice(str(seed)).pick(TASK_TYPES)
    dice = Dice(f"{seed} {task_type}")
    statistics = Statistics.load()
    room, task = furnish(statistics, task_type, dice)
    placed = task.type != LOOK
    return Game(
        id=f"{task.type}-{task.object}-None-{task.target}-{task.room}/seed_{seed}",
        split=SPLIT,
        task_type=task.type,
        problem=problem(f"seed_{seed}", room, task, statistics),
        goal=sentence(task, dice),
        walkthrough=walkthrough(room, task),
        parameters={
            "object_target": task.object,
            "parent_target": task.target if placed else "",
            "toggle_target": "" if placed else task.target,
            "mrecep_target": "",
        },
    )
