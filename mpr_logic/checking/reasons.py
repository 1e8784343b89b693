"""From the rules that fired to reasons with text and proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.checking.decision import DISCLOSURES, Decision, Reason
from mpr_logic.checking.render import because_text
from mpr_logic.errors import EvaluationError, InexpressibleError, StaleDecisionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.core import Rule
    from mpr_logic.checking.action import Action
    from mpr_logic.checking.checker import Checker
    from mpr_logic.checking.repair import Repair
    from mpr_logic.engine.base import Engine


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision remembers of its checker: which, and the state's number at the time."""

    context: Reasons
    number: int

    @property
    def theta(self) -> float:
        """The checker's theta."""
        return self.context.theta

    @property
    def version(self) -> str:
        """The version of the rules."""
        return self.context.version

    def reasons(self, decision: Decision) -> tuple[Reason, ...]:
        """The reasons of a decision that did not record them."""
        return self.context.reasons(decision, self.number)

    def advice(self, decision: Decision) -> tuple[Reason, ...]:
        """The advice of a decision that did not record it."""
        return self.context.advice(decision, self.number)

    def repairs(self, decision: Decision) -> tuple[Repair, ...]:
        """The repairs of a decision."""
        return self.context.repairs(decision, self.number)


class Reasons:
    """Works out the reasons of one checker's decisions."""

    def __init__(self, checker: Checker, engine: Engine) -> None:
        self._checker = checker
        self._engine = engine
        self.theta = checker.theta
        self.version = checker.program.version
        self._moment = Moment(self, 0)

    def now(self) -> Moment:
        """The present state, for a decision to remember."""
        if self._moment.number != self._checker.state_number:
            self._moment = Moment(self, self._checker.state_number)
        return self._moment

    def record(self, decision: Decision) -> None:
        """Work out reasons and advice now, while their state is there."""
        decision._reasons = self._reasons(decision, proofs=True)
        decision._advice = self.explain(decision.action, decision._soft, proofs=True)

    def reasons(self, decision: Decision, number: int) -> tuple[Reason, ...]:
        """The reasons of a decision, in the state that it was made in."""
        if not decision.admissible:
            self._fresh(number)
        return self._reasons(decision, proofs=True)

    def advice(self, decision: Decision, number: int) -> tuple[Reason, ...]:
        """The forbids below theta."""
        if decision._soft:
            self._fresh(number)
        return self.explain(decision.action, decision._soft, proofs=True)

    def repairs(self, decision: Decision, number: int) -> tuple[Repair, ...]:
        """The smallest changes that would admit a rejected action."""
        if decision.admissible:
            return ()
        self._fresh(number)
        return self._checker.repairs(decision)

    def explain(
        self, action: Action | str, fired: Sequence[tuple[Rule, float]], *, proofs: bool
    ) -> tuple[Reason, ...]:
        """A reason for each rule that fired, the heaviest first."""
        ordered = sorted(fired, key=lambda each: -each[1])
        return tuple(self._reason(action, rule, weight, proofs) for rule, weight in ordered)

    def _reasons(self, decision: Decision, *, proofs: bool) -> tuple[Reason, ...]:
        if decision.verdict == "unpermitted":
            text = f"{decision.action} is forbidden unless a rule permits it, and none does"
            return (Reason(text),)
        return self.explain(decision.action, decision._laws, proofs=proofs)

    def _reason(self, action: Action | str, rule: Rule, weight: float, proofs: bool) -> Reason:
        proof = None
        if proofs and not isinstance(action, str):
            try:
                proof = self._engine.explain(rule, action.args)
            except InexpressibleError:
                proof = None  # this engine keeps no proofs
            except EvaluationError as error:
                text = f"{because_text(rule, {})} (its proof could not be written down: {error})"
                return Reason(text, weight, rule, None, disclosure(rule))
        bindings = proof.bindings if proof is not None else {}
        return Reason(because_text(rule, bindings), weight, rule, proof, disclosure(rule))

    def _fresh(self, number: int) -> None:
        if number != self._checker.state_number:
            raise StaleDecisionError(
                "the state has changed since this was decided: ask before it changes, or check with proofs"
            )


def disclosure(rule: Rule) -> str:
    """What the author of a rule lets a model see: the argument of ``@disclose``, else the because-text."""
    said = rule.clause.annotation("disclose")
    return str(said[0]) if said and said[0] in DISCLOSURES else "because"
