"""mpr test: its output, its exit status, and the rules that come with the package."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command import mpr
from tests.helpers.json_output import answer

RULES = """
.decl known(a: symbol) input
.action pay(a: symbol)
@id(stranger)
forbid pay(A) :- not known(A).
"""
GOOD = '.test "good" { expect rejected pay(bob) by stranger. known(ann). expect admitted pay(ann). }\n'
BAD = '.test "bad" { expect admitted pay(bob). }\n'
BROKEN = '.test "broken" { nothing(a). }\n'


@pytest.mark.parametrize(
    ("tests", "options", "status"),
    [
        (GOOD, [], 0),
        (GOOD, ["--fail-under", "100"], 0),
        (GOOD + BAD, [], 1),
        (GOOD + BAD, ["-k", "good"], 0),
        (BAD, ["-k", "good"], 2),
        (GOOD + BAD + BROKEN, [], 2),
        ('.test "half" { known(ann). expect admitted pay(ann). }', ["--fail-under", "60"], 1),
        ("", [], 2),
    ],
)
def test_status(tmp_path: Path, tests: str, options: list[str], status: int) -> None:
    """0 where all pass and enough is covered, 1 where one fails or too little is, 2 where one cannot run."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES + tests)
    assert mpr("test", str(file), *options).status == status
    found = answer(mpr("test", str(file), *options, "--json"))
    assert found["status"] == status


def test_output(tmp_path: Path) -> None:
    """A failure tells the place, what was expected and found, the proof; the end what is covered."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES + BAD)
    done = mpr("test", str(file))
    for line in (
        "✗ bad: failed",
        f"  {file}:6",
        "    expected admitted pay(bob)",
        "    found    rejected by stranger",
        "      ├─ rule stranger at",
        "✗ 0 passed, 1 failed: 1 expectation in",
        "coverage 50%: 1 of 1 rules fire, 0 of 1 literals alone hold one back",
        f"  {file}:5: stranger: not shown: it is held back",
    ):
        assert line in done.out, line


@pytest.mark.heavy
def test_the_rules_that_come_with_the_package() -> None:
    """Their tests pass, and cover every rule of the folders that have some."""
    done = mpr("test", "rules", "--fail-under", "100")
    assert done.status == 0, done.out + done.err


@pytest.mark.heavy
def test_no_change_of_the_kitchen_goes_unnoticed() -> None:
    """The tests of the kitchen notice each change of a rule."""
    done = mpr("test", "rules/kitchen", "--mutate")
    assert done.status == 0, done.out + done.err


@pytest.mark.process
def test_watch(tmp_path: Path) -> None:
    """With --watch the tests run again when a file has changed, and an interrupt ends it."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES + GOOD)
    code = (
        # what runs in the background of a script starts with the signal ignored
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from mpr_logic.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "test", str(file), "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("✓ 1 passed")
        process.stdout.readline()
        file.write_text(RULES + BAD)
        assert process.stdout.readline() == "✗ bad: failed\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
