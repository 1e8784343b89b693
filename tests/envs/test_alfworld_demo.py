"""The demo, and a game that the documentation shows."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from tests.helpers.command import mpr
from tests.helpers.pages import DOCS, blocks, same_output

pytest.importorskip("textworld")

from mpr_logic.envs.alfworld.demo import GAMES, NEW, SEED, Demo


@pytest.mark.slow
def test_demo_tells_the_whole_story(tmp_path: Path) -> None:
    """The player fails, laws are learned, it wins more under them; a rejection leads back to the episode that
    taught its rule, and a line that a person adds is kept to."""
    written = io.StringIO()
    Demo(Console(file=written, width=120, highlight=False), SEED, tmp_path).run()
    text = written.getvalue()
    for number in (GAMES, NEW):
        *_, before, after = re.findall(rf"(\d+) of {number}\b", text)
        assert int(after) > 2 * int(before)
    assert re.search(r"├─ rule (r\w+) at learned.dl:\d", text)
    assert re.search(r"└─ ✓ not \w+\(.*\): no such fact", text)
    assert re.search(
        r"Episode (\d+), which taught this rule: .*, turn \d+:\n +\w+\(.*\n +Nothing happens", text
    )
    edited = (tmp_path / "learned.dl").read_text(encoding="utf-8").splitlines()[-1]
    assert edited.startswith("@id(hands_off)")
    assert "[hands_off]" in text.partition("The last line is new.")[2]
    assert " taken: 0 times" in text


def test_a_page_shows_what_happens() -> None:
    """The forgetful player's game is played as its page says."""
    page = DOCS / "how-to" / "play-alfworld.md"
    shown = next(b.text for b in blocks(page) if b.text.startswith("$ mpr play --policy forgetful"))
    command, expected = shown.split("\n", 1)
    assert same_output(expected, mpr(*command.removeprefix("$ mpr ").split()).out)
