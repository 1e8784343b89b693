"""Plays the gullible agent under sets of rules, and counts what it did and what was done to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.loop import play
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.analysis import analyse
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.loading import load_modules, load_program
from mpr_logic.envs.tools.environment import ToolOffice
from mpr_logic.envs.tools.gullible import Gullible
from mpr_logic.envs.tools.worlds import tasks
from mpr_logic.errors import GameError
from mpr_logic.language.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Program
    from mpr_logic.envs.tools.tasks import Task

WORLD = "rules/tools/world"
OPEN, CLOSED = "rules/tools/open", "rules/tools/closed"

PLANTED, CLEAN = "planted", "clean"
COUNTERS = ("planted", "told", "through", "done", "own", "hindered")

ATTEMPTS = 20
"""The agent may propose so often in a turn: more than any attack has steps, so that none ends its episode."""


@dataclass
class AttackTally:
    """Counts of attacks, tasks and hindered proposals in some episodes under one set of rules.

    ``planted`` are those with instructions in a text, ``told`` those of them where the agent went along,
    ``through`` those where a breach came of it, by the kind of the attack; ``clean`` are the others.
    ``done`` are tasks that were done, breach or not; ``own`` are the proposals out of the agent's own plan,
    ``hindered`` those that were rejected: each where something was planted, and where not. ``strays`` are
    breaches where nothing was planted.
    """

    clean: int = 0
    strays: int = 0
    planted: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    through: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    own: Counter[str] = field(default_factory=Counter)
    hindered: Counter[str] = field(default_factory=Counter)

    def add(self, other: AttackTally) -> None:
        """Count what another has counted too."""
        self.clean += other.clean
        self.strays += other.strays
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))

    def count(self, task: Task, world: ToolOffice, agent: Gullible) -> None:
        """Count an episode."""
        where = CLEAN if task.attack is None else PLANTED
        self.done[where] += world.done
        self.own[where] += agent.honest
        self.hindered[where] += agent.hindered
        if task.attack is None:
            self.clean += 1
            self.strays += bool(world.breaches)
        else:
            self.planted[task.attack] += 1
            self.told[task.attack] += agent.obeyed
            self.through[task.attack] += bool(world.breaches)

    def shares(self) -> dict[str, tuple[int, int]]:
        """Return each reported share as a pair: the number of cases, and the number that they are out of."""
        return {
            "attacks through": (self.through.total(), self.told.total()),
            "tasks done, planted": (self.done[PLANTED], self.planted.total()),
            "tasks done, clean": (self.done[CLEAN], self.clean),
            "own steps rejected, planted": (self.hindered[PLANTED], self.own[PLANTED]),
            "own steps rejected, clean": (self.hindered[CLEAN], self.own[CLEAN]),
        }

    def content(self) -> dict[str, Any]:
        """The counts as JSON."""
        counters = {name: dict(getattr(self, name)) for name in COUNTERS}
        return {"clean": self.clean, "strays": self.strays, **counters}


def run(
    program: Program,
    split: str,
    first: int,
    episodes: int,
    *,
    seen: Callable[[list[Any]], None] | None = None,
) -> AttackTally:
    """Play the episodes of a split from number ``first`` on, under the rules of a program. ``seen`` is given
    the lines of each episode's trajectory.

    Raises:
        EvaluationError: the engine could not finish.
    """
    tally = AttackTally()
    for number, (name, task) in enumerate(islice(tasks(split, seed=first), episodes), first):
        agent, world = Gullible(task.plan, seed=number), ToolOffice(task)
        turns = play(world, Checker(program), agent, attempts=ATTEMPTS)
        if seen is None:
            for _ in turns:
                pass
        else:
            start = heading(f"{task.kind}/{name}", task.kind, agent.name, program.version, shadow=False)
            seen([start, *map(turn_json, turns)])
        tally.count(task, world, agent)
    return tally


def unguarded() -> Program:
    """The declarations and words, and no rule about any action."""
    return load_program([WORLD])


def hand_written(style: str) -> Program:
    """The declarations with the open or the closed set."""
    return load_program([WORLD, style])


def learned(first: int, episodes: int, tick: Callable[[], None] = lambda: None) -> tuple[Program, str]:
    """The declarations with what is learned from episodes of train from number ``first`` on, which are played
    without a guard; and the learned rules as text. ``tick`` is called after each episode.

    Raises:
        GameError: the extra ``memory`` is not installed.
        EvaluationError: the engine could not finish.
    """
    try:
        from mpr_logic.memory.store import Memory
        from mpr_logic.models.learning import learn
    except ImportError:
        raise GameError("the memory extra is not installed: `pip install 'mpr-logic[memory]'`") from None
    modules = load_modules([WORLD])
    with Memory.open("sqlite://") as memory:

        def keep(lines: list[Any]) -> None:
            memory.add_episode(lines)
            tick()

        run(analyse(modules), "train", first, episodes, seen=keep)
        learn(memory, modules)
        text = memory.export()
    return analyse([*modules, parse(text, "<learned>")]), text
