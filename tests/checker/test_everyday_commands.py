"""Everyday commands of developers pass the open set for shells, recorded ones of models too."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_bash", reason="needs the extra: pip install 'mpr-logic[shell]'")

from mpr_logic import Action, Checker

TOP = Path(__file__).parent.parent.parent
EVERYDAY = json.loads((TOP / "tests/helpers/everyday_commands.json").read_text(encoding="utf-8"))
RECORDED = Path(os.environ.get("MPR_RECORDED") or TOP.parent / "shared" / "recorded") / "shell-intercode"

NOT_EVERYDAY = {"wipes", "from_the_net", "as_root", "writes_outside"}
"""The laws against kinds of commands that the open set is there to reject."""


@pytest.fixture(scope="module")
def shell() -> Checker:
    """The open set."""
    return Checker.load("rules/tools/world", "rules/tools/open")


def test_everyday_commands(shell: Checker) -> None:
    """Of 120 commands that were listed before the rules were looked at none is refused."""
    assert len(set(EVERYDAY)) == 120
    assert [each for each in EVERYDAY if not shell.check(Action("run", each)).admissible] == []


@pytest.mark.heavy
@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded commands are not here: set MPR_RECORDED")
def test_recorded_commands(shell: Checker) -> None:
    """Of the valid commands that models wrote at least 98 % are admitted.

    Left out are those that delete, talk to the net, take other rights or write elsewhere, and pieces of
    Markdown, which are no commands.
    """
    tried: set[str] = set()
    for file in RECORDED.glob("*.json.gz"):
        for episode in json.loads(gzip.decompress(file.read_bytes())).values():
            turns = episode["turn_history"]
            tried |= {
                text for text, valid in zip(turns["actions"], turns["valid_action"], strict=True) if valid
            }
    decisions = {each: shell.check(Action("run", each)) for each in tried if "```" not in each}
    everyday = [d for d in decisions.values() if not NOT_EVERYDAY & set(d.rules)]
    assert len(everyday) > 900
    assert sum(d.admissible for d in everyday) >= 0.98 * len(everyday)
