"""Recursive relations, goal by goal: each goal's answers are kept in a table until no table grows.

A goal is a function of the recursion with its bound arguments. Evaluating one registers the goals
it asks for; when a table grows, the goals that read it run again. A finished table is kept until a
row that it was made from changes: see :mod:`mpr_logic.engine.topdown.dependencies`.
(Tabled resolution: Tamaki and Sato 1986; QSQR: Vieille 1986.)
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
    from mpr_logic.engine.topdown.dependencies import Dependencies, Entry, Readers

Goal: TypeAlias = "tuple[str, tuple[Any, ...]]"
Node: TypeAlias = "tuple[str, tuple[Any, ...], Key]"
"""One answer: the goal's function and arguments, and the answer's key."""

Why: TypeAlias = "tuple[int, dict[str, Any], dict[int, Node]]"
"""Which group of rules, the bindings, and for each recursive literal the answer that it used."""


class Table(dict[Any, float]):
    """The answers to one goal, each with its weight; ``why`` the rule and bindings of each where asked."""

    __slots__ = ("grown", "me", "noted", "why")

    def __init__(self, me: Entry) -> None:
        super().__init__()
        self.grown = False
        self.me = me
        self.noted: set[tuple[int, Any]] = set()
        self.why: dict[Any, Why] = {}

    def note(self, readers: Readers, key: Any) -> None:
        """The goal reads what stands under a key: noted once, however often it runs."""
        mark = (id(readers), key)
        if mark not in self.noted:
            self.noted.add(mark)
            readers[key].append(self.me)


class Tables:
    """The tables of one strongly connected component. ``body`` has the function of each label."""

    def __init__(
        self,
        body: Callable[[str], Callable[..., None]],
        dependencies: Dependencies,
        budget: Budget,
        deadline: Deadline,
    ) -> None:
        self._body = body
        self._bodies: dict[str, Callable[..., None]] = {}
        self._done: dict[Goal, Table] = {}
        self._dependencies = dependencies
        self._number, self.readers = dependencies.store(self._done)
        self._open: dict[Goal, Table] = {}
        self._waiting: dict[Goal, set[Goal]] = defaultdict(set)  # who runs again when the table grows
        self._fresh: list[Goal] = []
        self._current: Goal | None = None
        self._derived = 0
        self._budget = budget
        self._deadline = deadline

    def answers(self, function: str, args: tuple[Any, ...]) -> Table:
        """The complete answers to a goal, from outside the recursion."""
        goal = (function, args)
        table = self._done.get(goal)
        return self._solve(goal) if table is None else table

    def why(self, node: Node) -> Why:
        """How a finished answer came about, when its weight was reached: the answers that it used
        had theirs before, so following them ends."""
        return self._done[node[0], node[1]].why[node[2]]

    def snapshot(self, function: str, args: tuple[Any, ...]) -> tuple[Key, ...]:
        """The answers known so far, from inside the recursion: the goal that asks runs again when
        there are more."""
        return tuple(self._known(function, args))

    def weighted_snapshot(self, function: str, args: tuple[Any, ...]) -> tuple[tuple[Key, float], ...]:
        """The same, each answer with its weight."""
        return tuple(self._known(function, args).items())

    def _known(self, function: str, args: tuple[Any, ...]) -> Table:
        goal = (function, args)
        assert self._current is not None
        self._waiting[goal].add(self._current)
        table = self._done.get(goal)
        if table is None:
            table = self._open.get(goal)
            if table is None:
                table = self._open[goal] = Table((self._number, goal))
                self._fresh.append(goal)
        return table

    def _solve(self, goal: Goal) -> Table:
        self._open[goal] = Table((self._number, goal))
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
            self._keep()
            return self._done[goal]
        finally:
            self._derived = 0
            self._open.clear()
            self._waiting.clear()
            self._fresh.clear()
            self._current = None

    def _keep(self) -> None:
        """The open tables are complete."""
        for goal, readers in self._waiting.items():
            self.readers[goal] += [(self._number, reader) for reader in readers]
        for table in self._open.values():
            table.noted.clear()
        self._done.update(self._open)
        self._dependencies.made += len(self._open)

    def _run(self, goal: Goal) -> None:
        self._current = goal
        table = self._open[goal]
        before = len(table)
        body = self._bodies.get(goal[0])
        if body is None:
            body = self._bodies[goal[0]] = self._body(goal[0])
        body(*goal[1], table)
        self._derived += len(table) - before
        if self._derived > self._budget.facts:
            raise BudgetError(f"more than {self._budget.facts} facts were derived: bound the recursion")
