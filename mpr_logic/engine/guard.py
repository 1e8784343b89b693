"""What goes wrong in compiled rules, said in our own errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mpr_logic.errors import ArithmeticFailure, BudgetError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever goes wrong inside into an EvaluationError.

    Raises:
        ArithmeticFailure: an operation on values that have none; compiled code leaves that test to
            Python, which raises a TypeError.
        BudgetError: the nesting, or the memory, was too much.
    """
    try:
        yield
    except TypeError as error:
        raise ArithmeticFailure(
            f"a rule computes with values that have no such operation: {error}"
        ) from error
    except RecursionError as error:
        raise BudgetError("the rules are nested deeper than the engine can follow: flatten them") from error
    except MemoryError as error:
        raise BudgetError("the memory is full: bound the rules") from error
