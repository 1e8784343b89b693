"""Transcripts that leave "You arrive at .." out: the agent stands where it sees, and at one place."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.envs.alfworld.belief import Belief
from mpr_logic.envs.alfworld.commands import action_of
from tests.helpers.command import TOP

ROOM = (
    "You are in the middle of a room. Looking quickly around you, you see a bed 1, a drawer 1, a safe 1, and"
    " a shelf 1.\n\nYour task is to: put some pen in safe."
)
SEEN = {
    "bed 1": "On the bed 1, you see a pillow 1.",
    "drawer 1": "The drawer 1 is open. In it, you see nothing.",
    "safe 1": "The safe 1 is closed.",
    "shelf 1": "On the shelf 1, you see a pen 2, and a pen 1.",
}
RECORDED = Path(os.environ.get("MPR_RECORDED", TOP.parent / "shared" / "recorded")) / "alfworld-knowagent"


def at(belief: Belief) -> set[str]:
    """Return the receptacles at which the belief holds the agent to be."""
    return {each[len("agent_at(") : -1] for each in belief.facts if each.startswith("agent_at(")}


@given(st.lists(st.tuples(st.sampled_from(sorted(SEEN)), st.booleans()), min_size=1, max_size=8))
def test_a_walk_with_and_without_arrivals(walk: list[tuple[str, bool]]) -> None:
    """After each step the agent is where it went, and nowhere else, whether or not its arrival is told."""
    belief, here = Belief(), ""
    belief.observe(None, ROOM)
    for place, told in walk:
        if place != here:
            text = f"You arrive at {place}. {SEEN[place]}" if told else SEEN[place]
            assert belief.observe(action_of(f"go to {place}"), text) is True
        here = place
        assert at(belief) == {here.replace(" ", "_")}


def test_a_command_that_is_not_the_games() -> None:
    """The sight after a command that is not understood tells where it led."""
    belief = Belief()
    belief.observe(None, ROOM)
    belief.observe(action_of("go to safe 1"), SEEN["safe 1"])
    belief.observe(action_of("walk over to the bed 1"), SEEN["bed 1"])
    assert at(belief) == {"bed_1"}


def test_what_is_opened_is_where_the_agent_is() -> None:
    """To see something by another action than going is no move."""
    belief = Belief()
    belief.observe(None, ROOM)
    belief.observe(action_of("go to safe 1"), SEEN["safe 1"])
    belief.observe(
        action_of("open safe 1"), "You open the safe 1. The safe 1 is open. In it, you see nothing."
    )
    assert at(belief) == {"safe_1"}
    assert {"opened(safe_1)", "searched(safe_1)"} <= belief.facts


@pytest.mark.parametrize(
    "text", ["Nothing happens.", "Nothing happens", "Nothing happened.", "Nothing happened"]
)
def test_ways_to_say_that_nothing_happened(text: str) -> None:
    """A refusal is read with and without its full stop, in either tense."""
    belief = Belief()
    belief.observe(None, ROOM)
    assert belief.observe(action_of("open bed 1"), text) is False
    assert belief.unread == 0


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded episodes are not here: set MPR_RECORDED")
def test_recorded_episodes_hold_one_place() -> None:
    """In episodes of a real model the agent is where it last went, and no longer where it was before."""
    moves = 0
    for file in sorted(RECORDED.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines.readlines()[:150]:
                first, *turns = re.split(r"\n> ?", json.loads(line)["traj"])
                belief, before = Belief(), ""
                belief.observe(None, first)
                for command, _, text in (turn.partition("\n") for turn in turns):
                    action = action_of(command.strip())
                    if action is None:
                        continue
                    done = belief.observe(action, text.strip())
                    assert done is not None
                    if action.name == "go_to" and done:
                        goal = str(action.args[0])
                        assert goal in at(belief)
                        assert before not in at(belief) or before == goal
                        before, moves = goal, moves + 1
    assert moves > 1_000
