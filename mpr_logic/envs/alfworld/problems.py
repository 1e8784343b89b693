"""A room and a task as texts of AlfWorld's games: the PDDL problem, and the sentence of the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.furnishing import CLEAN, COOL, HEAT, LOOK, SIMPLE, TWO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.envs.alfworld.dice import Dice
    from mpr_logic.envs.alfworld.furnishing import Receptacle, Room, Statistics, Task, Thing

SENTENCES = {
    SIMPLE: ("put a {object} in {target}.", "put some {object} on {target}."),
    LOOK: ("look at {object} under the {target}.", "examine the {object} with the {target}."),
    CLEAN: ("put a clean {object} in {target}.", "clean some {object} and put it in {target}."),
    HEAT: ("put a hot {object} in {target}.", "heat some {object} and put it in {target}."),
    COOL: ("put a cool {object} in {target}.", "cool some {object} and put it in {target}."),
    TWO: ("put two {object} in {target}.", "find two {object} and put them in {target}."),
}
"""The wordings of the games' generator, in lower case and without a plural, as it writes them."""

CHANGES = {CLEAN: ("cleanable", "isClean"), HEAT: ("heatable", "isHot"), COOL: ("coolable", "isCool")}

PLACED = """\
(:goal
    (and
        (exists (?r - receptacle)
            (exists (?o - object)
                (and
                    {conditions}
                )
            )
        )
    )
)"""

PLACED_TWO = """\
(:goal
    (and
        (exists (?r - receptacle)
            (exists (?o1 - object)
                (and
                    (objectType ?o1 {object}Type)
                    (receptacleType ?r {target}Type)
                    (inReceptacle ?o1 ?r)
                    (exists (?o2 - object)
                        (and
                            (not (= ?o1 ?o2))
                            (objectType ?o2 {object}Type)
                            (receptacleType ?r {target}Type)
                            (inReceptacle ?o2 ?r)
                        )
                    )
                )
            )
        )
    )
)"""

LOOKED_AT = """\
(:goal
    (and
        (exists (?ot - object ?r - receptacle ?a - agent ?l - location)
            (and
                (objectType ?ot {target}Type)
                (toggleable ?ot)
                (isToggled ?ot)
                (receptacleAtLocation ?r ?l)
                (atLocation ?a ?l)
                (inReceptacle ?ot ?r)
            )
        )
        (exists (?o - object ?a - agent)
            (and
                (objectType ?o {object}Type)
                (holds ?a ?o)
            )
        )
    )
)"""


def sentence(task: Task, dice: Dice) -> str:
    """Return what follows "Your task is to: ", in one of the two wordings."""
    wording = dice.pick(SENTENCES[task.type])
    return wording.format(object=task.object.lower(), target=task.target.lower())


def goal(task: Task) -> str:
    """Return the goal of a task in PDDL."""
    if task.type == LOOK:
        return LOOKED_AT.format(object=task.object, target=task.target)
    if task.type == TWO:
        return PLACED_TWO.format(object=task.object, target=task.target)
    kinds = [f"(objectType ?o {task.object}Type)", f"(receptacleType ?r {task.target}Type)"]
    conditions = ["(inReceptacle ?o ?r)", *kinds]
    if task.type in CHANGES:
        able, changed = CHANGES[task.type]
        conditions = [f"({able} ?o)", *kinds, f"({changed} ?o)", "(inReceptacle ?o ?r)"]
    return PLACED.format(conditions=f"\n{' ' * 20}".join(conditions))


def problem(name: str, room: Room, task: Task, statistics: Statistics) -> str:
    """Return the PDDL problem for the domain that the alfworld package ships."""
    objects = [
        ("agent", ["agent1"]),
        ("otype", [f"{kind}Type" for kind in statistics.objects]),
        ("rtype", [f"{kind}Type" for kind in statistics.receptacles]),
        ("object", [thing.id for thing in room.things]),
        ("receptacle", [receptacle.id for receptacle in room.receptacles]),
        ("location", room.locations),
    ]
    lines = [
        f"(define (problem {name})",
        "(:domain alfred)",
        "(:objects",
        *(f"    {value} - {kind}" for kind, values in objects for value in values),
        ")",
        "(:init",
        *(f"    ({fact})" for fact in facts(room, statistics)),
        ")",
        goal(task),
        ")",
    ]
    return "\n".join(lines) + "\n"


def facts(room: Room, statistics: Statistics) -> Iterator[str]:
    """Yield what holds at the beginning, in the order of the games."""
    for receptacle in room.receptacles:
        yield f"receptacleType {receptacle.id} {receptacle.kind}Type"
    for thing in room.things:
        yield f"objectType {thing.id} {thing.kind}Type"
    present = kinds(room.things)
    for holder in kinds(room.receptacles):
        for kind in statistics.receptacles[holder]["holds"]:
            if kind in present:
                yield f"canContain {holder}Type {kind}Type"
    for thing in room.things:
        for ability in statistics.objects[thing.kind]:
            yield f"{ability} {thing.id}"
    for receptacle in room.receptacles:
        if receptacle.openable:
            yield f"openable {receptacle.id}"
    yield f"atLocation agent1 {room.start}"
    for thing in room.things:
        if thing.cold:
            yield f"isCool {thing.id}"
        for place in thing.places:
            yield f"inReceptacle {thing.id} {place.id}"
        yield f"objectAtLocation {thing.id} {thing.location}"
    for receptacle in room.receptacles:
        yield f"receptacleAtLocation {receptacle.id} {receptacle.location}"


def kinds(values: Iterable[Receptacle | Thing]) -> list[str]:
    """Return the kinds of some receptacles or objects, each once, in order."""
    return list(dict.fromkeys(value.kind for value in values))
