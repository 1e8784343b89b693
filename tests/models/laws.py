"""Learns laws of AlfWorld without a model, and judges them in games that were never trained on.

``python -m tests.models.laws --train FILE --test FILE``: each file names a game's folder on each line,
under ``$ALFWORLD_DATA``. Prints what was learned and what it is worth, as JSON. With ``--local FILE`` the
model in that GGUF file reflects on an episode of each game, the first play of it, and no rule is induced
unless ``--induced`` says so: then both teach one memory. ``--answers`` is a folder where its answers are
kept, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.agent.loop import play
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.analysis import analyse
from mpr_logic.checker.checker import THETA, Checker
from mpr_logic.checker.loading import load_modules
from mpr_logic.envs.alfworld.environment import AlfWorld
from mpr_logic.envs.alfworld.games import GAME_FILE, Game
from mpr_logic.envs.alfworld.judging import MISTAKEN, WALKTHROUGH, Judge, JudgedPlays
from mpr_logic.language.ast import Clause, Module
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate, print_rules
from mpr_logic.memory.induction.refine import NAME, SearchLimits, induce
from mpr_logic.memory.induction.replay import RecordedEpisode, Replay, episode_of
from mpr_logic.models.episodes import read_episode
from mpr_logic.models.grammars import Vocabulary
from mpr_logic.models.local import served
from mpr_logic.models.reflection import Tally as Answers
from mpr_logic.models.reflection import reflect
from tests.models.mistakes import Mistaken
from tests.models.spoiled import spoiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.memory.induction.gate import GateOutcome, LearnedRule
    from mpr_logic.models.reflection import Reflection

WORLD = ("rules/alfworld/0_world.dl", "rules/alfworld/tables/kinds.dl", "rules/alfworld/tables/fits.dl")
"""The declarations, and what kinds of things there are: what a model is told of."""

REACH = ("rules/alfworld/5_lying.dl", "rules/alfworld/tables/overlap.dl")
"""The relations that follow from where things are, and no law. Rules may be learned over these too."""

WRITTEN = ("rules/alfworld/1_moving.dl", "rules/alfworld/2_holding.dl", "rules/alfworld/3_changing.dl")
INDIVIDUALS = ("fridge_1", "microwave_1", "countertop_1", "apple_1", "knife_1", "drawer_2")

PLAYS = (("a", 0), ("b", 0), ("c", 0), ("a", 150), ("b", 150), ("c", 150))
"""The plays of each training game: the seed, and the number of steps that are wandered."""

ONE_CONDITION = SearchLimits(conditions=1, excluded=frozenset({"may_lie", "taken", "overlap"}))
"""The limits of the search: one condition is added to a rule, and none that only helps to derive where things
lie, which no action needs. An action of these games needs what it needs whatever else is so: rules that put
two conditions together were wrong on development games more often than rules of one."""

SAMPLES, BUDGET, THREADS = 2, 600, 2
"""The number of answers that a local model gives to an episode, the most tokens of the episode that it reads,
and the number of its threads."""

CREDIBLE = 0.05
"""A rule is a law where its weight is theta at least: the lower credible bound, at this level, of how often
an action fails where the rule fires, after its failures and no success, from a uniform prior."""


def background(paths: Sequence[str] = WORLD + REACH) -> list[Module]:
    """Return the modules that hold before anything is learned."""
    return load_modules(paths)


def record(games: Iterable[Game], plays: Sequence[tuple[str, int]] = PLAYS) -> list[RecordedEpisode]:
    """Play games as the scripted player does, and no rule in its way."""
    episodes = []
    for game in games:
        for number, (seed, wander) in enumerate(plays, 1):
            world = AlfWorld(game, steps=None)
            turns = play(world, Checker.load(WORLD[0]), Mistaken(world, seed, wander=wander))
            episodes.append(episode_of(episode_name(game, number), turns, game.id))
    return episodes


def episode_name(game: Game, number: int) -> str:
    """The name of one play of a game."""
    return f"{game.id}#{number}"


@dataclass
class Learned:
    """The gate after learning from some episodes, its verdicts, and the time that it took."""

    gate: Gate
    outcomes: list[GateOutcome]
    modules: list[Module]
    seconds: float

    def bound(self, rule: LearnedRule) -> float:
        """The lower bound of how often the action fails where the rule fires."""
        cases = (rule.right & self.gate.replay.cases).bit_count()
        return float(CREDIBLE ** (1 / (cases + 1)))

    @property
    def laws(self) -> list[LearnedRule]:
        """The rules that reject, by their evidence."""
        return [r for r in self.gate.rules.values() if not r.wrong and self.bound(r) >= THETA]

    def checker(self) -> Checker:
        """A checker with the laws."""
        laws = Module(tuple(rule.clause for rule in self.laws), file="<learned>")
        return Checker(analyse([*self.modules, laws]))

    def figures(self) -> dict[str, object]:
        """The counts of what was learned, as a value for JSON."""
        verdicts = Counter(outcome.verdict for outcome in self.outcomes)
        return {
            "seconds": round(self.seconds, 1),
            "trials": len(self.gate.replay.trials),
            "failures": self.gate.replay.failed.bit_count(),
            "candidates": dict(verdicts),
            "rules": len(self.gate.rules),
            "laws": len(self.laws),
            "by action": dict(Counter(rule.clause.head.name for rule in self.laws)),
        }


def learn(
    episodes: Iterable[RecordedEpisode],
    modules: list[Module] | None = None,
    limits: SearchLimits = ONE_CONDITION,
    candidates: Iterable[tuple[str, str | None]] | None = None,
    teacher: str = "scripted",
    *,
    induced: bool = False,
) -> Learned:
    """Hold candidates against the gate: those of a teacher, each with the episode that it is about, if it is
    about one, and after them, or where none are given, the rules that the search induces."""
    begun = time.monotonic()
    modules = modules if modules is not None else background()
    replay = Replay(modules, episodes)
    gate = Gate(modules, replay, limits)
    outcomes = [gate.admit(text, teacher, episode) for text, episode in candidates or ()]
    if candidates is None or induced:
        outcomes += [
            gate.admit(print_clause(rule), source(rule), searched=True) for rule in induce(replay, limits)
        ]
    return Learned(gate, outcomes, modules, time.monotonic() - begun)


def source(rule: Clause) -> str:
    """The source of a rule: the name of its learner, and the episodes that taught it."""
    (text,) = rule.annotation("source") or (NAME,)
    return str(text)


def reflected(
    games: Sequence[Game], local: Path, answers: Path, modules: Sequence[Module]
) -> list[Reflection]:
    """Let a local model reflect on an episode of each game, played as the scripted player does."""
    vocabulary = Vocabulary.of(modules)
    found = []
    with served(local, cache=answers, threads=THREADS) as client:
        for number, game in enumerate(games, 1):
            world = AlfWorld(game, steps=None)
            turns = play(world, Checker.load(WORLD[0]), Mistaken(world, PLAYS[0][0]))
            lines = [heading(game.id, game.task_type, "mistaken (scripted)", "", shadow=True)]
            episode = read_episode([*lines, *map(turn_json, turns)])
            found.append(reflect(client, episode, vocabulary, samples=SAMPLES, budget=BUDGET))
            tally = found[-1].tally
            print(f"{number}: {len(found[-1].candidates)} rules, {tally}", file=sys.stderr, flush=True)
    return found


def scripted() -> list[tuple[str, None]]:
    """Candidates as a weak model might write them: the hand-written rules, spoiled."""
    modules = load_modules(WRITTEN)
    rules = [clause for module in modules for clause in module.clauses if clause.kind == "forbid"]
    return [(text, None) for _, text in spoiled(rules, INDIVIDUALS)]


@dataclass
class GateVerdict:
    """The figures of laws in games: the tallies of two ways to play, and the scripted player's proposals:
    ``proposed`` and ``invalid`` under the laws, ``unguarded`` and ``without`` where nothing is blocked, and
    there ``caught``, the invalid ones that the laws would have rejected, and ``wronged``, the others."""

    walkthrough: JudgedPlays = field(default_factory=JudgedPlays)
    mistaken: JudgedPlays = field(default_factory=JudgedPlays)
    proposed: Counter[str] = field(default_factory=Counter)
    invalid: Counter[str] = field(default_factory=Counter)
    unguarded: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    wronged: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, object]:
        """The counts and the shares, as a value for JSON."""
        wrong = self.walkthrough.rejected + self.mistaken.rejected
        missed = self.walkthrough.missed + self.mistaken.missed
        open_ = missed + self.walkthrough.unknowable + self.mistaken.unknowable
        return {
            "games": self.walkthrough.games,
            "walkthrough steps": self.walkthrough.steps,
            "walkthrough steps rejected": self.walkthrough.steps_rejected,
            "admissible": (self.walkthrough.listed + self.mistaken.listed).total(),
            "admissible rejected": dict(self.walkthrough.false + self.mistaken.false),
            "not admissible": (wrong + open_).total(),
            "of these rejected": share(wrong, open_),
            "by action": {name: share1(wrong[name], open_[name]) for name in sorted(wrong | open_)},
            "of the knowable rejected": share(wrong, missed),
            "of the knowable by action": {n: share1(wrong[n], missed[n]) for n in sorted(wrong | missed)},
            "proposed": self.proposed.total(),
            "reached invalid": round(self.invalid.total() / self.proposed.total(), 4),
            "reached invalid by action": dict(self.invalid),
            "reached invalid without laws": round(self.without.total() / self.unguarded.total(), 4),
            "of these rejected, had they been checked": share(self.caught, self.without - self.caught),
            "the same by action": {
                n: share1(self.caught[n], k - self.caught[n]) for n, k in self.without.items()
            },
            "valid proposals rejected, had they been checked": dict(self.wronged),
        }


def share(yes: Counter[str], no: Counter[str]) -> float:
    """The share of ``yes`` among all."""
    return share1(yes.total(), no.total())


def share1(yes: int, no: int) -> float:
    """The share of ``yes`` in the sum of both; 1 where the sum is 0."""
    return round(yes / (yes + no), 4) if yes + no else 1.0


def judge(games: Iterable[Game], learned: Learned) -> GateVerdict:
    """Play games and hold every decision against what is true."""
    found = GateVerdict()
    judging = Judge(learned.checker(), steps=0, seed=1)
    for game in games:
        found.walkthrough.add(judging.play(game, WALKTHROUGH))
        found.mistaken.add(judging.play(game, MISTAKEN))
        for shadow, proposed, invalid in (
            (False, found.proposed, found.invalid),
            (True, found.unguarded, found.without),
        ):
            world = AlfWorld(game, steps=None)
            for turn in play(world, learned.checker(), Mistaken(world, "judged"), shadow=shadow):
                proposed.update(str(decision.action).partition("(")[0] for decision in turn.decisions)
                if turn.action is None:
                    continue
                if turn.observation.succeeded is False:
                    invalid[turn.action.name] += 1
                if shadow and not turn.decisions[-1].admissible:
                    (found.caught if turn.observation.succeeded is False else found.wronged)[
                        turn.action.name
                    ] += 1
    return found


def main() -> None:
    """Learn and judge; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--scripted", action="store_true", help="spoil hand-written rules, induce none")
    parser.add_argument("--local", type=Path, help="a GGUF file: this model reflects")
    parser.add_argument("--induced", action="store_true", help="with --local: rules are induced too")
    parser.add_argument("--answers", type=Path, default=Path("answers"), help="where its answers are kept")
    options = parser.parse_args()

    def read(names: Path) -> list[Game]:
        root = Path(os.environ["ALFWORLD_DATA"])
        return [Game.read(root / name / GAME_FILE) for name in names.read_text().split()]

    games = read(options.train)
    candidates: list[tuple[str, str | None]] | None = [*scripted()] if options.scripted else None
    if options.local is not None:
        reflections = reflected(games, options.local, options.answers, background(WORLD))
        tally = sum((each.tally for each in reflections), Answers())
        print(json.dumps({"answers": {**asdict(tally), "parsed at once": round(tally.share, 4)}}), flush=True)
        told = zip(games, reflections, strict=True)
        candidates = [(each.text, episode_name(game, 1)) for game, r in told for each in r.candidates]
    teacher = "scripted" if options.local is None else f"reflection: {options.local.stem}"
    learned = learn(record(games), candidates=candidates, teacher=teacher, induced=options.induced)
    for outcome in learned.outcomes:
        print(f"% {outcome.verdict}: {outcome.reason}: {outcome.text.splitlines()[-1]}")
    print(print_rules(learned.gate.rules.values()))
    print(json.dumps(learned.figures()), flush=True)
    begun = time.monotonic()
    figures = judge(read(options.test), learned).figures()
    print(json.dumps({**figures, "seconds": round(time.monotonic() - begun)}, indent=1))


if __name__ == "__main__":
    main()
