"""Our refusals under the suite's names, which are as many as its sources had."""

from __future__ import annotations

from mpr_logic.errors import MprError, ProgramError, StateError

NAMES = {
    "E0301": "unbound_variable",  # a head variable that the body does not bind
    "E0302": "safety_violations",  # `_` in a head
    "E0303": "SafetyViolationError",  # a named variable in a negated literal alone
    "E0304": "unbound_variable",  # a variable in arithmetic or a comparison alone
    "E0401": "cyclic_negation",
}


def suite_name(error: MprError) -> str:
    """The suite's name for what we raise; our own words where it has none, which no case expects."""
    if isinstance(error, ProgramError):
        code = error.diagnostics[0].code
        return NAMES.get(code, code)
    if isinstance(error, StateError) and " arguments, not " in str(error):
        return "arity_mismatch"
    return type(error).__name__
