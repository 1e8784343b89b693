"""Worlds by name: what plug-ins offer is found, and what is not there is an error."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from mpr_logic.agent.environment import worlds
from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Planned
from mpr_logic.checker.checker import Checker
from mpr_logic.errors import GameError
from tests.helpers.boxes import install


def test_alfworld_is_there() -> None:
    """The package brings AlfWorld, whether what plays it is installed or not."""
    found = worlds("alfworld")
    assert found.rules == "rules/alfworld"
    assert found.steps > 0
    with pytest.raises(GameError, match="there is no task type `guess`: choose one of pick_and_place_simple"):
        found.episodes(None, "guess", 0)


def test_a_plug_in_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of another package is a world like any other: its rules load, its plans win."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    found = worlds("boxes")
    for episode in islice(found.episodes(None, None, 1), 2):
        turns = list(play(episode.make(found.steps), Checker.load(found.rules), Planned(episode.plan)))
        assert turns[-1].observation.won
    assert episode.id == "boxes/3"


def test_no_such_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody offers is an error that says which there are."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(GameError, match="there is no environment `guess`: choose one of alfworld, boxes"):
        worlds("guess")


@pytest.mark.parametrize(("module", "name"), [("nowhere_at_all", "X"), ("tests.helpers.boxes", "Guess")])
def test_a_broken_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    """A plug-in whose module or class is not there is an error that names it."""
    install(tmp_path, module, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(GameError, match="the environment `boxes` cannot be loaded: "):
        worlds("boxes")
