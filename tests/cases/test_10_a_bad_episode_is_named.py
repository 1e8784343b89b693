"""An episode that does not fit is named and passed over; the others are learned from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from tests.helpers.command import mpr

RULES = """\
.decl locked(b: symbol)
.action lift(b: symbol)
"""
ODD = {
    "an action that is not declared": {"action": "kick(b)"},
    "another arity": {"action": "lift(b, b)"},
    "no action at all": {"action": "lift((("},
    "a number for a name": {"action": "lift(3)"},
    "a fact that is not declared": {"action": "lift(b)", "added": ["broken(b)"]},
    "a fact of another arity": {"action": "lift(b)", "added": ["locked(b, b)"]},
    "a fact that is none": {"action": "lift(b)", "added": ["locked("]},
}


def recording(task: str, *turns: dict[str, Any]) -> str:
    """An episode as a file holds it."""
    heading = {"mpr_trajectory": 1, "line": "episode", "task": task}
    numbered = [{"line": "turn", "number": n, **turn} for n, turn in enumerate(turns)]
    return "".join(f"{json.dumps(line)}\n" for line in (heading, *numbered))


def good(number: int) -> str:
    """An episode in which a locked box could not be lifted, or another could."""
    locked = number % 2 == 0
    first = {"action": None, "added": ["locked(b)"] if locked else []}
    return recording(f"task_{number}", first, {"action": "lift(b)", "succeeded": not locked})


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A memory of thirty good episodes; the rules lie beside it."""
    (tmp_path / "rules.dl").write_text(RULES)
    (tmp_path / "good.jsonl").write_text("".join(map(good, range(30))))
    mpr("memory", "import", str(tmp_path / "m.db"), str(tmp_path / "good.jsonl"))
    return str(tmp_path / "m.db")


@pytest.mark.parametrize("turn", ODD.values(), ids=ODD)
def test_the_others_are_learned_from(store: str, tmp_path: Path, turn: dict[str, Any]) -> None:
    """Whatever is wrong with an episode: it is named with its turn, in text and as JSON, and the law of the
    others is found; every verb goes on."""
    odd = tmp_path / "odd.jsonl"
    odd.write_text(recording("the odd one", {"action": None}, {"succeeded": False, **turn}))
    assert mpr("memory", "import", store, str(odd)).status == 0
    done = mpr("memory", "learn", store, str(tmp_path / "rules.dl"))
    assert done.status == 0
    assert "passed over: episode 31 (the odd one), turn 1: " in done.out
    assert "forbid lift(B) :- locked(B)." in done.out
    told = json.loads(mpr("memory", "learn", store, str(tmp_path / "rules.dl"), "--json").out)
    (passed,) = told["passed_over"]
    assert (passed["episode"], passed["task"], passed["turn"]) == ("31", "the odd one", 1)
    assert passed["reason"]
    for verb in (["list"], ["log"], ["export"], ["stats"], ["forget", "31"]):
        assert mpr("memory", verb[0], store, *verb[1:]).status == 0
    assert "passed over" not in mpr("memory", "learn", store, str(tmp_path / "rules.dl")).out


def test_an_import_says_it_at_once(store: str, tmp_path: Path) -> None:
    """An import into a memory with declarations names the file, the episode and the turn."""
    odd = tmp_path / "odd.jsonl"
    odd.write_text(good(1) + recording("the odd one", {"action": "kick(b)", "succeeded": False}))
    mpr("memory", "learn", store, str(tmp_path / "rules.dl"))
    done = mpr("memory", "import", store, str(odd), "--json")
    (unfit,) = json.loads(done.out)["unfit"]
    assert (unfit["file"], unfit["episode"], unfit["turn"]) == (str(odd), "32", 0)
    assert "`kick` is not declared" in unfit["reason"]
    odd.write_text("not json\n")
    assert mpr("memory", "import", store, str(odd)).err.startswith(f"error: {odd}: line 1 of the trajectory")


def test_an_action_that_was_renamed(store: str, tmp_path: Path) -> None:
    """A store from before an action had its new name: its episodes are named, its rules stay as they are, and
    learning goes on with what was played since."""
    mpr("memory", "learn", store, str(tmp_path / "rules.dl"))
    (tmp_path / "rules.dl").write_text(RULES.replace("lift", "raise_up"))
    (tmp_path / "new.jsonl").write_text("".join(good(n).replace("lift", "raise_up") for n in range(30)))
    mpr("memory", "import", store, str(tmp_path / "new.jsonl"))
    done = mpr("memory", "learn", store, str(tmp_path / "rules.dl"))
    assert done.status == 0
    assert "forbid raise_up(B) :- locked(B)." in done.out
    assert "passed over: rule r" in done.out
    assert "and 10 more are passed over" in done.out
    listed = mpr("memory", "list", store).out
    assert "forbid lift(B)" in listed
    assert "forbid raise_up(B)" in listed
