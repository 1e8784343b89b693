"""AlfWorld under the checker, to be looked at: ``python -m mpr_logic.envs.alfworld.demo [--seed N]``.

A scripted player who knows what to do, and forgets half of the little steps, plays generated games of each
task type: under the hand-written rules, and beside that in their shadow, where nothing is told or blocked.
"""

from __future__ import annotations

import argparse
from itertools import islice
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track
from rich.rule import Rule as Line
from rich.table import Table
from rich.text import Text

from mpr_logic.agent.play import play
from mpr_logic.agent.scripted import Forgetful
from mpr_logic.agent.showing import Score, turn_text
from mpr_logic.checking.checker import Checker
from mpr_logic.checking.colors import painted
from mpr_logic.checking.loading import load_program
from mpr_logic.checking.render import proof_text
from mpr_logic.envs.alfworld.games import TASK_TYPES
from mpr_logic.envs.alfworld.worlds import AlfWorlds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.worlds import Episode
    from mpr_logic.checking.decision import Decision

SEED = 15
"""The first game, which is shown turn by turn."""

PLAYER = Forgetful.name

GAMES = 5
"""So many games of each type are counted."""


class Demo:
    """Plays, and prints what is worth seeing of it."""

    def __init__(self, console: Console, seed: int) -> None:
        self.console = console
        self.seed = seed
        self.worlds = AlfWorlds()
        self.program = load_program([self.worlds.rules])

    def run(self) -> None:
        """One game turn by turn, then the count of many."""
        laws = sum(rule.head.startswith("forbid") for rule in self.program.rules)
        wishes = sum(rule.head.startswith("prefer") for rule in self.program.rules)
        self.say(
            f"{laws} laws and {wishes} preferences, written by hand (rules/alfworld), over what the agent "
            "has seen. The player is scripted: it knows a plan that wins, and forgets half of the going and "
            "opening."
        )
        self.title("A game, under the rules")
        proof = self.watched(next(self.worlds.episodes(None, None, self.seed)))
        self.title("Why: the proof of a rejection, down to what was seen")
        self.show(proof)
        self.title("Each type of task: under the rules, and the same player without them")
        self.table()

    def watched(self, episode: Episode) -> str:
        """Play the first game for all to see; the longest proof of a rejection in it."""
        score, proof = Score(episode.id, episode.kind), ""
        for turn in self.turns(self.seed, episode, shadow=False):
            score.count(turn)
            self.show(turn_text(turn, PLAYER, shadow=False))
            for decision in turn.decisions:
                proof = max(proof, shown(decision), key=len)
        self.show(score.text())
        return proof

    def table(self) -> None:
        """Games of each type, with and without the rules."""
        table = Table()
        table.add_column("task")
        for column in ("rejected", "repaired", "won with", "without"):
            table.add_column(column, justify="right")
        totals = [0, 0]
        for kind in track(TASK_TYPES, "playing", console=self.console, transient=True):
            games = list(islice(self.worlds.episodes(None, kind, self.seed), GAMES))
            guarded = [self.score(self.seed + i, each, shadow=False) for i, each in enumerate(games)]
            alone = [self.score(self.seed + i, each, shadow=True) for i, each in enumerate(games)]
            won = [sum(score.won for score in scores) for scores in (guarded, alone)]
            totals = [total + more for total, more in zip(totals, won, strict=True)]
            rejected, repaired = (sum(getattr(s, n) for s in guarded) for n in ("rejected", "repaired"))
            table.add_row(short(kind), str(rejected), str(repaired), *[f"{n} of {GAMES}" for n in won])
        table.add_section()
        table.add_row("", "", "", *[f"{total} of {GAMES * len(TASK_TYPES)}" for total in totals])
        self.console.print(table)
        self.say("A scripted player in generated games: a show, not a measurement. Now you: mpr play")

    def score(self, seed: int, episode: Episode, *, shadow: bool) -> Score:
        """Play a game unseen."""
        score = Score(episode.id, episode.kind)
        for turn in self.turns(seed, episode, shadow=shadow):
            score.count(turn)
        return score

    def turns(self, seed: int, episode: Episode, *, shadow: bool) -> Sequence[Turn]:
        """The turns of a game."""
        policy = Forgetful(episode.plan, forgets=self.worlds.forgets, seed=seed)
        world = episode.make(self.worlds.steps)
        return list(play(world, Checker(self.program), policy, shadow=shadow, repairs=True))

    def title(self, text: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.print(Line(Text(text, style="bold"), align="left", style="dim"))

    def say(self, text: str) -> None:
        """A sentence."""
        self.console.print(Text(text))

    def show(self, text: str) -> None:
        """Lines, in colours."""
        for line in painted(text):
            self.console.print(line)


def shown(decision: Decision) -> str:
    """The first proof of a rejection, as text."""
    proofs = [reason.proof for reason in decision.reasons if reason.proof is not None]
    return proof_text(proofs[0]) if proofs else ""


def short(kind: str) -> str:
    """A task type, as a cell of a table has room for it."""
    return kind.split("_then_")[0].split("_and_place")[0].replace("_obj", "").replace("_", " ")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="python -m mpr_logic.envs.alfworld.demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"the first game (default {SEED})")
    options = parser.parse_args(arguments)
    Demo(Console(highlight=False), options.seed).run()


if __name__ == "__main__":
    main()
