"""Learns laws of AlfWorld in three kinds of rooms, and judges them in the fourth.

``python -m tests.models.heldout --teacher impartial``: of the games under ``$ALFWORLD_DATA``, ``--games`` of
train that play in the other kinds of rooms are drawn and recorded. All games of valid_seen, and some of
train, that play in the kind that was left out are judged. The tables of kinds are counted anew over the games
that were drawn, so that nothing is known of the kind of room that is left out. Prints a line of JSON for each
kind, and one for all.

There are two teachers, and what they show differs. The *impartial* one draws from all that the simulator
lists and from all that an agent could think of (:mod:`tests.models.mistakes`). The *scripted* one knows a
winning plan and leaves steps out: it shows no more than its own slips.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Forgetful
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.analysis import analyse
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.loading import load_modules
from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import AlfWorld
from mpr_logic.envs.alfworld.games import games as games_of
from mpr_logic.envs.alfworld.judging import MISTAKEN, WALKTHROUGH, Judge, JudgedPlays
from mpr_logic.envs.alfworld.tables import count, write
from mpr_logic.experiments.statistics import wilson
from mpr_logic.language.ast import Module
from mpr_logic.language.parser import parse
from mpr_logic.memory.store import Memory
from mpr_logic.models.learning import learn
from tests.models.laws import ONE_CONDITION, REACH, WORLD
from tests.models.mistakes import Mistaken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.agent.policies import Policy
    from mpr_logic.envs.alfworld.games import Game

KINDS = ("kitchen", "living room", "bedroom", "bathroom")
"""The kinds of rooms; scenes are numbered by hundreds, in AI2-THOR 1, 201, 301 and 401 on."""

PLAYS = (("a", 0), ("b", 0), ("c", 150))
"""The plays of each training game: the seed, and of the impartial teacher the steps that are wandered."""

FORGETS = ("go_to", "open")


def kind_of(game: Game) -> str:
    """The kind of room that a game plays in."""
    return KINDS[max(int(game.scene.split()[1]) // 100 - 1, 0)]


def background(games: Sequence[Game], folder: Path) -> list[Module]:
    """The declarations, and tables that are counted over these games alone."""
    write(count(games), folder)
    tables = {path.name for path in folder.iterdir()}
    return load_modules(
        [str(folder / Path(p).name) if Path(p).name in tables else p for p in (*WORLD, *REACH)]
    )


def player(teacher: str, world: AlfWorld, game: Game, seed: str, wander: int) -> Policy:
    """The teacher, as it plays."""
    if teacher == "impartial":
        return Mistaken(world, seed, wander=wander)
    plan = [action for command in game.walkthrough if (action := action_of(command)) is not None]
    return Forgetful(plan, forgets=FORGETS, seed=f"{seed} {game.id}")


def recorded(teacher: str, games: Sequence[Game]) -> Iterator[list[dict[str, object]]]:
    """The trajectories of games as a teacher plays them, and no rule in its way."""
    for game in games:
        for seed, wander in PLAYS:
            world = AlfWorld(game, steps=None if teacher == "impartial" else 50)
            policy = player(teacher, world, game, seed, wander)
            turns = play(world, Checker.load(WORLD[0]), policy)
            first = heading(game.id, game.task_type, f"{teacher} {seed}", "", shadow=True, group=game.scene)
            yield [first, *(turn_json(turn) for turn in turns)]


@dataclass
class Fold:
    """The figures of laws in a kind of room that they were not learned in."""

    kind: str
    judged: JudgedPlays
    groups: dict[str, JudgedPlays]
    laws: list[str]
    held: dict[str, str]
    trials: int
    learning: float

    def figures(self) -> dict[str, object]:
        """The counts, shares and intervals, as a value for JSON."""
        j = self.judged
        listed, false, caught, missed = (each.total() for each in (j.listed, j.false, j.rejected, j.missed))
        wronged = [name for name, each in self.groups.items() if each.false.total()]
        return {
            "left out": self.kind,
            "games": j.games,
            "scenes": len(self.groups),
            "scenes with a false rejection": wronged,
            "trials learned from": self.trials,
            "laws": len(self.laws),
            "held back": len(self.held),
            "admissible": listed,
            "falsely rejected": dict(j.false),
            "falsely rejected, 95 % interval": interval(false, listed),
            "steps of walkthroughs": j.steps,
            "of these rejected": j.steps_rejected,
            "knowable inadmissible": caught + missed,
            "rejected": round(caught / (caught + missed), 4) if caught + missed else None,
            "rejected, 95 % interval": interval(caught, caught + missed),
            "missed": dict(j.missed),
            "seconds of learning": round(self.learning, 1),
        }


def interval(part: int, whole: int) -> list[float]:
    """The Wilson interval of a share."""
    if not whole:
        return []
    found = wilson(part, whole)
    return [round(found.low, 6), round(found.high, 6)]


def fold(kind: str, teacher: str, train: Sequence[Game], test: Sequence[Game]) -> Fold:
    """Learn in games, and judge the laws in others."""
    with tempfile.TemporaryDirectory() as folder, Memory.open("sqlite://") as memory:
        modules = background(train, Path(folder))
        lines = [line for each in recorded(teacher, train) for line in each]
        memory.declare(analyse(modules))
        memory.add_episodes(lines, many=True)
        begun = time.monotonic()
        lesson = learn(memory, modules, ONE_CONDITION)
        seconds = time.monotonic() - begun
        laws = memory.rules("law")
        held = {rule.text.rpartition("\n")[2]: rule.held for rule in memory.rules("advice") if rule.held}
        text = memory.export(ids=[rule.id for rule in laws])
    judging = Judge(Checker(analyse([*modules, parse(text)])), steps=0, seed=1)
    found, groups = JudgedPlays(), dict[str, JudgedPlays]()
    for game in test:
        for how in (WALKTHROUGH, MISTAKEN):
            played = judging.play(game, how)
            found.add(played)
            groups.setdefault(game.scene, JudgedPlays()).add(played)
    shown = [rule.text.rpartition("\n")[2] for rule in laws]
    return Fold(kind, found, groups, shown, held, lesson.trials, seconds)


def main() -> None:
    """Leave each kind of room out in turn; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher", choices=("impartial", "scripted"), default="impartial")
    parser.add_argument("--games", type=int, default=60, help="games to learn from")
    parser.add_argument("--more", type=int, default=20, help="games of train to judge in, beside valid_seen")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, action="append", help="leave out only this kind")
    parser.add_argument("--rules", action="store_true", help="print the laws, and what is held back")
    options = parser.parse_args()
    train, seen = list(games_of("train")), list(games_of("valid_seen"))
    whole, false, caught, missed = 0, Counter[str](), 0, 0
    for kind in options.kind or KINDS:
        draw = random.Random(f"{options.seed} {kind}")
        others = draw.sample([game for game in train if kind_of(game) != kind], options.games)
        own = [game for game in train if kind_of(game) == kind]
        own = draw.sample(own, min(options.more, len(own)))
        done = fold(kind, options.teacher, others, [g for g in seen if kind_of(g) == kind] + own)
        if options.rules:
            print("\n".join([*done.laws, *(f"% held: {text}\n%   {why}" for text, why in done.held.items())]))
        print(json.dumps({"teacher": options.teacher, "seed": options.seed} | done.figures()), flush=True)
        for example in done.judged.examples:
            print(f"% {example}")
        whole += done.judged.listed.total()
        false.update(done.judged.false)
        caught, missed = caught + done.judged.rejected.total(), missed + done.judged.missed.total()
    total = {"teacher": options.teacher, "admissible": whole, "falsely rejected": dict(false)}
    total |= {"falsely rejected, 95 % interval": interval(false.total(), whole)}
    print(
        json.dumps(
            total | {"rejected": [caught, caught + missed], "share": interval(caught, caught + missed)}
        )
    )


if __name__ == "__main__":
    main()
