"""The batch benchmark: whole relations, from Python tuples to Python tuples; CPU seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.peers import BATCH_PEERS, Spec
from tests.bench.problems import PROBLEMS
from tests.bench.table import Measured, Task
from tests.bench.worker import Failed, Whole, solve

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = 20.0
"""Seconds after which an engine is not run again."""


def run_batch(quick: bool) -> Iterator[Task]:
    """One task for each problem."""
    for name in PROBLEMS:
        yield batch(name, quick=quick, repeats=1 if quick else 5)


def batch(name: str, *, quick: bool, repeats: int, timeout: float = 60.0) -> Task:
    """All peers on one problem, in turn, every run in a process of its own."""
    problem = PROBLEMS[name](quick)
    task = Task(problem.name, "CPU seconds, end to end")
    answers: dict[str, Whole] = {}
    task.rows = [Measured(spec.name, note=_missing(spec, problem.sql)) for spec in BATCH_PEERS]
    for _ in range(repeats):
        for spec, row in zip(BATCH_PEERS, task.rows, strict=True):
            if (row.note and spec.name not in answers) or sum(row.values) > ENOUGH:
                continue
            try:
                answer = solve(spec, name, quick, timeout)
            except Failed as failed:
                row.note = str(failed)
                continue
            answers[spec.name] = answer
            row.values.append(answer.seconds)
            row.note = f"{answer.rows:,} rows, {answer.megabytes:,} MB"
    ours = answers.get(BATCH_PEERS[0].name)
    for row in task.rows[1:]:
        other = answers.get(row.engine)
        if other is not None:
            row.agrees = ours is not None and (ours.rows, ours.checksum) == (other.rows, other.checksum)
    return task


def _missing(spec: Spec, sql: str | None) -> str:
    if spec.needs == "duckdb" and sql is None:
        return "its recursion is linear: SQL cannot say this"
    return spec.missing() or ""
