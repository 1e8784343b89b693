"""Reasons: the rules that fired for an action, each with its text and its proof.

A rule that fires is one reason with its best derivation. Where its text names a variable that the action does
not determine, other derivations tell of other causes; they are looked for when the reasons are read.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from mpr_logic.checker.decision import Explained, Reason, one_for_each_clause
from mpr_logic.checker.grounding import action_of
from mpr_logic.checker.render import because_text, text_variables
from mpr_logic.checker.solve import body_steps, matched, pattern, rule_steps, run
from mpr_logic.engine.failures import ANYTHING_MAY_FAIL, translated
from mpr_logic.engine.planner import Filter, Gather, Scan
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, UNPERMITTED
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, BuiltinStep, RuleProof
from mpr_logic.errors import BudgetError, EvaluationError, InexpressibleError
from mpr_logic.language.ast import Aggregate, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.decision import CheckEvidence
    from mpr_logic.checker.grounding import GroundAction, Grounder
    from mpr_logic.checker.solve import Bindings
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine, Fired
    from mpr_logic.engine.provenance.proof import Proof, ProofStep
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import Atom, Row, Value

AT_ONCE = 0.25
"""The part of the time that is left in which all reasons may be worked out at once; then they are, one by
one, in what remains."""
MOST = 10
"""The most reasons of one rule that are listed; the rest are counted."""
FOLLOWED = 1_000
"""The most derivations of a rule that are looked at."""


class Reasons:
    """Works out reasons and advice in the present state of an engine, inside the bounds of a question.

    Args:
        engine: lists and proves the rules that fire.
        grounder: resolves the actions for that engine.
        theta: the weight from which a forbid rejects.
        semiring: how weights combine.
    """

    def __init__(self, engine: Engine, grounder: Grounder, theta: float, semiring: Semiring) -> None:
        self._engine = engine
        self._grounder = grounder
        self._theta = theta
        self._semiring = semiring
        self._parts: dict[Rule, dict[Rule, tuple[str, ...]]] = {}
        self._steps: dict[Rule, tuple[PlanStep, ...]] = {}
        self._deadline = engine.deadline

    def fork(self, engine: Engine, grounder: Grounder) -> Reasons:
        """The same for an engine that was forked from this one's: what the rules alone say is shared."""
        other = copy(self)
        other._engine, other._grounder, other._deadline = engine, grounder, engine.deadline
        return other

    def record(self, ground: GroundAction, verdict: int, fired: tuple[Fired, Fired] | None) -> CheckEvidence:
        """The evidence for a verdict: proofs of the rules that fire, where the engine records them, else the
        reasons. What goes wrong meanwhile does not change the verdict; it is said in the place of the
        reasons.

        Args:
            ground: the action.
            verdict: what was decided.
            fired: the rules that fire, where they are known.
        """
        rules, args = ground
        if verdict == ADMITTED and not rules.may_advise:
            return (), ()
        try:
            with self._deadline.within(self._deadline.left() * AT_ONCE):
                if verdict == FORBIDDEN:
                    return rules.proofs(args)
                soft = rules.soft_proofs(args)[1] if rules.may_advise else ()
                return None if verdict == UNPERMITTED else (), soft
        except ANYTHING_MAY_FAIL:  # rule by rule, to say which cannot be worked out
            return self.each(ground, verdict, fired)

    def each(self, ground: GroundAction, verdict: int, fired: tuple[Fired, Fired] | None = None) -> Explained:
        """The reasons and the advice for a verdict, rule by rule; see :meth:`record`."""
        action = action_of(ground)
        try:
            if fired is None:
                with self._deadline.within(self._deadline.left() * AT_ONCE):
                    fired = self._grounder.fired(ground)
            laws, soft = fired
            reasons = self.explain(action, laws) if verdict == FORBIDDEN else by_verdict(action, verdict)
            return Explained(fired, reasons, self.explain(action, soft) if soft else ())
        except ANYTHING_MAY_FAIL as error:
            return self._as_far_as_it_goes(ground, verdict, error)

    def _as_far_as_it_goes(self, ground: GroundAction, verdict: int, error: BaseException) -> Explained:
        """The reasons and the advice of the rules that can be worked out in the time that is left, those that
        cost least first, and a note that they are not all."""
        rules, args = ground
        action = action_of(ground)
        known = error if isinstance(error, EvaluationError) else translated(error)
        text = f"the rules that speak of it could not all be worked out: {known}"
        found: list[tuple[Rule, RuleProof]] = []
        for rule in self._engine.cheapest_first(rules.name):
            with suppress(*ANYTHING_MAY_FAIL):
                self._deadline.poll()
                proof = self._engine.explain(rule, args)
                # whether a permit overrides the rule takes another question
                if proof is not None and (proof.weight < self._theta or rule.id not in rules.overridden):
                    found.append((rule, proof))
        known_of = [Reason(None, proof.weight, rule, proof) for rule, proof in found]
        known_of.sort(key=lambda each: -each.weight)
        each = one_for_each_clause(known_of, self._engine.program.uncertain)
        laws = tuple([reason for reason in each if reason.weight >= self._theta])
        soft = tuple([reason for reason in each if reason.weight < self._theta])
        if verdict == ADMITTED:
            return Explained(None, (), (*soft, Reason(text)))
        if verdict == UNPERMITTED:
            return Explained(None, by_verdict(action, verdict), soft)
        note = text if laws else f"{action} is forbidden; {text}"
        return Explained(None, (*laws, Reason(note)), soft)

    def explain(self, action: Action | str, fired: Fired) -> tuple[Reason, ...]:
        """A reason for each rule that fires, the heaviest first."""
        ordered = fired if len(fired) < 2 else sorted(fired, key=lambda each: -each[1])
        uncertain = self._engine.program.uncertain
        if uncertain and len(ordered) > 1:
            each = [self._reason(action, rule, weight) for rule, weight in ordered]
            return one_for_each_clause(each, uncertain)
        if len(ordered) > 1:  # of the alternatives of one clause the strongest speaks
            clauses = {id(rule.clause): (rule, weight) for rule, weight in reversed(ordered)}
            ordered = [each for each in ordered if clauses[id(each[0].clause)][0] is each[0]]
        return tuple([self._reason(action, rule, weight) for rule, weight in ordered])

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

    def are_all(self, reasons: Sequence[Reason]) -> bool:
        """Whether none of the rules behind some reasons may have more to say."""
        return not any(self._is_open(each.rule) for each in reasons if each.rule is not None)

    def all_of(self, action: Action, reasons: Sequence[Reason], found: list[Reason]) -> None:
        """Enter into ``found`` all that the rules of some reasons say, as far as the time suffices.

        Raises:
            BudgetError: the time is over.
        """
        for each in reasons:
            if each.rule is None or not self._is_open(each.rule):
                found.append(each)
                continue
            with self._deadline.within(self._deadline.left() * AT_ONCE):
                found += self._derivations(each, action.args)

    def _is_open(self, rule: Rule) -> bool:
        """Whether a rule may have several things to say."""
        parts = self._alternatives(rule)
        return len(parts) > 1 or any(parts.values())

    def _alternatives(self, rule: Rule) -> dict[Rule, tuple[str, ...]]:
        """The rules of a rule's clause that say the same, those of its alternatives or those that ask for one
        call; and of each the variables of its text that its action does not determine."""
        found = self._parts.get(rule)
        if found is None:
            parts = [part for part in self._engine.program.parts_of(rule) if part.asks == rule.asks]
            found = self._parts[rule] = {part: _open_variables(part) for part in parts}
        return found

    def _derivations(self, reason: Reason, args: Row) -> tuple[Reason, ...]:
        """The reasons that one clause gives: the one with its best derivation first, then the heaviest.

        Of a law they are those of at least theta. Where there are more than :data:`MOST`, the last one says
        how many. Those that the time does not suffice for are left out.
        """
        rule, engine = reason.rule, self._engine
        assert rule is not None
        named = self._alternatives(rule)
        found: dict[tuple[Rule, tuple[Value | None, ...]], tuple[float, Bindings]] = {}
        least = self._theta if reason.weight >= self._theta else 0.0
        try:
            for part, bindings, weight in islice(self._solutions(named, args), FOLLOWED):
                key = part, tuple(bindings.get(n) for n in named[part])
                if weight >= least and (key not in found or weight > found[key][0]):
                    found[key] = weight, bindings
        except EvaluationError:
            pass  # of the time, or of a binding that has no value: what was found stands
        told = ((-w, because_text(r, b, args), r.part, w, r, b) for (r, _), (w, b) in found.items())
        by_text = {each[1]: each for each in sorted(told, key=lambda each: each[:3], reverse=True)}
        if reason.proof is not None:
            by_text.pop(reason.text, None)
        others = sorted(by_text.values(), key=lambda each: each[:3])
        listed = [] if reason.proof is None and others else [reason]
        try:
            for _, text, _, weight, part, bindings in others[: MOST - len(listed)]:
                proof = None
                if engine.keeps_proofs:
                    proof = _derivation(engine, part, args, bindings, self._semiring)
                listed.append(Reason(text, weight, part, proof))
        except BudgetError:
            pass
        listed[-1].more = max(0, len(others) + (reason.proof is not None) - len(listed))
        return tuple(listed)

    def _solutions(self, parts: Iterable[Rule], args: Row) -> Iterator[tuple[Rule, Bindings, float]]:
        """The bindings with which one of the rules of a clause holds of an action, and the weight of each."""
        semiring = self._semiring
        for rule in parts:
            start = matched(rule.args, args, {})
            if start is None:
                continue
            steps = self._steps.get(rule)
            if steps is None:  # the same variables are known each time
                steps = self._steps[rule] = body_steps(rule.body, start)
            for bindings, weight in run(self._engine, steps, start, semiring):
                yield rule, bindings, semiring.both(rule.weight if semiring.weighted else 1.0, weight)


def by_verdict(action: Action | str, verdict: int) -> tuple[Reason, ...]:
    """The reasons for a verdict that is not by a law: none where the action is admitted."""
    return () if verdict == ADMITTED else (Reason(partial(_unpermitted, action)),)


def _unpermitted(action: Action | str) -> str:
    return f"{action} is forbidden unless a rule permits it, and none does"


def _head_bindings(action: Action, rule: Rule) -> dict[str, Value]:
    """The variables of a rule that its action determines: for an engine that keeps no proofs."""
    pairs = zip(rule.args, action.args, strict=False)
    return {t.name: v for t, v in pairs if isinstance(t, Var) and not t.anonymous}


# -- the derivations of one rule -------------------------------------------------------------------


def _open_variables(rule: Rule) -> tuple[str, ...]:
    """The variables of a rule's text that its action does not determine."""
    return tuple(sorted(text_variables(rule) - {term.name for term in rule.args if isinstance(term, Var)}))


def _derivation(
    engine: Engine, rule: Rule, args: Row, bindings: Mapping[str, Value], semiring: Semiring
) -> RuleProof:
    """The derivation of a rule by these bindings, under which its body holds.

    Raises:
        EvaluationError: something of it cannot be proved.
    """
    gathers = {step.index: step for step in rule_steps(rule) if isinstance(step, Gather)}
    steps: list[ProofStep] = []
    for index, item in enumerate(rule.body):
        if isinstance(item, Literal):
            if item.negated:
                steps.append(_absence(engine, item.atom, bindings, semiring))
            else:
                steps.append(_strongest(engine, item.atom, bindings))
        elif isinstance(item, Aggregate):
            steps.append(_counted(engine, gathers[index], item, bindings, semiring))
        else:
            steps.append(BuiltinStep(index))
    weight = semiring.all([rule.weight if semiring.weighted else 1.0, *(s.weight for s in steps)])
    named = {n: v for n, v in bindings.items() if n in rule.variables}
    return RuleProof(rule.head, args, weight, rule, named, tuple(steps))


def _strongest(engine: Engine, atom: Atom, bindings: Mapping[str, Value]) -> Proof:
    rows = engine.query(atom.name, pattern(atom, bindings))
    fitting = [row for row in rows if matched(atom.args, row, bindings) is not None]
    proof = engine.prove(atom.name, min(fitting, key=lambda row: (-rows[row], str(row))))
    if proof is None:
        raise EvaluationError(f"the proof of `{atom.name}` was lost: the engine contradicts itself")
    return proof


def _absence(engine: Engine, atom: Atom, bindings: Mapping[str, Value], semiring: Semiring) -> AbsenceStep:
    wanted = pattern(atom, bindings)
    rows = engine.query(atom.name, wanted)
    if not rows:
        return AbsenceStep(atom.name, wanted, 1.0)
    row = max(rows, key=lambda r: (rows[r], str(r)))
    return AbsenceStep(atom.name, wanted, semiring.complement(rows[row]), engine.prove(atom.name, row))


def _counted(
    engine: Engine, gather: Gather, item: Aggregate, bindings: Mapping[str, Value], semiring: Semiring
) -> AggregateStep:
    rows: list[tuple[Proof, ...]] = []
    weights: list[float] = []
    literals = _positive(gather)
    outer = {n: v for n, v in bindings.items() if n in gather.bound or n in gather.keys}
    for inner, weight in run(engine, gather.steps, outer, semiring):
        rows.append(tuple(_strongest(engine, literal.atom, inner) for literal in literals))
        weights.append(weight)
    value = bindings[item.target.name] if isinstance(item.target, Var) else item.target.value
    return AggregateStep(gather.index, value, semiring.all(weights) if weights else 1.0, tuple(rows))


def _positive(gather: Gather) -> Sequence[Literal]:
    """The positive literals in the braces, in the order of the text."""
    found: list[tuple[int, Literal]] = []
    for step in gather.steps:
        if isinstance(step, Scan):
            found.append((step.index, step.literal))
        elif isinstance(step, Filter) and isinstance(step.item, Literal) and not step.item.negated:
            found.append((step.index, step.item))
    return [literal for _, literal in sorted(found, key=lambda each: each[0])]
