"""Transcripts of AlfWorld games in the forms that other projects write: what is read of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker
from mpr_logic.envs.alfworld.recorded import NO_COMMAND, TRANSCRIPTS
from mpr_logic.envs.alfworld.transcripts import holds_games, transcripts_in
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.formats import format_of
from mpr_logic.guard.recordings.recording import Broken, Recording
from tests.envs.alfworld_recorded import lines as lines_of
from tests.envs.alfworld_recorded import measure
from tests.helpers.command import mpr

ROOM = (
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 1, a desk 1, "
    "a fridge 1, and a sinkbasin 1."
)
TASK = "Your task is to: put some mug in desk."
MUG = "put mug 1 in/on desk 1"
STEPS = [
    ("First I look for a mug.", "go to cabinet 1", "The cabinet 1 is closed."),
    ("", "open cabinet 1", "You open the cabinet 1. The cabinet 1 is open. In it, you see a mug 1."),
    ("There it is.", "take mug 1 from cabinet 1", "You pick up the mug 1 from the cabinet 1."),
    ("", "put mug 1 in desk 1", "Nothing happens."),
    ("", "go to desk 1", "On the desk 1, you see a pen 1."),
    ("Now I put it down.", MUG, "You put the mug 1 in/on the desk 1."),
]
ACTIONS = ["go_to(cabinet_1)", "open(cabinet_1)", "take(mug_1, cabinet_1)", None, "go_to(desk_1)"]
ACTIONS += ["put(mug_1, desk_1)"]
GAME = "pick_and_place_simple-Mug-None-Desk-301/trial_T20190909_000000_000001"
EXAMPLE = (
    f"{ROOM}\nYour task is to: put a pen in cabinet.\n> think: This is shown.\nOK.\n"
    "> go to desk 1\nOn the desk 1, you see a pen 1.\n"
)
INTRODUCED = f"Interact with a household to solve a task. Here are two examples.\n{EXAMPLE}\n{EXAMPLE}\n"
OPTIONS = "\nAVAILABLE ACTIONS: go to cabinet 1\ngo to desk 1, look, inventory"


def lines(thought: str = "> think: {}\nOK.", command: str = "> {}", number: int = 1) -> str:
    """A text of the steps."""
    found = []
    for said, does, answer in STEPS:
        if said:
            found.append(thought.format(said))
        found += [command.format(does), answer]
    return "\n".join(found)


def react() -> str:
    """A prompt, and the lines behind it."""
    return f"{INTRODUCED}Here is the task:\n{ROOM}\n{TASK}\n{lines()}\n> "


def numbered() -> str:
    """A notebook's output."""
    found = [GAME, f"{ROOM}\n{TASK}"]
    for number, (thought, command, answer) in enumerate(STEPS):
        if thought:
            found += [f"Act {number}: think: {thought}", f"Obs {number}: OK."]
        found += [f"Act {number}: {command}", f"Obs {number}: {answer}"]
    return "\n".join([*found, "1 r 1 rs [1] cnts [1] sum(rs)/sum(cnts) 1.0", "------------"])


def trial_log() -> str:
    """A log of several environments, each with its prompt, examples and all."""
    notes = "Your memory for the task below:\nTrial 0:\nI should look in the fridge.\n"
    one = f"{INTRODUCED}{notes}Here is the task:\n{ROOM}\n{TASK}\n{lines()}"
    return "".join(
        f"\n#####\n\nEnvironment #{number}:\n{one}\n\nSTATUS: {end}\n\n#####\n"
        for number, end in enumerate(("OK", "FAIL"))
    )


def served() -> dict[str, Any]:
    """A line of a task server's runs: messages of a user and an agent, an example first."""
    said = ["Interact with a household. Choose THOUGHT or ACTION.", "OK. I'll follow your instructions."]
    said += [f"Here is one example.\n{ROOM}\nYour task is to: put a pen in desk.", "ACTION: go to desk 1"]
    said += ["On the desk 1, you see a pen 1.", "THOUGHT: That is it.\nACTION: take pen 1 from desk 1"]
    said += [f"Here is your task. {ROOM}\n{TASK}{OPTIONS}"]
    for thought, command, answer in STEPS:
        said.append(f"THOUGHT: {thought}\n ACTION: {command}" if thought else f"ACTION: {command}")
        said.append(answer.replace("happens", "happened") + OPTIONS)
    history = [{"role": "agent" if place % 2 else "user", "content": each} for place, each in enumerate(said)]
    output = {"status": "completed", "result": {"result": True}, "history": history}
    return {"index": 7, "error": None, "output": output}


def trained() -> dict[str, Any]:
    """An item of a data set of conversations, from a human and a model, with arrivals."""
    said = ["Interact with a household. Format:\nThought:\n..\n\nAction:\n..", "OK. I'll try my best."]
    said += [f"{ROOM}\n{TASK}{OPTIONS}"]
    for thought, command, answer in STEPS:
        said.append(f"Thought:\n{thought or 'Go on.'}\n\nAction:\n{command}")
        arrived = "You arrive at loc 4. " if command.startswith("go") else ""
        said.append(f"Observation: {arrived}{answer}{OPTIONS}")
    talk = [{"from": "gpt" if place % 2 else "human", "value": each} for place, each in enumerate(said)]
    return {"item_id": GAME, "conversations": talk, "reward": 1.0}


def planned() -> dict[str, Any]:
    """A text with thoughts and paths of actions between the commands."""
    text = lines("> Think: {}\n> ActionPath: Start->Goto(cabinet 1)")
    return {"name": GAME, "result": True, "traj": f"{ROOM}\n{TASK}\n{text}\n"}


def stated() -> str:
    """Several labelled lines for each turn of the agent."""
    text = lines(">thought: {}", ">current location: desk 1\n>current inventory: None\n>action: {}")
    return f"{ROOM}\n{TASK}\n>goal: put a mug in desk.\n{text}"


def growing() -> dict[str, Any]:
    """Messages of which each has all that was said before."""
    messages = []
    for number in range(len(STEPS) + 1):
        shown = "\n".join(f"> {command}\n{answer}" for _, command, answer in STEPS[:number])
        prompt = f"{INTRODUCED}Here is the task.\n{ROOM}\n{TASK}\n{shown}\n>"
        messages.append({"role": "user", "content": prompt})
        if number < len(STEPS):
            messages.append({"role": "assistant", "content": f" {STEPS[number][1]}"})
    return {"messages": messages}


def stepwise() -> dict[str, Any]:
    """Steps as objects, with the first observation beside them."""
    steps = [{"thought": a, "action": b, "observation": c} for a, b, c in STEPS]
    first = f"{ROOM}\n{TASK}"
    return {"gamefile": GAME, "initial_observation": first, "trajectory": steps, "success": True}


def turns() -> list[str]:
    """Texts that take turns."""
    return [f"{ROOM}\n{TASK}", *(each for _, command, answer in STEPS for each in (command, answer))]


FORMS: list[Any] = [react(), numbered(), served(), trained(), planned(), stated(), growing(), stepwise()]
FORMS += [turns()]


@pytest.mark.parametrize("value", FORMS)
def test_each_form_gives_the_same_steps(value: Any) -> None:
    """Whatever the form is, the game has the same steps, and examples are none."""
    assert format_of(value) is TRANSCRIPTS
    (found,) = transcripts_in(value)
    assert found.first == f"{ROOM} {TASK}"
    assert [None if step.action is None else str(step.action) for step in found.steps] == ACTIONS
    assert [step.said for step in found.steps] == [command for _, command, _ in STEPS]
    assert [step.answer.startswith("Nothing") for step in found.steps] == [each is None for each in ACTIONS]


@pytest.mark.parametrize("value", FORMS)
def test_the_belief_of_each_form_is_the_same(value: Any) -> None:
    """The agent knows the same at the end, whatever the form is."""
    (recording,) = TRANSCRIPTS.read(value)
    facts: set[str] = set()
    for known in recording.known.values():
        facts = facts.difference(known.removed).union(known.added)
    assert {"agent_at(desk_1)", "at(mug_1, desk_1)", "searched(desk_1)", "opened(cabinet_1)"} <= facts
    assert {each for each in facts if each.startswith("agent_at")} == {"agent_at(desk_1)"}
    assert not recording.remarks
    calls = [call for message in recording.messages for call in message.calls]
    assert [call.arguments for call in calls if call.tool == NO_COMMAND] == [{"line": "put mug 1 in desk 1"}]


def test_a_log_of_trials_has_a_game_for_each_environment() -> None:
    """The games of one log are told apart, and whether they were won is read; examples are left out."""
    found = transcripts_in(trial_log())
    assert [each.won for each in found] == [True, False]
    assert [len(each.steps) for each in found] == [6, 6]


@pytest.mark.parametrize(
    ("value", "won"), [(planned(), True), (trained(), True), (stepwise(), True), (numbered(), None)]
)
def test_names_and_ends(value: Any, won: bool | None) -> None:
    """The name of the game and whether it was won are read where they are said."""
    (found,) = transcripts_in(value)
    assert (found.name, found.won) == (GAME, won)


def test_what_was_done_counts_and_not_what_was_said() -> None:
    """Some agents' commands are made fit before they reach the game: the answer tells what was done."""
    text = (
        f"{ROOM}\n{TASK}\n> Go to the cabinet 1\nYou arrive at loc 3. The cabinet 1 is closed.\n"
        "> open the cabinet\nYou open the cabinet 1. The cabinet 1 is open. In it, you see nothing.\n"
        "> take mug 1 from cabinet\nNothing happens."
    )
    (found,) = transcripts_in(text)
    assert [str(step.action) for step in found.steps] == ["go_to(cabinet_1)", "open(cabinet_1)", "None"]


def test_a_put_in_the_other_wording_is_no_command() -> None:
    """A put in the wording of the other release is no command: it tells nothing of the world."""
    for said, told, other in ((MUG, "put", "move mug 1 to desk 1"), ("move mug 1 to desk 1", "move", MUG)):
        done = "You put the mug 1 in/on the desk 1." if told == "put" else "You move the mug 1 to the desk 1."
        text = f"{ROOM}\n{TASK}\n> {other}\nNothing happened.\n> {said}\n{done}\n> {said}\nNothing happens"
        (found,) = transcripts_in(text)
        assert [str(step.action) for step in found.steps] == ["None", *["put(mug_1, desk_1)"] * 2]


def test_answers_that_are_not_understood_are_named(tmp_path: Path) -> None:
    """An answer that is none of the games' is told, and the call has no outcome."""
    file = tmp_path / "played.txt"
    played = "> go to desk 1\nA voice says: desk 1 is far away!\n> look\nNothing happens.\n"
    file.write_text(f"{ROOM}\n{TASK}\n{played}")
    (found,) = recordings_in([file])
    assert isinstance(found.recording, Recording)
    assert found.recording.remarks == (
        "not understood of what the game answers: `A voice says: desk 1 is far away!` (1 in all)",
    )
    roles = [message.role for message in found.recording.messages]
    assert roles == ["user", "assistant", "user", "assistant", "tool"]


def test_a_task_alone_is_no_recording() -> None:
    """Where only an example is played, or nothing is, that is said."""
    (found,) = list_of(f"Here is an example.\n{EXAMPLE}")
    assert isinstance(found, Broken)
    assert "example" in found.error


def list_of(text: str) -> list[Recording | Broken]:
    """The recordings of a value."""
    from mpr_logic.guard.recordings.files import _recordings

    return list(_recordings("x", text, None))


def test_replay_and_import(tmp_path: Path) -> None:
    """The command line reads each form, as JSON lines or as text."""
    several = tmp_path / "several.jsonl"
    several.write_text("".join(json.dumps(each) + "\n" for each in (served(), trained(), planned())))
    text = tmp_path / "trial.log"
    text.write_text(trial_log())
    done = mpr("replay", "rules/alfworld", str(several), str(text), "--json")
    found = json.loads(done.out)
    assert (found["recordings"], found["calls"], found["stopped"]) == (5, 30, 0)
    assert found["undeclared"] == {"no_command": 5}
    store = str(tmp_path / "memory.db")
    done = mpr("memory", "import", store, "rules/alfworld/0_world.dl", str(several), str(text))
    assert "episodes 1 to 5" in done.out
    assert "calls of `no_command` left out" in done.out


PARTS = st.sampled_from(
    f"{ROOM}|{TASK}|\n|> |think:|OK.|Act 1: |Obs 1: |Nothing happens.|go to desk 1|STATUS: OK|#####|"
    "Here are two examples.|Here is the task:|AVAILABLE ACTIONS:|Thought:|Action:|\x00|put".split("|")
)
KEYS = st.sampled_from(["role", "from", "content", "value", "action", "observation", "name", "won"])
VALUES = st.recursive(
    st.lists(PARTS, max_size=12).map("".join) | st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_read_or_refused(value: Any) -> None:
    """Whatever stands in a value, games are found in it or not, and each is a recording."""
    assert isinstance(holds_games(value), bool)
    for each in transcripts_in(value):
        assert each.first
    if format_of(value) is TRANSCRIPTS:
        list_of(value)


def test_figures_of_recorded_episodes() -> None:
    """The command that makes the figures counts what is effective, in vain, put right and repeated."""
    again = [("", "put mug 1 in desk 1", "Nothing happens."), ("", "open desk 1", "Nothing happens.")] * 2
    text = "\n".join(f"> {command}\n{answer}" for _, command, answer in [*STEPS, *again])
    (recording,) = TRANSCRIPTS.read(f"{ROOM}\n{TASK}\n{text}")
    found = measure([recording], Checker.load("rules/alfworld").program)
    assert (found["proposals"], found["effective"], found["in vain"]) == (10, 5, 5)
    assert (found["rejected effective"], found["rejected in vain"], found["no command"]) == (0, 2, 3)
    assert (found["repeats in an equal state"], found["repeats to the game"]) == (1, 0)
    assert (found["no command: put right"], found["no command: put right, and rejected"]) == (1, 2)
    assert any(each.endswith("with them") for each in lines_of(found))
