"""Every way to change one thing in a proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mpr_logic.analysis.program import Program, Rule
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    Proof,
    RuleProof,
)
from mpr_logic.language.ast import Literal, Value, Var
from mpr_logic.language.moments import Duration, Instant


def mutants(proof: Proof, program: Program) -> Iterator[tuple[str, Proof]]:
    """Proofs that differ from this one in one binding, fact, weight, rule or step, anywhere in it, each
    with what was done."""
    yield "weight", replace(proof, weight=other_weight(proof.weight))
    yield "relation", replace(proof, relation=f"{proof.relation}x")
    args = proof.rule.args if isinstance(proof, RuleProof) else (None,) * len(proof.row)
    for i, found in enumerate(proof.row):
        if args[i] == Var("_"):  # `forbid go(_)` forbids any other just as well
            continue
        yield f"argument {i}", replace(proof, row=(*proof.row[:i], other(found), *proof.row[i + 1 :]))
    if isinstance(proof, FactProof):
        return
    for name in proof.bindings:
        yield (
            f"binding {name}",
            replace(proof, bindings={**proof.bindings, name: other(proof.bindings[name])}),
        )
        left = {n: v for n, v in proof.bindings.items() if n != name}
        yield f"binding {name} left out", replace(proof, bindings=left)
    yield "another binding", replace(proof, bindings={**proof.bindings, "Zz": 1})
    yield "a copy of the rule", replace(proof, rule=replace(proof.rule))
    for rule in program.rules:
        if rule is not proof.rule and not _derives(rule, proof):
            yield f"rule {rule.id}", replace(proof, rule=rule)
    yield "a step more", replace(proof, steps=(*proof.steps, BuiltinStep(len(proof.steps))))
    for i, step in enumerate(proof.steps):
        before, after = proof.steps[:i], proof.steps[i + 1 :]
        yield f"step {i} left out", replace(proof, steps=(*before, *after))
        for what, new in steps(step, program):
            yield f"step {i}: {what}", replace(proof, steps=(*before, new, *after))


def steps(step: Any, program: Program) -> Iterator[tuple[str, Any]]:
    """Steps that differ from this one in one thing."""
    if isinstance(step, (FactProof, RuleProof)):
        yield from mutants(step, program)
        yield "made an absence", AbsenceStep(step.relation, step.row, step.weight, None)
        return
    yield "weight", replace(step, weight=other_weight(step.weight))
    yield "made a fact", FactProof("p", (), step.weight, "")
    if isinstance(step, AbsenceStep):
        yield "relation", replace(step, relation=f"{step.relation}x")
        for i, found in enumerate(step.pattern):
            new = (*step.pattern[:i], "?" if found is None else None, *step.pattern[i + 1 :])
            yield f"argument {i}", replace(step, pattern=new)
        if step.present is None:
            yield "a presence", replace(step, present=FactProof(step.relation, ("?",), 0.5, ""))
        else:
            yield "no presence", replace(step, present=None)
            for what, present in mutants(step.present, program):
                yield f"presence: {what}", replace(step, present=present)
        return
    yield "index", replace(step, index=step.index + 1)
    if isinstance(step, AggregateStep):
        yield "value", replace(step, value=other(step.value))
        for i, row in enumerate(step.rows):
            before, after = step.rows[:i], step.rows[i + 1 :]
            yield f"row {i} left out", replace(step, rows=(*before, *after))
            yield f"row {i} twice", replace(step, rows=(*before, row, row, *after))
            for j, each in enumerate(row):
                for what, new_proof in mutants(each, program):
                    new_row = (*row[:j], new_proof, *row[j + 1 :])
                    yield f"row {i}, {j}: {what}", replace(step, rows=(*before, new_row, *after))


def _derives(rule: Rule, proof: RuleProof) -> bool:
    """Whether a rule might conclude the same from the same steps, and so prove it too."""
    return (rule.head, len(rule.body)) == (proof.relation, len(proof.steps)) and all(
        (type(one) is type(two) and not isinstance(one, Literal)) or one == two
        for one, two in zip(rule.body, proof.rule.body, strict=True)
    )


def other(value: Value) -> Value:
    """Another value, which occurs nowhere else."""
    if isinstance(value, Instant | Duration):
        return value + Duration(1_000_003)
    return f"{value}x" if isinstance(value, str) else value + 1_000_003


def other_weight(weight: float) -> float:
    """Another weight."""
    return weight / 2
