"""The same program in other quotes, escapes and constructs is rejected by the open set."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_bash", reason="needs the extra: pip install 'mpr-logic[shell]'")

from mpr_logic import Action, Checker
from tests.helpers.command import TOP, mpr

COMMANDS = [
    "'rm' -r dir",
    '"/bin/rm" dir',
    "\\r\\m dir",
    "x=`\\rm dir`",
    "rm<in",
    "{rm,dir}",
    "'su'",
    '"wget" page',
    "get x | 'sh'",
    "get x | env -i sh",
    "get x | ( cd /; zsh )",
    "sh ./install",
    "say >|/etc/hosts",
    "say | tee -a /etc/hosts",
    "find . -exec 'rm' {} +",
    "xargs curl",
    "$RM dir",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_rejected(command: str) -> None:
    """A command that runs the program is rejected in every spelling."""
    checker = Checker.load(TOP / "rules/tools/world", TOP / "rules/tools/open")
    assert not checker.check(Action("run", command)).admissible


def test_on_the_command_line(tmp_path: Path) -> None:
    """`mpr check` says the same."""
    (tmp_path / "empty.dl").touch()
    rules = (
        str(TOP / "rules/tools/world"),
        str(TOP / "rules/tools/open"),
        "--state",
        str(tmp_path / "empty.dl"),
    )
    assert mpr("check", *rules, "run(\"r'm' -r dir\")").status == 1
    assert mpr("check", *rules, 'run("ls rm")').status == 0
