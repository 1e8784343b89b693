"""A room written by hand, to play in without a download: seven receptacles, two of them at one place."""

from __future__ import annotations

from typing import Any

from mpr_logic.envs.alfworld.games import Game
from mpr_logic.envs.alfworld.package import shipped_domain, shipped_grammar

# receptacle: its type, its location, how it is at first
RECEPTACLES = {
    "Fridge_bar_1": ("Fridge", "loc_bar_1", "closed"),
    "Microwave_bar_1": ("Microwave", "loc_bar_2", "closed"),
    "Sink_bar_1_bar_SinkBasin": ("SinkBasin", "loc_bar_3", ""),
    "CounterTop_bar_1": ("CounterTop", "loc_bar_4", ""),
    "Drawer_bar_1": ("Drawer", "loc_bar_5", "closed"),
    "Drawer_bar_2": ("Drawer", "loc_bar_5", "open"),
    "Cabinet_bar_1": ("Cabinet", "loc_bar_5", "closed"),
}
# object: its type, the receptacles that list it, what can be done with it
OBJECTS = {
    "Apple_bar_1": ("Apple", ["Fridge_bar_1"], "pickupable heatable coolable cleanable sliceable"),
    "Apple_bar_2": ("Apple", ["CounterTop_bar_1"], "pickupable heatable coolable cleanable sliceable"),
    "Knife_bar_1": ("Knife", ["CounterTop_bar_1", "Drawer_bar_2"], "pickupable cleanable"),
    "Cup_bar_1": ("Cup", ["Cabinet_bar_1"], "pickupable cleanable isReceptacleObject"),
    "DeskLamp_bar_1": ("DeskLamp", ["CounterTop_bar_1"], "toggleable"),
}
HOLDS = {
    "Fridge": "Apple Cup",
    "Microwave": "Apple Cup",
    "SinkBasin": "Apple Knife Cup",
    "CounterTop": "Apple Knife Cup",
    "Drawer": "Apple Knife",
    "Cabinet": "Cup",
}
GOAL = """(and (exists (?o - object ?r - receptacle)
    (and (inReceptacle ?o ?r) (objectType ?o AppleType) (receptacleType ?r CounterTopType) (isHot ?o))))"""
WALKTHROUGH = (
    "go to fridge 1",
    "open fridge 1",
    "take apple 2 from fridge 1",
    "go to microwave 1",
    "heat apple 2 with microwave 1",
    "go to countertop 1",
    "move apple 2 to countertop 1",
)


def problem(goal: str = GOAL) -> str:
    """The room as a PDDL problem."""
    kinds = {kind for kind, *_ in OBJECTS.values()} | {"ButterKnife"}
    places = {kind for kind, *_ in RECEPTACLES.values()} | {"Sink"}
    objects = ["agent1 - agent", "loc_bar_0 - location"]
    objects += [f"{kind}Type - otype" for kind in sorted(kinds)]
    objects += [f"{kind}Type - rtype" for kind in sorted(places)]
    objects += [f"{location} - location" for location in sorted({at for _, at, _ in RECEPTACLES.values()})]
    objects += [f"{name} - receptacle" for name in RECEPTACLES] + [f"{name} - object" for name in OBJECTS]
    facts = ["(atLocation agent1 loc_bar_0)"]
    for name, (kind, location, how) in RECEPTACLES.items():
        facts += [f"(receptacleType {name} {kind}Type)", f"(receptacleAtLocation {name} {location})"]
        facts += [f"(openable {name})"] * bool(how) + [f"(opened {name})"] * (how == "open")
        facts += [f"(canContain {kind}Type {held}Type)" for held in HOLDS[kind].split()]
    for name, (kind, inside, can) in OBJECTS.items():
        facts += [f"(objectType {name} {kind}Type)", *[f"({what} {name})" for what in can.split()]]
        for receptacle in inside:
            facts += [f"(inReceptacle {name} {receptacle})"]
            facts += [f"(objectAtLocation {name} {RECEPTACLES[receptacle][1]})"]
    lines = "\n  ".join
    return (
        f"(define (problem room)\n(:domain alfred)\n(:objects\n  {lines(objects)})\n"
        f"(:init\n  {lines(facts)})\n(:goal {goal}))"
    )


def room(**changes: Any) -> Game:
    """The room as a game with the installed package's domain and grammar: heat an apple."""
    stated: dict[str, Any] = {
        "id": "room/1",
        "split": "tests",
        "task_type": "pick_heat_then_place_in_recep",
        "problem": problem(),
        "goal": "put a hot apple in countertop.",
        "walkthrough": WALKTHROUGH,
    }
    return Game(**(stated | changes))


def old_room() -> Game:
    """The room as the games of json_2.1.1 had it: "put X in/on Y", places by number, no help."""
    grammar, domain = shipped_grammar(), shipped_domain()
    for new, old in (
        ("You arrive at {r.name}.", "You arrive at {lend.name}."),
        ("move {o} to {r}", "put {o} in/on {r}"),
        ("You move the {o.name} to the {r.name}.", "You put the {o.name} in/on the {r.name}."),
    ):
        grammar = grammar.replace(new, old)
    return room(
        grammar=grammar[: grammar.index("action help {")],
        domain=domain[: domain.index("(:action help")] + ")",
        walkthrough=(*WALKTHROUGH[:-1], "put apple 2 in/on countertop 1"),
    )
