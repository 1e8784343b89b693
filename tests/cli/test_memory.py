"""``mpr memory``: each sub-command, for people and for programs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from mpr_logic.memory.store import Memory
from tests.helpers.command import Done, examples, mpr
from tests.helpers.json_output import answer
from tests.helpers.stores import (
    BACKENDS,
    DECLARATIONS,
    SHUT,
    episode,
    failures,
    lived,
    location_of,
    memory_at,
    outcomes,
)

VERBS = ["list", "show", "log", "learn", "export", "import", "forget", "rollback", "stats"]


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A memory with a law that an episode taught, a hand-written rule, and a refused candidate."""
    location = location_of(request.param, tmp_path)
    with memory_at(location) as memory:
        taught = memory.add_episode(episode(cites="closed", tries=30))
        rule = memory.put(SHUT, episodes=[taught], because="{B} is shut")
        others = lived(memory, 20)
        memory.observe([*failures(rule.id, taught, 30), *outcomes(rule.id, others)])
        memory.put("@id(closed) 0.95 :: forbid open(B) :- heavy(B).", kind="hand")
        memory.refuse("permit take(B)\x1b[31m.", "a learned rule permits nothing", episode=taught)
    (tmp_path / "rules.dl").write_text(DECLARATIONS + SHUT)
    return location


def run(store: str, verb: str, *arguments: str) -> Done:
    """A sub-command about the memory."""
    return mpr("memory", verb, store, *arguments)


def test_every_verb_has_an_example_that_works(store: str, tmp_path: Path) -> None:
    """The help of each sub-command has an example; with the paths of this test it runs as it stands."""
    listed = mpr("memory", "-h").out.partition("Commands:")[2]
    assert re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE) == VERBS
    for verb in VERBS:
        done = mpr("memory", verb, "--help")
        assert "Exit status: 0" in done.out
        (example,) = examples(done.out)
        words = shlex.split(example.partition(" > ")[0])
        places = {"memory.db": store, "rules.dl": str(tmp_path / "rules.dl")}
        found = mpr(*(places.get(word, word) for word in words))
        assert (found.status, bool(found.out)) == (0, True), found


def test_list(store: str) -> None:
    """The heaviest first, with what was seen; statuses that no rule has are 1."""
    lines = run(store, "list").out.splitlines()
    assert lines[0].split() == ["weight", "status", "by", "wrong", "right", "id", "rule"]
    assert lines[1].split(maxsplit=6)[:6] == ["0.95", "law", "hand", "0", "0", "closed"]
    assert lines[2].endswith(SHUT)
    assert run(store, "list", "--status", "forgotten").status == 1
    refused = run(store, "list", "--status", "refused").out
    assert "a learned rule permits nothing" in refused
    assert "\x1b" not in refused


def test_show_and_log(store: str) -> None:
    """A law leads back to the episode that taught it, and to the changes that made it law."""
    (row,) = answer(run(store, "list", "--status", "law", "--json"))["rules"][1:]
    shown = run(store, "show", row["id"]).out
    assert "taught by episode 1: box_1, not won" in shown
    assert "candidate to law, 21 wrong, 0 right" in shown
    assert "cited by 1 recorded decision, 1 rejection among them" in run(store, "show", "closed").out
    assert "seen: 21 groups wrong, 0 right (50 observations)" in shown
    assert len(run(store, "log").out.splitlines()) == 7 + 20
    assert run(store, "log", "--rule", "nowhere").status == 1


def test_edit_by_hand(store: str, tmp_path: Path) -> None:
    """Exported, edited in one line and imported again, that rule is hand-written, and no other."""
    text = run(store, "export").out
    file = tmp_path / "edited.dl"
    file.write_text(text)
    assert "0 new, 0 changed, 2 unchanged, 0 removed" in run(store, "import", str(file)).out
    file.write_text(text.replace("shut(B).", "shut(B), not heavy(B)."))
    assert "0 new, 1 changed, 1 unchanged, 0 removed" in run(store, "import", str(file)).out
    rules = answer(run(store, "list", "--json"))["rules"]
    assert {rule["kind"] for rule in rules} == {"hand"}
    file.write_text(text.partition("\n\n")[0] if "\n\n" in text else text)
    assert answer(run(store, "import", str(file), "--replace", "--json"))["removed"]


def test_the_declarations_can_be_exported(store: str, tmp_path: Path) -> None:
    """With them the text makes a memory of its own."""
    file = tmp_path / "all.dl"
    file.write_text(run(store, "export", "--declarations").out)
    other = str(tmp_path / "other.db")
    assert "2 new" in run(other, "import", str(file)).out


def test_trajectories_are_imported(store: str, tmp_path: Path) -> None:
    """A recording of several episodes is taken whole."""
    file = tmp_path / "played.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in [*episode(), *episode("box_2", won=True)]))
    assert answer(run(store, "import", str(file), "--json"))["episodes"] == [22, 23]
    assert answer(run(store, "stats", "--json"))["stats"]["won"] == 1


def test_one_is_no_more_than_one(store: str, tmp_path: Path) -> None:
    """The output names a single episode, trial or failure in the singular."""
    file = tmp_path / "played.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in episode()))
    assert run(store, "import", str(file)).out == "episode 22\n"
    assert run(store, "import", str(file), str(file)).out == "episodes 23 to 24\n"
    store = str(tmp_path / "own.db")
    run(store, "import", str(file), str(file), str(file))
    run(store, "forget", "1")
    run(store, "forget", "3")
    assert run(store, "learn", str(tmp_path / "rules.dl")).out.startswith("1 episode, 1 trial, 1 failure, ")


def test_forget_and_roll_back(store: str) -> None:
    """Both say what changed with them."""
    found = answer(run(store, "rollback", "26", "--because", "too fast", "--json"))["changes"]
    assert [change["kind"] for change in found] == ["rollback"]
    run(store, "rollback", "27")
    with Memory.open(store) as memory:
        memory.put("forbid open(B) :- shut(B).", episodes=[1])
    found = answer(run(store, "forget", "1", "--json"))["changes"]
    assert [change["kind"] for change in found] == ["forget", "demote", "demote"]
    assert "forgotten" in run(store, "list", "--status", "all").out


@pytest.mark.parametrize("verb", VERBS)
def test_output_fits_the_schema(store: str, verb: str, tmp_path: Path) -> None:
    """Whatever a sub-command answers is one object of the schema; an error is one too."""
    rules = str(tmp_path / "rules.dl")
    more = {
        "show": ["closed"],
        "learn": [rules],
        "import": [rules],
        "forget": ["1"],
        "rollback": ["3"],
    }
    found = answer(run(store, verb, *more.get(verb, []), "--json"))
    assert (found["command"], found["action"], found["status"]) == ("memory", verb, 0)
    (tmp_path / "notes.txt").write_text("these are notes")
    found = answer(run(str(tmp_path / "notes.txt"), verb, *more.get(verb, []), "--json"))
    assert found["error"]["kind"] == "store"
    assert (tmp_path / "notes.txt").read_text() == "these are notes"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "nowhere.db"], "no such memory"),
        (["import", "sqlite://"], "no files are named"),
        (["learn", "sqlite://"], "no rules are named"),
        (["import", "sqlite://", "nowhere.dl"], "nowhere.dl"),
        (["import", "sqlite://", "nowhere.jsonl"], "nowhere.jsonl"),
        (["import", "sqlite://", "rules/kitchen", "--theta", "2"], "--theta is 2"),
        (["import", "sqlite://", "x.jsonl", "--replace"], "would remove all rules"),
        (["guess"], "see mpr memory --help"),
        ([], "see mpr memory --help"),
    ],
)
def test_what_cannot_be_done(arguments: list[str], said: str) -> None:
    """The error says what was wrong."""
    done = mpr("memory", *arguments)
    assert done.status == 2
    assert said in done.err
