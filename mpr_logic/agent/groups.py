"""The episodes of an experiment in groups: who played them, in which phase and round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.errors import ExperimentError
from mpr_logic.syntax.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.agent.results import Result, Run
    from mpr_logic.agent.tables import Row

Pair: TypeAlias = tuple[int, str]
"""What methods are compared over: a seed and a task."""


@dataclass(frozen=True, slots=True)
class Group:
    """The episodes of one method with one model, in one round of a phase on a split."""

    method: str
    model: str
    phase: str
    split: str
    round: int
    results: tuple[Result, ...]

    @property
    def line(self) -> tuple[str, str, str, str]:
        """What a curve over the rounds has in common."""
        return self.method, self.model, self.phase, self.split

    @property
    def pairs(self) -> set[Pair]:
        """The pairs that were played."""
        return {(each.seed, each.task) for each in self.results}

    @property
    def won(self) -> set[Pair]:
        """The pairs that were won."""
        return {(each.seed, each.task) for each in self.results if each.won}


class Players:
    """The groups of a run in the order of reports: methods as planned, then models, phases and rounds."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._planned = {each.name: each for each in run.plan.methods}
        order = {name: number for number, name in enumerate(self._planned)}
        present = {each.method for each in run.results}
        self.methods: tuple[str, ...] = tuple(sorted(present, key=lambda m: (order.get(m, len(order)), m)))
        self.models: tuple[str, ...] = tuple(sorted({each.model for each in run.results}))
        self.groups: tuple[Group, ...] = tuple(self._grouped(run.results))
        self.last: dict[tuple[str, str, str, str], Group] = {group.line: group for group in self.groups}

    def _grouped(self, results: Iterable[Result]) -> list[Group]:
        found: dict[tuple[str, str, str, str, int], list[Result]] = {}
        for each in results:
            key = each.method, each.model, each.phase, each.split, each.round
            found.setdefault(key, []).append(each)
        rank = {name: number for number, name in enumerate(self.methods)}
        phases = {"train": 0, "test": 1}
        keys = sorted(found, key=lambda key: (phases[key[2]], key[3], rank[key[0]], key[1], key[4]))
        return [Group(*key, tuple(sorted(found[key], key=lambda r: (r.seed, r.task)))) for key in keys]

    def known(self, names: Sequence[str]) -> None:
        """Make sure that these are methods of the run.

        Raises:
            ExperimentError: one is not.
        """
        for name in names:
            if name not in self.methods:
                there = ", ".join(f"`{visible(each)}`" for each in self.methods)
                raise ExperimentError(f"no episode was played by `{visible(name)}`: the methods are {there}")

    def privileged(self, method: str) -> bool:
        """Whether a method was told what an agent cannot know."""
        planned = self._planned.get(method)
        return planned is not None and planned.privileged

    def scripted(self, method: str, model: str) -> bool:
        """Whether no model chose: the plan says so of the method, or the name of what stands for a model."""
        planned = self._planned.get(method)
        return (planned is not None and planned.scripted) or "scripted" in model.lower()

    def named(self, group: Group, **more: Any) -> Row:
        """A row that begins with what a group is of."""
        return {
            "method": group.method,
            "scripted": self.scripted(group.method, group.model),
            "privileged": self.privileged(group.method),
            "model": group.model,
            "phase": group.phase,
            "split": group.split,
            "round": group.round,
            "last": group is self.last[group.line],
            **more,
        }

    def lines(self) -> list[list[Group]]:
        """The groups of each curve."""
        found: dict[tuple[str, str, str, str], list[Group]] = {}
        for group in self.groups:
            found.setdefault(group.line, []).append(group)
        return list(found.values())

    def played(self) -> list[str]:
        """A sentence on the tasks of each phase and split."""
        counts: dict[tuple[str, str], tuple[set[str], int]] = {}
        for group in self.groups:
            tasks, rounds = counts.get((group.phase, group.split), (set(), 0))
            counts[group.phase, group.split] = (
                tasks | {each.task for each in group.results},
                max(rounds, group.round),
            )
        return [
            f"{phase.capitalize()}: {len(tasks)} task{'' if len(tasks) == 1 else 's'} of "
            f"{visible(split) or '(no name)'}, "
            f"{f'{rounds} rounds' if phase == 'train' else f'after up to {rounds} training rounds'}."
            for (phase, split), (tasks, rounds) in counts.items()
        ]

    def remarks(self) -> list[str]:
        """What a reader has to know of the episodes before comparing their shares."""
        found = []
        for groups in self.lines():
            sizes = [len(group.results) for group in groups]
            if len({frozenset(group.pairs) for group in groups}) > 1 and groups[0].phase == "train":
                found.append(
                    f"{visible(groups[0].method)} did not play the same tasks in all training rounds "
                    f"(episodes: {', '.join(map(str, sizes))}): the fresh shares are of different tasks"
                )
        cap = self._run.plan.steps
        over = [each for each in self._run.results if cap is not None and each.won and each.steps > cap]
        if over:
            first = min(over, key=lambda r: (r.method, r.seed, r.task))
            found.append(
                f"episodes that were won in more steps than the cap of {cap}: {len(over)}, such as "
                f"{visible(first.task)} of {visible(first.method)}"
            )
        return found
