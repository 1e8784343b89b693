"""The simulator says what TextWorld's own engine says, at every step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mpr_logic.envs.alfworld.games import TASK_TYPES, Game, games, splits
from tests.envs.room import old_room, room
from tests.envs.stock import differences

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")
# The stock engine leaves files open and uses what is deprecated.
pytestmark = pytest.mark.filterwarnings("default")

DATA = os.environ.get("ALFWORLD_DATA")
GAMES = int(os.environ.get("MPR_GAMES", "6"))


@pytest.fixture(autouse=True)
def _no_folder_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Importing alfworld makes the folder of its data: let it be this one."""
    monkeypatch.setenv("ALFWORLD_DATA", DATA or str(tmp_path))


@pytest.mark.parametrize("game", [room, old_room], ids=["move to", "put in or on"])
def test_room_is_played_as_by_the_stock_engine(game: Callable[[], Game]) -> None:
    """Observations, admissible commands, scores and hidden facts are the same, with either wording."""
    assert not list(differences(game(), random_steps=40))


@pytest.mark.slow
@pytest.mark.skipif(DATA is None, reason="needs the games of $ALFWORLD_DATA")
def test_games_are_played_as_by_the_stock_engine() -> None:
    """So it is over $MPR_GAMES games of all splits and task types, along the walkthrough and by chance."""
    found = [difference for game in spread(GAMES) for difference in differences(game, random_steps=20)]
    assert not found, "\n".join(found)


def spread(number: int) -> list[Game]:
    """So many games at least, where there are as many: as many of each split and each task type."""
    groups = [
        (games(split).paths, kind)
        for split in splits()
        if split.startswith(("train", "valid"))
        for kind in TASK_TYPES
    ]
    of_kind = [[path for path in paths if path.parts[-3].startswith(kind)] for paths, kind in groups]
    each = -(-number // len(of_kind))
    return [Game.read(path) for paths in of_kind for path in paths[:: max(1, len(paths) // each)][:each]]
