"""The episodes of an experiment in groups: who played them, in which phase and round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.errors import ExperimentError
from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.experiments.results import Result, Run
    from mpr_logic.experiments.tables import Row

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


@dataclass(frozen=True, slots=True)
class Line:
    """The groups of one method with one model in a phase on a split, by round.

    They are ``retried`` where a round plays only what no round before has won, as Reflexion's trials do.
    Then only the first round is of all tasks, and the later ones are of the hardest.
    """

    groups: tuple[Group, ...]
    retried: bool

    @property
    def standing(self) -> Group:
        """The round that stands for the line beside others: the last one; the first, where it is retried."""
        return self.groups[0 if self.retried else -1]

    @property
    def cumulates(self) -> bool:
        """Whether it makes sense to count what was won so far: in training, and of trials."""
        return self.groups[0].phase == "train" or self.retried


class Players:
    """The groups of a run in the order of reports: methods as planned, then models, phases and rounds."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._planned = {each.name: each for each in run.plan.methods}
        self._scripts = {each.name for each in run.plan.models if each.scripted}
        order = {name: number for number, name in enumerate(self._planned)}
        present = {each.method for each in run.results}
        self.methods: tuple[str, ...] = tuple(sorted(present, key=lambda m: (order.get(m, len(order)), m)))
        self.models: tuple[str, ...] = tuple(sorted({each.model for each in run.results}))
        self.groups: tuple[Group, ...] = tuple(self._grouped(run.results))
        self.lines: dict[tuple[str, str, str, str], Line] = self._lines()

    def _grouped(self, results: Iterable[Result]) -> list[Group]:
        found: dict[tuple[str, str, str, str, int], list[Result]] = {}
        for each in results:
            key = each.method, each.model, each.phase, each.split, each.round
            found.setdefault(key, []).append(each)
        rank = {name: number for number, name in enumerate(self.methods)}
        phases = {"train": 0, "test": 1}
        keys = sorted(found, key=lambda key: (phases[key[2]], key[3], rank[key[0]], key[1], key[4]))
        return [Group(*key, tuple(sorted(found[key], key=lambda r: (r.seed, r.task)))) for key in keys]

    def _lines(self) -> dict[tuple[str, str, str, str], Line]:
        found: dict[tuple[str, str, str, str], list[Group]] = {}
        for group in self.groups:
            found.setdefault(group.line, []).append(group)
        return {key: Line(tuple(groups), self._retried(groups)) for key, groups in found.items()}

    def _retried(self, groups: Sequence[Group]) -> bool:
        won: set[Pair] = set()
        for group in groups:
            if group.pairs & won:
                return False
            won |= group.won
        planned = self._planned.get(groups[0].method)
        told = planned is not None and planned.reflexion
        return len(groups) > 1 and (told or any(group.won for group in groups[:-1]))

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
        said = (planned is not None and planned.scripted) or model in self._scripts
        return said or "scripted" in model.lower()

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
            "standing": group is self.lines[group.line].standing,
            "retried": self.lines[group.line].retried,
            **more,
        }

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
        for line in self.lines.values():
            if len({frozenset(group.pairs) for group in line.groups}) > 1:
                first = line.groups[0]
                sizes = ", ".join(str(len(group.results)) for group in line.groups)
                found.append(
                    f"{visible(first.method)} did not play the same tasks in all rounds of {first.phase} "
                    f"(episodes: {sizes}): "
                    + (
                        "it tried again what it had not won, so its first round is set beside other methods"
                        if line.retried
                        else "the fresh shares are of different tasks"
                    )
                )
            if _alike(line.standing.results):
                stands = line.standing
                found.append(
                    f"all seeds of {visible(stands.method)} with {visible(stands.model)} played alike in "
                    f"{stands.phase}: they count as one, whatever the intervals say"
                )
        cap = self._run.plan.steps
        over = [each for each in self._run.results if cap is not None and each.won and each.steps > cap]
        if over:
            such = min(over, key=lambda r: (r.method, r.seed, r.task))
            found.append(
                f"episodes that were won in more steps than the cap of {cap}: {len(over)}, such as "
                f"{visible(such.task)} of {visible(such.method)}"
            )
        return found


def _alike(results: Sequence[Result]) -> bool:
    """Whether there are several seeds, and every task went the same with each."""
    went: dict[str, set[tuple[object, ...]]] = {}
    for each in results:
        went.setdefault(each.task, set()).add(
            (each.won, each.steps, each.proposed, each.rejected, each.invalid)
        )
    return len({each.seed for each in results}) > 1 and all(len(ways) == 1 for ways in went.values())
