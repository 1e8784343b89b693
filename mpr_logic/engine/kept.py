"""Answers of one compiled function, kept until a fact below changes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 100_000
"""So many answers of one function are kept; then keeping begins anew."""


class Kept(dict[Any, Any]):
    """``kept[key]`` is the answer to a goal, worked out when it is first asked for. A dictionary with
    ``__missing__``, so that generated code reads a known answer without a call."""

    __slots__ = ("_function", "_limit", "_single")

    def __init__(self, function: Callable[..., Any], arguments: int, limit: list[float]) -> None:
        super().__init__()
        self._function = function
        self._single = arguments == 1
        self._limit = limit

    def __missing__(self, key: Any) -> Any:
        if time.perf_counter() > self._limit[0]:
            raise BudgetError("the time is over: allow more seconds, or simplify the rules")
        answer = self._function(key) if self._single else self._function(*key)
        if len(self) >= MOST:
            self.clear()
        self[key] = answer
        return answer
