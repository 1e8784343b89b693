"""AlfWorld games made by a seed, for where none were downloaded: ``generate(7)``.

Rooms, objects and tasks are drawn as often as they occur in the released games; the domain and the grammar
are those that the alfworld package ships.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.dice import Dice
from mpr_logic.envs.alfworld.furnishing import LOOK, TOOLS, TWO, Statistics, furnish
from mpr_logic.envs.alfworld.games import TASK_TYPES, Game
from mpr_logic.envs.alfworld.problems import problem, sentence
from mpr_logic.envs.alfworld.simulator import Simulator, human_names
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.envs.alfworld.furnishing import Receptacle, Room, Task, Thing

SPLIT = "generated"
VERBS = {"SinkBasin": "clean", "Microwave": "heat", "Fridge": "cool"}


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


class Walk:
    """One way through a room: where the agent is, what it has opened, the commands so far."""

    def __init__(self, room: Room, named: Mapping[str, str]) -> None:
        self.at = room.start
        self.named = named
        self.opened: set[str] = set()
        self.commands: list[str] = []

    def go(self, receptacle: Receptacle) -> None:
        """Go there, if the agent is elsewhere."""
        if self.at != receptacle.location:
            self.commands.append(f"go to {self.named[receptacle.id]}")
            self.at = receptacle.location

    def reach(self, receptacle: Receptacle) -> None:
        """Go there, and open it if it is closed."""
        self.go(receptacle)
        if receptacle.openable and receptacle.id not in self.opened:
            self.commands.append(f"open {self.named[receptacle.id]}")
            self.opened.add(receptacle.id)

    def take(self, thing: Thing, receptacle: Receptacle) -> None:
        """Take an object out of a receptacle."""
        self.reach(receptacle)
        self.commands.append(f"take {self.named[thing.id]} from {self.named[receptacle.id]}")

    def change(self, thing: Thing, tool: Receptacle) -> None:
        """Clean, heat or cool the object in the hand."""
        self.go(tool)
        self.commands.append(f"{VERBS[tool.kind]} {self.named[thing.id]} with {self.named[tool.id]}")

    def put(self, thing: Thing, receptacle: Receptacle) -> None:
        """Put the object in the hand into a receptacle."""
        self.reach(receptacle)
        self.commands.append(f"move {self.named[thing.id]} to {self.named[receptacle.id]}")

    def use(self, thing: Thing, receptacle: Receptacle) -> None:
        """Switch on a lamp in or on a receptacle."""
        self.go(receptacle)
        self.commands.append(f"use {self.named[thing.id]}")


def walkthrough(room: Room, task: Task) -> tuple[str, ...]:
    """Return commands that win, as few as a straight way needs; the first of the shortest."""
    ids = [*(thing.id for thing in room.things), *(receptacle.id for receptacle in room.receptacles)]
    names = human_names(id.lower() for id in ids)
    ways = walks(room, task, {id: names[id.lower()] for id in ids})
    return min((tuple(walk.commands) for walk in ways), key=len)


def walks(room: Room, task: Task, named: Mapping[str, str]) -> Iterator[Walk]:
    """Yield every straight way to do a task: fetch what is asked for, change it, put it away."""
    listed = [(thing, place) for thing in room.things for place in thing.places]
    sources = [(thing, place) for thing, place in listed if thing.kind == task.object]
    lamps = [(thing, place) for thing, place in listed if thing.kind == task.target]
    targets = [receptacle for receptacle in room.receptacles if receptacle.kind == task.target]
    tools: list[Receptacle | None] = [r for r in room.receptacles if r.kind == TOOLS.get(task.type)]
    if task.type == LOOK:
        for source, lamp in product(sources, lamps):
            walk = Walk(room, named)
            walk.take(*source)
            walk.use(*lamp)
            yield walk
        return
    number = 2 if task.type == TWO else 1
    for fetched in permutations(sources, number):
        if len({thing.id for thing, _ in fetched}) < number:
            continue
        for tool, target in product(tools or [None], targets):
            walk = Walk(room, named)
            for thing, place in fetched:
                walk.take(thing, place)
                if tool is not None:
                    walk.change(thing, tool)
                # what two receptacles list stays in the second one when it is taken out of the first
                if not any(other.kind == task.target for other in thing.places if other != place):
                    walk.put(thing, target)
            yield walk
