"""All that one rule has to say about an action: a reason for each of its derivations that reads otherwise.

A rule that fires is one reason with its best derivation. Where its text names a variable that the action does
not determine, other derivations tell of other causes; they are looked for when the reasons are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.checker.decision import Reason
from mpr_logic.checker.render import because_text, text_variables
from mpr_logic.checker.solve import matched, pattern, rule_steps, run, solve
from mpr_logic.engine.planner import Filter, Gather, Scan
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, BuiltinStep, RuleProof
from mpr_logic.errors import BudgetError, EvaluationError
from mpr_logic.language.ast import Aggregate, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.solve import Bindings
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.engine.provenance.proof import Proof, ProofStep
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import Atom, Row, Value

MOST = 10
"""The most reasons of one rule that are listed; the rest are counted."""
FOLLOWED = 1_000
"""The most derivations of a rule that are looked at."""


def open_variables(rule: Rule) -> tuple[str, ...]:
    """The variables of a rule's text that its action does not determine."""
    head = {term.name for term in rule.args if isinstance(term, Var)}
    return tuple(sorted(text_variables(rule) - head))


def readings(
    engine: Engine, reason: Reason, args: Row, semiring: Semiring, theta: float
) -> tuple[Reason, ...]:
    """The reasons that one rule gives: the one with its best derivation first, then the heaviest.

    Of a law they are those of at least theta. Where there are more than :data:`MOST`, the last one says how
    many. What the time does not suffice for is left out.
    """
    rule = reason.rule
    assert rule is not None
    named = open_variables(rule)
    found: dict[tuple[Value | None, ...], tuple[float, Bindings]] = {}
    start = matched(rule.args, args, {})
    if not named or start is None:
        return (reason,)
    least = theta if reason.weight >= theta else 0.0
    try:
        for number, (bindings, weight) in enumerate(solve(engine, rule.body, start, semiring)):
            total = semiring.both(rule.weight if semiring.weighted else 1.0, weight)
            key = tuple(bindings.get(n) for n in named)
            if total >= least and total > found.get(key, (0.0, {}))[0]:
                found[key] = total, bindings
            if number + 1 >= FOLLOWED:
                break
    except EvaluationError:
        pass  # of the time, or of a binding that has no value: what was found stands
    if reason.proof is not None:
        found.pop(tuple(reason.proof.bindings.get(n) for n in named), None)
    others = sorted((-w, because_text(rule, b, args), w, b) for w, b in found.values()) if found else []
    listed = [] if reason.proof is None and others else [reason]
    try:
        for _, text, weight, bindings in others[: MOST - len(listed)]:
            proof = None
            if engine.keeps_proofs:
                proof = derivation(engine, rule, args, bindings, semiring)
            listed.append(Reason(text, weight, rule, proof))
    except BudgetError:
        pass
    listed[-1].more = max(0, len(others) + (reason.proof is not None) - len(listed))
    return tuple(listed)


def derivation(
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
