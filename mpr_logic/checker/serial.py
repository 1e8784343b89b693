"""Decisions and their parts as JSON-able data: docs/reference/json.md says what each key holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from mpr_logic.checker.disclosure import for_model, model_text, names_values, repairs_of, repairs_told, shows
from mpr_logic.checker.render import item_text, pattern_text, proof_json, rule_text
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.checker.decision import Decision, Reason
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.whynot import Attempt, WhyNot

VERSION = 1
"""The version of the JSON forms; it grows when a key changes its meaning or goes away."""

Audience = OneOf["operator", "model"]


def decision_json(decision: Decision, audience: Audience = "operator") -> dict[str, Any]:
    """A decision: everything for the operator, for the model what each rule's author allows.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    found: dict[str, Any] = {
        "action": str(decision.action),
        "admissible": decision.admissible,
        "verdict": decision.verdict,
    }
    if audience == "model":
        return found | {
            "text": for_model(decision),
            "reasons": _allowed(decision.reasons),
            "advice": _allowed(decision.advice),
            "repairs": [repair_json(each) for each in repairs_told(decision)],
        }
    if decision.under_way:
        found["under_way"] = [
            {"call": each.call.id, "action": str(each.call.action), "succeeds": each.succeeds}
            for each in decision.under_way
        ]
    return found | {
        "theta": decision.theta,
        "version": decision.version,
        "seconds": decision.seconds,
        "reasons": [reason_json(each) for each in decision.reasons],
        "advice": [reason_json(each) for each in decision.advice],
        "repairs": [repair_json(each) for each in repairs_of(decision)],
    }


def reason_json(reason: Reason) -> dict[str, Any]:
    """A reason or a piece of advice, all of it. ``rule`` is null where no rule is behind it."""
    rule = reason.rule
    more = {"more": reason.more} if reason.more else {}
    return more | {
        "text": reason.text,
        "weight": reason.weight,
        "rule": None
        if rule is None
        else {"id": rule.id, "where": str(rule.clause.span), "text": rule_text(rule)},
        "disclose": reason.disclose,
        "proof": None if reason.proof is None else proof_json(reason.proof),
    }


def _allowed(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    found = []
    for reason in reasons:
        text = model_text(reason)
        if text is None:
            continue
        each: dict[str, Any] = {"text": text}
        if reason.more and names_values(reason):
            each["more"] = reason.more
        if shows(reason, "proof") and reason.proof is not None:
            each["proof"] = proof_json(reason.proof)
        found.append(each)
    return found


def repair_json(repair: Repair) -> dict[str, Any]:
    """A repair: facts that come to hold and cease to, the actions that bring them about, what they leave, and
    who may change that."""
    return {
        "text": str(repair),
        "add": [print_row(*fact) for fact in repair.add],
        "remove": [print_row(*fact) for fact in repair.remove],
        "actions": list(repair.actions),
        "left": list(repair.left),
        "who": list(repair.who),
    }


def why_not_json(answer: WhyNot) -> dict[str, Any]:
    """Why an atom does not hold: each rule that could have derived it, and where that failed."""
    return {
        "atom": pattern_text(answer.relation, answer.pattern),
        "state": answer.state,
        "weight": answer.weight,
        "attempts": [_attempt_json(each) for each in answer.attempts],
        "omitted": answer.omitted,
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    rule, failed = attempt.rule, attempt.failed
    return {
        "rule": {"id": rule.id, "where": str(rule.clause.span), "text": rule_text(rule)},
        "bindings": {n: v for n, v in attempt.bindings.items() if not n.startswith("#")},
        "state": attempt.state,
        "failed": None if failed is None else item_text(failed, attempt.bindings),
        "index": attempt.index,
        "nearest": attempt.nearest,
        "passed": attempt.passed,
    }
