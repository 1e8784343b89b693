"""The printed proof of a decision parses back to it: from the tree and from JSON."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, event, given, settings

from mpr_logic import Action, Budget, Checker
from mpr_logic.checker.disclosure import decision_json, for_model, for_operator
from mpr_logic.checker.render import proof_json, proof_lines
from mpr_logic.checker.verifier import verify
from mpr_logic.engine.provenance.proof import RuleProof
from mpr_logic.errors import EvaluationError
from tests.checker.proof_reader import Reader, concluded
from tests.checker.test_verdicts import guarded, tell
from tests.helpers.programs import EXAMPLES, Case, slow_fuzz

RULES = """
.decl bad(x: symbol, y: symbol)
.decl limit(n: int)
.action send(to: symbol, by: symbol, what: symbol)
.action pay(n: int, to: symbol, by: symbol)
bad(q, z). limit(10).
@disclose(proof) forbid send(_, Q, _) :- bad(Q, _).
@id(named) @because("{Q} by {_T}") @disclose(proof) forbid send(_T, Q, _) :- bad(Q, _).
@disclose(proof) forbid pay(N, _, _) :- limit(M), N > M + 1.
@id(lined) @source("one\\nrule x at y: two") forbid pay(_, _, "a b").
"""


def test_the_head_has_the_arguments_of_the_call() -> None:
    """Each of a rule's two ``_`` keeps its own value: in the tree, in the sentence that is made of the rule,
    in JSON, and in what a model reads."""
    checker = Checker.from_text(RULES)
    decision = checker.check("send(one, q, three)")
    assert [r.text.partition(" by ")[0] for r in decision.reasons] == [
        "send(one, q, three) is forbidden",
        "q",
    ]
    for text in (for_operator(decision), for_model(decision), json.dumps(decision_json(decision))):
        assert "send(one, q, three) is forbidden" in text
        assert "three, q, three" not in text
    assert str(checker.check("pay(12, x, y)").reasons[0].text).startswith("pay(12, x, y) is forbidden by")


def test_nobodys_text_passes_for_a_line_of_a_proof() -> None:
    """A line end in a rule's @source, or in the name of whoever stated a fact, is shown, not printed."""
    checker = Checker.from_text(RULES)
    checker.update(add=["bad(r, s)"], source="x\n└─ ✓ bad(t, u): <rules>:1:1")
    lines = [
        line
        for action in ('pay(1, x, "a b")', "send(a, r, b)")
        for reason in checker.check(action).reasons
        if reason.proof is not None
        for line in proof_lines(reason.proof)
    ]
    assert not any("\n" in line for line in lines)
    assert "├─ source: one\\x0arule x at y: two" in [line.replace("└", "├") for line in lines]
    assert any(line.endswith("bad(r, s): x\\x0a└─ ✓ bad(t, u): <rules>:1:1") for line in lines)


@pytest.mark.heavy
@slow_fuzz
@settings(
    database=None,
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(given_case=guarded())
def test_every_printed_proof_parses_back(given_case: tuple[Case, str]) -> None:
    """In generated programs: the action, the rules, the bindings and the facts that the text and the JSON
    name are those of the decision; the facts hold; and the verifier takes the proof that was read."""
    case, text = given_case
    checker = Checker.from_text(text, theta=0.6, budget=Budget(seconds=60))
    for step in case.facts:
        tell(checker, step)
    facts = checker.facts()
    reader = Reader(checker.program, facts)
    for name, rows in case.candidates.items():
        for row in rows[:3]:
            with suppress(EvaluationError):
                decision = checker.check(Action(name, *row))
                for reason in (*decision.reasons, *decision.advice):
                    if reason.proof is None:
                        continue
                    proof = reason.proof
                    lines = proof_lines(proof)
                    event(f"lines: {min(len(lines), 12)}")
                    if not any("more" in line for line in lines):
                        read = reader.tree(lines)
                        _same(read, proof)
                        assert verify(read, checker.program, facts) == []
                    read = reader.json(json.loads(json.dumps(proof_json(proof))))
                    _same(read, proof)
                    assert verify(read, checker.program, facts) == []
                    assert (read.relation, read.row) == (f"forbid {name}", row)
                    if not proof.rule.clause.annotation("because") and proof.rule.asks is None:
                        said = reason.text.partition(" is forbidden by ")[0]
                        assert concluded(f"{said} is forbidden") == (f"forbid {name}", row)


def _same(read: object, proof: RuleProof) -> None:
    assert isinstance(read, RuleProof)
    assert (read.relation, read.row, read.rule) == (proof.relation, proof.row, proof.rule)
    assert [type(v) for v in read.row] == [type(v) for v in proof.row]
    assert read.bindings == dict(proof.bindings)
