"""From the rules that fired to reasons with text and proof."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mpr_logic.checker.decision import NOTHING, Decision, Reason
from mpr_logic.checker.readings import open_variables, readings
from mpr_logic.checker.render import because_text
from mpr_logic.engine.failures import ANYTHING_MAY_FAIL, translated
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, UNPERMITTED
from mpr_logic.engine.semiring import SEMIRINGS
from mpr_logic.errors import BudgetError, EvaluationError, InexpressibleError, StaleDecisionError
from mpr_logic.language.ast import Var

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.candidates import Candidate
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.versions import Version
    from mpr_logic.engine.protocol import Engine, Fired
    from mpr_logic.engine.provenance.proof import RuleProof
    from mpr_logic.language.ast import Value


AT_ONCE = 0.25
"""The part of the time that is left in which all reasons may be worked out at once; then they are, one by
one, in what remains."""


@dataclass(slots=True, eq=False)
class Moment:
    """What a decision remembers of its checker: which, and the state at the time."""

    context: Reasons
    state: Version

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
        return self.context.reasons(decision, self.state)

    def advice(self, decision: Decision) -> tuple[Reason, ...]:
        """The advice of a decision that did not record it."""
        return self.context.advice(decision, self.state)

    def told(self, decision: Decision, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        """All that the rules of some reasons say."""
        return self.context.told(decision, reasons, self.state)

    def repairs(self, decision: Decision) -> tuple[Repair, ...]:
        """The repairs of a decision."""
        return self.context.repairs(decision, self.state)


class Reasons:
    """Works out the reasons of one checker's decisions."""

    def __init__(self, checker: Checker, engine: Engine) -> None:
        self._checker = checker
        self._engine = engine
        self.theta = checker.theta
        self.version = checker.program.version
        self._moment: Moment | None = None
        self._said: dict[Rule, bool] = {}
        self._deadline = engine.deadline

    def now(self) -> Moment:
        """The present state, for a decision to remember."""
        moment, state = self._moment, self._checker.version
        if moment is None or moment.state is not state:
            moment = self._moment = Moment(self, state)
        return moment

    def let_go(self) -> None:
        """Hold on to the present state no longer: it changes, and only decisions may ask about it later."""
        self._moment = None

    def decide(self, candidate: Candidate, moment: Moment) -> Decision | None:
        """Decide by the proofs of what fires, which are recorded with that. None where the rules may fail, or
        do: then it takes a verdict of its own, with the whole budget."""
        rules, args = candidate
        if not rules.certain:
            return None
        try:
            laws, soft = rules.proved(args)
            if laws:
                return Decision(candidate, FORBIDDEN, moment, (laws, soft))
            if rules.closed and not self._checker.candidates.permits(candidate):
                return Decision(candidate, UNPERMITTED, moment, (None, soft))
            return Decision(candidate, ADMITTED, moment, (laws, soft))
        except ANYTHING_MAY_FAIL:
            return None

    def record(self, decision: Decision, candidate: Candidate) -> None:
        """Work out reasons and advice now, while their state is there, inside the bounds of the check.
        What goes wrong meanwhile does not change the verdict; it is said in the place of the reasons."""
        verdict, (rules, args) = decision._verdict, candidate
        if verdict == ADMITTED and not rules.may_advise:
            decision._worked = (), ()
            return
        try:
            with self._deadline.within(self._deadline.left() * AT_ONCE):
                if verdict == FORBIDDEN:
                    decision._worked = rules.proved(args)
                else:
                    soft = rules.advised(args)[1] if rules.may_advise else ()
                    decision._worked = (None if verdict == UNPERMITTED else (), soft)
            return
        except ANYTHING_MAY_FAIL:
            pass  # rule by rule, to say which cannot be worked out
        self._record_each(decision, candidate)

    def _record_each(self, decision: Decision, candidate: Candidate) -> None:
        """The same, rule by rule."""
        worked = decision.worked
        try:
            if worked.fired is None:
                with self._deadline.within(self._deadline.left() * AT_ONCE):
                    worked.fired = self._checker.candidates.fired(candidate)
            worked.reasons = self._reasons(decision)
            soft = worked.fired[1]
            worked.advice = self.explain(decision.action, soft) if soft else ()
        except ANYTHING_MAY_FAIL as error:
            self._as_far_as_it_goes(decision, candidate, error)

    def _as_far_as_it_goes(self, decision: Decision, candidate: Candidate, error: BaseException) -> None:
        """The reasons and the advice of the rules that can be worked out in the time that is left, those that
        cost least first, and a note that they are not all."""
        worked, (rules, args) = decision.worked, candidate
        known = error if isinstance(error, EvaluationError) else translated(error)
        text = f"the rules that speak of it could not all be worked out: {known}"
        found: list[tuple[Rule, RuleProof]] = []
        for rule in self._engine.cheapest_first(rules.name):
            with suppress(*ANYTHING_MAY_FAIL):
                self._deadline.poll()
                proof = self._engine.explain(rule, args)
                # whether a permit overrides the rule takes another question
                if proof is not None and (proof.weight < self.theta or rule.id not in rules.overridden):
                    found.append((rule, proof))
        reasons = sorted((Reason(None, p.weight, r, p) for r, p in found), key=lambda each: -each.weight)
        laws = tuple([each for each in reasons if each.weight >= self.theta])
        soft = tuple([each for each in reasons if each.weight < self.theta])
        worked.fired = NOTHING
        worked.advice = (*soft, Reason(text)) if decision.admissible else soft
        if decision.verdict == "unpermitted":
            worked.reasons = (Reason(partial(_unpermitted, decision.action)),)
        else:
            note = text if laws else f"{decision.action} is forbidden; {text}"
            worked.reasons = () if decision.admissible else (*laws, Reason(note))

    def reasons(self, decision: Decision, state: Version) -> tuple[Reason, ...]:
        """The reasons of a decision, in the state that it was made in."""
        if decision._verdict in (ADMITTED, UNPERMITTED):
            return self._reasons(decision)  # which the state has no part in
        with self._checker.asking(), self._checker.at(state):
            self._record_each(decision, self._checker.candidates.get(decision.action))
            return decision.worked.reasons or ()

    def advice(self, decision: Decision, state: Version) -> tuple[Reason, ...]:
        """The forbids below theta."""
        if not self._may_advise(decision):
            return ()
        with self._checker.asking(), self._checker.at(state):
            self._record_each(decision, self._checker.candidates.get(decision.action))
            return decision.worked.advice or ()

    def told(self, decision: Decision, reasons: tuple[Reason, ...], state: Version) -> tuple[Reason, ...]:
        """All that the rules of some reasons say: see :mod:`~mpr_logic.checker.readings`. Where the state is
        too long ago, the best of each."""
        action = decision.action
        if isinstance(action, str) or not any(self._open(r.rule) for r in reasons if r.rule is not None):
            return reasons
        semiring = SEMIRINGS[self._checker.semiring]
        found: list[Reason] = []
        with suppress(BudgetError, StaleDecisionError), self._checker.asking(), self._checker.at(state):
            for each in reasons:
                if each.rule is None or not self._open(each.rule):
                    found.append(each)
                    continue
                with self._deadline.within(self._deadline.left() * AT_ONCE):
                    found += readings(self._engine, each, action.args, semiring, self.theta)
        return tuple(found) if found else reasons

    def _open(self, rule: Rule) -> bool:
        """Whether a rule may have several things to say."""
        known = self._said.get(rule)
        if known is None:
            known = self._said[rule] = bool(open_variables(rule))
        return known

    def repairs(self, decision: Decision, state: Version) -> tuple[Repair, ...]:
        """The smallest changes that would admit a rejected action; none where the time is over."""
        if decision.admissible:
            return ()
        with suppress(BudgetError), self._checker.asking(), self._checker.at(state):
            return self._checker.repairs(decision)
        return ()

    def explain(self, action: Action | str, fired: Fired) -> tuple[Reason, ...]:
        """A reason for each rule that fired, the heaviest first."""
        ordered = fired if len(fired) < 2 else sorted(fired, key=lambda each: -each[1])
        return tuple([self._reason(action, rule, weight) for rule, weight in ordered])

    def _reasons(self, decision: Decision) -> tuple[Reason, ...]:
        if decision.admissible:
            return ()
        if decision.verdict == "unpermitted":
            return (Reason(partial(_unpermitted, decision.action)),)
        return self.explain(decision.action, self._fired(decision)[0])

    def _fired(self, decision: Decision) -> tuple[Fired, Fired]:
        if decision.worked.fired is None:
            decision.worked.fired = self._checker.fired(decision)
        return decision.worked.fired

    def _may_advise(self, decision: Decision) -> bool:
        """Whether some forbid of the action could weigh less than theta."""
        if decision.worked.fired is not None:
            return bool(decision.worked.fired[1])
        return isinstance(decision.action, str) or self._checker.may_advise(decision.action.name)

    def _reason(self, action: Action | str, rule: Rule, weight: float) -> Reason:
        if isinstance(action, str):
            return Reason(because_text(rule, {}), weight, rule)
        try:
            return Reason(None, weight, rule, self._engine.explain(rule, action.args))
        except InexpressibleError:
            return Reason(because_text(rule, _head_bindings(action, rule), action.args), weight, rule)
        except ANYTHING_MAY_FAIL as error:
            known = error if isinstance(error, EvaluationError) else translated(error)
            text = because_text(rule, _head_bindings(action, rule), action.args)
            return Reason(f"{text} (its proof could not be written down: {known})", weight, rule)


def _unpermitted(action: Action | str) -> str:
    return f"{action} is forbidden unless a rule permits it, and none does"


def _head_bindings(action: Action, rule: Rule) -> dict[str, Value]:
    """What the action alone says of a rule's variables: for an engine that keeps no proofs."""
    pairs = zip(rule.args, action.args, strict=False)
    return {t.name: v for t, v in pairs if isinstance(t, Var) and not t.anonymous}
