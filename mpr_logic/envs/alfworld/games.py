"""AlfWorld's games: one game, the games of a split, and which games are let in.

A split is a folder of the official layout, ``$ALFWORLD_DATA/json_2.1.1/<split>/<task>/<trial>/``, and each
trial holds a ``game.tw-pddl``; any other folder with such trials is one too. Only games are let in whose PDDL
domain and grammar are known: TextWorld, which reads them, evaluates expressions of a grammar.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import overload

from mpr_logic.envs.alfworld.package import shipped_domain, shipped_grammar
from mpr_logic.errors import GameError

TASK_TYPES = (
    "pick_and_place_simple",
    "look_at_obj_in_light",
    "pick_clean_then_place_in_recep",
    "pick_heat_then_place_in_recep",
    "pick_cool_then_place_in_recep",
    "pick_two_obj_and_place",
)

LAYOUT = "json_2.1.1"
DATA = "~/.cache/alfworld"
"""AlfWorld's own folder of data, where $ALFWORLD_DATA names none."""

OFFICIAL = {"eval_in_distribution": "valid_seen", "eval_out_of_distribution": "valid_unseen"}
"""The splits that AlfWorld's configurations name otherwise than its folders."""

_UNSOLVABLE = re.compile(rb'"solvable"\s*:\s*false')
GAME_FILE = "game.tw-pddl"
TRAJECTORY_FILE = "traj_data.json"

# The digests of the texts that are let in besides those of the installed package. The released games hold
# texts of their own: those of json_2.1.1 say "put X in/on Y"; those of json_2.1.2 were made out of them, say
# "move X to Y", and have the action `help`.
KNOWN_DOMAINS = frozenset(
    {
        "2bb2c5c7591ba4452d38c74721bd09a10c9d72c9ec3f5b2fb7cd8f9b57ae6a64",  # the games of json_2.1.1
        "54e29bce2933d7dc48c8665e02d86add1d4600082641fbf91807eeb151cb08fa",  # the games of json_2.1.2
        "6eca02b13b273d84ef7f20bb79d194d4e0542ba3127af5a257c0115ebb5c1930",  # alfworld 0.2.2 to 0.3.5
        "da18d44ab1bcf831f61e90b88a99ad5766d8bbb562b6f87839b4b6ace4f796fe",  # alfworld 0.4.0 to 0.4.2
    }
)
KNOWN_GRAMMARS = frozenset(
    {
        "8675f8a20f2b869f5b609e38575d07d1c6397208dd70e86ae4edeac5111e469b",  # json_2.1.1, alfworld to 0.3.5
        "5fb7a5abf4ffd49fc595a679ecba89744f8c6b2b7e80b7d891200c42a02be72f",  # the games of json_2.1.2
        "49281f55d68cf8db1f80636d6247beb078daac200a340bedf133da0b161211fb",  # alfworld 0.4.0 to 0.4.2
    }
)

OPEN_TASK = "UNKNOWN GOAL."
TASK = re.compile(r'("rhs":\s*"Your task is to: )([^"\n]*)(")')
# TextWorld's grammar reads these as its own signs, so no sentence may hold them.
SIGNS = re.compile(r'[;|"<>\[\]#{}\\\n]')


@dataclass(frozen=True, slots=True)
class Game:
    """One game, as its file states it.

    Attributes:
        id: ``<task>/<trial>``.
        domain: a text in PDDL.
        grammar: a text in TextWorld's TWL2, with its task left open.
        problem: a text in PDDL.
        goal: the text behind "Your task is to: ", its full stop included.
        parameters: the things that the task is about, as ALFRED names them (``object_target``,
            ``parent_target``, ``toggle_target``, ...); empty where the file has none.
        walkthrough: commands that win.
        solvable: whether the file says that it can be won.

    Raises:
        GameError: the task type, the domain or the grammar is not a known one.
    """

    id: str
    split: str
    task_type: str
    problem: str
    goal: str
    walkthrough: tuple[str, ...] = ()
    domain: str = field(default_factory=shipped_domain)
    grammar: str = field(default_factory=shipped_grammar)
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    solvable: bool = True

    def __post_init__(self) -> None:
        if self.task_type not in TASK_TYPES:
            raise GameError(
                f"{self.id}: {self.task_type!r} is no task type; there are {', '.join(TASK_TYPES)}"
            )
        if wrong := SIGNS.search(self.goal):
            raise GameError(f"{self.id}: the goal has {wrong.group()!r} in it, which a grammar cannot say")
        for what, digest, known in (
            ("PDDL domain", domain_digest(self.domain), _domains()),
            ("grammar", grammar_digest(self.grammar), _grammars()),
        ):
            if digest not in known:
                raise GameError(
                    f"{self.id}: its {what} ({digest[:12]}) is none of the known ones, so it is not let in:"
                    " take the games of AlfWorld's release, or make new ones with the installed package's"
                )

    @property
    def scene(self) -> str:
        """The scene that the game plays in, which its tasks and trials share: ``scene 18``. A generated game,
        which names no scene, is a scene of its own."""
        number = self.id.partition("/")[0].rpartition("-")[2]
        return f"scene {number}" if number.isascii() and number.isdigit() else self.id

    @classmethod
    def read(cls, path: str | Path) -> Game:
        """Read a ``game.tw-pddl``, and the ``traj_data.json`` beside it where there is one.

        Raises GameError where a file is missing, is no JSON, or holds no game that is let in.
        """
        path = Path(path)
        data = _json(path)
        trial, task = path.parent, path.parent.parent
        texts = {name: _text(data, name, path) for name in ("pddl_domain", "grammar", "pddl_problem")}
        found = TASK.search(texts["grammar"])
        if found is None:
            raise GameError(f'{path}: the grammar states no task ("Your task is to: ...")')
        steps = data.get("walkthrough") or ()
        if not isinstance(steps, list | tuple) or not all(isinstance(step, str) for step in steps):
            raise GameError(f"{path}: `walkthrough` is no list of commands")
        beside = trial / TRAJECTORY_FILE
        trajectory = _json(beside) if beside.is_file() else {}
        params = trajectory.get("pddl_params")
        return cls(
            id=f"{task.name}/{trial.name}",
            split=task.parent.name,
            task_type=str(trajectory.get("task_type") or task.name.partition("-")[0]),
            problem=texts["pddl_problem"],
            goal=found[2],
            walkthrough=tuple(steps),
            domain=texts["pddl_domain"],
            grammar=_with_task(texts["grammar"], OPEN_TASK),
            parameters={name: value for name, value in params.items() if isinstance(value, str)}
            if isinstance(params, dict)
            else {},
            solvable=bool(data.get("solvable", True)),
        )

    def data(self) -> dict[str, object]:
        """The game as the content of a ``game.tw-pddl``, which the stock engine loads too."""
        return {
            "pddl_domain": self.domain,
            "grammar": _with_task(self.grammar, self.goal),
            "pddl_problem": self.problem,
            "solvable": self.solvable,
            "walkthrough": list(self.walkthrough),
        }


class Games(Sequence[Game]):
    """The games of a split, in the order of their ids. A game is read when it is asked for. ``passed`` are
    the ids of those that are left out since their files say that nobody can win them."""

    def __init__(self, split: str, paths: Sequence[Path], passed: Sequence[Path] = ()) -> None:
        self.split = split
        self.paths = tuple(paths)
        self.passed = tuple(map(_id_of, passed))

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Game: ...
    @overload
    def __getitem__(self, index: slice) -> Games: ...
    def __getitem__(self, index: int | slice) -> Game | Games:
        if isinstance(index, slice):
            return Games(self.split, self.paths[index], ())
        return Game.read(self.paths[index])

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the games, ``<task>/<trial>``."""
        return tuple(map(_id_of, self.paths))

    def find(self, game_id: str) -> Game:
        """Read the one game of that id. Raises GameError where there is none."""
        if game_id not in self.ids:
            raise GameError(f"the split {self.split} has no game {game_id!r}")
        return self[self.ids.index(game_id)]


def games(split: str, root: str | Path | None = None) -> Games:
    """The games of a split under ``root``, or else under $ALFWORLD_DATA or AlfWorld's own folder.

    Trials without a game, those that AlfWorld does not play (of movable receptacles, of slices), and those
    that nobody can win are left out. Raises GameError where there is no such folder; the message names the
    splits that there are.

    Args:
        split: the name of its folder, or AlfWorld's own name of it (``eval_out_of_distribution``); or the
            path of any folder of games, with a ``/`` in it.
        root: the folder that holds ``json_2.1.1``, or that folder.
    """
    folder = _folder(split, root)
    paths = sorted(folder.glob(f"*/*/{GAME_FILE}"))
    played = [path for path in paths if not re.search("movable|Sliced", _id_of(path))]
    unsolvable = _unsolvable(folder)
    won = [path for path in played if path not in unsolvable]
    if not won:
        raise GameError(f"{folder} holds no <task>/<trial>/{GAME_FILE}: unpack or generate the games")
    return Games(folder.name, won, sorted(unsolvable.intersection(played)))


def _folder(split: str, root: str | Path | None) -> Path:
    """The folder of a split."""
    if "/" in split or os.sep in split:
        folder = Path(split).expanduser()
        if folder.is_dir():
            return folder
    there = splits(root)
    for name in (split, OFFICIAL.get(split)):
        if name in there:
            return _layout(root) / name
    raise GameError(f"there is no split {split!r} in {_layout(root)}; there is {', '.join(there) or 'none'}")


@cache
def _unsolvable(folder: Path) -> frozenset[Path]:
    """The games in a folder whose files say that nobody can win them."""
    found = set()
    for path in folder.glob(f"*/*/{GAME_FILE}"):
        try:
            if _UNSOLVABLE.search(path.read_bytes()):
                found.add(path)
        except OSError:
            continue  # told when it is read
    return frozenset(found)


def _id_of(path: Path) -> str:
    return "/".join(path.parts[-3:-1])


def splits(root: str | Path | None = None) -> tuple[str, ...]:
    """The names of the splits that there are. Raises GameError where there is no folder of games."""
    return tuple(sorted(path.name for path in _layout(root).iterdir() if path.is_dir()))


def domain_digest(text: str) -> str:
    """A digest of a PDDL domain that comments and blanks do not change."""
    bare = re.sub(r";.*", "", text).lower()
    return sha256(" ".join(bare.split()).encode()).hexdigest()


def grammar_digest(text: str) -> str:
    """A digest of a grammar that its task sentence and blanks do not change."""
    return sha256(" ".join(_with_task(text, OPEN_TASK).split()).encode()).hexdigest()


def _with_task(grammar: str, goal: str) -> str:
    return TASK.sub(lambda found: found[1] + goal + found[3], grammar)


@cache
def _domains() -> frozenset[str]:
    return KNOWN_DOMAINS | {domain_digest(shipped_domain())}


@cache
def _grammars() -> frozenset[str]:
    return KNOWN_GRAMMARS | {grammar_digest(shipped_grammar())}


def _layout(root: str | Path | None) -> Path:
    given = root if root is not None else os.environ.get("ALFWORLD_DATA")
    base = Path(given or DATA).expanduser()
    if not given and not (base / LAYOUT).is_dir():
        raise GameError(
            f"where are the games? Set ALFWORLD_DATA to the folder that holds {LAYOUT}, or pass it"
        )
    folder = base if base.name == LAYOUT else base / LAYOUT
    if not folder.is_dir():
        raise GameError(f"there is no folder {folder}: set ALFWORLD_DATA to the folder that holds {LAYOUT}")
    return folder


def _json(path: Path) -> dict[str, object]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GameError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise GameError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise GameError(f"{path} holds no JSON object")
    return data


def _text(data: Mapping[str, object], name: str, path: Path) -> str:
    text = data.get(name)
    if not isinstance(text, str):
        raise GameError(f"{path}: `{name}` is missing, or no text")
    return text
