"""A rule memory and a logic checker for LLM agents.

Rules in a small Datalog say what an agent may do; every proposed action is admitted or rejected by
formal derivation, and every answer can say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic import moved

if TYPE_CHECKING:
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import THETA, Checker
    from mpr_logic.checker.decision import Decision, Reason
    from mpr_logic.checker.disclosure import decision_json, for_model, for_operator
    from mpr_logic.checker.render import proof_text
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.state import read_state
    from mpr_logic.checker.verifier import verify
    from mpr_logic.checker.whynot import WhyNot
    from mpr_logic.engine.bottomup.evaluate import evaluate
    from mpr_logic.engine.protocol import Budget
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
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Tools
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.memory.store import Memory

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
    "Guard",
    "GuardError",
    "InexpressibleError",
    "Memory",
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
    "Tools",
    "Verdict",
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
    "THETA": "checker.checker",
    "Action": "checker.action",
    "Budget": "engine.protocol",
    "Checker": "checker.checker",
    "Decision": "checker.decision",
    "Guard": "guard.guard",
    "Memory": "memory.store",
    "Reason": "checker.decision",
    "Repair": "checker.repair",
    "Tools": "guard.tools",
    "Verdict": "guard.verdict",
    "WhyNot": "checker.whynot",
    "decision_json": "checker.disclosure",
    "evaluate": "engine.bottomup.evaluate",
    "for_model": "checker.disclosure",
    "for_operator": "checker.disclosure",
    "proof_text": "checker.render",
    "read_state": "checker.state",
    "verify": "checker.verifier",
}

moved.install()


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
