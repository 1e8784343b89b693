"""Runs of made-up episodes, for the tests of reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mpr_logic.experiments.results import Result, Run, RunPlan
from mpr_logic.experiments.tables import Report

BASE = Result("act", "m", 1, "test", 0, "held_out", "a", "put", won=False, steps=10)


def run(*results: Result, **plan: Any) -> Run:
    """A run of these episodes."""
    return Run("run", results, RunPlan(**plan), ())


def train(round: int, wins: str, *, method: str = "mpr", seed: int = 1) -> list[Result]:
    """A round of training: for each letter a task, won where it is upper-case."""
    base = replace(BASE, method=method, seed=seed, phase="train", round=round, split="train")
    return [replace(base, task=each.lower(), won=each.isupper()) for each in wins]


def rows(report: Report, key: str, **where: Any) -> list[dict[str, Any]]:
    """The rows of a table that hold these values."""
    return [row for row in report.tables[key].rows if all(row[k] == v for k, v in where.items())]
