"""Arms of an experiment: a method, a player, a seed; their episodes are played and counted. What goes in and
comes out is plain data, so that it may be done in another process, or on another machine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.environment import worlds
from mpr_logic.agent.guidance import Retrieval, WholeMemory, disclosed
from mpr_logic.agent.loop import ATTEMPTS, Probing, play
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.analysis import analyse
from mpr_logic.analysis.resolve import VERDICTS
from mpr_logic.checker.checker import THETA, Checker
from mpr_logic.checker.loading import load_modules
from mpr_logic.engine.protocol import counted
from mpr_logic.errors import GameError
from mpr_logic.experiments.players import Asked
from mpr_logic.experiments.results import Forecast, Phase, Result
from mpr_logic.language.ast import Atom, Clause, DefaultDecl, Literal, Module, RelationDecl, Var
from mpr_logic.language.parser import parse
from mpr_logic.memory.store import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment, Episode, Observation, Worlds
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.policies import Pass, Policy, View
    from mpr_logic.agent.trajectory import Turn
    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.decision import Decision
    from mpr_logic.experiments.methods import Method
    from mpr_logic.experiments.players import Player, Seat


PREFIX = "listed_"


def listing(program: Program) -> Module:
    """Rules that permit what is listed and nothing else: for each action of a program
    ``.decl listed_a(..)``, ``.default forbid a`` and ``permit a(X) :- listed_a(X).``"""
    statements: list[RelationDecl | DefaultDecl | Clause] = []
    for action in program.schema.actions.values():
        args = tuple(Var(f"X{i}") for i, _ in enumerate(action.params))
        name = f"{PREFIX}{action.name}"
        statements += [
            RelationDecl(name, action.params),
            DefaultDecl(action.name),
            Clause("permit", Atom(action.name, args), (Literal(Atom(name, args)),)),
        ]
    return Module(tuple(statements), file="<the simulator's list>")


class Listed:
    """An environment whose state also says what it would do now.

    Args:
        world: the environment.
        possible: what it would do.
    """

    def __init__(self, world: Environment, possible: Callable[[], Collection[Action]]) -> None:
        self._world = world
        self._possible = possible
        self.declarations = world.declarations

    def reset(self) -> Observation:
        """See :class:`Environment`."""
        return self._world.reset()

    def step(self, action: Action) -> Observation:
        """See :class:`Environment`."""
        return self._world.step(action)

    def state(self) -> AbstractSet[str]:
        """The facts that the agent knows, and one for each action that the world would do now."""
        return self._world.state() | {f"{PREFIX}{action}" for action in self._possible()}

    def candidates(self) -> Sequence[Action]:
        """See :class:`Environment`."""
        return self._world.candidates()


class Watched:
    """A policy, and beside it an eye on what the world would do when it chooses.

    ``listed`` is what the world would do in this turn; None where nobody knows.
    """

    def __init__(self, policy: Policy, possible: Callable[[], Collection[Action]] | None) -> None:
        self.name = policy.name
        self.listed: frozenset[str] | None = None
        self._policy = policy
        self._possible = possible

    def choose(self, view: View) -> Action | str | Pass | None:
        """Return the policy's choice; at the first proposal of a turn note what the world would do."""
        if not view.refused and self._possible is not None:
            self.listed = frozenset(map(str, self._possible()))
        return self._policy.choose(view)


class Count:
    """The figures of an episode, turn by turn; of its forecasts only those of ``rules``."""

    def __init__(self, rules: Collection[str]) -> None:
        self._rules = rules
        self._won = self._over = False
        self._steps = self._proposed = self._rejected = self._invalid = 0
        self._false = self._fallbacks = self._probes = 0
        self._forecasts: list[Forecast] = []

    def add(self, turn: Turn, listed: frozenset[str] | None) -> None:
        """Count a turn; ``listed`` is what the world would have done in it."""
        self._won = self._won or turn.observation.won
        self._over = turn.observation.over
        self._proposed += len(turn.decisions)
        self._fallbacks += turn.fallback
        self._probes += turn.probed
        done = None if turn.action is None else str(turn.action)
        if done is not None:
            self._steps += 1
            self._invalid += turn.observation.succeeded is False
        for decision in turn.decisions:
            text = str(decision.action)
            # what is done all the same, in shadow or as a probe, is not rejected
            rejected = not decision.admissible and (text != done or turn.fallback)
            self._rejected += rejected
            if listed is not None:
                self._false += rejected and text in listed
                self._foretold(decision, wrong=text not in listed)
            elif text == done and turn.observation.succeeded is not None:
                self._foretold(decision, wrong=not turn.observation.succeeded)

    def _foretold(self, decision: Decision, *, wrong: bool) -> None:
        spoken = {r.id: r.weight for r in (*decision.by_rule, *decision.advice) if r.id in self._rules}
        self._forecasts += [Forecast(str(id), weight, wrong) for id, weight in spoken.items()]

    def figures(self, *, judged: bool) -> dict[str, Any]:
        """The counted figures, by the names of the fields of :class:`Result`."""
        return {
            "won": self._won,
            "steps": self._steps,
            "gave_up": not self._over,
            "proposed": self._proposed,
            "rejected": self._rejected,
            "invalid": self._invalid,
            "false_rejections": self._false if judged else None,
            "fallbacks": self._fallbacks,
            "probes": self._probes,
            "forecasts": tuple(self._forecasts),
        }


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
class PlayedEpisode:
    """An episode: what came of it, and its trajectory as the lines of docs/reference/trajectory.md."""

    result: Result
    lines: list[dict[str, Any]] = field(repr=False)


def play_all(arm: Arm, places: Sequence[int]) -> list[PlayedEpisode]:
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
    """An arm that is ready to be played: its rules, its guide, and its environment."""

    def __init__(self, arm: Arm, world: Worlds, probe: Probing | None) -> None:
        self.arm = arm
        self.probe = probe
        self.world = world
        self.program, self.ids = program_of(arm.method, world, arm.learned)
        self.guide = _guide(arm.method, self.ids)
        self.laws = sum(r.clause.weight >= arm.theta for r in self.program.rules if r.id in self.ids)

    def trials(self, episode: Episode, seat: Seat) -> Iterator[PlayedEpisode]:
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

    def played(self, episode: Episode, seat: Seat, policy: Policy, number: int) -> PlayedEpisode:
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
        return PlayedEpisode(result, lines)

    def heading(self, episode: Episode, policy: Policy, number: int) -> dict[str, Any]:
        """The first line of a trajectory; its policy tells episodes of one task apart."""
        arm = self.arm
        name = f"{policy.name}; {arm.method.name}; {arm.phase}; seed {arm.seed}; round {number}"
        shadow = not arm.method.check
        version, group = self.program.version, episode.group
        return heading(episode.id, episode.kind, name, version, shadow=shadow, group=group)


def _guide(method: Method, ids: frozenset[str]) -> Guide | None:
    """The guide that tells the policy the rules; None where the method has no guidance."""
    match method.guidance:
        case "none":
            return None
        case "retrieved":
            return Retrieval(ids, weights=method.weights)
        case "whole":
            return WholeMemory(ids, weights=method.weights)
