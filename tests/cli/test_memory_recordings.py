"""mpr memory import of recorded conversations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.guard.verdict import REJECTED
from mpr_logic.language.parser import parse
from tests.helpers.command import mpr
from tests.helpers.json_output import answer

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.replay import Replay, read_episodes
from mpr_logic.memory.store import Memory

ORDERS = "docs/examples/orders/orders.dl"
RECORDED = "docs/examples/orders/recorded.json"


def steps(*calls: tuple[str, str, str]) -> dict[str, Any]:
    """A recording of calls about orders, each with its result."""
    messages: list[Any] = []
    for number, (tool, order, result) in enumerate(calls):
        function = {"name": tool, "arguments": json.dumps({"order": order})}
        messages.append(
            {"role": "assistant", "content": "", "tool_calls": [{"id": str(number), "function": function}]}
        )
        refused = {"mpr_refused": True} if result.startswith(REJECTED) else {}
        messages.append({"role": "tool", "tool_call_id": str(number), "content": result} | refused)
    return {"messages": messages}


def test_calls_are_turns(tmp_path: Path) -> None:
    """Each call that is a declared action is a turn with its outcome; the others are told, and left out."""
    store = str(tmp_path / "memory.db")
    found = answer(mpr("memory", "import", store, ORDERS, RECORDED, "--json"))
    assert found["episodes"] == [1, 2, 3, 4]
    assert found["left_out"] == [f"{RECORDED}: 1 call of `think` left out: they are no declared action"]
    again = mpr("memory", "import", store, RECORDED)
    assert again.out.startswith("episodes 5 to 8\n")
    with Memory.open(store) as memory:
        turns = [json.loads(line) for line in memory.trajectory(2)]
    assert [(each.get("action"), each.get("succeeded")) for each in turns[2:]] == [
        ("cancel_order(b20)", False),
        ("get_order(b20)", True),
    ]


def test_runs_of_one_task_are_one_group(tmp_path: Path) -> None:
    """Trials of one task have the same world, and a call that a guard rejected is no turn."""
    run = steps(("get_order", "a1", "ok"), ("cancel_order", "a1", f"{REJECTED}\nno"))
    runs = [{"task_id": 7, "trial": trial, "reward": 1.0, "traj": run["messages"]} for trial in (0, 1)]
    file = tmp_path / "runs.json"
    file.write_text(json.dumps(runs))
    store = str(tmp_path / "memory.db")
    assert mpr("memory", "import", store, ORDERS, str(file)).status == 0
    with Memory.open(store) as memory:
        one, two = memory.episodes()
    assert one.task == two.task == "task 7"
    assert one.turns == 1


def test_rules_are_held_against_recordings(tmp_path: Path) -> None:
    """A rule that asks what was tried before is admitted or refused by what failed in recordings."""
    world = ".action get_order(order: symbol)\n.action cancel_order(order: symbol)\n"
    lines = []
    for number in range(30):
        order = f"o{number}"
        lines.append(steps(("cancel_order", order, "Error: look it up first")))
        lines.append(steps(("get_order", order, "ok"), ("cancel_order", order, "done")))
    file = tmp_path / "calls.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    rules = tmp_path / "world.dl"
    rules.write_text(world)
    store = str(tmp_path / "memory.db")
    assert mpr("memory", "import", store, str(rules), str(file)).status == 0
    with Memory.open(store) as memory:
        kept = [line for _, told in memory.trajectories() for line in told]
    modules = [parse(world)]
    gate = Gate(modules, Replay(modules, read_episodes(kept)))
    verdicts = [
        gate.admit(f"forbid cancel_order(O) :- {body} get_order(O).", "a model", "").verdict
        for body in ("not succeeded", "succeeded")
    ]
    assert verdicts == ["admitted", "refused"]


def test_files_that_are_none(tmp_path: Path) -> None:
    """A file in which nothing can be read is an error, and nothing of it is kept."""
    file = tmp_path / "calls.json"
    file.write_text('{"shape": 1}')
    done = mpr("memory", "import", str(tmp_path / "memory.db"), ORDERS, str(file))
    assert done.status == 2
    assert "it is of no known format: an object with `shape`" in done.err


def test_a_trajectory_that_quotes_a_transcript(tmp_path: Path) -> None:
    """Words of its world that a recorded episode quotes make no recording of it."""
    said = (
        "You are in the middle of a room. Looking quickly around you, you see a bed 1.\n\nYour task is: go."
    )
    lines = [
        {"mpr_trajectory": 1, "line": "episode", "task": "t", "policy": "p"},
        {"line": "turn", "number": 0, "text": said},
        {"line": "turn", "number": 1, "action": "ship(a)", "succeeded": True, "text": "Done."},
    ]
    file = tmp_path / "played.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = answer(mpr("memory", "import", str(tmp_path / "memory.db"), str(file), "--json"))
    assert (found["episodes"], found["left_out"]) == ([1], [])
    with Memory.open(tmp_path / "memory.db") as memory:
        assert (memory.episodes()[0].policy, memory.episodes()[0].turns) == ("p", 1)
