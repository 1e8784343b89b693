"""Tabled evaluation of recursive relations: each subgoal keeps a table of answers until no table grows.

A subgoal is a function of the recursion with its bound arguments. Evaluating one registers the subgoals that
it asks for; when a table grows, the subgoals that read it run again. A completed table is memoised until a
row that it rests on changes: see :mod:`mpr_logic.engine.topdown.memo`.
(Tabled resolution: Tamaki and Sato 1986; SLG: Chen and Warren 1996; the order of work is that of QSQR:
Vieille 1986.)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.engine.store import Key
    from mpr_logic.engine.topdown.memo import Dependents, MemoEntry, Support

Subgoal: TypeAlias = "tuple[str, tuple[Any, ...]]"
"""A function of the recursion, by its label, and its arguments."""

TabledAnswer: TypeAlias = "tuple[str, tuple[Any, ...], Key]"
"""One answer: the subgoal's label and arguments, and the answer's key."""

Derivation: TypeAlias = "tuple[int, dict[str, Any], dict[int, TabledAnswer]]"
"""One derivation: the number of the rules' group, the bindings, and each recursive literal's answer."""


class AnswerTable(dict[Any, float]):
    """The answers to one subgoal, each with its weight, and the derivation by which it reached that."""

    __slots__ = ("derivations", "grown", "me", "recorded")

    def __init__(self, me: MemoEntry) -> None:
        super().__init__()
        self.grown = False
        self.me = me
        self.recorded: set[tuple[int, Any]] = set()
        self.derivations: dict[Any, Derivation] = {}

    def record(self, dependents: Dependents, key: Any) -> None:
        """The subgoal reads what stands under a key: recorded once, however often it runs."""
        mark = (id(dependents), key)
        if mark not in self.recorded:
            self.recorded.add(mark)
            dependents[key].append(self.me)


class Tabling:
    """The tables of one strongly connected component. ``compiled`` has the function of each label."""

    def __init__(
        self,
        compiled: Callable[[str], Callable[..., None]],
        support: Support,
        budget: Budget,
        deadline: Deadline,
    ) -> None:
        self._compiled = compiled
        self._functions: dict[str, Callable[..., None]] = {}
        self._done: dict[Subgoal, AnswerTable] = {}
        self._support = support
        self._number, self.dependents = support.enter(self._done)
        self._open: dict[Subgoal, AnswerTable] = {}
        self._waiting: dict[Subgoal, set[Subgoal]] = defaultdict(set)  # who runs again when the table grows
        self._fresh: list[Subgoal] = []
        self._current: Subgoal | None = None
        self._derived = 0
        self._budget = budget
        self._deadline = deadline

    def answers(self, function: str, args: tuple[Any, ...]) -> AnswerTable:
        """The complete answers to a subgoal, from outside the recursion."""
        goal = (function, args)
        table = self._done.get(goal)
        return self._solve(goal) if table is None else table

    def derivation(self, answer: TabledAnswer) -> Derivation:
        """Return the derivation of a finished answer, as of when its weight was reached: the answers that it
        used had theirs before, so following them ends."""
        return self._done[answer[0], answer[1]].derivations[answer[2]]

    def snapshot(self, function: str, args: tuple[Any, ...]) -> tuple[Key, ...]:
        """The answers known so far, from inside the recursion: the subgoal that asks runs again when
        there are more."""
        return tuple(self._known(function, args))

    def weighted_snapshot(self, function: str, args: tuple[Any, ...]) -> tuple[tuple[Key, float], ...]:
        """The same, each answer with its weight."""
        return tuple(self._known(function, args).items())

    def _known(self, function: str, args: tuple[Any, ...]) -> AnswerTable:
        goal = (function, args)
        assert self._current is not None
        self._waiting[goal].add(self._current)
        table = self._done.get(goal)
        if table is None:
            table = self._open.get(goal)
            if table is None:
                if len(self._open) > self._budget.facts:
                    limit = self._budget.facts
                    raise BudgetError(f"a recursion asked more than {limit} questions: bound what it asks")
                table = self._open[goal] = AnswerTable((self._number, goal))
                self._fresh.append(goal)
        return table

    def _solve(self, goal: Subgoal) -> AnswerTable:
        self._open[goal] = AnswerTable((self._number, goal))
        agenda = [goal]
        waiting = {goal}
        try:
            while agenda:
                self._deadline.poll()
                goal_now = agenda.pop()
                waiting.discard(goal_now)
                self._run(goal_now)
                table = self._open[goal_now]
                again = self._waiting[goal_now] if table.grown else set()
                table.grown = False
                for each in [*again, *self._fresh]:  # what is new runs first: the agenda is a stack
                    if each not in waiting:
                        waiting.add(each)
                        agenda.append(each)
                self._fresh.clear()
            self._complete()
            return self._done[goal]
        finally:
            self._derived = 0
            self._open.clear()
            self._waiting.clear()
            self._fresh.clear()
            self._current = None

    def _complete(self) -> None:
        """The open tables are complete."""
        for goal, dependents in self._waiting.items():
            self.dependents[goal] += [(self._number, dependent) for dependent in dependents]
        for table in self._open.values():
            table.recorded.clear()
        self._done.update(self._open)
        self._support.made += len(self._open)

    def _run(self, goal: Subgoal) -> None:
        self._current = goal
        table = self._open[goal]
        before = len(table)
        function = self._functions.get(goal[0])
        if function is None:
            function = self._functions[goal[0]] = self._compiled(goal[0])
        function(*goal[1], table)
        self._derived += len(table) - before
        if self._derived > self._budget.facts:
            raise BudgetError(f"more than {self._budget.facts} facts were derived: bound the recursion")
