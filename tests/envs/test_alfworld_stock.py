"""The simulator says what TextWorld's own engine says, at every step."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.envs.alfworld.games import TASK_TYPES, Game, games, splits
from mpr_logic.envs.alfworld.simulator import Simulator
from tests.envs.room import WALKTHROUGH, old_room, room
from tests.envs.stock import differences

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")
# The stock engine leaves files open and uses what is deprecated.
pytestmark = pytest.mark.filterwarnings("default")

DATA = os.environ.get("ALFWORLD_DATA")
GAMES = int(os.environ.get("MPR_GAMES", "6"))


@pytest.fixture(autouse=True)
def _stock_on_new_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since Python 3.13 what is put into `locals()` is lost, and the stock engine relies on it."""
    if sys.version_info >= (3, 13):
        from textworld.envs.pddl.textgen import EvalSymbol, TerminalSymbol

        def derive(symbol: Any, context: Any = None) -> list[Any]:
            return [TerminalSymbol(eval(symbol.expression, dict((context or symbol.context)["variables"])))]

        monkeypatch.setattr(EvalSymbol, "derive", derive)


@pytest.fixture(autouse=True)
def _no_folder_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Importing alfworld makes the folder of its data: let it be this one."""
    monkeypatch.setenv("ALFWORLD_DATA", DATA or str(tmp_path))


@pytest.mark.parametrize("game", [room, old_room], ids=["move to", "put in or on"])
def test_room_is_played_as_by_the_stock_engine(game: Callable[[], Game]) -> None:
    """Observations, admissible commands, scores and hidden facts are the same, with either wording."""
    assert not list(differences(game(), random_steps=40))


def test_what_lies_beside_is_said_as_by_the_stock_engine() -> None:
    """`look` tells of what was taken out of one of the receptacles at a place and is still there."""
    there = ["go to drawer 1", "take knife 1 from drawer 1", "move knife 1 to drawer 1", "look"]
    moved = ["take knife 1 from drawer 1", "open drawer 2", "move knife 1 to drawer 2", "look"]
    back = ["take knife 1 from drawer 2", "look", "move knife 1 to drawer 1", "look"]
    simulator = Simulator(room())
    texts = [simulator.step(command).text for command in (*there, *moved, *back)]
    beside = [text.partition("Next to it, you see ")[2] for text in texts if "facing" in text]
    assert beside == ["nothing.", "a knife 1.", "nothing.", "a knife 1."]
    assert not list(differences(room(walkthrough=(*there, *moved, *back, *WALKTHROUGH)), random_steps=0))


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="needs the games of $ALFWORLD_DATA")
def test_games_are_played_as_by_the_stock_engine() -> None:
    """$MPR_GAMES games of all splits and types run as by the stock engine, by walkthrough and by chance."""
    found = [difference for game in spread(GAMES) for difference in differences(game, random_steps=20)]
    assert not found, "\n".join(found)


def spread(number: int) -> list[Game]:
    """Choose a number of games, or all there are: as many of each split and task type as of any other."""
    groups = [
        [path for path in games(split).paths if path.parts[-3].startswith(kind)]
        for split in splits()
        for kind in TASK_TYPES
    ]
    each = -(-number // len(groups))
    spaced = [paths[:: max(1, len(paths) // each)] for paths in groups]
    turns = [paths[turn] for turn in range(max(map(len, spaced))) for paths in spaced if turn < len(paths)]
    return [Game.read(path) for path in turns[:number]]
