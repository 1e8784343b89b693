"""The help: every command has it, with an example that works."""

from __future__ import annotations

import re
import shlex

import pytest

from mpr_logic.cli import memory
from tests.helpers.command import examples, mpr

EXAMPLES = {
    "check": 1,
    **dict.fromkeys("why query lint fmt test explain".split(), 0),
    "tools": 0,
    "replay": 1,
    **dict.fromkeys("serve hook proxy mcp".split(), 0),
    **dict.fromkeys("learn memory".split(), 0),
    **dict.fromkeys("play eval experiment report".split(), 0),
}
NEEDS = {
    "play": ("textworld", "alfworld"),
    "report": ("matplotlib", "experiments"),
    "memory": ("sqlalchemy", "memory"),
    "tools": ("pydantic", "tools"),
    "serve": ("prometheus_client", "serve"),
    "proxy": ("jsonschema", "tools"),
    "mcp": ("mcp", "mcp"),
}
WRITE = ("learn", "eval", "experiment")
"""Whose example needs an extra: a package of it, and its name; and those that write into the folder where
they are run, which tests/cli/test_training.py does."""


def commands() -> list[str]:
    """The commands that the help names."""
    return re.findall(r"^  ([a-z]+)  ", mpr("--help").out.partition("Rules:")[2], re.MULTILINE)


def test_every_command_is_listed() -> None:
    """The help names the commands, each with what it does, in four groups."""
    assert commands() == list(EXAMPLES)
    assert re.findall(r"^([A-Z]\w+):$", mpr("--help").out, re.MULTILINE) == [
        "Options",
        "Rules",
        "Guard",
        "Memory",
        "Agents",
    ]


def test_help_without_arguments() -> None:
    """Without a command, mpr prints its help and ends with status 0."""
    assert mpr() == mpr("--help")
    assert mpr().status == 0


@pytest.mark.parametrize("command", ["", *EXAMPLES, *(f"memory {each}" for each in memory.EXAMPLES)])
def test_help_fits_80_columns(command: str) -> None:
    """No line of a help is longer than 80 columns, and no summary of a command is cut off."""
    out = mpr(*command.split(), "--help").out
    assert max(map(len, out.splitlines())) <= 80
    assert not re.search(r"^  [a-z]+ .*\.\.\.$", out, re.MULTILINE)


@pytest.mark.parametrize(("command", "status"), EXAMPLES.items())
def test_examples_work(command: str, status: int) -> None:
    """Each command's help has an example, which runs as it stands and answers something."""
    help_text = mpr(command, "--help")
    assert help_text.status == 0
    assert "Exit status: 0" in help_text.out
    found = examples(help_text.out)
    assert found
    if command in NEEDS:
        package, extra = NEEDS[command]
        pytest.importorskip(package, reason=f"the example needs: pip install 'mpr-logic[{extra}]'")
    for example in found if command not in WRITE else ():
        done = mpr(*shlex.split(example))
        assert done.status == status, done
        assert done.out


def test_example_of_the_whole() -> None:
    """The help of mpr itself has an example too."""
    (example,) = examples(mpr("-h").out)
    assert "closed: open it first" in mpr(*shlex.split(example)).out


def test_version() -> None:
    """--version prints one line."""
    done = mpr("--version")
    assert done.status == 0
    assert re.fullmatch(r"mpr \S.*\n", done.out)
