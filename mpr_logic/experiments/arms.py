"""Plays the episodes of one arm of an experiment: a method, a player, a seed. What goes in and comes out is
plain data, so that it may be done in another process, or on another machine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.guidance import Retrieval, WholeMemory, disclosed
from mpr_logic.agent.play import ATTEMPTS, play
from mpr_logic.agent.probing import Probing
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.agent.worlds import worlds
from mpr_logic.analysis import analyse
from mpr_logic.analysis.resolve import VERDICTS
from mpr_logic.checker.checker import THETA, Checker
from mpr_logic.checker.loading import load_modules
from mpr_logic.engine.protocol import counted
from mpr_logic.errors import GameError
from mpr_logic.experiments.counting import Count, Watched
from mpr_logic.experiments.listed import Listed, listing
from mpr_logic.experiments.players import Asked
from mpr_logic.experiments.results import Phase, Result
from mpr_logic.language.ast import Clause, Module
from mpr_logic.language.parser import parse
from mpr_logic.memory.store import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.agent.environment import Environment
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.policies import Policy
    from mpr_logic.agent.worlds import Episode, Worlds
    from mpr_logic.analysis.program import Program
    from mpr_logic.experiments.methods import Method
    from mpr_logic.experiments.players import Player, Seat

LEARNED = "<learned>"


@dataclass(frozen=True, slots=True)
class Arm:
    """A method with its player and its seed. ``learned`` are the learned rules as ``.dl`` text;
    ``trials`` is how often Reflexion tries a task; ``phase`` and ``round`` are for the record. ``probes`` is
    where the memory is whose laws may be tried now and then; empty where none may."""

    environment: str
    method: Method
    player: Player
    seed: int
    steps: int
    phase: Phase
    round: int
    split: str | None
    learned: str = ""
    theta: float = THETA
    attempts: int = ATTEMPTS
    trials: int = 1
    probes: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """An episode: what came of it, and its trajectory as the lines of docs/reference/trajectory.md."""

    result: Result
    lines: list[dict[str, Any]] = field(repr=False)


def play_all(arm: Arm, places: Sequence[int]) -> list[Played]:
    """Play some tasks of the arm's split, by their places in it; where it has no split, by their seeds.

    Raises:
        GameError: there is no such environment, split or task.
        ProgramError: the learned rules do not fit the environment's.
        ModelError: the model cannot be reached.
        EvaluationError: the engine could not finish.
    """
    world = worlds(arm.environment)
    with ExitStack() as stack:
        memory = stack.enter_context(Memory.open(arm.probes, theta=arm.theta)) if arm.probes else None
        table = _Table(arm, world, None if memory is None else Probing(memory))
        seat = stack.enter_context(arm.player.opened())
        return [
            played for place in places for played in table.trials(_episode(world, arm.split, place), seat)
        ]


def _episode(world: Worlds, split: str | None, place: int) -> Episode:
    found = next(islice(world.episodes(split, None, place), 1), None)
    if found is None:
        raise GameError(f"the split `{split}` has no task number {place}")
    return found


def program_of(method: Method, world: Worlds, learned: str) -> tuple[Program, frozenset[str]]:
    """The rules of a method in a world, and the ids of those that are guidance: the learned ones, or all
    that were written by hand.

    Raises:
        ProgramError: the learned rules do not fit the world's.
    """
    modules = load_modules([world.rules] if method.rules == "hand" else world.known)
    if method.rules == "learned":
        modules.append(disclosed(_counted(parse(learned, LEARNED), method)))
    elif method.rules == "simulator":
        modules.append(listing(analyse(modules)))
    program = analyse(modules)
    verdicts = (rule for rule in program.rules if rule.clause.kind in VERDICTS)
    return program, frozenset(r.id for r in verdicts) if method.rules != "simulator" else frozenset()


def _counted(module: Module, method: Method) -> Module:
    """The learned rules; each a law where weights are not to count."""
    if method.weights:
        return module
    kept = (replace(s, weight=1.0) if isinstance(s, Clause) else s for s in module.statements)
    return replace(module, statements=tuple(kept))


class _Table:
    """Where an arm is played."""

    def __init__(self, arm: Arm, world: Worlds, probe: Probing | None) -> None:
        self.arm = arm
        self.probe = probe
        self.world = world
        self.program, self.ids = program_of(arm.method, world, arm.learned)
        self.guide = _guide(arm.method, self.ids)
        self.laws = sum(r.clause.weight >= arm.theta for r in self.program.rules if r.id in self.ids)

    def trials(self, episode: Episode, seat: Seat) -> Iterator[Played]:
        """Every trial of a task: one; by Reflexion until it is won."""
        arm = self.arm
        lessons: list[str] = []
        again = arm.method.reflexion and arm.player.reads
        for trial in range(1, (arm.trials if again else 1) + 1):
            number = trial if again else arm.round
            draw = f"{arm.seed} {arm.phase} {number} {episode.id}"
            asked = Asked(episode, self.world.forgets, draw, arm.method, tuple(lessons))
            seat.used()
            played = self.played(episode, seat, seat.policy(asked), number)
            yield played
            if played.result.won:
                return
            if again and trial < arm.trials:
                lessons.append(seat.lesson(played.lines))

    def played(self, episode: Episode, seat: Seat, policy: Policy, number: int) -> Played:
        """One trial."""
        arm = self.arm
        begun = time.monotonic()
        made = episode.make(arm.steps)
        world: Environment = made
        judge = episode.possible
        possible = None if judge is None else partial(judge, made)
        if arm.method.rules == "simulator":
            if possible is None:
                raise GameError(f"nobody lists what can be done in {arm.environment}: leave that method out")
            world = Listed(world, possible)
        checker, count, watched = (
            Checker(self.program, theta=arm.theta, budget=counted()),  # the same however busy the machine is
            Count(self.ids),
            Watched(policy, possible),
        )
        lines = [self.heading(episode, policy, number)]
        for turn in play(
            world,
            checker,
            watched,
            shadow=not arm.method.check,
            attempts=arm.attempts,
            repairs=True,  # they are written down
            guide=self.guide,
            probe=self.probe,
        ):
            count.add(turn, watched.listed)
            lines.append(turn_json(turn))
        result = Result(
            method=arm.method.name,
            model=arm.player.name,
            seed=arm.seed,
            phase=arm.phase,
            round=number,
            split=arm.split or "generated",
            task=episode.id,
            kind=episode.kind,
            rules=len(self.ids),
            laws=self.laws,
            **count.figures(judged=judge is not None),
            **seat.used(),
            seconds=round(time.monotonic() - begun, 4),
        )
        return Played(result, lines)

    def heading(self, episode: Episode, policy: Policy, number: int) -> dict[str, Any]:
        """The first line of a trajectory; its policy tells episodes of one task apart."""
        arm = self.arm
        name = f"{policy.name}; {arm.method.name}; {arm.phase}; seed {arm.seed}; round {number}"
        shadow = not arm.method.check
        return heading(episode.id, episode.kind, name, self.program.version, shadow=shadow)


def _guide(method: Method, ids: frozenset[str]) -> Guide | None:
    """What tells the policy of the rules."""
    match method.guidance:
        case "none":
            return None
        case "retrieved":
            return Retrieval(ids, weights=method.weights)
        case "whole":
            return WholeMemory(ids, weights=method.weights)
