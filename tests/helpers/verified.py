"""Every decision that any test makes is worked out again, by the independent verifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mpr_logic.analysis.program import Rule
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
    """Return the rules' verdict on an action, derived naively. A rule without a value, such as one that asks
    for a time that nobody told, matters only where the verdict hangs on it: it is undecided then."""
    program, name = checker.program, action.name
    permits = {p: _holds(checker, model, p, action.args) for p in _asked(checker, f"permit {name}")}
    unsure = False
    for law in _asked(checker, f"forbid {name}"):
        holds = _holds(checker, model, law, action.args)
        lifted = [held for p, held in permits.items() if law.id in program.overrides.get(p.id, ())]
        if holds and not any(each is not False for each in lifted):
            return "forbidden"
        unsure = unsure or (holds is not False and True not in lifted)
    closed = name in program.schema.closed and True not in permits.values()
    assert not unsure
    assert not closed or None not in permits.values()
    return "unpermitted" if closed else "admissible"


def _asked(checker: Checker, head: str) -> tuple[Rule, ...]:
    """The rules of a head; what weighs less than theta by itself is not asked."""
    rules = checker.program.rules_for(head)
    return tuple(rule for rule in rules if checker.semiring == "boolean" or rule.weight >= checker.theta)


def _holds(checker: Checker, model: NaiveModel, rule: Rule, args: Row) -> bool | None:
    """Whether a rule fires with at least theta; None where it has no value."""
    try:
        return model.derive(rule, args, {}).get(args, 0.0) >= checker.theta
    except KeyError:
        fresh = NaiveModel(checker.program, model.facts, checker.semiring)  # of the other, a part is missing
        vars(model).update(vars(fresh))
        return None
