"""Directives: a forbid may ask for something else than rejection, by its annotations.

``@rewrite(argument, value)``: the call is made with another value for this argument. The value is a text,
with ``{Variables}`` of the rule, or a number; a text that is one variable alone is its value as it is, and
``null`` leaves the argument out. What was rewritten is checked anew.

``@escalate``: a person is asked.

Either holds only where every rule that rejects the call has one; and what can be rewritten is rewritten
first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.structures import NULL
from mpr_logic.errors import EvaluationError, GuardError
from mpr_logic.language.moments import json_value

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.checker.decision import Decision, Reason
    from mpr_logic.guard.actions import Actions

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
REJECTED = 3
"""The greatest severity of a decision."""
NOTHING = object()
"""The value of a rewriting that leaves its argument out."""


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of one rule: the arguments to rewrite, and whether to ask a person."""

    rewrites: tuple[tuple[str, str | int | float], ...]
    escalates: bool


def read_directives(program: Program) -> dict[str, Directives]:
    """The directives of all rules, by the rule's id.

    Raises:
        GuardError: one stands before something else than a forbid, names no argument of the action, or a
            variable that the rule does not bind.
    """
    found = {}
    for rule in program.rules:
        rewrites = []
        escalates = False
        for each in rule.clause.annotations:
            if each.name not in ("rewrite", "escalate"):
                continue
            where = f"{rule.clause.span}: `@{each.name}`"
            if rule.clause.kind != "forbid" or rule.action is None:
                raise GuardError(f"{where} stands before a forbid alone")
            if each.name == "escalate":
                if each.args:
                    raise GuardError(f"{where} takes nothing: write it as @escalate")
                escalates = True
                continue
            if len(each.args) != 2:
                raise GuardError(f'{where} takes an argument and a value: @rewrite(path, "/tmp/{{N}}")')
            word, value = str(each.args[0].value), json_value(each.args[1].value)
            _check(rule, word, value, program, where)
            rewrites.append((word, value))
        if rewrites or escalates:
            found[rule.id] = Directives(tuple(rewrites), escalates)
    return found


def _check(rule: Rule, word: str, value: Any, program: Program, where: str) -> None:
    params = [each.name for each in program.schema.actions[str(rule.action)].params]
    if word not in params:
        names = ", ".join(f"`{name}`" for name in params) or "no arguments"
        raise GuardError(f"{where}: `{rule.action}` has no argument `{word}`: it has {names}")
    for match in _BRACES.finditer(value) if isinstance(value, str) else ():
        if match[1] is not None and match[1] not in rule.variables:
            raise GuardError(f"{where}: `{match.group()}` is no variable that the rule binds")


def rewritten(
    decision: Decision, directives: dict[str, Directives], actions: Actions, arguments: dict[str, Any]
) -> dict[str, Any]:
    """The arguments as the rules that reject a call rewrite them; where they are the same, none did.

    Raises:
        EvaluationError: it is not known what a rule rewrites them to.
    """
    found = dict(arguments)
    for reason in reversed(decision.by_rule):  # the heaviest has the last word
        action = str(reason.rule.action) if reason.rule is not None else ""
        for word, value in _of(reason, directives).rewrites:
            name = actions.name_of(action, word, found)
            new = _filled(value, reason)
            if new is NOTHING:
                found.pop(name, None)
            else:
                found[name] = new
    return found


def may_go_on(decision: Decision, directives: dict[str, Directives]) -> bool:
    """Whether every reason against a call is a rule with a directive."""
    reasons = decision.by_rule
    return (
        decision.verdict == "forbidden"
        and bool(reasons)
        and all(reason.id is not None and reason.id in directives for reason in reasons)
    )


def asks_person(decision: Decision, directives: dict[str, Directives]) -> bool:
    """Whether every reason against a call leaves it to a person."""
    return may_go_on(decision, directives) and all(_of(r, directives).escalates for r in decision.by_rule)


def severity(decision: Decision, directives: dict[str, Directives]) -> int:
    """Rank a decision by what the call still needs: 0 nothing, 1 a person's answer, 2 a rewriting; 3 is a
    rejection."""
    if decision.admissible:
        return 0
    if not may_go_on(decision, directives):
        return REJECTED
    return 1 if asks_person(decision, directives) else 2


def _of(reason: Reason, directives: dict[str, Directives]) -> Directives:
    return directives[str(reason.id)]


def _filled(value: str | int | float, reason: Reason) -> Any:
    if not isinstance(value, str):
        return value
    if value == NULL:
        return NOTHING
    if reason.proof is None and any(each[1] is not None for each in _BRACES.finditer(value)):
        why = "the time is over, or the engine keeps no proofs"
        raise EvaluationError(f"it is not known what `{reason.id}` rewrites the call to: {why}")
    bindings = {} if reason.proof is None else reason.proof.bindings
    alone = re.fullmatch(r"\{([^{}]*)\}", value)
    if alone is not None:
        return json_value(bindings[alone[1]])
    return _BRACES.sub(lambda m: m[0][0] if m[1] is None else str(bindings[m[1]]), value)
