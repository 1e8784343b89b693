"""A rule memory and a logic checker for LLM agents.

Rules in a small Datalog say what an agent may do; every proposed action is admitted or rejected by
formal derivation, and every answer can say why.
"""

from mpr_logic.checking.action import Action
from mpr_logic.checking.checker import THETA, Checker
from mpr_logic.checking.decision import Decision, Reason
from mpr_logic.checking.repair import Repair
from mpr_logic.checking.whynot import WhyNot
from mpr_logic.engine.base import Budget
from mpr_logic.engine.evaluate import evaluate
from mpr_logic.errors import (
    ArithmeticFailure,
    BudgetError,
    DisagreementError,
    EvaluationError,
    InexpressibleError,
    MprError,
    ProgramError,
    StaleDecisionError,
    StateError,
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
    "InexpressibleError",
    "MprError",
    "ProgramError",
    "Reason",
    "Repair",
    "StaleDecisionError",
    "StateError",
    "WhyNot",
    "evaluate",
]
