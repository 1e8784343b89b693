"""Generated rooms: every game can be won, is the same everywhere, and is like the released ones."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import distribution
from itertools import groupby
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from mpr_logic.envs.alfworld.dice import Dice
from mpr_logic.envs.alfworld.furnishing import LOOK, SIMPLE, TWO, Statistics, Task
from mpr_logic.envs.alfworld.games import TASK_TYPES, Game
from mpr_logic.envs.alfworld.problems import SENTENCES, goal, sentence
from mpr_logic.envs.alfworld.rooms import generate, wins
from mpr_logic.errors import GameError
from tests.envs.stock import differences

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")

SEEDS = int(os.environ.get("MPR_FUZZ", "25"))

# Means over every third game of the train split: receptacles, those that open, those at a location of
# another one, objects, and those that can be taken.
RELEASED = {
    "kitchen": (33.4, 18.0, 3.6, 54.2, 43.9),
    "livingroom": (14.8, 4.6, 0.6, 32.3, 18.6),
    "bedroom": (14.5, 5.3, 1.4, 33.0, 21.8),
    "bathroom": (14.4, 4.3, 1.0, 24.4, 15.0),
}
RELEASED_STEPS = {
    "pick_and_place_simple": 4.1,
    "look_at_obj_in_light": 3.6,
    "pick_clean_then_place_in_recep": 6.3,
    "pick_heat_then_place_in_recep": 6.2,
    "pick_cool_then_place_in_recep": 6.2,
    "pick_two_obj_and_place": 8.3,
}

PRINT_DIGEST = """
from hashlib import sha256
from mpr_logic.envs.alfworld.rooms import generate
texts = [f"{g.id} {g.goal} {g.walkthrough} {g.problem}" for g in map(generate, range(-3, 30))]
print(sha256("".join(texts).encode()).hexdigest())
"""
DIGEST = "196319638cd44db7848eeef70455d8a9a3fd5e728c0babb6fbf1dd76c1505782"


def facts(game: Game) -> dict[str, list[tuple[str, ...]]]:
    """Return the initial facts of a game by their predicate."""
    initial = game.problem.partition("(:init")[2].partition("(:goal")[0]
    found = defaultdict(list)
    for fact in re.findall(r"\(([^()]+)\)", initial):
        predicate, *args = fact.split()
        found[predicate].append(tuple(args))
    return found


def mapping(rows: list[tuple[str, ...]]) -> dict[str, str]:
    """Return facts of two arguments as a mapping from the first to the second."""
    return {row[0]: row[1] for row in rows}


def measures(game: Game) -> tuple[int, ...]:
    """Return the numbers that RELEASED has means of."""
    found = facts(game)
    locations = {location for _, location in found["receptacleAtLocation"]}
    listed = {thing for thing, _ in found["inReceptacle"]}
    receptacles = len(found["receptacleType"])
    takeable = [thing for (thing,) in found["pickupable"] if thing in listed]
    shared = receptacles - len(locations)
    return receptacles, len(found["openable"]), shared, len(found["objectType"]), len(takeable)


def room_of(game: Game) -> str:
    """Return the kind of room that a game is in."""
    return game.id.partition("/")[0].rpartition("-")[2]


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_walkthrough_wins(task_type: str) -> None:
    """Of every task type, the walkthrough wins with its last command and not before."""
    games = [generate(seed, task_type) for seed in range(SEEDS)]
    assert {game.task_type for game in games} == {task_type}
    assert not [game.id for game in games if not wins(game)]


def test_a_game_can_be_checked_as_it_is_made() -> None:
    """With `check` a game comes out as without it; a walkthrough that stops too early is found out."""
    game = generate(3, check=True)
    assert game == generate(3)
    assert not wins(replace(game, walkthrough=game.walkthrough[:-1]))
    assert not wins(replace(game, walkthrough=(*game.walkthrough, "look")))


def test_check_refuses_what_does_not_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `check`, a game whose walkthrough does not win is not handed out."""
    monkeypatch.setattr("mpr_logic.envs.alfworld.rooms.walkthrough", lambda room, task: ("look",))
    with pytest.raises(GameError, match="does not win"):
        generate(3, check=True)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_games_are_the_same_everywhere(hash_seed: str) -> None:
    """A seed's game does not depend on the process, its hash seed, or the version of Python."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PRINT_DIGEST]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == DIGEST, "changed on purpose (data, draws)? Then note it, and put it here"


def test_a_seed_draws_its_type_and_games_differ() -> None:
    """Without a task type the seed draws one, and gives the game that asking for that type gives."""
    games = [generate(seed) for seed in range(60)]
    assert {game.task_type for game in games} == set(TASK_TYPES)
    assert games == [generate(seed, game.task_type) for seed, game in enumerate(games)]
    assert len({game.problem.partition("\n")[2] for game in games}) == len(games)


def test_unknown_task_type_is_refused() -> None:
    """The error names an unknown task type, and the types that there are."""
    with pytest.raises(ValueError, match=r"'stack_two'.*pick_two_obj_and_place"):
        generate(1, "stack_two")


@pytest.mark.parametrize("seed", range(12))
def test_problem_holds_together(seed: int) -> None:
    """All that facts speak of is declared; things lie where the receptacle is; what opens is closed."""
    game = generate(seed)
    found = facts(game)
    objects = game.problem.partition("(:objects")[2].partition("(:init")[0]
    declared = [line.split(" - ")[0].strip() for line in objects.splitlines() if " - " in line]
    assert len(declared) == len(set(declared))
    assert {arg for rows in found.values() for row in rows for arg in row} <= set(declared)
    location_of = mapping(found["receptacleAtLocation"])
    lies_at = mapping(found["objectAtLocation"])
    assert all(
        lies_at[thing] in [location_of[place] for _, place in places]
        for thing, places in groupby(found["inReceptacle"], key=lambda row: row[0])
    )
    assert set(lies_at) == {thing for thing, _ in found["objectType"]}
    assert not found["opened"]
    ((_, start),) = found["atLocation"]
    assert start not in {*location_of.values(), *lies_at.values()}


@pytest.mark.parametrize("task_type", [SIMPLE, TWO])
def test_nothing_asked_for_lies_in_its_target(task_type: str) -> None:
    """No object of the kind lies in a receptacle of the kind at first, in tasks that only ask for placing."""
    for seed in range(SEEDS):
        game = generate(seed, task_type)
        found = facts(game)
        kinds = mapping(found["objectType"] + found["receptacleType"])
        wanted = tuple(f"{game.parameters[name]}Type" for name in ("object_target", "parent_target"))
        assert wanted not in {(kinds[thing], kinds[place]) for thing, place in found["inReceptacle"]}


def test_rooms_are_furnished_as_the_released_ones() -> None:
    """Of each kind of room, the mean numbers are near the released games', and no room is out of bounds."""
    rooms = defaultdict(list)
    for seed in range(70):
        for task_type in TASK_TYPES:
            game = generate(seed, task_type)
            rooms[room_of(game)].append(measures(game))
    assert set(rooms) == set(RELEASED)
    for room, rows in rooms.items():
        means = [mean(column) for column in zip(*rows, strict=True)]
        assert means == pytest.approx(RELEASED[room], rel=0.15, abs=1), room
        assert all(4 <= row[0] <= 2.5 * RELEASED[room][0] for row in rows), room


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_walkthroughs_are_as_long_as_the_released_ones(task_type: str) -> None:
    """The mean length of the walkthroughs is that of the released games, within a tenth."""
    lengths = [len(generate(seed, task_type).walkthrough) for seed in range(60)]
    assert mean(lengths) == pytest.approx(RELEASED_STEPS[task_type], rel=0.1)


def test_some_objects_are_listed_twice() -> None:
    """As in the released kitchens, some pans, pots and mugs are listed by two receptacles."""
    twice = Counter[str]()
    for seed in range(20):
        found = facts(generate(seed, "pick_heat_then_place_in_recep"))
        kinds = mapping(found["objectType"])
        places = Counter(thing for thing, _ in found["inReceptacle"])
        twice.update(kinds[thing] for thing, number in places.items() if number > 1)
    assert {"PanType", "PotType", "MugType"} <= set(twice)


def library() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the alfworld package says of each task type; its module is read, not imported."""
    file = next(file for file in distribution("alfworld").files or () if file.name == "goal_library.py")
    for node in ast.parse(Path(str(file.locate())).read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str(name)))], value=entry):
                yield name, ast.literal_eval(entry)


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_goal_is_the_packages(task_type: str) -> None:
    """A goal is, but for blanks, the formula that the package's library has for the task type."""
    task = Task(task_type, "kitchen", "Mug", "DeskLamp" if task_type == LOOK else "CoffeeMachine")
    names = {"obj": task.object, "recep": task.target, "toggle": task.target}
    formula = dict(library())[task_type]["pddl"].format(**names).replace("#", "-")
    assert [*goal(task).split(), ")"] == formula.split()


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_sentence_is_worded_as_in_the_package(task_type: str) -> None:
    """The two wordings of a task are the package's templates, filled in in lower case; both occur."""
    task = Task(task_type, "kitchen", "ButterKnife", "CounterTop")
    names = {"obj": "butterknife", "recep": "countertop", "toggle": "countertop"}
    expected = {f"{template.format(**names)}." for template in dict(library())[task_type]["templates"]}
    assert {sentence(task, Dice(str(seed))) for seed in range(20)} == expected
    assert len(SENTENCES[task_type]) == len(expected)
    game = generate(1, task_type)
    assert all(word.lower() in game.goal for word in game.parameters.values())


def test_statistics_fit_together() -> None:
    """Every kind that the data names is described in it, and shares are of receptacles in that room."""
    statistics = Statistics.load()
    for name, room in statistics.rooms.items():
        assert set(room["receptacles"]) <= set(statistics.receptacles)
        assert set(room["objects"]) <= set(statistics.objects)
        places = {
            kind
            for table in room["objects"].values()
            for place in table["places"]
            for kind in place.split("+")
        }
        assert places <= {*room["receptacles"], "floor"}
        assert all(set(pair.split("+")) <= set(room["receptacles"]) for pair in room["shares"])
        for task_type in TASK_TYPES:
            for task in statistics.tasks_of(task_type, name):
                assert set(task.objects) <= set(room["objects"])
                assert set(task.receptacles) <= set(room["receptacles"])
    assert all(set(entry["holds"]) <= set(statistics.objects) for entry in statistics.receptacles.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_stock_engine_plays_them_too(task_type: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """TextWorld's own engine loads a generated game, and says what the simulator says at every step."""
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    assert not list(differences(generate(5, task_type), random_steps=15))
