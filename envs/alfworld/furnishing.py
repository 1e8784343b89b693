"""Rooms furnished like those of AlfWorld's games, drawn at random: rooms.json says how those are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.envs.alfworld.dice import Dice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIMPLE = "pick_and_place_simple"
LOOK = "look_at_obj_in_light"
CLEAN = "pick_clean_then_place_in_recep"
HEAT = "pick_heat_then_place_in_recep"
COOL = "pick_cool_then_place_in_recep"
TWO = "pick_two_obj_and_place"
TOOLS = {CLEAN: "SinkBasin", HEAT: "Microwave", COOL: "Fridge"}
"""The kind of receptacle that changes the object on the way."""
FLOOR = "floor"
CELL = 25
"""The side of a cell of the grid that an agent walks on, in centimetres."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for: a task type, a kind of room, of object, and of receptacle or lamp."""

    type: str
    room: str
    object: str
    target: str


@dataclass(frozen=True, slots=True)
class Receptacle:
    """A receptacle of a room: its kind, its id, the location it is reached from, whether it opens."""

    kind: str
    id: str
    location: str
    openable: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a room; ``places`` are the receptacles that list it, none if it lies on the floor."""

    kind: str
    id: str
    location: str
    places: tuple[Receptacle, ...]
    cold: bool


@dataclass(frozen=True, slots=True)
class Room:
    """A furnished room. All that opens is closed; the agent stands at ``start``, where nothing else is."""

    receptacles: tuple[Receptacle, ...]
    things: tuple[Thing, ...]
    start: str

    @property
    def locations(self) -> list[str]:
        """Every location, each once."""
        used = [place.location for place in (*self.receptacles, *self.things)]
        return list(dict.fromkeys([*used, self.start]))


@dataclass(frozen=True, slots=True)
class Statistics:
    """How rooms are furnished: what rooms.json holds, which says itself what is what."""

    chances: Mapping[str, int]
    receptacles: Mapping[str, Mapping[str, Any]]
    objects: Mapping[str, list[str]]
    rooms: Mapping[str, Mapping[str, Any]]
    tasks: Mapping[str, Mapping[str, Mapping[str, list[str]]]]

    @classmethod
    def load(cls) -> Statistics:
        """Read the file beside this module."""
        data = json.loads(Path(__file__).with_name("rooms.json").read_text(encoding="utf-8"))
        del data["about"]
        return cls(**data)

    def tasks_of(self, task_type: str, room: str) -> list[Task]:
        """Return the tasks of a type that there are in a kind of room."""
        found = self.tasks[task_type].get(room, {})
        return [Task(task_type, room, kind, target) for kind, targets in found.items() for target in targets]


class Furnisher:
    """Draws one room of a kind, and a task of a type that can be done in it."""

    def __init__(self, statistics: Statistics, task_type: str, room: str, dice: Dice) -> None:
        self.statistics = statistics
        self.task_type = task_type
        self.room = room
        self.dice = dice
        self.kinds = statistics.rooms[room]
        self.size = (dice.between(12, 28) * CELL, dice.between(12, 28) * CELL)
        self.receptacles: list[Receptacle] = []
        self.things: list[Thing] = []
        self.inside: Counter[str] = Counter()
        self.ids: set[str] = set()
        self.locations: set[str] = set()

    def furnish(self) -> tuple[Room, Task] | None:
        """Draw the room and the task; None if what was drawn allows no task."""
        for kind, counts in self.kinds["receptacles"].items():
            for _ in range(self.number(counts)):
                self.place_receptacle(kind)
        tasks = [task for task in self.statistics.tasks_of(self.task_type, self.room) if self.possible(task)]
        if not tasks:
            return None
        task = self.dice.pick(tasks)
        wanted = self.wanted(task)
        if not all(self.place_thing(kind, self.places(kind, task, reachable=True)) for kind in wanted):
            return None
        for kind, table in self.kinds["objects"].items():
            for _ in range(self.number(table["counts"], wanted.count(kind)) - wanted.count(kind)):
                self.place_thing(kind, self.places(kind, task))
        return Room(tuple(self.receptacles), tuple(self.things), self.location()), task

    def possible(self, task: Task) -> bool:
        """Tell whether the room has the receptacles for a task."""
        present = {receptacle.kind for receptacle in self.receptacles}
        needed = {TOOLS.get(task.type, task.target), task.target} - (
            {task.target} if task.type == LOOK else set()
        )
        return needed <= present and all(
            any(present.issuperset(place.split("+")) for place in self.places(kind, task, reachable=True))
            for kind in self.wanted(task)
        )

    def wanted(self, task: Task) -> list[str]:
        """Return the kinds of the objects without which a task cannot be done."""
        return [task.object] * (2 if task.type == TWO else 1) + ([task.target] if task.type == LOOK else [])

    def places(self, kind: str, task: Task, reachable: bool = False) -> dict[str, int]:
        """Return where a kind of object may lie, and how often it does; if ``reachable``, never on the floor.

        What would be done already if the object lay there at the beginning is left out.
        """
        done = {task.target} if kind == task.object and task.type in (SIMPLE, TWO) else set()
        done |= {FLOOR} if reachable else set()
        places: dict[str, int] = self.kinds["objects"][kind]["places"]
        return {place: weight for place, weight in places.items() if done.isdisjoint(place.split("+"))}

    def number(self, counts: list[int], least: int = 0) -> int:
        """Draw how many there are of a kind, ``least`` or more."""
        weights = {number: weight for number, weight in enumerate(counts) if number >= least and weight}
        return self.dice.weighted(weights) if weights else least

    def place_receptacle(self, kind: str) -> None:
        """Draw one receptacle: where it stands, where it is reached from, and whether it opens."""
        position = (self.dice.below(self.size[0]), self.dice.below(180), self.dice.below(self.size[1]))
        location = self.shared_location(kind) or self.location(position)
        openable = self.dice.chance(self.statistics.receptacles[kind].get("openable", 0))
        body = kind.removesuffix("Basin")
        name = self.id(body, position)
        if body != kind:  # a basin is a receptacle, and the sink or bathtub around it an object
            self.things.append(Thing(body, name, location, (), cold=False))
            name = f"{name}_bar_{kind}"
        self.receptacles.append(Receptacle(kind, name, location, openable))

    def shared_location(self, kind: str) -> str | None:
        """Draw whether a receptacle is reached from where another is; None if it is not."""
        for other in dict.fromkeys(placed.kind for placed in self.receptacles):
            if self.dice.chance(self.kinds["shares"].get(f"{other}+{kind}", 0)):
                return self.dice.pick([r.location for r in self.receptacles if r.kind == other])
        return None

    def place_thing(self, kind: str, places: Mapping[str, int]) -> bool:
        """Draw one object, into a place that has room for it, or else onto the floor; tell which."""
        left = dict(places)
        spot: tuple[Receptacle, ...] = ()
        while left and not spot:
            place = self.dice.weighted(left)
            if place == FLOOR:
                break
            del left[place]
            spot = self.spot(place.split("+"))
        if spot:
            location = spot[0].location
        elif self.receptacles and self.dice.chance(self.statistics.chances["beside"]):
            location = self.dice.pick(self.receptacles).location
        else:
            location = self.location()
        coolable = "coolable" in self.statistics.objects[kind] and self.task_type != COOL
        chilled = coolable and any(place.kind == "Fridge" for place in spot)
        cold = chilled and self.dice.chance(self.statistics.chances["cold"])
        self.inside.update(place.id for place in spot)
        position = (self.dice.below(self.size[0]), self.dice.below(180), self.dice.below(self.size[1]))
        self.things.append(Thing(kind, self.id(kind, position), location, spot, cold))
        return bool(spot)

    def spot(self, kinds: Iterable[str]) -> tuple[Receptacle, ...]:
        """Draw a receptacle with room for one more of each of the kinds; none if there is one too few."""
        found: list[Receptacle] = []
        for kind in kinds:
            most = self.statistics.receptacles[kind]["most"]
            free = [r for r in self.receptacles if r.kind == kind and self.inside[r.id] < most]
            free = [r for r in free if r not in found]
            if not free:
                return ()
            found.append(self.dice.pick(free))
        return tuple(found)

    def location(self, position: tuple[int, int, int] | None = None) -> str:
        """Draw a location of its own, next to a position if there is one."""
        while True:
            x, z = (self.dice.below(side) for side in self.size) if position is None else position[::2]
            cell = (x // CELL + self.dice.between(-3, 3), z // CELL + self.dice.between(-3, 3))
            turn, tilt = self.dice.below(4), self.dice.pick((0, 15, 30, 45, 60))
            name = "loc" + "".join(f"_bar_{signed(number)}" for number in (*cell, turn, tilt))
            if name not in self.locations:
                self.locations.add(name)
                return name

    def id(self, kind: str, position: tuple[int, int, int]) -> str:
        """Return an id as the games write it, kind and position, that no other thing has."""
        while True:
            numbers = "".join(f"_bar_{metres(number)}" for number in position)
            name = f"{kind}{numbers}"
            if name not in self.ids:
                self.ids.add(name)
                return name
            position = (position[0], position[1] + 1, position[2])


def furnish(statistics: Statistics, task_type: str, dice: Dice) -> tuple[Room, Task]:
    """Draw a room, and a task of a type that can be done in it and is not done at the beginning."""
    kinds = {room: len(statistics.tasks_of(task_type, room)) for room in statistics.rooms}
    room = dice.weighted(kinds)
    while (found := Furnisher(statistics, task_type, room, dice).furnish()) is None:
        pass
    return found


def signed(number: int) -> str:
    """Return a whole number as ids write it: ``_minus_3``."""
    return f"_minus_{-number}" if number < 0 else str(number)


def metres(centimetres: int) -> str:
    """Return a coordinate as ids write it: ``_plus_01_dot_25``."""
    sign = "_minus_" if centimetres < 0 else "_plus_" if centimetres else ""
    whole, part = divmod(abs(centimetres), 100)
    return f"{sign}{whole:02}_dot_{part:02}"
