"""Recorded lines: they are JSON, they hold what happened, and each of their keys is documented."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from jsonschema import Draft202012Validator

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Forgetful, Policy
from mpr_logic.agent.trajectory import VERSION, Recorder, heading, turn_json
from mpr_logic.checker.action import Action
from tests.agent.test_play import Says, boxed
from tests.helpers.boxes import Boxes
from tests.helpers.command import TOP
from tests.helpers.json_output import schema

PLAN = (Action("open", "box_3"), Action("take", "box_3"))


def recorded(policy: Policy, *, shadow: bool = False) -> tuple[list[dict[str, Any]], list[set[str]]]:
    """The lines of an episode, read back; and the states that the world was in, turn by turn."""
    world, checker, stream, states = Boxes(3), boxed(), io.StringIO(), []
    recorder = Recorder(stream)
    recorder.write(heading("boxes/3", "coin", policy.name, checker.program.version, shadow=shadow))
    for turn in play(world, checker, policy, shadow=shadow, repairs=True):
        states.append(set(world.state()))
        recorder.write(turn_json(turn))
    text = stream.getvalue()
    assert text.endswith("\n")
    assert text.isascii()
    return [json.loads(line) for line in text.splitlines()], states


def test_the_first_line() -> None:
    """An episode begins with what was played, by whom, under which rules."""
    lines, _ = recorded(Says(), shadow=True)
    assert lines[0] == {
        "mpr_trajectory": VERSION,
        "line": "episode",
        "task": "boxes/3",
        "kind": "coin",
        "policy": "says",
        "rules": boxed().program.version,
        "shadow": True,
        "group": "boxes/3",
    }


def test_replay() -> None:
    """Adding and taking away what the lines say gives the state of every turn; the actions win again."""
    lines, states = recorded(Forgetful(PLAN, forgets=("open",), seed=1, share=1))
    known: set[str] = set()
    for line, state in zip(lines[1:], states, strict=True):
        assert known.isdisjoint(line["added"])
        assert known.issuperset(line["removed"])
        known = (known - set(line["removed"])) | set(line["added"])
        assert known == state
    again, checker = Boxes(3), boxed()
    actions = [line["action"] for line in lines[2:]]
    replayed = list(play(again, checker, Says(*actions)))
    assert [turn.observation.text for turn in replayed] == [line["text"] for line in lines[1:]]
    assert lines[-1]["won"] is lines[-1]["over"] is True


def test_a_turn() -> None:
    """A turn's line has the decisions with their reasons and repairs, and what came of the action."""
    lines, _ = recorded(Says("take(box_3)", "open(box_3)"))
    line = lines[2]
    assert [each["verdict"] for each in line["decisions"]] == ["forbidden", "admissible"]
    assert line["decisions"][0]["reasons"][0]["rule"]["id"] == "shut"
    assert line["decisions"][0]["repairs"][0]["actions"] == ["open(box_3)"]
    del line["decisions"]
    assert line == {
        "line": "turn",
        "number": 1,
        "action": "open(box_3)",
        "fallback": False,
        "probed": False,
        "text": "You open box_3.",
        "succeeded": True,
        "won": False,
        "over": False,
        "added": ["coin_in(box_3)", "left(19)", "opened(box_3)"],
        "removed": ["left(20)"],
    }
    assert lines[3]["action"] is None


def test_decisions_fit_the_schema() -> None:
    """The decisions in the lines are those of `mpr check --json`."""
    whole = {"$defs": schema()["$defs"], "$ref": "#/$defs/decision"}
    lines, _ = recorded(Says("take(box_3)", "fly", "open(", Action("open"), "wait", "\udcff"))
    decisions = [decision for line in lines[1:] for decision in line["decisions"]]
    assert len(decisions) == 6
    for decision in decisions:
        Draft202012Validator(whole).validate(decision)


def test_lines_are_written_at_once() -> None:
    """An episode that is cut off is there up to its last turn: no line waits for the next."""

    class Stream(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            self.flushed += 1

    stream = Stream()
    recorder = Recorder(stream)
    for number in range(3):
        recorder.write({"line": "turn", "number": number})
        assert stream.flushed == number + 1


def test_every_key_is_documented() -> None:
    """docs/reference/trajectory.md has every key of both kinds of lines in its tables, and no other."""
    page = (TOP / "docs" / "reference" / "trajectory.md").read_text(encoding="utf-8")
    lines, _ = recorded(Says("wait"))
    for title, line in (("The episode", lines[0]), ("A turn", lines[1])):
        part = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(line)
