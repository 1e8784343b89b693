"""The simulator: what the agent reads, what is hidden from it, and what playing leaves alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.envs.alfworld.grammar import Context, Entity, read_grammar
from mpr_logic.envs.alfworld.plans import Facts
from mpr_logic.envs.alfworld.simulator import NOTHING, Simulator, human_names
from mpr_logic.errors import GameError
from tests.envs.room import WALKTHROUGH, old_room, problem, room

if TYPE_CHECKING:
    from mpr_logic.envs.alfworld.games import Game

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")


def transcript(game: Game) -> list[str]:
    """All that is read along a game's walkthrough."""
    simulator = Simulator(game)
    return [simulator.reset(), *[simulator.step(command).text for command in game.walkthrough]]


def test_walkthrough_reads_and_wins() -> None:
    """The first text states the task, each further one what came of a command; the last command wins."""
    texts = transcript(room())
    assert texts[0] == (
        "-= Welcome to TextWorld, ALFRED! =-\n\n"
        "You are in the middle of a room. Looking quickly around you, you see a cabinet 1, a countertop 1,"
        " a drawer 2, a drawer 1, a fridge 1, a microwave 1, and a sinkbasin 1.\n\n"
        "Your task is to: put a hot apple in countertop."
    )
    assert texts[1:4] == [
        "You arrive at fridge 1. The fridge 1 is closed.",
        "You open the fridge 1. The fridge 1 is open. In it, you see a apple 2.",
        "You pick up the apple 2 from the fridge 1.",
    ]
    simulator = Simulator(room())
    turns = [simulator.step(command) for command in WALKTHROUGH]
    assert [turn.score for turn in turns] == [0] * 6 + [1]
    assert (turns[-1].won, turns[-1].done) == (True, True)
    assert simulator.walkthrough == WALKTHROUGH


def test_old_wording_is_read_from_the_grammar() -> None:
    """Under the grammar of older games it is "put", places have numbers, and "move" is not understood."""
    simulator = Simulator(old_room())
    assert simulator.step("go to fridge 1").text.startswith("You arrive at loc ")
    for command in old_room().walkthrough[1:-1]:
        simulator.step(command)
    assert simulator.step("move apple 2 to countertop 1").text == NOTHING
    assert simulator.step("help").text == NOTHING
    turn = simulator.step("put apple 2 in/on countertop 1")
    assert (turn.text, turn.won) == ("You put the apple 2 in/on the countertop 1.", True)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "dance",
        "go to",
        "go to fridge",
        "go to fridge 2",
        "GO TO FRIDGE 1",
        "go to fridge_bar_1",
        "open fridge 1",
        "take apple 1 from fridge 1",
        "take apple 1 from countertop 1 from fridge 1",
        "go to {r.name}",
        "go to [a-z]+ 1",
        "look\nlook",
        "x" * 100_000,
    ],
)
def test_inadmissible_command_changes_nothing(command: str) -> None:
    """A command that cannot be carried out gets one sentence as its answer, and all is as before."""
    simulator = Simulator(room())
    facts, commands = simulator.facts(), simulator.commands()
    assert command not in commands
    assert simulator.step(command).text == "Nothing happens."
    assert (simulator.facts(), simulator.commands()) == (facts, commands)


def test_every_admissible_command_is_carried_out() -> None:
    """In each state on the way, whatever is listed as admissible is carried out, blanks around it or not."""
    done: list[str] = []
    for command in (*WALKTHROUGH, None):
        simulator = Simulator(room())
        for earlier in done:
            simulator.step(earlier)
        for admissible in simulator.commands():
            simulator.reset()
            for earlier in done:
                simulator.step(earlier)
            assert simulator.step(f" {admissible} ").text != NOTHING
        done += [command] if command else []


def test_facts_have_the_names_that_one_reads() -> None:
    """The hidden facts name things as observations do, and follow what is done."""
    simulator = Simulator(room())
    assert {
        ("inreceptacle", "apple 2", "fridge 1"),
        ("openable", "fridge 1"),
        ("objecttype", "apple 2", "appletype"),
        ("receptacleatlocation", "sinkbasin 1", "loc 3"),
        ("atlocation", "agent1", "loc 6"),
    } <= simulator.facts()
    for command in WALKTHROUGH[:3]:
        simulator.step(command)
    assert {("holds", "agent1", "apple 2"), ("opened", "fridge 1")} <= simulator.facts()
    assert ("inreceptacle", "apple 2", "fridge 1") not in simulator.facts()
    simulator.reset()
    assert simulator.facts() == Simulator(room()).facts()


def test_numbers_of_a_kind_go_down() -> None:
    """The first id of a kind has the highest number; a basin is a kind of its own; other ids stay."""
    assert human_names(["cup_bar_1", "cup_bar_2", "sink_bar_1", "sink_bar_1_bar_sinkbasin", "agent1"]) == {
        "agent1": "agent1 ",
        "cup_bar_1": "cup 2",
        "cup_bar_2": "cup 1",
        "sink_bar_1": "sink 1",
        "sink_bar_1_bar_sinkbasin": "sinkbasin 1",
    }


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_play_alike(method: str) -> None:
    """Games pass to other processes, forked or spawned, and read the same there."""
    jobs = [room(), old_room(), room(), old_room()]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(transcript, jobs)) == [transcript(game) for game in jobs]
    assert pickle.loads(pickle.dumps(jobs)) == jobs


def test_simulators_do_not_meet() -> None:
    """Two games played by turns read as each does alone."""
    first, second = Simulator(room()), Simulator(old_room())
    texts = [
        (first.step(a).text, second.step(b).text)
        for a, b in zip(WALKTHROUGH, old_room().walkthrough, strict=True)
    ]
    assert [one for one, _ in texts] == transcript(room())[1:]
    assert [two for _, two in texts] == transcript(old_room())[1:]


PLAY = """
import json, os, sys
sys.argv, out = ["program", "--option"], sys.stdout
from mpr_logic.envs.alfworld.simulator import Simulator
from tests.envs.room import room
text = Simulator(room()).reset()
state = [sys.argv, sys.stdout is out, "alfworld" in sys.modules, "ALFWORLD_DATA" in os.environ]
print(json.dumps([*state, text]))
"""


def test_playing_leaves_the_process_alone(tmp_path: Path) -> None:
    """The command line, the output, the environment and the home are as before; nothing else is printed.

    What is read does not hang on the order in which Python hashes texts.
    """
    texts = set()
    for seed in "12":
        environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONHASHSEED": seed}
        environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", PLAY], env=environment, capture_output=True, text=True, check=True
        )
        *state, text = json.loads(done.stdout)
        assert state == [["program", "--option"], True, False, False]
        assert not done.stderr
        texts.add(text)
    assert not list(tmp_path.iterdir())
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("(:goal", "(:goal (and", "broken"),
        ("(:domain alfred)", "(:domain other)", "broken"),
        ("(:objects", "(:objects Cup_bar_1 - object", "duplicate"),
        ("Cup_bar_1 - object", "Cup_bar_1 - thing", "unknown type: cup_bar_1 - thing"),
        ("Cup_bar_1 - object", "", "no object cup_bar_1"),
        ("(isHot ?o)", "(isHot ?o ?r)", "wrong arity"),
        ("(isHot ?o)", "(isHot ?p)", "goal leaves open ?p"),
        ("(isHot ?o)", "()", "broken"),
        ("(isHot ?o)", "(isGone ?o)", "Undeclared predicate"),
        ("(pickupable Cup_bar_1)", "(pickupable)", "a fact that its domain does not know: (pickupable)"),
        ("(pickupable Cup_bar_1)", "(é Cup_bar_1)", "Non-ASCII"),
        ("(:init", "(:init " + "(" * 100_000, "broken"),
    ],
)
def test_broken_problem_is_refused(old: str, new: str, says: str) -> None:
    """PDDL that does not fit is refused with a sentence that says what is wrong."""
    assert old in problem()
    with pytest.raises(GameError, match="PDDL problem") as caught:
        Simulator(room(problem=problem().replace(old, new, 1)))
    assert says in str(caught.value)


@given(st.integers(0, len(problem())), st.integers(0, 60), st.text("() ?-xapple_br1", max_size=4))
def test_damaged_problem_is_refused_or_played(start: int, length: int, instead: str) -> None:
    """Whatever is cut out of a problem, and whatever comes instead, nothing but GameError is raised."""
    damaged = problem()[:start] + instead + problem()[start + length :]
    try:
        simulator = Simulator(room(problem=damaged))
    except GameError:
        return
    simulator.reset()
    for command in simulator.commands():
        assert simulator.step(command).text != NOTHING
        simulator.reset()


def said(expression: str) -> str:
    """Return a text about an apple by a grammar with that expression, while it and an egg are eaten."""
    rules = {"intro": expression, "list_empty": "none", "list_separator": "; ", "list_last_separator": "&"}
    text = json.dumps({symbol: [{"rhs": right}] for symbol, right in rules.items()})
    grammar = read_grammar(f'grammar :: """{text}""";')
    things = {"1": Entity("1", "object", "apple 1"), "2": Entity("2", "object", "egg 1")}
    facts = Facts([("eaten", "2"), ("eaten", "1"), ("beside", "2", "1")])
    return grammar.say("intro", Context(facts, things, {("o", "object"): "1"}))


def test_expressions_are_interpreted() -> None:
    """The expressions of the grammar's own kinds have their values."""
    assert said("{o}") == "apple 1"
    assert said("see {o.indefinite + ' ' + o.name}.") == "see a apple 1."
    assert said("{o.name or o.id}") == "apple 1"


def test_lists_have_an_item_for_each_answer() -> None:
    """Answers come in the order of the facts, and no two placeholders of a query stand for one thing."""
    assert said("[{x.name | eaten(x:object)}]") == "egg 1"
    assert said("[{o.name | eaten(o:object)}]") == "apple 1"
    assert said("[{x.name | beside(x:object, o:object)}]") == "egg 1"
    assert said("[{x.name | beside(o:object, x:object)}]") == "none"
    assert said("[{x.name | eaten(x:cup)}]") == "none"


@pytest.mark.parametrize(
    "expression",
    [
        "{exit()}",
        "{o.__class__}",
        "{__import__('os').getcwd()}",
        "{o.name * 9}",
        "{o.name.upper()}",
        "{o.}",
        "{p}",
    ],
)
def test_other_expressions_are_refused(expression: str) -> None:
    """Nothing else is evaluated, whatever a grammar says."""
    with pytest.raises(GameError, match="grammar"):
        said(expression)
