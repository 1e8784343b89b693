"""Everyday commands in which the word for a program stands elsewhere are admitted by the open set."""

from __future__ import annotations

import pytest

pytest.importorskip("tree_sitter_bash", reason="needs the extra: pip install 'mpr-logic[shell]'")

from mpr_logic import Action, Checker
from tests.helpers.command import TOP

COMMANDS = [
    "make test > /dev/null 2>&1",
    "git rm -r old",
    "npm rm left-pad",
    "docker run --rm web",
    "man curl",
    "pip show wget",
    'git commit -m "rm the | sh part"',
    "grep -rn 'sudo' docs",
    "cat rm su ssh",
    "ls -l | grep curl | head -3",
    "echo 'use > /etc/hosts'",
    'for f in *.py; do python -m py_compile "$f"; done',
    "cd src && pytest -q -k 'not ssh' | tee out.txt",
    "find . -name '*.pyc' | wc -l",
    "which wget",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_admitted(command: str) -> None:
    """No program of the list runs."""
    checker = Checker.load(TOP / "rules/tools/world", TOP / "rules/tools/open")
    decision = checker.check(Action("run", command))
    assert decision.admissible, decision.reasons
