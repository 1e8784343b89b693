"""Commands that win a game whose room is known: the shortest of the straight ways through it."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.furnishing import LOOK, TOOLS, TWO
from mpr_logic.envs.alfworld.simulator import human_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.envs.alfworld.furnishing import Receptacle, Room, Task, Thing

VERBS = {"SinkBasin": "clean", "Microwave": "heat", "Fridge": "cool"}


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
