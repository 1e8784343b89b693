"""The engines by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Literal as OneOf

from mpr_logic.engine.native import NativeEngine
from mpr_logic.errors import OptionError

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Budget, Engine

EngineChoice = OneOf["native", "pydatalog", "both"]


def make_engine(
    program: Program, name: str = "native", *, semiring: str = "maxmin", budget: Budget | None = None
) -> Engine:
    """A new engine with the program's facts. The second engine is imported only where it is asked for.

    Raises:
        OptionError: there is no engine of that name.
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
