"""A household by seed: its facts, the rules an agent might have learned in it, and a stream of steps.

A step is three changes of the state and twenty proposed actions, about half of which are rejected.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from tests.bench.learned import learned_rules
from tests.bench.rules import DECLARATIONS, RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.plain import Plain

    Say: TypeAlias = Callable[..., None]

Row: TypeAlias = tuple[str | int, ...]
Fact: TypeAlias = tuple[str, Row]
Action: TypeAlias = tuple[str, tuple[str, ...]]

THETA = 0.9
BASE_RULES = 46
BASE_FACTS = 339
FOOD = "apple bread egg lettuce potato tomato".split()
KINDS = FOOD + "mug plate bowl pan pot knife fork spoon book pen box candle".split()
EDIBLE = frozenset(FOOD)
METAL = frozenset({"pan", "pot", "knife", "fork", "spoon"})
SHARP = frozenset({"knife", "fork"})
NAMES = "go_to go_to go_to open close take put put heat cool wash use".split()
HOLDERS = frozenset({"plate", "bowl", "pan", "pot", "box"})


@dataclass(slots=True)
class Step:
    """Changes, and the actions then proposed; as text too, for engines that read text."""

    add: tuple[Fact, ...]
    remove: tuple[Fact, ...]
    actions: tuple[Action, ...]
    add_text: tuple[str, ...] = field(init=False)
    remove_text: tuple[str, ...] = field(init=False)
    actions_text: tuple[str, ...] = field(init=False)
    add_dl: tuple[str, ...] = ()  # where the language says it otherwise
    remove_dl: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.add_text = tuple(map(atom, self.add))
        self.remove_text = tuple(map(atom, self.remove))
        self.actions_text = tuple(map(atom, self.actions))
        self.add_dl = self.add_dl or self.add_text
        self.remove_dl = self.remove_dl or self.remove_text


@dataclass(frozen=True, slots=True)
class World:
    """A household: the program's text, the facts at the start with their weights, and what is in it."""

    seed: int
    program: str
    facts: dict[Fact, float]
    rooms: tuple[str, ...]
    receptacles: tuple[str, ...]
    objects: tuple[str, ...]
    rules: int

    def steps(self, n: int) -> Iterator[Step]:
        """The first ``n`` steps of its stream."""
        return step_stream(self, n)

    def facts_dl(self) -> list[str]:
        """The facts at the start, in the language."""
        return [
            atom(fact) if weight == 1 else f"{weight} :: {atom(fact)}" for fact, weight in self.facts.items()
        ]

    def plain(self, *, candidates: bool) -> Plain:
        """Its rules as plain Datalog: see :mod:`tests.bench.plain`."""
        from tests.bench.plain import theta_cut

        return theta_cut(self.program, candidates)

    def arities(self) -> dict[str, int]:
        """Its actions and how many arguments each has."""
        from tests.bench.plain import declared_actions

        return declared_actions(self.program)


def atom(fact: Fact | Action) -> str:
    """``relation(a, b)``: every constant here is a plain name or an int."""
    return f"{fact[0]}({', '.join(map(str, fact[1]))})"


def household(seed: int = 1, *, facts: int = BASE_FACTS, rules: int = BASE_RULES) -> World:
    """The household of this seed with so many facts and, from 46 on, so many rules."""
    rng = random.Random(seed)
    scale = max(1, round(facts / BASE_FACTS))
    rooms = tuple(f"room_{i}" for i in range(5 * scale))
    receptacles = tuple(f"place_{i}" for i in range(30 * scale))
    found: dict[Fact, float] = {}

    def say(relation: str, *row: str | int, weight: float = 1.0) -> None:
        found.setdefault((relation, row), weight)

    _rooms(rng, rooms, say)
    _receptacles(rng, rooms, receptacles, say)
    for kind in KINDS:
        if kind in EDIBLE:
            say("edible", kind)
        if kind in METAL:
            say("metal", kind)
    for place in receptacles[: 10 * scale]:
        say("usually_in", rng.choice(KINDS), place, weight=rng.choice((1.0, 1.0, 0.95, 0.7)))
    say("agent_at", receptacles[0])
    say("task", "task_0")
    say("task", "task_1")
    objects: list[str] = []
    while len(found) < facts - 4:
        objects.append(_object(rng, receptacles, objects, say))
    while len(found) < facts:
        say("needed", rng.choice(objects))
    learned = learned_rules(rng, rules - BASE_RULES, rooms, receptacles, objects, KINDS)
    program = "\n".join([DECLARATIONS, RULES, *learned])
    return World(seed, program, found, rooms, receptacles, tuple(objects), rules)


def _rooms(rng: random.Random, rooms: tuple[str, ...], say: Say) -> None:
    for i, room in enumerate(rooms):
        say("is_room", room)
        other = rooms[(i + 1) % len(rooms)]
        say("connected", room, other)
        say("connected", other, room)
        if rng.random() < 0.8:
            say("daylight", room)


def _receptacles(rng: random.Random, rooms: tuple[str, ...], receptacles: tuple[str, ...], say: Say) -> None:
    for i, place in enumerate(receptacles):
        say("is_receptacle", place)
        say("in", place, rooms[i % len(rooms)])
        say("capacity", place, rng.choice((2, 3, 4, 9)))
        if i % 6 == 5:
            say("lamp", place)
            if rng.random() < 0.5:
                say("lit", place)
        elif i % 2 == 0:
            say("openable", place)
            if rng.random() < 0.5:
                say("opened", place)
            if rng.random() < 0.1:
                say("locked", place)
            if rng.random() < 0.2:
                say("suspect", place, weight=rng.choice((0.5, 1.0)))
        use = {1: "heats", 3: "cools", 7: "washes"}.get(i % 15)
        if use is not None:
            say(use, place)


def _object(rng: random.Random, receptacles: tuple[str, ...], objects: list[str], say: Say) -> str:
    kind = rng.choice(KINDS)
    name = f"{kind}_{len(objects)}"
    holders = [o for o in objects[-40:] if o.rsplit("_", 1)[0] in HOLDERS]
    say("kind_of", name, kind)
    say("in", name, rng.choice(holders) if holders and rng.random() < 0.2 else rng.choice(receptacles))
    for relation, chance in (("clean", 0.4), ("fragile", 0.2), ("heavy", 0.15), ("hot", 0.1), ("cold", 0.1)):
        if rng.random() < chance:
            say(relation, name)
    if kind in SHARP:
        say("sharp", name)
    return name


def step_stream(world: World, n: int) -> Iterator[Step]:
    """``n`` steps: the agent walks, takes, puts, and opens, lights and soils things on its way."""
    rng = random.Random(world.seed + 7919)
    state = _State(world)
    for i in range(n):
        add: list[Fact] = []
        remove: list[Fact] = []
        (state.walk, state.take, state.walk, state.put)[i % 4](rng, add, remove)
        yield Step(tuple(add), tuple(remove), tuple(state.candidate(rng) for _ in range(20)))


class _State:
    """The part of the state that the stream must know to change it sensibly."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.facts = set(world.facts)
        (self.at,) = self.named("agent_at")
        self.place = {str(row[0]): str(row[1]) for name, row in world.facts if name == "in"}
        self.held: list[str] = []
        self.openable = self.named("openable")
        self.fit = {
            action: self.named(relation)
            for action, relation in (("heat", "heats"), ("cool", "cools"), ("wash", "washes"))
        }
        self.lamps = self.named("lamp")

    def named(self, relation: str) -> list[str]:
        """The things of which a relation of one argument holds at the start."""
        return [str(row[0]) for name, row in self.world.facts if name == relation]

    def toggle(self, fact: Fact, add: list[Fact], remove: list[Fact]) -> None:
        """The fact goes where it held, and comes where it did not."""
        if fact in self.facts:
            self.facts.discard(fact)
            remove.append(fact)
        else:
            self.facts.add(fact)
            add.append(fact)

    def walk(self, rng: random.Random, add: list[Fact], remove: list[Fact]) -> None:
        """To another receptacle, often one of this or the next room; something opens, closes or lights."""
        here = self.at
        near = self.nearby(rng)
        while near == here:
            near = rng.choice(self.world.receptacles)
        self.at = near
        self.toggle(("agent_at", (here,)), add, remove)
        self.toggle(("agent_at", (near,)), add, remove)
        if near in self.openable or rng.random() < 0.6:
            self.toggle(
                ("opened", (near if near in self.openable else rng.choice(self.openable),)), add, remove
            )
        else:
            self.toggle(("lit", (rng.choice(self.lamps),)), add, remove)

    def nearby(self, rng: random.Random) -> str:
        """A receptacle of the agent's room or the next, by their numbers; at times any."""
        places = self.world.receptacles
        if rng.random() < 0.2:
            return rng.choice(places)
        rooms = len(self.world.rooms)
        room = int(self.at.split("_")[1]) % rooms + rng.choice((0, 0, 1))
        return places[(room % rooms + rooms * rng.randrange(len(places) // rooms)) % len(places)]

    def take(self, rng: random.Random, add: list[Fact], remove: list[Fact]) -> None:
        """Something comes to the agent's hand, and is soiled or cleaned."""
        free = [o for o in self.world.objects if self.place.get(o) == self.at and o not in self.held]
        thing = rng.choice(free or [o for o in self.world.objects if o in self.place])
        self.toggle(("in", (thing, self.place.pop(thing))), add, remove)
        self.toggle(("holding", (thing,)), add, remove)
        self.toggle(("clean", (thing,)), add, remove)
        self.held.append(thing)

    def put(self, rng: random.Random, add: list[Fact], remove: list[Fact]) -> None:
        """The oldest thing held is put down here, hot or no longer so; one of two is kept at first."""
        if len(self.held) < 2:
            self.take(rng, add, remove)
            return
        thing = self.held.pop(0)
        self.place[thing] = self.at
        self.toggle(("holding", (thing,)), add, remove)
        self.toggle(("in", (thing, self.at)), add, remove)
        self.toggle(("hot", (thing,)), add, remove)

    def candidate(self, rng: random.Random) -> Action:
        """An action that the agent might propose: more often than not about what is near and fits."""
        name = rng.choice(NAMES)
        place = self.at if rng.random() < 0.7 else self.nearby(rng)
        if name == "go_to":
            return name, (self.nearby(rng),)
        if name == "open":
            shut = [p for p in self.openable[:30] if ("opened", (p,)) not in self.facts]
            return name, (place if place in self.openable or not shut else rng.choice(shut),)
        if name == "close":
            ajar = [p for p in self.openable[:30] if ("opened", (p,)) in self.facts]
            return name, (rng.choice(ajar) if ajar and rng.random() < 0.7 else rng.choice(self.openable),)
        if name == "use":
            return name, (place if rng.random() < 0.3 else rng.choice(self.lamps),)
        if name == "take":
            here = [o for o in self.world.objects if self.place.get(o) == place]
            return name, (rng.choice(here or self.world.objects), place)
        thing = rng.choice(self.held) if self.held and rng.random() < 0.9 else rng.choice(self.world.objects)
        if name in self.fit and rng.random() < 0.9:
            place = rng.choice(self.fit[name][:8])
        return name, (thing, place)
