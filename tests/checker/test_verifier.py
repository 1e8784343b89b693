"""The independent verifier accepts what follows and nothing else."""

from __future__ import annotations

import inspect
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.analysis.program import Program
from mpr_logic.checker import verifier, verifier_operators
from mpr_logic.checker.verifier import NaiveModel, verify
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    Proof,
    RuleProof,
)
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Row
from mpr_logic.language.parser import parse
from tests.checker.mutants import mutants
from tests.helpers.programs import EXAMPLES, Case, cases, slow_fuzz

Facts = dict[str, dict[Row, float]]

TEXT = """
.decl edge(a: symbol, b: symbol)
.decl path(a: symbol, b: symbol)
.decl blocked(a: symbol)
.decl size(a: symbol, n: int)
.decl busy(a: symbol, n: int)
.decl lonely(a: symbol)
.decl half(a: symbol, n: int)
.decl named(a: symbol)
.decl total(n: int)
.decl tries(n: int)
.action go(a: symbol, b: symbol)
@id(one) path(X, Y) :- edge(X, Y).
@id(more) 0.9 :: path(X, Z) :- path(X, Y), path(Y, Z).
@id(busy) busy(A, N) :- N = count : { path(A, B), not blocked(B) }, N > 1.
@id(lonely) lonely(A) :- size(A, _), 0 = count : { edge(A, _) }.
@id(half) half(A, M) :- size(A, N), M = N / 2, M != 0.
@id(named) named(A) :- size(A, _), starts_with(A, "b"), not matches(A, "^x"), length(A) < 2.
@id(total) total(S) :- S = sum N : { size(_, N) }.
@id(tries) tries(N) :- N = count : { past go(A, _), not failed go(A, A) }.
@id(far) forbid go(A, B) :- not path(A, B).
@id(shut) 0.8 :: forbid go(A, B) :- edge(A, B), not blocked(B).
@id(wait) forbid go(A, B) :- busy(A, N), N >= 2, not blocked(_).
edge(a, b). 0.7 :: edge(b, c). edge(c, a).
0.3 :: blocked(b).
size(a, -7). size(b, 5). size(d, 1).
past go(a, b). past go(a, b). 0.6 :: past go(a, c). past go(b, c).
"""


@pytest.fixture(name="program")
def _program() -> Program:
    return analyse([parse(TEXT)])


def facts_of(program: Program) -> Facts:
    """The facts that stand in the text."""
    facts: Facts = {}
    for fact in program.facts:
        facts.setdefault(fact.relation, {})[fact.row] = fact.weight
    return facts


def proofs(engine: NativeEngine, candidates: dict[str, list[Row]], most: int = 60) -> list[Proof]:
    """Proofs of what an engine derives, asserts and decides; what has no value is left out."""
    program = engine.program
    found: list[Proof] = []
    for relation, arity in sorted(program.arity.items()):
        if not any(rule.given for rule in program.rules_for(relation)):
            with suppress(EvaluationError):
                for row, weight in sorted(engine.query(relation, (None,) * arity).items(), key=repr)[:6]:
                    proof = engine.prove(relation, row)
                    assert proof is not None
                    assert proof.weight == pytest.approx(weight)
                    found.append(proof)
    for action, rows in candidates.items():
        for head in (f"forbid {action}", f"permit {action}", f"prefer {action}"):
            for row in rows[:4]:
                with suppress(EvaluationError):
                    for rule, weight in engine.fired(head, row):
                        derivation = engine.explain(rule, row)
                        assert derivation is not None
                        assert derivation.weight == pytest.approx(weight)
                        found.append(derivation)
    return found[:most]


GO: dict[str, list[Row]] = {"go": [("a", "b"), ("b", "c"), ("d", "a"), ("a", "d")]}


def test_it_has_at_most_150_lines_and_shares_nothing_with_the_engine() -> None:
    """The verifier is short, and of the engine it imports the shapes of proofs alone; the operators that it
    works with are its own, and import nothing of this package."""
    source = inspect.getsource(verifier)
    assert len(source.splitlines()) <= 150
    imports = [line.split()[1] for line in source.splitlines() if line.startswith("from mpr_logic")]
    assert sorted(imports) == [
        "mpr_logic.analysis.program",
        "mpr_logic.checker.verifier_operators",
        "mpr_logic.checker.verifier_times",
        "mpr_logic.engine.provenance.proof",
        "mpr_logic.language.ast",
    ]
    operators = inspect.getsource(verifier_operators)
    assert len(operators.splitlines()) <= 100
    assert "mpr_logic" not in operators


@pytest.mark.parametrize("semiring", ["maxmin", "product", "boolean"])
def test_every_proof_of_the_engine_is_verified(program: Program, semiring: str) -> None:
    """Recursion, negation, aggregates, arithmetic and text, in all three semirings."""
    engine = NativeEngine(program, semiring=semiring)
    found = proofs(engine, GO)
    derived = {"path", "busy", "lonely", "half", "named", "total", "tries", "forbid go"}
    assert {p.relation for p in found} >= derived
    for proof in found:
        assert verify(proof, program, facts_of(program), semiring=semiring) == []


@pytest.mark.heavy
@pytest.mark.parametrize("semiring", ["maxmin", "product", "boolean"])
def test_one_change_anywhere_is_found(program: Program, semiring: str) -> None:
    """No proof with one binding, fact, weight, rule or step altered is verified."""
    engine = NativeEngine(program, semiring=semiring)
    tried = 0
    for proof in proofs(engine, GO):
        for what, mutant in mutants(proof, program):
            assert verify(mutant, program, facts_of(program), semiring=semiring), f"{what} of {proof}"
            tried += 1
    assert tried > 1000


fuzz = settings(
    database=None,
    max_examples=min(EXAMPLES, 150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def _loaded(case: Case, semiring: str) -> tuple[NativeEngine, Facts]:
    program = analyse([parse(case.text)])
    engine, facts = NativeEngine(program, semiring=semiring), facts_of(program)
    for change in case.told(program)[0]:
        if change.weight is not None:
            engine.add(change.relation, change.row, change.weight)
            facts.setdefault(change.relation, {})[change.row] = change.weight
    return engine, facts


@slow_fuzz
@fuzz
@given(cases(), st.sampled_from(["maxmin", "product", "boolean"]))
def test_generated_programs_are_verified(case: Case, semiring: str) -> None:
    """The proofs of generated programs are verified."""
    engine, facts = _loaded(case, semiring)
    for proof in proofs(engine, case.candidates, most=30):
        assert verify(proof, engine.program, facts, semiring=semiring) == []


@slow_fuzz
@fuzz
@given(cases(), st.data())
def test_generated_mutants_are_found(case: Case, data: st.DataObject) -> None:
    """No proof of a generated program survives one change."""
    engine, facts = _loaded(case, "maxmin")
    found = [p for p in proofs(engine, case.candidates) if isinstance(p, RuleProof)]
    if found:
        proof = data.draw(st.sampled_from(found))
        what, mutant = data.draw(st.sampled_from(list(mutants(proof, engine.program))))
        assert verify(mutant, engine.program, facts), what


def path(program: Program, *steps: Proof) -> RuleProof:
    """By the rule `more` from these steps that a path leads from a to a."""
    more = next(rule for rule in program.rules if rule.id == "more")
    return RuleProof("path", ("a", "a"), 0.9, more, {"X": "a", "Y": "a", "Z": "a"}, steps)


def test_a_circle_proves_nothing() -> None:
    """A proof that rests on what it concludes is refused, though every step fits the next."""
    program = analyse([parse(".decl p(x: symbol) .decl q(x: symbol) p(X) :- q(X). q(X) :- p(X).")])
    to_p, to_q = program.rules
    inner = RuleProof("q", ("a",), 1.0, to_q, {"X": "a"}, ())
    proof = RuleProof("p", ("a",), 1.0, to_p, {"X": "a"}, (inner,))
    object.__setattr__(inner, "steps", (proof,))
    assert any("CycleError" in fault for fault in verify(proof, program, {}))


def test_a_proof_that_contains_its_conclusion_is_refused(program: Program) -> None:
    """path(a, a) from path(a, a) and path(a, a) says nothing new, true or not."""
    facts: Facts = {"edge": {("a", "a"): 0.9}}
    one = next(rule for rule in program.rules if rule.id == "one")
    leaf = FactProof("edge", ("a", "a"), 0.9, "")
    known = RuleProof("path", ("a", "a"), 0.9, one, {"X": "a", "Y": "a"}, (leaf,))
    assert verify(known, program, facts) == []
    assert verify(path(program, known, known), program, facts)


def test_an_absence_is_established_anew(program: Program) -> None:
    """A claim that something derived is absent is checked against all that follows."""
    far = next(rule for rule in program.rules if rule.id == "far")
    absent = AbsenceStep("path", ("a", "c"), 1.0)
    lie = RuleProof("forbid go", ("a", "c"), 1.0, far, {"A": "a", "B": "c"}, (absent,))
    assert verify(lie, program, facts_of(program))
    assert verify(lie, program, {}) == []


def test_an_empty_group_counts_only_where_it_is_asked_for() -> None:
    """An aggregate over groups has no group that does not exist; one with bound keys counts 0."""
    program = analyse(
        [
            parse(
                ".decl at(o: symbol, r: symbol) .decl room(r: symbol) .decl few(r: symbol)"
                " .decl none(r: symbol)"
                " few(R) :- N = count : { at(_, R) }, N < 2. none(R) :- room(R), 0 = count : { at(_, R) }."
            )
        ]
    )
    few, none = program.rules
    facts: Facts = {"room": {("b",): 1.0}, "at": {("x", "c"): 1.0}}
    steps: tuple[Any, ...] = (AggregateStep(0, 0, 1.0, ()), BuiltinStep(1))
    assert verify(RuleProof("few", ("b",), 1.0, few, {"R": "b", "N": 0}, steps), program, facts)
    room = FactProof("room", ("b",), 1.0, "")
    right = RuleProof("none", ("b",), 1.0, none, {"R": "b"}, (room, AggregateStep(1, 0, 1.0, ())))
    assert verify(right, program, facts) == []


MALFORMED: list[Any] = [
    None,
    "proof",
    7,
    BuiltinStep(0),
    FactProof("edge", ["a"], 1.0, ""),  # type: ignore[arg-type]
    FactProof(None, ("a",), 1.0, ""),  # type: ignore[arg-type]
    FactProof("edge", ("a", "b"), "heavy", ""),  # type: ignore[arg-type]
    RuleProof("path", ("a", "b"), 1.0, None, {}, ()),  # type: ignore[arg-type]
    RuleProof("path", None, 1.0, None, None, None),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("proof", MALFORMED, ids=repr)
def test_what_is_no_proof_has_faults(program: Program, proof: Any) -> None:
    """Nothing raises: what is malformed is faulty."""
    assert verify(proof, program, facts_of(program))


@pytest.mark.parametrize(
    "steps", [(None,), ("step",), [FactProof("edge", ("a", "b"), 1.0, "")], (BuiltinStep(0),)]
)
def test_malformed_steps_have_faults(program: Program, steps: Any) -> None:
    """A proof with something else in the place of a step has faults, and raises nothing."""
    one = next(rule for rule in program.rules if rule.id == "one")
    proof = RuleProof("path", ("a", "b"), 1.0, one, {"X": "a", "Y": "b"}, steps)
    if isinstance(steps, list):
        assert verify(proof, program, facts_of(program)) == []  # a list will do
    else:
        assert verify(proof, program, facts_of(program))


def test_deep_and_shared_proofs_are_verified_in_passing() -> None:
    """A chain of 3,000 derivations, and a proof that names one part 2 to the power of 40 times."""
    program = analyse(
        [
            parse(
                ".decl n(x: int) .decl up(x: int) .decl twice(x: int)"
                " up(X) :- n(X). up(Y) :- up(X), Y = X + 1, Y < 5000."
                " twice(X) :- n(X). twice(Y) :- twice(X), twice(X), Y = X + 1."
            )
        ]
    )
    first, step, base, double = program.rules
    facts: Facts = {"n": {(0,): 1.0}}
    leaf = FactProof("n", (0,), 1.0, "")
    up = RuleProof("up", (0,), 1.0, first, {"X": 0}, (leaf,))
    for i in range(3000):
        steps: tuple[Any, ...] = (up, BuiltinStep(1), BuiltinStep(2))
        up = RuleProof("up", (i + 1,), 1.0, step, {"X": i, "Y": i + 1}, steps)
    assert verify(up, program, facts) == []
    twice = RuleProof("twice", (0,), 1.0, base, {"X": 0}, (leaf,))
    for i in range(40):
        both = (twice, twice, BuiltinStep(2))
        twice = RuleProof("twice", (i + 1,), 1.0, double, {"X": i, "Y": i + 1}, both)
    assert verify(twice, program, facts) == []


@fuzz
@given(cases(), st.sampled_from(["maxmin", "product", "boolean"]))
def test_the_naive_model_derives_what_fires(case: Case, semiring: str) -> None:
    """For every rule about a candidate the naive model finds the weight with which it fires."""
    engine, facts = _loaded(case, semiring)
    model = NaiveModel(engine.program, facts, semiring)
    for action, rows in case.candidates.items():
        for row in rows[:3]:
            try:
                fired = dict(engine.fired(f"forbid {action}", row))
            except EvaluationError:
                continue
            for rule in engine.program.rules_for(f"forbid {action}"):
                found = model.derive(rule, row, {}).get(row, 0.0)
                assert found == pytest.approx(fired.get(rule, 0.0))
