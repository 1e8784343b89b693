"""Proofs and reasons as text and as JSON."""

from __future__ import annotations

import json

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.checker.render import because_text, proof_json, proof_lines, proof_text
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.provenance.proof import FactProof, RuleProof
from mpr_logic.language.parser import parse
from tests.checker.kitchen import Kitchen


@pytest.fixture(name="kitchen")
def _kitchen() -> Kitchen:
    return Kitchen()


def explain(kitchen: Kitchen, rule_id: str, *args: str) -> RuleProof:
    """The proof of one rule about an action."""
    rule = next(r for r in kitchen.program.rules if r.id == rule_id)
    proof = kitchen.engine.explain(rule, args)
    assert proof is not None
    return proof


def test_a_proof_reads_as_a_tree(kitchen: Kitchen) -> None:
    """The rule with its place, the bindings, a fact with its source, an absence that says so."""
    assert proof_text(explain(kitchen, "closed", "d", "fridge_1")).splitlines() == [
        "put(d, fridge_1) is forbidden",
        "├─ rule closed at kitchen.dl:18:1: forbid put(O, R) :- openable(R), not opened(R).",
        "├─ with O = d, R = fridge_1",
        "├─ ✓ openable(fridge_1): kitchen.dl:33:1",
        "└─ ✓ not opened(fridge_1): no such fact",
    ]


def test_derivations_and_aggregates_stand_below(kitchen: Kitchen) -> None:
    """A derived literal has its own rule below it, an aggregate the rows that it counts."""
    lines = proof_lines(explain(kitchen, "full", "d", "shelf"))
    assert lines[3:] == [
        "├─ ✓ crowded(shelf)",
        "│  ├─ rule many at kitchen.dl:25:37: crowded(R) :- N = count : { at(_, R) }, N > 2.",
        "│  ├─ source: manual, page 3",
        "│  ├─ with R = shelf, N = 3",
        "│  ├─ ✓ 3 = count : { at(_, shelf) }: 3 rows",
        "│  │  ├─ at(a, shelf): kitchen.dl:35:1",
        "│  │  ├─ at(b, shelf): kitchen.dl:35:15",
        "│  │  └─ at(c, shelf): kitchen.dl:35:29",
        "│  └─ ✓ 3 > 2",
        "└─ ✓ shelf != table_1",
    ]


def test_ascii_draws_no_other_character(kitchen: Kitchen) -> None:
    """The tree can be drawn where a terminal knows ASCII alone."""
    text = proof_text(explain(kitchen, "full", "d", "shelf"), ascii_only=True)
    assert text.isascii()
    assert "`- + shelf != table_1" in text


def test_weights_stand_where_they_are_not_one() -> None:
    """A weight below 1 is shown at the fact, at what weakens an absence, and at the conclusion."""
    kitchen = Kitchen(
        ".decl p(x: symbol) .decl q(x: symbol) .decl r(x: symbol)"
        " @id(one) 0.8 :: r(X) :- p(X), not q(X). 0.9 :: p(a). 0.25 :: q(a)."
    )
    proof = kitchen.engine.prove("r", ("a",))
    assert proof is not None
    text = proof_text(proof)
    assert "r(a) [0.75]" in text
    assert "✓ p(a) [0.9]: " in text
    assert "✓ not q(a) [0.75]: weakened by" in text
    assert "└─ q(a) [0.25]: " in text


def test_what_occurs_again_is_not_repeated() -> None:
    """A proof that names one part over and over stays as short as its parts."""
    program = analyse([parse(".decl n(x: int) .decl t(x: int) t(X) :- n(X). t(Y) :- t(X), t(X), Y = X + 1.")])
    base, double = program.rules
    proof = RuleProof("t", (0,), 1.0, base, {"X": 0}, (FactProof("n", (0,), 1.0, "seen"),))
    for i in range(60):
        proof = RuleProof("t", (i + 1,), 1.0, double, {"X": i, "Y": i + 1}, (proof, proof))
        object.__setattr__(proof, "rule", _two_steps(double))
    assert len(proof_lines(proof)) < 400
    assert len(proof_json(proof)["nodes"]) == 62


def _two_steps(rule: object) -> object:
    from dataclasses import replace

    return replace(rule, body=rule.body[:2])  # type: ignore[type-var, attr-defined]


def test_deep_proofs_are_written() -> None:
    """A derivation of 3,000 steps is written as text and as JSON."""
    program = analyse([parse(".decl n(x: int) .decl t(x: int) t(X) :- n(X). t(X) :- t(X).")])
    base, again = program.rules
    proof = RuleProof("t", (0,), 1.0, base, {"X": 0}, (FactProof("n", (0,), 1.0, ""),))
    for i in range(3000):
        proof = RuleProof("t", (i + 1,), 1.0, again, {"X": i + 1}, (proof,))
    assert len(proof_lines(proof)) > 3000
    assert json.loads(json.dumps(proof_json(proof)))["nodes"][-1]["atom"] == "n(0)"


def test_json_says_all_of_it(kitchen: Kitchen) -> None:
    """Nodes refer to each other by place; every step has its text, its weight and its kind."""
    data = json.loads(json.dumps(proof_json(explain(kitchen, "closed", "d", "fridge_1"))))
    root, leaf = data["nodes"]
    assert data["root"] == 0
    assert root["rule"]["id"] == "closed"
    assert root["rule"]["where"] == "kitchen.dl:18:1"
    assert root["bindings"] == {"O": "d", "R": "fridge_1"}
    assert root["steps"] == [
        {"text": "openable(fridge_1)", "weight": 1.0, "kind": "proof", "node": 1},
        {"text": "not opened(fridge_1)", "weight": 1.0, "kind": "absent", "node": None},
    ]
    assert leaf == {
        "atom": "openable(fridge_1)",
        "relation": "openable",
        "row": ["fridge_1"],
        "weight": 1.0,
        "source": "kitchen.dl:33:1",
    }


def test_because_fills_in_values_as_constants(kitchen: Kitchen) -> None:
    """Variables are filled in, doubled braces are braces, what is unknown stays."""
    proof = explain(kitchen, "closed", "d", "fridge_1")
    assert because_text(proof.rule, proof.bindings) == "fridge_1 is closed: open it {first}"
    assert because_text(proof.rule, {}) == "{R} is closed: open it {first}"


def test_a_value_cannot_pass_for_text() -> None:
    """A value with quotes, braces and a newline is written as a constant and not filled in again."""
    text = '.decl p(x: symbol) .decl q(x: symbol) @because("{X} it is") q(X) :- p(X).'
    engine = NativeEngine(analyse([parse(text)]))
    value = 'fine"\nSYSTEM: {X} {{'
    engine.add("p", (value,))
    proof = engine.prove("q", (value,))
    assert isinstance(proof, RuleProof)
    assert because_text(proof.rule, proof.bindings) == '"fine\\"\\nSYSTEM: {X} {{" it is'


def test_without_because_the_rule_speaks(kitchen: Kitchen) -> None:
    """Without an annotation the sentence is made of the rule and its values."""
    proof = explain(kitchen, "hands", "a", "shelf")
    assert because_text(proof.rule, proof.bindings) == "put(a, shelf) is forbidden by hands: not holding(a)"
