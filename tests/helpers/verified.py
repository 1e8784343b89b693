"""Every decision that any test makes is worked out again, by the independent verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.decision import Decision
from mpr_logic.checker.verifier import NaiveModel, verify
from mpr_logic.engine.provenance.proof import RuleProof
from mpr_logic.language.ast import Row

MANY_FACTS, MANY_RULES = 400, 120
"""Larger states are left to the tests of speed: the verifier derives everything naively."""

CheckAll = Callable[..., list[Decision]]


def verified(check_all: CheckAll) -> CheckAll:
    """``Checker.check_all``, followed by a second opinion on each of its decisions."""

    def check(self: Checker, actions: Iterable[str | Action], *, proofs: bool = False) -> list[Decision]:
        decisions = check_all(self, actions, proofs=proofs)
        facts = self.facts()
        if sum(map(len, facts.values())) <= MANY_FACTS and len(self.program.rules) <= MANY_RULES:
            model = NaiveModel(self.program, facts, self.semiring)
            for decision in decisions:
                verify_decision(self, model, decision)
        return decisions

    return check


def verify_decision(checker: Checker, model: NaiveModel, decision: Decision) -> None:
    """Hold the verdict against the rules and facts alone, and every proof that was recorded."""
    if decision.verdict == "undecided":
        assert not decision.admissible
        return
    action = decision.action
    assert isinstance(action, Action)
    verdict = "forbidden" if decision.verdict == "uninformed" else decision.verdict
    assert verdict == verdict_of(checker, model, action)
    assert bool(decision.asks) == (decision.verdict == "uninformed")
    for reason in (*(decision.recorded("by_rule") or ()), *(decision.recorded("advice_by_rule") or ())):
        if isinstance(reason.proof, RuleProof):
            assert reason.proof.weight == reason.weight
            assert verify(reason.proof, checker.program, model.facts, semiring=checker.semiring) == []


def verdict_of(checker: Checker, model: NaiveModel, action: Action) -> str:
    """Return the rules' verdict on an action, derived naively."""
    program, name = checker.program, action.name
    laws = fired(checker, model, f"forbid {name}", action.args)
    permits = fired(checker, model, f"permit {name}", action.args)
    lifted = {i for p in permits for i in program.overrides.get(p, ())}
    if any(law not in lifted for law in laws):
        return "forbidden"
    return "unpermitted" if name in program.schema.closed and not permits else "admissible"


def fired(checker: Checker, model: NaiveModel, head: str, args: Row) -> list[str]:
    """The ids of the rules that fire with at least theta; what weighs less by itself is not asked."""
    rules = checker.program.rules_for(head)
    if checker.semiring != "boolean":
        rules = tuple(rule for rule in rules if rule.weight >= checker.theta)
    return [r.id for r in rules if model.derive(r, args, {}).get(args, 0.0) >= checker.theta]
