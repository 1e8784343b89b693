"""AlfWorld games made by a seed, for where none were downloaded: ``generate(7)``.

Rooms, objects and tasks are drawn as often as they occur in the released games; the domain and the grammar
are those that the alfworld package ships.
"""

from __future__ import annotations

from mpr_logic.envs.alfworld.dice import Dice
from mpr_logic.envs.alfworld.furnishing import LOOK, Statistics, furnish
from mpr_logic.envs.alfworld.games import TASK_TYPES, Game
from mpr_logic.envs.alfworld.problems import problem, sentence
from mpr_logic.envs.alfworld.simulator import Simulator
from mpr_logic.envs.alfworld.walkthroughs import walkthrough
from mpr_logic.errors import GameError

SPLIT = "generated"


def generate(seed: int, task_type: str | None = None, *, check: bool = False) -> Game:
    """Make the game of a seed, and of a task type or else of one that the seed draws.

    The same arguments give the same game, everywhere. Its ``walkthrough`` wins it; with ``check`` that is
    tried in the simulator, which takes longer. The ids are those of the official layout, with the kind of
    room in place of the scene's number. Raises ValueError where the task type is none of ``TASK_TYPES``, and
    GameError where the alfworld package is not installed, or the check fails.
    """
    if task_type is None:
        task_type = Dice(str(seed)).pick(TASK_TYPES)
    elif task_type not in TASK_TYPES:
        raise ValueError(f"{task_type!r} is no task type; there are {', '.join(TASK_TYPES)}")
    dice = Dice(f"{seed} {task_type}")
    statistics = Statistics.load()
    room, task = furnish(statistics, task_type, dice)
    lamp = task.type == LOOK
    game = Game(
        id=f"{task.type}-{task.object}-None-{task.target}-{task.room}/seed_{seed}",
        split=SPLIT,
        task_type=task.type,
        problem=problem(f"seed_{seed}", room, task, statistics),
        goal=sentence(task, dice),
        walkthrough=walkthrough(room, task),
        parameters={
            "object_target": task.object,
            "parent_target": "" if lamp else task.target,
            "toggle_target": task.target if lamp else "",
            "mrecep_target": "",
        },
    )
    if check and not wins(game):
        raise GameError(f"{game.id}: its walkthrough does not win")
    return game


def wins(game: Game) -> bool:
    """Tell whether a game is won by its walkthrough, at the last command and not before."""
    simulator = Simulator(game)
    won = [simulator.step(command).won for command in game.walkthrough]
    return won == [False] * (len(won) - 1) + [True]
