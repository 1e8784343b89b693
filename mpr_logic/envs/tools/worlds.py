"""The office's episodes, made by seed."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from mpr_logic.agent.environment import Episode
from mpr_logic.envs.tools.environment import STEPS, ToolOffice
from mpr_logic.envs.tools.tasks import KINDS, make
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.envs.tools.tasks import Task

SPLITS = ("train", "test")


class Tools:
    """See :class:`mpr_logic.agent.environment.Worlds`."""

    rules = "rules/tools"
    known: tuple[str, ...] = ("rules/tools/world",)
    steps = STEPS
    forgets = ("read_file", "back_up", "confirm")

    def episodes(self, split: str | None, kind: str | None, seed: int) -> Iterator[Episode]:
        """Episodes without end, of all kinds in turn: of train those of the even seeds, of test those of the
        odd ones, from number ``seed`` on; without a split those of the seeds from ``seed`` on.

        Raises:
            GameError: there is no such split or kind.
        """
        return (
            Episode(f"{task.kind}/{name}", task.kind, partial(_make, task), task.plan)
            for name, task in tasks(split, kind, seed)
        )


def tasks(split: str | None, kind: str | None = None, seed: int = 0) -> Iterator[tuple[str, Task]]:
    """The tasks behind the episodes, each with a name made of its seed.

    Raises:
        GameError: there is no such split or kind.
    """
    if split not in (None, *SPLITS):
        raise GameError(f"there is no split `{split}`: choose one of {', '.join(SPLITS)}, or name none")
    if kind not in (None, *KINDS):
        raise GameError(f"there is no kind of task `{kind}`: choose one of {', '.join(KINDS)}")
    return (_task(number, split, kind) for number in count(seed))


def _task(number: int, split: str | None, kind: str | None) -> tuple[str, Task]:
    seed = number if split is None else 2 * number + SPLITS.index(split)
    return f"seed_{seed}", make(seed, kind or list(KINDS)[number % len(KINDS)])


def _make(task: Task, steps: int) -> ToolOffice:
    return ToolOffice(task, steps=steps)
