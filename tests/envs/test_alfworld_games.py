"""The games of a split: how they are found, and what is not let in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import invalidate_caches
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.agent.environment import remarks_of
from mpr_logic.envs.alfworld import package
from mpr_logic.envs.alfworld.games import Game, games, splits
from mpr_logic.envs.alfworld.worlds import AlfWorlds
from mpr_logic.errors import GameError
from tests.envs.room import room

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")

TASK = "pick_heat_then_place_in_recep-Apple-None-CounterTop-1"
PARAMETERS = {"object_target": "Apple", "parent_target": "CounterTop", "toggle_target": ""}


def store(root: Path, split: str, task: str = TASK, trial: str = "trial_1", **changes: Any) -> Path:
    """Write the room as a game of the official layout, some of its fields changed; return its file."""
    folder = root / "json_2.1.1" / split / task / trial
    folder.mkdir(parents=True)
    trajectory = {
        "task_type": "pick_heat_then_place_in_recep",
        "pddl_params": PARAMETERS | {"object_sliced": False},
    }
    (folder / "traj_data.json").write_text(json.dumps(trajectory), encoding="utf-8")
    file = folder / "game.tw-pddl"
    file.write_text(json.dumps(room().data() | changes), encoding="utf-8")
    return file


def test_games_of_a_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Splits have any name; a split's games come by their ids, with all that the files say."""
    store(tmp_path, "valid_seen", trial="trial_2")
    store(tmp_path, "valid_seen", trial="trial_1")
    store(tmp_path, "mine")
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    assert splits() == ("mine", "valid_seen")
    found = games("valid_seen")
    assert found.ids == (f"{TASK}/trial_1", f"{TASK}/trial_2")
    assert [game.id for game in found] == list(found.ids)
    assert [game.id for game in found[1:]] == [found.ids[1]]
    assert found.find(found.ids[1]) == found[1]
    assert found[0] == replace(room(), id=found.ids[0], split="valid_seen", parameters=PARAMETERS)
    assert games("mine", tmp_path)[0].data() == room().data()


def test_games_are_read_when_asked_for(tmp_path: Path) -> None:
    """Listing opens no file: a broken game fails when it is read, and not the others."""
    store(tmp_path, "train", trial="trial_1").write_text("{")
    store(tmp_path, "train", trial="trial_2")
    found = games("train", tmp_path)
    assert len(found) == 2
    assert found[1].goal == "put a hot apple in countertop."
    with pytest.raises(GameError, match=r"game\.tw-pddl is no JSON"):
        found[0]


def test_games_that_are_not_played_are_left_out(tmp_path: Path) -> None:
    """Trials without a game, of movable receptacles and of slices are no games of the split."""
    store(tmp_path, "train")
    store(tmp_path, "train", task="pick_and_place_with_movable_recep-Pen-Bowl-Shelf-301")
    store(tmp_path, "train", task="pick_and_place_simple-AppleSliced-None-Fridge-1")
    store(tmp_path, "train", trial="trial_2").unlink()
    assert games("train", tmp_path).ids == (f"{TASK}/trial_1",)


def test_a_game_that_nobody_can_win_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file says so: it is no game of the split, and that is told."""
    store(tmp_path, "train", trial="trial_1", solvable=False)
    store(tmp_path, "train", trial="trial_2")
    found = games("train", tmp_path)
    assert (found.ids, found.passed) == ((f"{TASK}/trial_2",), (f"{TASK}/trial_1",))
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    assert [episode.id for episode in AlfWorlds().episodes("train", None, 0)] == [f"{TASK}/trial_2"]
    (remark,) = remarks_of(AlfWorlds(), "train")
    assert f"{TASK}/trial_1" in remark
    assert remarks_of(AlfWorlds(), None) == []


def test_splits_are_found_where_people_have_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AlfWorld's own names, any folder, a `~` that no shell has expanded, and AlfWorld's default folder."""
    file = store(tmp_path / ".cache" / "alfworld", "valid_unseen")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    ids = (f"{TASK}/trial_1",)
    assert games("valid_unseen").ids == games("eval_out_of_distribution").ids == ids
    for data in ("~/.cache/alfworld", "~/.cache/alfworld/json_2.1.1"):
        monkeypatch.setenv("ALFWORLD_DATA", data)
        assert games("valid_unseen").ids == ids
    monkeypatch.setenv("ALFWORLD_DATA", "nowhere")
    assert games(str(file.parents[2])).ids == games("~/.cache/alfworld/json_2.1.1/valid_unseen").ids == ids
    with pytest.raises(GameError, match="no split 'eval_in_distribution'"):
        games("eval_in_distribution", tmp_path / ".cache" / "alfworld")


def test_type_is_in_the_name_of_the_folder_too(tmp_path: Path) -> None:
    """A game without its trajectory has the type that its folder names, and no parameters."""
    (store(tmp_path, "train").parent / "traj_data.json").unlink()
    game = games("train", tmp_path)[0]
    assert (game.task_type, game.parameters) == ("pick_heat_then_place_in_recep", {})


def test_missing_folders_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder, or with a split that is none, the message says what to set and what there is."""
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(GameError, match=r"Set ALFWORLD_DATA to the folder that holds json_2\.1\.1"):
        games("train")
    with pytest.raises(GameError, match=f"no folder {tmp_path}/json_2.1.1: set ALFWORLD_DATA"):
        games("train", tmp_path)
    store(tmp_path, "train")
    store(tmp_path, "valid_seen")
    for name in ("valid_sen", "../train", "", "."):
        with pytest.raises(GameError, match=r"no split '.*' in .*; there is train, valid_seen"):
            games(name, tmp_path)
    (tmp_path / "json_2.1.1" / "empty").mkdir()
    with pytest.raises(GameError, match="empty holds no"):
        games("empty", tmp_path)
    with pytest.raises(GameError, match="the split train has no game 'x'"):
        games("train", tmp_path).find("x")


FOREIGN = 'grammar :: """{"intro": [{"rhs": "{exit()} Your task is to: win."}]}""";'


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pddl_domain": "(define (domain alfred))"}, "its PDDL domain (.*) is none of the known ones"),
        ({"grammar": FOREIGN}, "states no task"),
        ({"grammar": None}, "`grammar` is missing, or no text"),
        ({"pddl_problem": 3}, "`pddl_problem` is missing, or no text"),
        ({"walkthrough": "look"}, "`walkthrough` is no list of commands"),
        ({"walkthrough": [1]}, "`walkthrough` is no list of commands"),
    ],
)
def test_broken_or_foreign_game_is_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    """A game whose fields are no game's, or not AlfWorld's, is refused in a sentence."""
    file = store(tmp_path, "train", **changes)
    with pytest.raises(GameError, match=says):
        Game.read(file)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda text: text.replace("You open the {r.name}", "You open the {exit()}"),
            "grammar .* none of the known",
        ),
        (lambda text: text.replace("on the {r.name}", "on {r.name}"), "grammar .* none of the known"),
        (lambda text: text + FOREIGN.replace('"{exit()', '"'), "grammar .* none of the known"),
        (lambda text: text.replace("hot apple", "#look.feedback#"), "the goal has '#' in it"),
        (lambda text: text.replace("hot apple", "{exit()}"), "the goal has '{' in it"),
        (lambda text: text.replace("hot apple", r"\u007bexit()\u007d"), r"the goal has '\\\\' in it"),
        (lambda text: text.replace("hot apple", 'hot", "weight": "1'), "grammar .* none of the known"),
    ],
)
def test_grammar_is_let_in_by_its_text(tmp_path: Path, change: Callable[[str], str], says: str) -> None:
    """Whatever is changed in a grammar besides the words of its task, the game is refused."""
    grammar = str(room().data()["grammar"])
    assert change(grammar) != grammar
    file = store(tmp_path, "train", grammar=change(grammar))
    with pytest.raises(GameError, match=says):
        Game.read(file)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "[" * 100_000, "\xff"])
def test_file_without_an_object_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is no JSON object is refused with its name, as a game and as a trajectory."""
    for name in ("traj_data.json", "game.tw-pddl"):
        file = store(tmp_path / name, "train")
        (file.parent / name).write_bytes(text.encode("latin-1"))
        with pytest.raises(GameError, match=name):
            Game.read(file)
    with pytest.raises(GameError, match="cannot be read"):
        Game.read(tmp_path)


def test_unknown_task_type_is_refused() -> None:
    """A task type that AlfWorld does not have is refused, and those that there are are named."""
    with pytest.raises(GameError, match="'pick' is no task type; there are pick_and_place_simple"):
        room(task_type="pick")


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the packages of the extra, the message says how to install it."""
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setitem(sys.modules, "fast_downward.translate.pddl_parser", None)
    monkeypatch.setitem(sys.modules, "textworld.envs.pddl", None)
    for ask in (package.pddl_parser, package.textworld_modules):
        ask.cache_clear()
        with pytest.raises(GameError, match=r"pip install 'mpr-logic\[alfworld\]'"):
            ask()
    assert sys.argv == ["program"]
    package.shipped_domain.cache_clear()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "alfworld", raising=False)
    with pytest.raises(GameError, match=r"pip install 'mpr-logic\[alfworld\]'"):
        package.shipped_domain()
    (tmp_path / "alfworld").mkdir()
    (tmp_path / "alfworld" / "__init__.py").write_text("raise SystemExit")
    invalidate_caches()
    with pytest.raises(GameError, match=r"lacks .*alfred\.pddl"):
        package.shipped_domain()
