"""Plays many games in several processes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from random import Random
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mpr_logic.envs.alfworld.games import games

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Found = TypeVar("Found")

BATCH = 5
"""The number of games that are handed to a process at a time."""


def batches(splits: Sequence[str], number: int | None, seed: int) -> list[tuple[str, list[int]]]:
    """Choose games of each split, all of them or so many drawn by a seed, and cut them into batches.

    Returns:
        For each batch its split, and the places of its games in the split.

    Raises:
        GameError: there is no such split.
    """
    found = []
    for split in splits:
        chosen = list(range(len(games(split))))
        if number is not None and number < len(chosen):
            chosen = sorted(Random(f"{seed} {split}").sample(chosen, number))
        found += [(split, chosen[start : start + BATCH]) for start in range(0, len(chosen), BATCH)]
    return found


def spread(
    work: Callable[[str, list[int]], Found], parts: Sequence[tuple[str, list[int]]], jobs: int
) -> Iterator[Found]:
    """Do work on batches in several processes, with a bar on standard error; yield what comes of each.

    Whatever the work raises is raised here; the batches that have not begun are given up then.
    """
    bar = Progress(
        TextColumn("games"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with bar, ProcessPoolExecutor(jobs) as pool:
        line = bar.add_task("", total=sum(len(places) for _, places in parts))
        tasks = {pool.submit(work, split, places): len(places) for split, places in parts}
        try:
            for task in as_completed(tasks):
                yield task.result()
                bar.advance(line, tasks[task])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
