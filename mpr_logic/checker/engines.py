"""The engine of a name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from mpr_logic.engine.failures import Guard
from mpr_logic.engine.native import NativeEngine
from mpr_logic.errors import OptionError

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Budget, Engine

EngineName = OneOf["native", "pydatalog", "both"]


def make_engine(program: Program, name: str, semiring: str, budget: Budget) -> Engine:
    """A new engine with the program's facts. The second engine is imported only where it is asked for.

    Raises:
        ValueError: there is no engine of that name.
        InexpressibleError: it cannot run the program.
    """
    if name == "native":
        return NativeEngine(program, semiring=semiring, budget=budget)
    if name == "pydatalog":
        from mpr_logic.engine.pydatalog.engine import PyDatalogEngine

        return PyDatalogEngine(program, semiring=semiring, budget=budget)
    if name == "both":
        from mpr_logic.engine.differential import BothEngine

        return BothEngine(program, semiring=semiring, budget=budget)
    raise OptionError(f"no engine `{name}`: choose native, pydatalog or both")


def bounded(engine: Engine, budget: Budget) -> Guard | AbstractContextManager[None]:
    """The engine's own guard for direct calls of its compiled functions; the clock alone for others."""
    return engine.bounded() if isinstance(engine, NativeEngine) else engine.deadline.within(budget.seconds)
