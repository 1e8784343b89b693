"""Errors of compiled rules, translated into our own; and the context that bounds one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.errors import ArithmeticFailure, BudgetError, EvaluationError

if TYPE_CHECKING:
    from types import TracebackType

    from mpr_logic.engine.deadline import Deadline

FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, ValueError)
"""Errors that no rules should make compiled code raise: a fault of the engine, which must not look like an
answer."""

ANYTHING_MAY_FAIL = (EvaluationError, TypeError, RecursionError, MemoryError, *FAULTS)
"""All that compiled rules can raise."""


class Bounded:
    """A context: the clock runs from its beginning, and what goes wrong inside becomes an EvaluationError.

    One inside another keeps the earlier time.

    Raises:
        ArithmeticFailure: an operation on values that have none; compiled code leaves that test to
            Python, which raises a TypeError.
        BudgetError: the nesting, or the memory, was too much.
        EvaluationError: the engine has a fault.
    """

    __slots__ = ("_deadline", "_outer", "_seconds")

    def __init__(self, deadline: Deadline, seconds: float) -> None:
        self._deadline = deadline
        self._seconds = seconds
        self._outer = deadline.limit[0]

    def __enter__(self) -> None:
        limit = self._deadline.limit
        self._outer = limit[0]
        limit[0] = min(self._outer, self._deadline.clock() + self._seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._deadline.limit[0] = self._outer
        if error is None or isinstance(error, EvaluationError):
            return
        if isinstance(error, ANYTHING_MAY_FAIL):
            raise translated(error) from error


def translated(error: BaseException) -> EvaluationError:
    """Our own error for one that Python raised in compiled rules."""
    if isinstance(error, TypeError):
        return ArithmeticFailure(
            "a rule computes with, or orders, a number and a symbol: declare the arguments as int or float"
        )
    if isinstance(error, RecursionError):
        return BudgetError("the rules are nested deeper than the engine can follow: flatten them")
    if isinstance(error, FAULTS):
        what = f"{type(error).__name__}: {error}"
        return EvaluationError(f"the engine has a fault ({what}): report it, with the rules and the state")
    return BudgetError("the memory is full: bound the rules")
