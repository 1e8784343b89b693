"""mpr_logic as the suite's evaluator."""

from __future__ import annotations

from math import inf
from typing import Literal

from datalog_conformance.schema import Model, Program

import mpr_logic
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import MprError, ProgramError, StateError
from tests.conformance.errors import suite_name
from tests.conformance.translate import Names, translate

Engine = Literal["native", "pydatalog"]


class SuiteError(Exception):
    """A refusal under the name that the suite expects for it: it compares ``code``."""

    def __init__(self, code: str, cause: MprError) -> None:
        self.code = code
        super().__init__(f"{code}: {cause}")


class Evaluator:
    """Evaluates the suite's programs, within ``seconds``, if they are given.

    Cases of one file often share their program, up to 103,074 facts: the last model is kept."""

    def __init__(self, engine: Engine, *, projecting: bool = False, seconds: float = inf) -> None:
        self._engine: Engine = engine
        self._projecting = projecting
        self._budget = Budget(seconds=seconds)
        self._last: tuple[Program, Model] | None = None

    def evaluate(self, program: Program) -> Model:
        """The model under the suite's names.

        Raises:
            SuiteError: the program or its facts are refused.
            EvaluationError: the engine cannot run it, or did not finish.
        """
        if self._last is not None and self._last[0] == program:
            return self._last[1]
        names = Names()
        text = translate(program.rules, names, projecting=self._projecting)
        facts = {names[relation]: rows for relation, rows in program.facts.items()}
        try:
            found = mpr_logic.evaluate(text, facts, engine=self._engine, budget=self._budget)
        except (ProgramError, StateError) as error:
            raise SuiteError(suite_name(error), error) from error
        back = names.back()
        model = Model({back[new]: set(rows) for new, rows in found.items() if new in back})
        self._last = (program, model)
        return model
