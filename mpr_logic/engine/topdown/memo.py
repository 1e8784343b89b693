"""Answers of one compiled function, kept until a row that they were made from changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.engine.topdown.dependencies import Dependencies

SELDOM = 15
"""The bounds are looked at once for so many answers and one."""


class Kept(dict[Any, Any]):
    """``kept[key]`` is the answer to a goal, worked out when it is first asked for. A dictionary with
    ``__missing__``, so that generated code reads a known answer without a call.

    The function takes the bound arguments, then the entry to note what it reads for. ``readers`` has the
    entries that read an answer of this store."""

    __slots__ = ("_deadline", "_dependencies", "_function", "_most", "_number", "_single", "readers")

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: int,
        dependencies: Dependencies,
        budget: Budget,
        deadline: Deadline,
    ) -> None:
        super().__init__()
        self._function = function
        self._single = arguments == 1
        self._dependencies = dependencies
        self._number, self.readers = dependencies.store(self)
        self._most = budget.facts
        self._deadline = deadline

    def __missing__(self, key: Any) -> Any:
        dependencies = self._dependencies
        dependencies.made += 1
        if not dependencies.made & SELDOM:
            self._look_at_bounds()
        entry = (self._number, key)
        answer = self._function(key, entry) if self._single else self._function(*key, entry)
        self[key] = answer
        return answer

    def _look_at_bounds(self) -> None:
        self._deadline.poll()
        if self._dependencies.made > self._most:
            raise BudgetError(f"more than {self._most} facts were derived: bound the rules")
