"""The demo, and what the README shows of it."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from tests.command import mpr
from tests.docs.pages import TOP, blocks, same_output

pytest.importorskip("textworld")

from mpr_logic.envs.alfworld.demo import GAMES, SEED, Demo
from mpr_logic.envs.alfworld.games import TASK_TYPES


def test_demo_shows_rejections_proofs_repairs_and_what_they_are_worth() -> None:
    """The player is rejected, told why and what would mend it, does that, and wins; alone it wins less."""
    written = io.StringIO()
    Demo(Console(file=written, width=120, highlight=False), SEED).run()
    text = written.getvalue()
    for part in (
        "✗ take(egg_2, fridge_1)",
        "repair: after open(fridge_1)",
        "├─ rule ",
        "✓ not opened(fridge_1)",
    ):
        assert part in text
    total = GAMES * len(TASK_TYPES)
    guarded, alone = re.findall(rf"(\d+) of {total}", text)
    assert int(guarded) > int(alone)


def test_readme_shows_what_happens() -> None:
    """The game in the README is played as it says."""
    shown = next(block.text for block in blocks(TOP / "README.md") if block.text.startswith("$ mpr play"))
    command, expected = shown.split("\n", 1)
    assert same_output(expected, mpr(*command.removeprefix("$ mpr ").split()).out)
