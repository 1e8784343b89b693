"""Rooms furnished like those of AlfWorld's games, drawn at random: rooms.json says how those are.

Ids are written as the games write them: a kind and a position, ``Apple_bar__plus_01_dot_25_bar_...``.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.resources import world_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.envs.alfworld.dice import Dice

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
"""The side of a cell of the grid that the agent walks on, in centimetres."""
HEIGHT = 180

Position = tuple[int, int, int]
"""Centimetres: along the room, up, and across it."""


@dataclass(frozen=True, slots=True)
class Task:
    """The task of a game: its type, and the kinds of room, of object, and of receptacle or lamp it names."""

    type: str
    room: str
    object: str
    target: str

    @property
    def objects(self) -> list[str]:
        """The kinds of the objects without which it cannot be done, the lamp among them."""
        if self.type == LOOK:
            return [self.object, self.target]
        return [self.object] * (2 if self.type == TWO else 1)

    @property
    def receptacles(self) -> list[str]:
        """The kinds of receptacles without which it cannot be done."""
        return [
            *([] if self.type == LOOK else [self.target]),
            *([TOOLS[self.type]] if self.type in TOOLS else []),
        ]


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
    places: tuple[Receptacle, ...] = ()
    cold: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A furnished room. All that opens is closed; the agent stands at ``start``, where nothing else is."""

    receptacles: tuple[Receptacle, ...]
    things: tuple[Thing, ...]
    start: str

    @property
    def locations(self) -> list[str]:
        """Every location, each once."""
        used = [
            *(r.location for r in self.receptacles),
            *(thing.location for thing in self.things),
            self.start,
        ]
        return list(dict.fromkeys(used))


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics by which rooms are furnished, read from rooms.json; the file explains its entries."""

    chances: Mapping[str, int]
    receptacles: Mapping[str, Mapping[str, Any]]
    objects: Mapping[str, list[str]]
    rooms: Mapping[str, Mapping[str, Any]]
    tasks: Mapping[str, Mapping[str, Mapping[str, list[str]]]]

    @classmethod
    def load(cls) -> Statistics:
        """Read the file beside this module."""
        data = json.loads(world_text("alfworld/rooms.json"))
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
        self.ids = Ids(dice)
        self.receptacles: list[Receptacle] = []
        self.things: list[Thing] = []
        self.inside: Counter[str] = Counter()
        """The number of things that lie in each receptacle, by its id."""

    def furnish(self) -> tuple[Room, Task] | None:
        """Draw the room and the task; None if what was drawn allows no task."""
        table = self.statistics.rooms[self.room]
        for kind, counts in table["receptacles"].items():
            for _ in range(self.number(counts)):
                self.add_receptacle(kind, table["shares"])
        tasks = [task for task in self.statistics.tasks_of(self.task_type, self.room) if self.allows(task)]
        if not tasks:
            return None
        task = self.dice.pick(tasks)
        needed = task.objects
        if not all(self.add_thing(kind, self.places(kind, task, reachable=True)) for kind in needed):
            return None
        for kind, entry in table["objects"].items():
            there = needed.count(kind)
            for _ in range(self.number(entry["counts"], least=there) - there):
                self.add_thing(kind, self.places(kind, task))
        start = self.ids.location(self.ids.position())
        return Room(tuple(self.receptacles), tuple(self.things), start), task

    def allows(self, task: Task) -> bool:
        """Tell whether the room has the receptacles for a task, and some for its objects to lie in."""
        present = {receptacle.kind for receptacle in self.receptacles}
        return present.issuperset(task.receptacles) and all(
            any(present.issuperset(place.split("+")) for place in self.places(kind, task, reachable=True))
            for kind in task.objects
        )

    def places(self, kind: str, task: Task, reachable: bool = False) -> dict[str, int]:
        """Return where a kind of object may lie, and how often it does; if ``reachable``, never on the floor.

        What lies in the target is left out where lying there is all that the task asks for.
        """
        without = {FLOOR} if reachable else set()
        if kind == task.object and task.type in (SIMPLE, TWO):
            without.add(task.target)
        places: dict[str, int] = self.statistics.rooms[self.room]["objects"][kind]["places"]
        return {place: weight for place, weight in places.items() if without.isdisjoint(place.split("+"))}

    def number(self, counts: list[int], least: int = 0) -> int:
        """Draw how many there are of a kind, ``least`` or more."""
        weights = {number: weight for number, weight in enumerate(counts) if number >= least and weight}
        return self.dice.weighted(weights) if weights else least

    def add_receptacle(self, kind: str, shares: Mapping[str, int]) -> None:
        """Draw one receptacle: where it stands, where it is reached from, and whether it opens."""
        position = self.ids.position()
        location = self.shared_location(kind, shares) or self.ids.location(position)
        openable = self.dice.chance(self.statistics.receptacles[kind].get("openable", 0))
        body = kind.removesuffix("Basin")
        name = self.ids.thing(body, position)
        if body != kind:  # a basin is a receptacle, and the sink or bathtub around it an object
            self.things.append(Thing(body, name, location))
            name = f"{name}_bar_{kind}"
        self.receptacles.append(Receptacle(kind, name, location, openable))

    def shared_location(self, kind: str, shares: Mapping[str, int]) -> str | None:
        """Draw whether a receptacle is reached from where another one is; None if it is not."""
        for other in dict.fromkeys(placed.kind for placed in self.receptacles):
            if self.dice.chance(shares.get(f"{other}+{kind}", 0)):
                return self.dice.pick([r.location for r in self.receptacles if r.kind == other])
        return None

    def add_thing(self, kind: str, places: Mapping[str, int]) -> bool:
        """Draw one object, and lay it where there is room for it, or else onto the floor; tell which."""
        position = self.ids.position()
        name = self.ids.thing(kind, position)
        found = self.free_place(places)
        if found:
            location = found[0].location
        elif self.dice.chance(self.statistics.chances["beside"]):
            location = self.dice.pick(self.receptacles).location
        else:
            location = self.ids.location(position)
        cools = "coolable" in self.statistics.objects[kind] and any(r.kind == "Fridge" for r in found)
        cold = cools and self.task_type != COOL and self.dice.chance(self.statistics.chances["cold"])
        self.inside.update(receptacle.id for receptacle in found)
        self.things.append(Thing(kind, name, location, found, cold))
        return bool(found)

    def free_place(self, places: Mapping[str, int]) -> tuple[Receptacle, ...]:
        """Draw a place, and receptacles of its kinds that have room for one more; none for the floor."""
        left = dict(places)
        while left:
            place = self.dice.weighted(left)
            if place == FLOOR:
                break
            if found := self.free_receptacles(place.split("+")):
                return found
            del left[place]
        return ()

    def free_receptacles(self, kinds: Iterable[str]) -> tuple[Receptacle, ...]:
        """Draw a receptacle of each kind that has room for one more; none if one is lacking."""
        found: list[Receptacle] = []
        for kind in kinds:
            most = self.statistics.receptacles[kind]["most"]
            free = [
                receptacle
                for receptacle in self.receptacles
                if receptacle.kind == kind and self.inside[receptacle.id] < most and receptacle not in found
            ]
            if not free:
                return ()
            found.append(self.dice.pick(free))
        return tuple(found)


def furnish(statistics: Statistics, task_type: str, dice: Dice) -> tuple[Room, Task]:
    """Draw a room, and a task of a type that can be done in it and is not done at the beginning."""
    room = dice.weighted({name: len(statistics.tasks_of(task_type, name)) for name in statistics.rooms})
    while (found := Furnisher(statistics, task_type, room, dice).furnish()) is None:
        pass
    return found


class Ids:
    """Draws the positions in one room, and the ids that say them; no id comes twice."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.length = dice.between(12, 28) * CELL
        self.width = dice.between(12, 28) * CELL
        self.used: set[str] = set()

    def position(self) -> Position:
        """Draw a position."""
        return self.dice.below(self.length), self.dice.below(HEIGHT), self.dice.below(self.width)

    def thing(self, kind: str, position: Position) -> str:
        """Return the id of a thing, which is moved up where there is one of its kind already."""
        along, up, across = position
        while (name := kind + "".join(f"_bar_{metres(n)}" for n in (along, up, across))) in self.used:
            up += 1
        self.used.add(name)
        return name

    def location(self, position: Position) -> str:
        """Draw the id of a location that is near a position, and that nothing has yet."""
        along, _, across = position
        while True:
            cell = (along // CELL + self.dice.between(-3, 3), across // CELL + self.dice.between(-3, 3))
            turn, tilt = self.dice.below(4), self.dice.pick((0, 15, 30, 45, 60))
            name = "loc" + "".join(f"_bar_{signed(n)}" for n in (*cell, turn, tilt))
            if name not in self.used:
                self.used.add(name)
                return name


def signed(number: int) -> str:
    """Return a whole number as ids write it: ``_minus_3``."""
    return f"_minus_{-number}" if number < 0 else str(number)


def metres(centimetres: int) -> str:
    """Return a coordinate as ids write it: ``_plus_01_dot_25``."""
    whole, part = divmod(centimetres, 100)
    return f"{'_plus_' if centimetres else ''}{whole:02}_dot_{part:02}"
