"""One question to pyDatalog, asked so that nothing of it stays behind.

pyDatalog keeps its clauses in thread-local and module state, rounds floats, never gives its
database back to the garbage collector, and cannot be interrupted. A session holds the one lock,
works in a fresh database, steps pyDatalog's own machine under a budget, and at the end takes every
clause out again and puts back what the thread had before. Clauses are built as objects: nothing of
a program ever passes through pyDatalog's parser, so a constant stays a constant.
"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.engine.deadline import late
from mpr_logic.errors import BudgetError, EvaluationError, MprError
from mpr_logic.language.ast import Const, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.language.ast import Row, Value

with warnings.catch_warnings():
    # some installers do not compile it, and then Python warns of escapes in its source
    warnings.simplefilter("ignore")
    from pyDatalog import Logic, pyEngine

_LOCK = threading.RLock()  # pyDatalog's resolvers and settings are global; an answer may ask a question
_STEPS_BETWEEN_CHECKS = 64


@dataclass(frozen=True, slots=True)
class LogicGoal:
    """A literal as pyDatalog takes it: a predicate and plain terms; ``==`` and ``!=`` are predicates."""

    name: str
    terms: tuple[Var | Const, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class LogicClause:
    """``head <= body``; the body is selected from left to right."""

    head: LogicGoal
    body: tuple[LogicGoal, ...]


class LogicSession:
    """The open database of one question; made by :func:`session`."""

    def __init__(self, budget: Budget, deadline: Deadline) -> None:
        self._budget = budget
        self._deadline = deadline
        self._steps = 0
        self._resolvers: list[tuple[str, Any]] = []  # and what a session around this one had there

    def assert_rows(self, name: str, rows: Iterable[Row]) -> None:
        """Assert one fact of a predicate for each row; the predicate exists from then on."""
        for count, row in enumerate(rows):
            if count % _STEPS_BETWEEN_CHECKS == 0:
                self._check_time()
            pyEngine.assert_(pyEngine.Clause(pyEngine.Literal(name, [pyEngine.Const(v) for v in row]), []))

    def declare(self, name: str, arity: int) -> None:
        """Make a predicate known, so that asking for one without clauses is no error."""
        pyEngine.insert(pyEngine.Pred(name, arity))

    def assert_clause(self, clause: LogicClause) -> None:
        """Assert a rule."""
        pyEngine.assert_(pyEngine.Clause(_literal(clause.head), [_literal(goal) for goal in clause.body]))

    def resolve(self, name: str, arity: int, answers: Callable[[list[Value | None]], Iterable[Any]]) -> None:
        """Let a function answer a predicate.

        ``answers`` takes one value for each argument, None where it is unbound, and yields rows, or
        True where the arguments hold as they are.
        """

        def resolver(*terms: Any) -> Iterable[Any]:
            return answers([term.id if term.is_const() else None for term in terms])

        key = f"{name}/{arity}"
        self._resolvers.append((key, pyEngine.Python_resolvers.get(key)))
        pyEngine.Python_resolvers[key] = resolver

    def ask(self, goal: LogicGoal) -> set[Row]:
        """Every row that answers the goal.

        Raises:
            BudgetError: when time or the number of facts runs out; the session is then used up.
            EvaluationError: when pyDatalog itself fails.
        """
        logic = Logic.tl.logic
        saved = logic.Tasks, logic.Recursive_Tasks, logic.Recursive, logic.Subgoals, logic.Goal
        root = pyEngine.Subgoal(_literal(goal))
        logic.Tasks, logic.Recursive_Tasks = [], deque()
        logic.Recursive, logic.Subgoals, logic.Goal = False, {}, root
        try:
            self._run(root)
            if root.facts is True:
                raise EvaluationError("pyDatalog left an argument unbound: ask the native engine")
            return {tuple(term.id for term in fact.terms) for fact in root.facts.values()}
        except (MprError, MemoryError):
            raise
        except Exception as error:  # whatever a foreign engine raises: the question is undecided
            raise EvaluationError(f"pyDatalog failed with `{error!r}`: ask the native engine") from error
        finally:
            _drain(logic)
            logic.Tasks, logic.Recursive_Tasks, logic.Recursive, logic.Subgoals, logic.Goal = saved

    def _run(self, root: Any) -> None:
        """pyDatalog's own loop (``Literal.ask``), with a look at the budget between its steps.

        Its step SEARCHING puts a subgoal on which another waits back to the front. In some mutually
        recursive programs that goes on for ever. It is only needed where a ``not`` waits for a subgoal
        to be complete: every other answer reaches those who wait for it when it is found.
        """
        step: Any = pyEngine.SEARCH
        arguments: Any = (root,)
        while step is not None:
            self._steps += 1
            if self._steps % _STEPS_BETWEEN_CHECKS == 0:
                self._check_time()
                if len(root.facts) > self._budget.facts:
                    raise BudgetError(f"more than {self._budget.facts} facts were derived: raise the budget")
            if step is pyEngine.SEARCHING and not arguments[1].on_completion_:
                step, arguments = arguments[0].next_step()
            else:
                step, arguments = step(*arguments)

    def _check_time(self) -> None:
        self._deadline.poll()

    def close(self) -> None:
        """Take out every clause and resolver: pyDatalog's C++ tables keep what is not retracted."""
        for key, before in reversed(self._resolvers):
            pyEngine.Python_resolvers.pop(key, None)
            if before is not None:
                pyEngine.Python_resolvers[key] = before
        for pred in list(Logic.tl.logic.Db.values()):
            for clause in list(pred.db.values()):
                pyEngine.retract(clause)


@contextmanager
def session(budget: Budget, deadline: Deadline) -> Iterator[LogicSession]:
    """A fresh database under the lock; the thread's own pyDatalog is as before when it is closed."""
    if not _LOCK.acquire(timeout=min(deadline.left(), threading.TIMEOUT_MAX)):
        late()
    try:
        before = getattr(Logic.tl, "logic", None)
        counter = getattr(pyEngine.Fresh_var.tl, "counter", 0)
        precision = pyEngine.Float_Precision
        Logic()
        pyEngine.Float_Precision = None  # else every float is rounded to 8 digits
        opened = LogicSession(budget, deadline)
        try:
            yield opened
        finally:
            opened.close()
            pyEngine.Float_Precision = precision
            pyEngine.Fresh_var.tl.counter = counter
            if before is None:
                del Logic.tl.logic
            else:
                Logic.tl.logic = before
    finally:
        _LOCK.release()


def _literal(goal: LogicGoal) -> Any:
    terms = [pyEngine.Var(t.name) if isinstance(t, Var) else pyEngine.Const(t.value) for t in goal.terms]
    return pyEngine.Literal("~" + goal.name if goal.negated else goal.name, terms)


def _drain(logic: Any) -> None:
    """Empty the tasks of subgoals left unfinished: they and their tasks hold each other."""
    for subgoal in logic.Subgoals.values():
        while subgoal.tasks:
            subgoal.tasks.pop()
        subgoal.waiters, subgoal.clauses, subgoal.on_completion_ = [], [], []
