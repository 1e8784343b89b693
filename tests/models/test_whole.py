"""Reflection, the gate and the memory take what the grammar lets a model write."""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given, note, settings
from hypothesis import strategies as st

from mpr_logic.analysis.terms import places_calls
from mpr_logic.checker.loading import program_from_text
from mpr_logic.language import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate, GateOutcome
from mpr_logic.memory.induction.refine import SearchLimits
from mpr_logic.memory.induction.replay import Replay
from mpr_logic.memory.store import Memory
from mpr_logic.models.grammars import Grammar, Vocabulary, specialise
from mpr_logic.models.reflection import Candidate, read_answer
from tests.helpers.doors import modules, replay
from tests.helpers.examples import at_most
from tests.models.schemas import declarations, sample
from tests.models.test_constrained import rule_of

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Schema

SOURCE = "reflection: ep-1"
LIMITS = SearchLimits(beam=2, rules=2, candidates=50, steps=500, conditions=1)


@cache
def doors() -> tuple[Vocabulary, Grammar]:
    """The vocabulary of the doors, and its grammar."""
    vocabulary = Vocabulary.of(modules())
    return vocabulary, vocabulary.grammar()


def taken(answer: str, schema: Schema) -> Candidate:
    """The one rule of an answer, which reflection takes as it is."""
    read = read_answer(answer, schema, SOURCE)
    assert read.faults == ()
    (candidate,) = read.candidates
    return candidate


def fits(outcome: GateOutcome) -> None:
    """See that a gate has judged a candidate by its evidence, not by its form."""
    assert outcome.diagnostics == ()
    assert "learned rule" not in outcome.reason
    assert "could not" not in outcome.reason


@given(declarations(), st.integers(0, 2**32))
def test_whatever_is_declared_what_a_model_may_write_is_taken(declared: str, seed: int) -> None:
    """Reflection, the gate and the memory find no fault in the form of a rule that the grammar allows."""
    program = program_from_text(declared)
    grammar = specialise(program.schema)
    module = parse(declared)
    gate = Gate([module], Replay([module], []))
    for each in range(seed, seed + 5):
        answer = sample(grammar, each)
        note(answer)
        candidate = taken(answer, program.schema)
        fits(gate.admit(candidate.text, SOURCE))


def placed(grammar: Grammar, seed: int) -> str:
    """An answer of the grammar whose rule asks for a place in time."""
    answers = (sample(grammar, each) for each in count(seed))
    return next(each for each in answers if any(map(places_calls, parse(rule_of(each)).clauses[0].body)))


@settings(max_examples=at_most(12), deadline=None)
@given(st.integers(0, 2**32))
def test_what_a_model_may_write_of_the_order_is_judged_by_its_evidence(seed: int) -> None:
    """Over recorded trials, and a memory holds what comes of it, in the author's form."""
    vocabulary, grammar = doors()
    gate = Gate(modules(), replay(0, 6, 20), LIMITS)
    answer = placed(grammar, seed)
    note(answer)
    candidate = taken(answer, vocabulary.schema)
    outcome = gate.admit(candidate.text, SOURCE)
    fits(outcome)
    assert all(rule.clause.kind == "prefer" or (rule.right and not rule.wrong) for rule in outcome.rules)
    with Memory.open("sqlite://") as memory:
        memory.declare(modules()[0])
        for clause in (candidate.clause, *(rule.clause for rule in outcome.rules)):
            stored = memory.put(print_clause(clause), source=SOURCE)
            assert parse(stored.text).clauses[0].body == clause.body
        done = memory.import_(memory.export(declarations=True))
        assert not done.new
        assert not done.changed
