"""Recursive relations, goal by goal: each goal's answers are kept in a table until no table grows.

A goal is a function of the recursion with its bound arguments. Evaluating one registers the goals
it asks for; when a table grows, the goals that read it run again. A finished table is kept until a
fact that it was made from changes; then it is forgotten, with all that were made from it. So facts
that support each other in a circle cannot survive a retraction: nothing is patched.
(Tabled resolution: Tamaki and Sato 1986; QSQR: Vieille 1986.)
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.store import key_of
from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.base import Budget
    from mpr_logic.engine.store import Key
    from mpr_logic.syntax.ast import Row

Goal: TypeAlias = "tuple[str, tuple[Any, ...]]"
Node: TypeAlias = "tuple[str, tuple[Any, ...], Key]"
"""One answer: the goal's function and arguments, and the answer's key."""

Why: TypeAlias = "tuple[int, dict[str, Any], dict[int, Node]]"
"""Which group of rules, the bindings, and for each recursive literal the answer that it used."""


class Table(dict[Any, float]):
    """The answers to one goal, each with its weight; ``why`` the rule and bindings of each where asked."""

    __slots__ = ("grown", "reads", "why")

    def __init__(self) -> None:
        super().__init__()
        self.grown = False
        self.reads: set[tuple[int, Key]] = set()
        self.why: dict[Any, Why] = {}


class Tables:
    """The tables of one strongly connected component."""

    def __init__(self, budget: Budget, limit: list[float]) -> None:
        self.bodies: dict[str, Callable[..., None]] = {}
        self.watches: dict[str, list[tuple[int, Callable[[Row], Key]]]] = {}
        self.coarse: set[str] = set()  # read through other derived relations: not known by which columns
        self._numbers: dict[tuple[str, tuple[int, ...]], int] = {}
        self._done: dict[Goal, Table] = {}
        self._watched: dict[tuple[int, Key], set[Goal]] = defaultdict(set)
        self._users: dict[Goal, set[Goal]] = {}
        self._open: dict[Goal, Table] = {}
        self._readers: dict[Goal, set[Goal]] = defaultdict(set)
        self._fresh: list[Goal] = []
        self._current: Goal | None = None
        self._derived = 0
        self._budget = budget
        self._limit = limit

    def watch(self, relation: str, positions: tuple[int, ...]) -> int:
        """The number by which goals note that they read a relation by these columns."""
        watch = (relation, positions)
        if watch not in self._numbers:
            self._numbers[watch] = len(self._numbers)
            self.watches.setdefault(relation, []).append((self._numbers[watch], key_of(positions)))
        return self._numbers[watch]

    def changed(self, relation: str, row: Row) -> None:
        """A fact below has changed: forget what was made from it."""
        if not self._done:
            return
        if relation in self.coarse:
            self._done.clear()
            self._watched.clear()
            self._users.clear()
            return
        for number, key in self.watches.get(relation, ()):
            for goal in self._watched.pop((number, key(row)), ()):
                self._forget(goal)

    def _forget(self, goal: Goal) -> None:
        agenda = [goal]
        while agenda:
            each = agenda.pop()
            if self._done.pop(each, None) is not None:
                agenda += self._users.pop(each, ())

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
        self._readers[goal].add(self._current)
        table = self._done.get(goal)
        if table is None:
            table = self._open.get(goal)
            if table is None:
                table = self._open[goal] = Table()
                self._fresh.append(goal)
        return table

    def _solve(self, goal: Goal) -> Table:
        self._open[goal] = Table()
        agenda = [goal]
        waiting = {goal}
        try:
            while agenda:
                if time.perf_counter() > self._limit[0]:
                    raise BudgetError("the time is over: allow more seconds, or simplify the rules")
                goal_now = agenda.pop()
                waiting.discard(goal_now)
                self._run(goal_now)
                table = self._open[goal_now]
                again = self._readers[goal_now] if table.grown else set()
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
            self._readers.clear()
            self._fresh.clear()
            self._current = None

    def _keep(self) -> None:
        """The open tables are complete."""
        for goal, table in self._open.items():
            for read in table.reads:
                self._watched[read].add(goal)
        for goal, readers in self._readers.items():
            self._users.setdefault(goal, set()).update(readers)
        self._done.update(self._open)

    def _run(self, goal: Goal) -> None:
        self._current = goal
        table = self._open[goal]
        before = len(table)
        self.bodies[goal[0]](*goal[1], table)
        self._derived += len(table) - before
        if self._derived > self._budget.facts:
            raise BudgetError(f"more than {self._budget.facts} facts were derived: bound the recursion")
