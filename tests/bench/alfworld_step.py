"""The cost of a step in AlfWorld to the agent, beyond the simulator's own.

``python -m tests.bench.alfworld_step [SPLIT]``: games of a split under $ALFWORLD_DATA. Per step: reading the
observation into the belief, bringing the checker's state up to date, and deciding about the next action, with
reasons and proofs where it is rejected. Half of the actions are the walkthrough's, half are drawn from those
that are admissible. Processor time, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import random
import sys
import time
from itertools import pairwise
from statistics import mean, median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from mpr_logic import Checker
from mpr_logic.agent.loop import Mirror
from mpr_logic.envs.alfworld.commands import action_of, command_of
from mpr_logic.envs.alfworld.environment import AlfWorld
from mpr_logic.envs.alfworld.games import games

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.checker.action import Action
    from mpr_logic.envs.alfworld.games import Game

GAMES, STEPS = 60, 25
ROWS = ("deciding", "simulator", "reading", "updating", "the agent's step")


def actions(world: AlfWorld, draw: random.Random) -> Iterator[Action]:
    """The walkthrough's steps, each followed by one by chance, and then such alone."""
    walkthrough = iter(world.simulator.walkthrough)
    for number in range(STEPS):
        command = next(walkthrough, None) if number % 2 == 0 else None
        action = action_of(command or draw.choice(world.simulator.commands()))
        if action is not None:
            yield action


def play(game: Game, checker: Checker, spent: dict[str, list[float]]) -> None:
    """Play a game, and note the seconds of each part of each step."""
    world, mirror, now = AlfWorld(game, steps=None), Mirror(checker), time.process_time
    world.reset()
    mirror.follow(world.state())
    checker.prepare()
    for action in actions(world, random.Random(game.id)):
        times = [now()]
        checker.check(action)
        times.append(now())
        text = world.simulator.step(command_of(action)).text
        times.append(now())
        world.belief.observe(action, text)
        times.append(now())
        mirror.follow(world.state())
        times.append(now())
        parts = [after - before for before, after in pairwise(times)]
        agent = sum(parts) - parts[1]
        for name, seconds in zip(ROWS, [*parts, agent], strict=True):
            spent[name].append(seconds)
    checker.update(remove=world.state())


def main(split: str = "valid_train") -> None:
    """Measure, with a new checker for each game and again with one that is kept."""
    chosen = games(split)
    program = Checker.load("rules/alfworld").program
    places = random.Random(1).sample(range(len(chosen)), min(GAMES, len(chosen)))
    for title, again in (("a new checker for each game", False), ("a checker that knows these games", True)):
        spent: dict[str, list[float]] = {name: [] for name in ROWS}
        kept = Checker(program)
        for place in places if again else []:
            play(chosen[place], kept, {name: [] for name in ROWS})
        for place in places:
            play(chosen[place], kept if again else Checker(program), spent)
        table = Table(title=f"{title}: microseconds over {len(spent['simulator'])} steps")
        table.add_column("")
        for name in ("mean", "median", "95 %", "most"):
            table.add_column(name, justify="right")
        for name, seconds in spent.items():
            found = sorted(each * 1e6 for each in seconds)
            figures = (mean(found), median(found), found[int(len(found) * 0.95)], found[-1])
            table.add_row(name, *[f"{each:,.0f}" for each in figures])
        Console(width=100).print(table)


if __name__ == "__main__":
    main(*sys.argv[1:2])
