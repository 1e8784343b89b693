"""A rule memory and a logic checker for LLM agents.

Rules in a small Datalog say what an agent may do; every proposed action is admitted or rejected by
formal derivation, and every answer can say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.checking.action import Action
    from mpr_logic.checking.checker import THETA, Checker
    from mpr_logic.checking.decision import Decision, Reason
    from mpr_logic.checking.disclosure import for_model, for_operator
    from mpr_logic.checking.render import proof_text
    from mpr_logic.checking.repair import Repair
    from mpr_logic.checking.serial import decision_json
    from mpr_logic.checking.state import read_state
    from mpr_logic.checking.verifier import verify
    from mpr_logic.checking.whynot import WhyNot
    from mpr_logic.engine.base import Budget
    from mpr_logic.engine.evaluate import evaluate
    from mpr_logic.errors import (
        ArithmeticFailure,
        BudgetError,
        DisagreementError,
        EvaluationError,
        ExperimentError,
        GameError,
        GuardError,
        InexpressibleError,
        ModelError,
        MprError,
        ProgramError,
        RejectedError,
        ServerError,
        StaleDecisionError,
        StateError,
        StoreError,
    )

__all__ = [
    "THETA",
    "Action",
    "ArithmeticFailure",
    "Budget",
    "BudgetError",
    "Checker",
    "Decision",
    "DisagreementError",
    "EvaluationError",
    "ExperimentError",
    "GameError",
    "GuardError",
    "InexpressibleError",
    "ModelError",
    "MprError",
    "ProgramError",
    "Reason",
    "RejectedError",
    "Repair",
    "ServerError",
    "StaleDecisionError",
    "StateError",
    "StoreError",
    "WhyNot",
    "decision_json",
    "evaluate",
    "for_model",
    "for_operator",
    "proof_text",
    "read_state",
    "verify",
]

_HOMES = {
    "THETA": "checking.checker",
    "Action": "checking.action",
    "Budget": "engine.base",
    "Checker": "checking.checker",
    "Decision": "checking.decision",
    "Reason": "checking.decision",
    "Repair": "checking.repair",
    "WhyNot": "checking.whynot",
    "decision_json": "checking.serial",
    "evaluate": "engine.evaluate",
    "for_model": "checking.disclosure",
    "for_operator": "checking.disclosure",
    "proof_text": "checking.render",
    "read_state": "checking.state",
    "verify": "checking.verifier",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a name when it is first used: ``mpr --help`` needs none of them."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
