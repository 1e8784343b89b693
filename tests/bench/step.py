"""The step benchmark: three changes of the state, then twenty candidates; microseconds per step."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from tests.bench.household import atom
from tests.bench.peers import OURS, PROVING, STEP_PEERS, Spec
from tests.bench.scenes import SCENES, STEPS, Scene
from tests.bench.table import Measured, Task
from tests.bench.worker import Failed, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCKS = 7


@dataclass(slots=True)
class _Runner:
    """One peer going through the stream: as many steps a block as its budget allows."""

    spec: Spec
    seconds: float
    measured: Measured = field(init=False)
    rejected: list[list[bool]] = field(default_factory=list)
    worker: Worker | None = None
    size: int = 1
    spent: float = 0.0

    def __post_init__(self) -> None:
        self.measured = Measured(self.spec.name, note=self.spec.missing() or "")

    def start(self, scene: Scene) -> None:
        """Load, take a first step that does not count, and fit the size of the blocks to the budget."""
        if self.measured.note:
            return
        try:
            self.worker = Worker(self.spec, scene, timeout=30 + 8 * self.seconds)
        except Failed as failed:
            self.measured.note = str(failed)
            return
        first = self.take(1)
        if 0 < first < self.seconds / 20:
            self.take(3)
            second = self.take(3) / 3
            most = ((self.spec.steps or STEPS) - 7) // (BLOCKS + 1)
            self.size = max(1, min(most, int(self.seconds / BLOCKS / (second or 1e-6))))
            self.take(self.size)

    def take(self, steps: int) -> float:
        """Take some steps; returns the seconds they took, 0 where they failed."""
        if self.worker is None:
            return 0.0
        try:
            block = self.worker.block(steps)
        except Failed as failed:
            self.measured.note = str(failed)
            self.stop()
            return 0.0
        self.rejected += [list(each) for each in block.rejected]
        self.spent += block.seconds
        return block.seconds

    def block(self) -> None:
        """One repeat, unless the budget is spent."""
        if self.worker is None or (self.measured.values and self.spent > 2 * self.seconds):
            return
        seconds = self.take(self.size)
        if seconds:
            self.measured.values.append(seconds / self.size * 1e6)

    def stop(self) -> None:
        """End its process."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def run_steps(quick: bool) -> Iterator[Task]:
    """One task for each size of the household."""
    for each in SCENES[:2] if quick else SCENES:
        if each.missing() is None:
            yield steps(each, seconds=2.0 if quick else 15.0)


def steps(scene: Scene, *, seconds: float, peers: tuple[Spec, ...] = (PROVING, *STEP_PEERS)) -> Task:
    """All peers on one household, block by block in turn, so that a slow moment of the machine meets all."""
    task = Task(f"step: {scene.name}", "microseconds of CPU a step")
    runners = [_Runner(spec, seconds) for spec in (OURS, *peers)]
    task.rows = [runner.measured for runner in runners]
    _in_turn([(runner, scene) for runner in runners])
    for runner in runners[1:]:
        if runner.rejected:
            difference = _difference(runners[0], runner, scene)
            runner.measured.agrees = difference is None
            runner.measured.note = difference or runner.measured.note
    return task


def run_flat(quick: bool) -> Iterator[Task]:
    """One task: mpr_logic in households of every size."""
    yield flat(
        [each for each in SCENES[: 3 if quick else None] if each.rules], seconds=2.0 if quick else 15.0
    )


def flat(scenes: Sequence[Scene], *, seconds: float) -> Task:
    """The step of mpr_logic as a household grows, block by block in turn. The ratios are to the first; there
    are no answers to compare."""
    task = Task("step: as the household grows", "microseconds of CPU a step")
    runners = [(_Runner(OURS, seconds), scene) for scene in scenes]
    for runner, scene in runners:
        runner.measured.engine, runner.measured.agrees = scene.name, True
        task.rows.append(runner.measured)
    _in_turn(runners)
    return task


def _in_turn(runners: Sequence[tuple[_Runner, Scene]]) -> None:
    try:
        for runner, scene in runners:
            runner.start(scene)
        for _ in range(BLOCKS):
            for runner, _scene in runners:
                runner.block()
    finally:
        for runner, _scene in runners:
            runner.stop()


def _difference(ours: _Runner, other: _Runner, scene: Scene) -> str | None:
    """The first step both took and answered differently, in words."""
    if not ours.rejected:
        return "mpr_logic gave no answer to compare with"
    for i, (mine, theirs) in enumerate(zip(ours.rejected, other.rejected, strict=False)):
        if mine != theirs:
            (step,) = islice(scene.world().steps(STEPS), i, i + 1)
            wrong = [atom(a) for a, m, t in zip(step.actions, mine, theirs, strict=True) if m != t]
            return f"step {i}: {', '.join(wrong)}"
    return None
