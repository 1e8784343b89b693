"""Runs an experiment: what is independent side by side, what is done already not again.

A run is a folder. ``results.jsonl`` has a line for each episode, ``steps.jsonl`` its trajectory,
``memories/`` each memory and, once it is trained, its rules as a ``.dl`` file; ``experiment.json`` says what
was run. Whoever runs the same experiment in the same folder again goes on where it was left.

The parts are worked on in this process, in several, or on Ray."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.environment import worlds
from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.arms import Arm, PlayedEpisode
from mpr_logic.experiments.executors import Here
from mpr_logic.experiments.methods import METHODS, Method
from mpr_logic.experiments.results import PLAN, RESULTS, Phase, Result, read_results, result_json
from mpr_logic.experiments.training import Learner, Reflecting, chunks, known, reflected, remember, study
from mpr_logic.memory.store import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mpr_logic.experiments.executors import Executor
    from mpr_logic.experiments.experiment import Experiment, Train
    from mpr_logic.experiments.players import Player


STEPS, MEMORIES = "steps.jsonl", "memories"


class Folder:
    """The folder of a run: written by one process, in one lock.

    Raises:
        ExperimentError: another experiment was run there, or it cannot be written.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            (path / MEMORIES).mkdir(parents=True, exist_ok=True)
            self._claim(manifest)
        except OSError as error:
            raise ExperimentError(f"{path}: cannot be written: {error.strerror}") from None
        for name in (RESULTS, STEPS):
            _mend(path / name)
        there = path / RESULTS
        found = read_results(there) if there.exists() else []
        self.done: dict[tuple[Any, ...], Result] = {key(result): result for result in found}

    def _claim(self, manifest: dict[str, Any]) -> None:
        """Say what is run here; refuse a folder where something else was."""
        place = self.path / PLAN
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        if place.exists() and place.read_text(encoding="utf-8") != text:
            raise ExperimentError(
                f"{self.path}: another experiment was run there, or this one as it was before an edit: "
                "name another folder with --out"
            )
        place.write_text(text, encoding="utf-8")

    def keep(self, played: Sequence[PlayedEpisode]) -> None:
        """Write what was played, trajectories first: what has a result is there as a whole."""
        with self._lock:
            try:
                _append(self.path / STEPS, [line for each in played for line in each.lines])
                _append(self.path / RESULTS, [result_json(each.result) for each in played])
            except OSError as error:
                raise ExperimentError(f"{self.path}: cannot be written: {error.strerror}") from None
            self.done |= {key(each.result): each.result for each in played}


def key(result: Result) -> tuple[Any, ...]:
    """The key that tells an episode from all others of an experiment."""
    return (result.method, result.model, result.seed, result.phase, result.round, result.task)


def _append(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))


def _mend(path: Path) -> None:
    """Cut off the end of a line that a killed process left."""
    if path.exists():
        with path.open("r+b") as stream:
            whole = stream.read().rfind(b"\n") + 1
            stream.truncate(whole)


def _silent(what: str, more: int) -> None:
    """Tell nobody."""


class Runner:
    """An experiment as it runs in its folder.

    Args:
        experiment: what is compared.
        path: the folder.

    Raises:
        ExperimentError: there is no such environment or split, or the folder is another's.
    """

    def __init__(self, experiment: Experiment, path: Path) -> None:
        self.experiment = experiment
        self.world = worlds(experiment.environment)
        self.steps = experiment.steps or self.world.steps
        self.places = {"test": experiment.test.places(self.world)}
        if experiment.train is not None:
            self.places["train"] = experiment.train.places(self.world)
        self.tasks = {phase: self._tasks(phase) for phase in self.places}
        both = set(self.tasks.get("train", {}).values()) & set(self.tasks["test"].values())
        if both:
            raise ExperimentError(f"{len(both)} tasks are in `train` and in `test`, such as {min(both)}")
        self.folder = Folder(path, experiment.manifest(self.steps))

    def _tasks(self, phase: str) -> dict[int, str]:
        """The task of each place."""
        spec = self.experiment.test if phase == "test" else self.experiment.train
        assert spec is not None
        return {place: next(self.world.episodes(spec.split, None, place)).id for place in self.places[phase]}

    @property
    def total(self) -> int:
        """The number of tasks that are to be played in all, those included that are done."""
        return sum(chain.total for chain in self._chains(Here(), _silent))

    def go(self, executor: Executor, say: Callable[[str, int], None] = _silent) -> None:
        """Play all that is not played yet. It may be broken off at any time, and begun again.

        Args:
            executor: where the work is done; it is shut down in the end.
            say: told of what is going on, from any thread: a text, and how many more tasks are done.

        Raises:
            ExperimentError: the folder cannot be written.
            MprError: a task cannot be played; what was played until then is kept.
        """
        chains = list(self._chains(executor, say))
        pool = ThreadPoolExecutor(len(chains))
        try:
            for done in as_completed([pool.submit(chain.go) for chain in chains]):
                done.result()
        finally:
            executor.shutdown()
            pool.shutdown(wait=True, cancel_futures=True)

    def _chains(self, executor: Executor, say: Callable[[str, int], None]) -> Iterator[Chain]:
        """Yield the pieces of work that depend on no other: for each player and seed one of each method that
        does not learn, and one of the methods that learn in the same way."""
        for player in self.experiment.players:
            for seed in self.experiment.seeds:
                for refine in (True, False):
                    alike = [m for m in self.experiment.methods if m.learns and m.refine is refine]
                    if alike:
                        yield Chain(self, executor, say, player, seed, alike, refine=refine)
                for method in self.experiment.methods:
                    if not method.learns:
                        yield Chain(self, executor, say, player, seed, [method])


@dataclass(frozen=True, slots=True)
class Chain:
    """Work of which each step needs the one before: training, where these methods learn, and then tests."""

    runner: Runner
    executor: Executor
    say: Callable[[str, int], None]
    player: Player
    seed: int
    methods: Sequence[Method]
    refine: bool = True

    @property
    def total(self) -> int:
        """The number of tasks that the chain plays."""
        rounds = self.train.rounds if self.train is not None and self.methods[0].learns else 0
        trained = len(self.runner.places.get("train", ())) * (rounds + self.retries)
        return trained + len(self.methods) * len(self.runner.places["test"])

    @property
    def train(self) -> Train | None:
        """The training of the experiment; None where its file has no ``[train]``."""
        return self.runner.experiment.train

    @property
    def retries(self) -> bool:
        """Whether a model is to try the tasks of training again and again, as Reflexion does."""
        return self.train is not None and self.methods[0].reflexion and self.player.reads

    def go(self) -> None:
        """Train and test."""
        learned, rounds = "", 0
        if self.train is not None and self.methods[0].learns:
            learned, rounds = self._trained(self.train), self.train.rounds
        if self.train is not None and self.retries:
            self._play(self._arm(self.methods[0], "train", 1, trials=self.train.rounds))
        for method in self.methods:
            trials = self.runner.experiment.trials
            self._play(self._arm(method, "test", rounds, learned, trials))

    def _arm(self, method: Method, phase: Phase, number: int, learned: str = "", trials: int = 1) -> Arm:
        experiment = self.runner.experiment
        split = (experiment.train if phase == "train" and experiment.train else experiment.test).split
        return Arm(
            experiment.environment,
            method,
            self.player,
            self.seed,
            self.runner.steps,
            phase,
            number,
            split,
            learned,
            experiment.theta,
            experiment.attempts,
            trials,
        )

    def _play(self, arm: Arm, memory: str | None = None) -> None:
        """Play what is not played yet; what is, is in the memory before it has a result."""
        again = arm.method.reflexion and arm.player.reads
        folder, tasks = self.runner.folder, self.runner.tasks[arm.phase]
        same = (arm.method.name, arm.player.name, arm.seed, arm.phase)
        done = {k[-1] for k in list(folder.done) if k[:4] == same and (again or k[4] == arm.round)}
        left = [place for place in self.runner.places[arm.phase] if tasks[place] not in done]
        what = f"{arm.player.name}, seed {arm.seed}: {arm.method.name}, {arm.phase}" + (
            f" round {arm.round}" if arm.phase == "train" else ""
        )
        self.say(what, len(tasks) - len(left))
        for played in chunks(self.executor, arm, left):
            if memory is not None:
                with Memory.open(memory, theta=arm.theta) as store:
                    remember(store, [each.lines for each in played])
            folder.keep(played)
            self.say(what, len({each.result.task for each in played}))

    # -- training ------------------------------------------------------------------------------

    def _trained(self, train: Train) -> str:
        """The rules that come out of training."""
        experiment = self.runner.experiment
        name = "".join(c if c.isalnum() else "-" for c in f"{self.player.name} {self.seed}").strip("-")
        name += "" if self.refine else "-unrefined"
        folder = self.runner.folder.path / MEMORIES
        learner = Learner(
            str(folder / f"{name}.db"),
            experiment.environment,
            train.conditions,
            train.induced,
            self.refine,
            experiment.theta,
        )
        method = METHODS["MPR"] if self.refine else replace(METHODS["MPR"], name="MPR unrefined")
        learned = ""
        for number in range(1, train.rounds + 1):
            rules = folder / f"{name}-{number}.dl"
            self._play(self._arm(method, "train", number, learned), learner.location)
            if not rules.exists():
                self.say(f"{self.player.name}, seed {self.seed}: learning from round {number}", 0)
                self._study(learner, train, number)
                aside = rules.with_suffix(".part")
                aside.write_text(known(learner), encoding="utf-8")
                aside.replace(rules)
            learned = rules.read_text(encoding="utf-8")
        return learned

    def _study(self, learner: Learner, train: Train, number: int) -> None:
        """Reflect on what failed in a round, where a model does, and learn."""
        reflecting, lost = None, {}
        if train.reflector is not None:
            reflecting = Reflecting(train.reflector.player(), train.samples)
            with Memory.open(learner.location, theta=learner.theta) as memory:
                ids = [e.id for e in memory.episodes() if e.policy.endswith(f"round {number}") and not e.won]
                lost = {id: [json.loads(line) for line in memory.trajectory(id)] for id in ids}
        reflections = reflected(self.executor, learner, reflecting, lost)
        list(self.executor.map(study, [(learner, reflections)]))
