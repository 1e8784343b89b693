"""Training, evaluation and experiments by the command line, in a folder of their own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")
pytest.importorskip("matplotlib", reason="needs the extra: pip install 'mpr-logic[experiments]'")

from mpr_logic.cli import evaluate, experiment, learn
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import Memory
from tests.helpers.command import TOP, Done, asserted
from tests.helpers.json_output import schema

OFFICE = ("--env", "tools", "--json")


def run(folder: Path, *arguments: str) -> Done:
    """Run ``mpr`` in a folder, as a user does."""
    command = [sys.executable, "-m", "mpr_logic.cli", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    found = Done(done.returncode, done.stdout, done.stderr)
    asserted(found, arguments)
    if "--json" in arguments:
        Draft202012Validator(schema()).validate(json.loads(found.out))
    return found


@pytest.mark.slow
def test_the_examples_of_the_help_work_one_after_the_other(tmp_path: Path) -> None:
    """The examples of the help run as they stand: a memory learns, is evaluated, and an experiment is run."""
    (tmp_path / "docs").symlink_to(TOP / "docs")
    for example, status in ((learn.EXAMPLE, 1), (evaluate.EXAMPLE, 0), (experiment.EXAMPLE, 0)):
        done = run(tmp_path, *shlex.split(example.removeprefix("mpr ")))
        assert (done.status, bool(done.out)) == (status, True), done
    assert run(tmp_path, "report", "run").status == 0


@pytest.mark.slow
def test_a_memory_learns_and_is_worth_something(tmp_path: Path) -> None:
    """After training there are laws; they do not change when they are evaluated."""
    trained = run(tmp_path, "learn", "m.db", *OFFICE, "--split", "train", "--tasks", "20", "--rounds", "2")
    found = json.loads(trained.out)
    assert (trained.status, len(found["rounds"])) == (0, 2)
    assert found["rules"] > 0
    with Memory.open(tmp_path / "m.db") as memory:
        before = memory.export()
        assert len(memory.episodes()) == 40
    played = run(tmp_path, "eval", "m.db", *OFFICE, "--split", "test", "--tasks", "4", "--out", "out")
    rows = json.loads(played.out)["tables"]["success"]
    assert [row["method"] for row in rows] == ["act only", "MPR", "MPR+HAC"]
    with Memory.open(tmp_path / "m.db") as memory:
        assert memory.export() == before
    again = run(tmp_path, "report", "out", "--json")
    assert json.loads(again.out)["tables"]["success"] == rows


@pytest.mark.slow
def test_a_wrong_law_falls_in_training_by_its_probes(tmp_path: Path) -> None:
    """A poisoned law blocks what a task needs, and nothing recorded speaks against it. Training under the
    check lets a probe of it through; that succeeds, and the law is law no more."""
    told = ("--policy", "walkthrough", "--split", "train", "--tasks", "1", "--rounds", "1")
    run(tmp_path, "learn", "m.db", *OFFICE, *told, "--skip", "1")
    with Memory.open(tmp_path / "m.db") as memory:
        poison = memory.put("forbid pay(A, M) :- M > 0.", kind="induced", episodes=[1]).id
        turn = {"line": "turn", "number": 1, "action": "pay(acct_1, 1)", "succeeded": False}
        for number in range(30):
            first = {"mpr_trajectory": 1, "line": "episode", "task": f"elsewhere {number}"}
            wrong = memory.add_episode([first, turn])
            memory.observe([RuleOutcome(poison, wrong, 1, wrong=True)])
        assert memory.get(poison).status == "law"
    trained = run(tmp_path, "learn", "m.db", *OFFICE, *told, "--check")
    (row,) = json.loads(trained.out)["rounds"]
    assert (row["probes"], row["won"]) == (1, 1)
    with Memory.open(tmp_path / "m.db") as memory:
        fallen = memory.get(poison)
    assert (fallen.status, fallen.right) == ("advice", 1)


@pytest.mark.slow
def test_training_goes_on_where_it_was(tmp_path: Path) -> None:
    """A second training adds its episodes to those of the first."""
    for episodes in (3, 6):
        run(tmp_path, "learn", "m.db", *OFFICE, "--split", "train", "--tasks", "3", "--rounds", "1")
        with Memory.open(tmp_path / "m.db") as memory:
            assert len(memory.episodes()) == episodes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("learn",), "no memory is named"),
        (("learn", "m.db", "--no-induced"), "nobody reflects"),
        (("learn", "m.db", "--env", "none"), "there is no environment `none`"),
        (("learn", "m.db", "--env", "tools", "--policy", "model"), "none is named: add --model"),
        (("learn", "m.db", "--env", "tools", "--theta", "2"), "--theta is 2"),
        (("eval",), "no memory is named"),
        (("eval", "none.db", "--env", "tools"), "none.db"),
        (("eval", "none.db", "--method", "magic"), "there is no method `magic`: choose from act only"),
        (("experiment",), "no file is named"),
        (("experiment", "none.toml"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Bad input is an error in a sentence, and status 2; no memory is made by an evaluation."""
    done = run(tmp_path, *arguments)
    assert done.status == 2
    assert said in done.err
    assert not (tmp_path / "none.db").exists()
