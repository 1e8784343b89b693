"""Recorded lines are read once and for all: what a memory takes, learning and reflection can read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import StateError, StoreError
from mpr_logic.memory.induction.replay import read_episodes
from mpr_logic.memory.trajectory import HEADING, TURN, read_trajectories, recordings
from mpr_logic.models.episodes import read_episode
from tests.helpers.command import TOP

HEAD = {"line": "episode", "task": "box_1"}
START = {"line": "turn", "number": 0}
WAIT = {"line": "turn", "number": 1, "action": "wait"}
READERS = [
    lambda lines: read_episodes(map(json.dumps, lines)),
    lambda lines: list(recordings(lines)),
    read_episode,
]


def test_what_is_left_out_has_a_default() -> None:
    """A task and numbers are enough; a key that nobody knows is passed over."""
    (found,) = read_trajectories([HEAD, START, {**WAIT, "later": [1]}])
    assert (found.task, found.kind, found.policy, found.rules) == ("box_1", "", "", "")
    turn = found.turns[1]
    assert (turn.number, turn.action, turn.text, turn.succeeded, turn.won) == (1, "wait", "", None, False)
    assert (turn.decisions, turn.added, turn.removed, turn.over) == ((), (), (), False)


def test_every_key_that_is_read_is_documented() -> None:
    """The page of the lines has each of them."""
    documented = re.findall(r"^\| `(\w+)` \|", (TOP / "docs/reference/trajectory.md").read_text(), re.M)
    assert {*HEADING, *TURN, "line", "task"} <= set(documented)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([START], "a turn stands before"),
        ([{"line": "episode"}, START], "`task` is a text"),
        ([HEAD | {"mpr_trajectory": 2}, START], "version 2"),
        ([HEAD | {"mpr_trajectory": True}, START], "`mpr_trajectory`"),
        ([HEAD, {"line": "turn"}], "`number` is missing"),
        ([HEAD, START | {"number": -1}], "turns count from 0"),
        ([HEAD, START | {"number": 1 << 31}], "turns count from 0"),
        ([HEAD, START | {"action": ""}], "`action` is a text"),
        ([HEAD, START | {"won": 1}], "`won`"),
        ([HEAD, START | {"added": ["a(b)", None]}], "a fact in `added`"),
        ([HEAD, START | {"decisions": ["wait"]}], "a decision cannot be read"),
        ([HEAD, {"line": "note"}], "`line` is 'note'"),
    ],
)
def test_no_reader_takes_what_another_refuses(
    read: Callable[[list[Any]], object], lines: list[Any], said: str
) -> None:
    """Each says the same of a broken line."""
    with pytest.raises((StateError, StoreError), match=re.escape(said)):
        read(lines)


@given(st.integers(0, 60))
def test_a_recording_that_was_cut_off_is_read_up_to_there(left: int) -> None:
    """Wherever the last line ends, the lines before it are an episode."""
    texts = [json.dumps(line) for line in (HEAD, START, WAIT)]
    cut = [*texts[:2], texts[2][:left]]
    whole = left >= len(texts[2])
    assert [len(each.turns) for each in read_trajectories(cut)] == [2 if whole else 1]
    assert [len(json.loads(f"[{','.join(each.text.splitlines())}]")) for each in recordings(cut)] == [
        2 + whole
    ]


@pytest.mark.parametrize("text", ["NaN", "-Infinity"])
def test_what_is_no_json_is_not_stored(text: str) -> None:
    """Python reads more than JSON has; a memory keeps JSON."""
    line = json.dumps(WAIT | {"x": 0}).replace("0", text)
    with pytest.raises(StoreError, match="this is not JSON"):
        list(recordings([json.dumps(HEAD), line, json.dumps(WAIT)]))
    with pytest.raises(StoreError, match="the episode is no JSON"):
        list(recordings([HEAD, WAIT | {"x": float(text)}]))
