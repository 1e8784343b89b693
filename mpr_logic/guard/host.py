"""Functions of the host that rules read as relations.

A function is asked at most once for a check, and only where a rule that decides about the call's action
reads its relation, directly or through others. It gets the call and returns the rows that hold for it. The
engine itself asks nothing of the outside: what is not returned does not hold in this check.
"""

from __future__ import annotations

import contextvars
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.program import Fact
from mpr_logic.errors import BudgetError, StateError
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mpr_logic.analysis.program import Program
    from mpr_logic.guard.calls import Call
    from mpr_logic.language.ast import Value

    Relation = Callable[[Call], Iterable[Sequence[Value] | Value]]

MOST_ROWS = 10_000
"""The most rows that a function returns."""


def within(seconds: float, work: Callable[[], Any], what: str) -> Any:
    """Call a function of the host and wait for it so long at most. One that hangs is left alone, in a
    thread of its own: Python cannot end it.

    Raises:
        BudgetError: it took longer.
        Exception: whatever it raised.
    """
    box: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            box.append(work())
        except BaseException as error:
            failed.append(error)

    context = contextvars.copy_context()  # what the host keeps by request is there
    thread = threading.Thread(target=context.run, args=(run,), name=f"mpr {what}", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if failed and not isinstance(failed[0], Exception):  # such as sys.exit: it must not end the host
        raise RuntimeError(f"{what} ended with {type(failed[0]).__name__}") from failed[0]
    if failed:
        raise failed[0]
    if not box:
        raise BudgetError(f"{what} took longer than {seconds:.3g} seconds")
    return box[0]


def asked(
    program: Program,
    relations: Mapping[str, Relation],
    needed: frozenset[str],
    call: Call,
    left: Callable[[], float],
) -> list[Fact]:
    """Ask the host's functions about a call.

    Args:
        program: the rules.
        relations: the functions, by the relation that each fills.
        needed: the relations that rules read for this call.
        call: it has arguments that were read.
        left: how many seconds are left.

    Raises:
        StateError: a function returned what is no row of its relation.
        BudgetError: one took too long.
        Exception: whatever one raised.
    """
    found = []
    for name, function in relations.items():
        if name not in needed:
            continue
        signature = program.schema.relations[name]
        rows = within(left(), partial(_called, function, call), f"the function behind `{name}`")
        for row in rows:
            values = row if isinstance(row, (tuple, list)) else (row,)
            found.append(
                Fact(name, coerce_row(signature, values), 1.0, Span(f"the function {name}", 0, 0, 0, 0))
            )
    return found


def _called(function: Relation, call: Call) -> list[Any]:
    return _rows(function(call))


def _rows(given: Any) -> list[Any]:
    """The rows that a function returned; read in its own thread, as it may be a generator."""
    if isinstance(given, (str, bytes)) or given is None:
        raise StateError(
            f"a function of the host returns the rows of its relation, not {type(given).__name__}"
        )
    if isinstance(given, bool):  # a relation without arguments
        return [()] if given else []
    rows = []
    for row in given:
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise StateError(f"a function of the host returned more than {MOST_ROWS} rows")
    return rows
