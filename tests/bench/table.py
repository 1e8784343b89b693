"""The tables that the benchmarks print: medians with their range, and ratios to ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(slots=True)
class Measured:
    """One engine on one task: the value of each repeat, or why there is none.

    ``agrees`` is None for what nothing was compared with, and ratios are printed where it is True alone.
    """

    engine: str
    values: list[float] = field(default_factory=list)
    note: str = ""
    agrees: bool | None = None

    @property
    def median(self) -> float:
        """The median of the repeats."""
        return median(self.values)


@dataclass(slots=True)
class Task:
    """One line of work, all engines on it. The first of ``rows`` is what the others are held against."""

    title: str
    unit: str
    rows: list[Measured] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        ours = self.rows[0]
        return {
            "task": self.title,
            "unit": self.unit,
            "engines": [
                {
                    "engine": row.engine,
                    "median": row.median if row.values else None,
                    "min": min(row.values, default=None),
                    "max": max(row.values, default=None),
                    "repeats": len(row.values),
                    "ratio": ratio(row, ours),
                    "agrees": row.agrees,
                    "note": row.note,
                }
                for row in self.rows
            ],
        }


def ratio(row: Measured, ours: Measured) -> float | None:
    """Return its time as a multiple of ours; None where the answers differ or there is no time."""
    if row is ours or not row.agrees or not row.values or not ours.values or not ours.median:
        return None
    return row.median / ours.median


def print_task(task: Task, write: Callable[[str], object] = print) -> None:
    """One table."""
    write(f"\n{task.title} ({task.unit}: median, least to most; ratio to mpr_logic)")
    width = max(len(row.engine) for row in task.rows)
    for row in task.rows:
        write(f"  {row.engine:{width}}  {_numbers(row, task.rows[0])}")


def _numbers(row: Measured, ours: Measured) -> str:
    if row.agrees is False:
        return f"no ratio: DIFFERENT ANSWERS. {row.note}"
    if not row.values:
        return f"-  {row.note}"
    times = ratio(row, ours)
    shown = f"{times:11,.2f} x" if times is not None else " " * 13
    low, high = number(min(row.values)), number(max(row.values))
    return f"{number(row.median):>10}  ({low} to {high}, n={len(row.values)}){shown}  {row.note}".rstrip()


def number(value: float) -> str:
    """Three significant digits, thousands set off."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def failures(tasks: Sequence[Task]) -> list[str]:
    """The engines whose answers differed from ours."""
    return [f"{row.engine}: {task.title}" for task in tasks for row in task.rows if row.agrees is False]
