"""Five evaluations of generated programs: native from scratch, native after updates, pyDatalog,
clingo, and the naive evaluator that says what is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.engine.bottomup.batch import Batch
from mpr_logic.engine.bottomup.seminaive import SemiNaive
from mpr_logic.engine.differential import BothEngine
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine, inexpressible
from mpr_logic.engine.semiring import semiring as semiring_named
from mpr_logic.language.parser import parse
from tests.helpers import clingo_peer, naive
from tests.helpers.programs import EXAMPLES, Case, Change, cases, slow_fuzz

if TYPE_CHECKING:
    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import Row

pytestmark = slow_fuzz

PATIENT = Budget(seconds=60)  # a busy machine must not look like a disagreement
SEMIRINGS = ("maxmin", "product", "boolean")

fuzz = settings(
    database=None,
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Facts = dict[str, dict["Row", float]]


def load(case: Case) -> Program:
    """The checked program of a case."""
    return analyse([parse(case.text)])


def expressible(case: Case) -> Program:
    """The checked program of a case; left out where pyDatalog cannot run it, as recursion has modes."""
    program = load(case)
    reasons = inexpressible(program)
    assert all("is recursive and has modes" in reason for reason in reasons)
    assume(not reasons)
    return program


def facts_of(program: Program) -> Facts:
    """The facts that stand in the text."""
    facts: Facts = {}
    for fact in program.facts:
        facts.setdefault(fact.relation, {})[fact.row] = fact.weight
    return facts


def change(facts: Facts, step: Change) -> None:
    """Do to plain facts what an engine does."""
    if step.weight is None:
        facts.get(step.relation, {}).pop(step.row, None)
    else:
        facts.setdefault(step.relation, {})[step.row] = step.weight


def tell(engine: Engine, step: Change) -> None:
    """Tell an engine of a change."""
    if step.weight is None:
        engine.remove(step.relation, step.row)
    else:
        engine.add(step.relation, step.row, step.weight)


def close(one: Mapping[Row, float], two: Mapping[Row, float]) -> bool:
    """The same rows with the same weights, rounding aside."""
    return one.keys() == two.keys() and all(abs(one[row] - two[row]) < 1e-9 for row in one)


def check(engine: Engine, facts: Facts, case: Case, semiring: str) -> None:
    """Ask an engine for everything, and compare with the naive evaluator."""
    program = engine.program
    right = naive.evaluate(program, facts, case.candidates, semiring)
    actions = {rule.head: rule.action for rule in program.rules if rule.action is not None}
    for relation, arity in program.arity.items():
        given = program.schema.relations[relation].given if relation in program.schema.relations else 0
        for row in case.asked.get(relation, ()) if given else ():
            rows = right.ask(relation, row)
            whole = (arity - given) * (None,)
            for pattern in {(*row, *whole), *sorted(rows, key=repr)[:2]}:
                ask(engine, relation, pattern, rows)
        if relation not in actions and not given:
            ask(engine, relation, (None,) * arity, right.get(relation, {}))
            for row in sorted(right.get(relation, {}), key=repr)[:3]:
                # goal-directed: one argument bound, then all of them
                for pattern in {(*row[:1], *(None,) * (arity - 1))[:arity], row}:
                    ask(engine, relation, pattern, right[relation])
    for head, action in actions.items():
        for row in case.candidates[action]:
            ask(engine, head, (*row, *(None,) * (program.arity[head] - len(row))), right.get(head, {}))
            if head.split()[0] in ("forbid", "permit", "prefer"):
                found: dict[Row, float] = {(rule.id, rule.part): w for rule, w in engine.fired(head, row)}
                derived = {
                    (rule.id, rule.part): naive.derive(rule, right, {action: [row]}, semiring)
                    for rule in program.rules_for(head)
                }
                expected: dict[Row, float] = {k: max(rows.values()) for k, rows in derived.items() if rows}
                assert close(found, expected), f"{head}{row}: {found}, not {expected}"


def ask(engine: Engine, relation: str, pattern: Pattern, rows: Mapping[Row, float]) -> None:
    """Compare what a pattern finds with the rows that match it."""
    expected = {
        row: w for row, w in rows.items() if all(p in (None, v) for p, v in zip(pattern, row, strict=True))
    }
    found = engine.query(relation, pattern)
    assert close(found, expected), f"{relation}{pattern}: {found}, not {expected}"


def after(engine: Engine, case: Case, semiring: str, *, every: bool) -> None:
    """Run a case through an engine: the facts, then the updates, checked in between or at the end."""
    facts = facts_of(engine.program)
    first, updates = case.told(engine.program)
    for step in first:
        tell(engine, step)
        change(facts, step)
    if every or not updates:
        check(engine, facts, case, semiring)
    for step in updates:
        tell(engine, step)
        change(facts, step)
        if every:
            check(engine, facts, case, semiring)
    if not every:
        check(engine, facts, case, semiring)


def note(case: Case) -> None:
    """Count what a case contains, for --hypothesis-show-statistics."""
    for tag in sorted(case.tags):
        event(tag)


@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_native_from_scratch(semiring: str, case: Case) -> None:
    """A native engine that is told all facts and then asked answers what the naive evaluator answers."""
    note(case)
    after(NativeEngine(load(case), semiring=semiring), case, semiring, every=False)


@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_native_after_updates(semiring: str, case: Case) -> None:
    """A native engine that is asked after every single change answers what one from scratch would."""
    note(case)
    after(NativeEngine(load(case), semiring=semiring), case, semiring, every=True)


@pytest.mark.heavy
@fuzz
@given(cases())
def test_the_batch_path_agrees(case: Case) -> None:
    """The bottom-up engine of ``mpr_logic.evaluate`` derives the same rows, under every semiring."""
    program = load(case)
    if any(each.given for each in program.schema.relations.values()):
        return  # `evaluate` asks the engine of the tests above
    facts = facts_of(program)
    for step in chain(*case.told(program)):
        change(facts, step)
    for name in SEMIRINGS:
        right = naive.evaluate(program, facts, {}, name)
        batch = Batch(program, semiring_named(name), Budget())
        batch.load(
            (relation, row, weight) for relation, rows in facts.items() for row, weight in rows.items()
        )
        SemiNaive(batch).run()
        for relation in program.schema.relations:
            assert batch.rows(relation) == set(right.get(relation, {})), relation


NODES = st.tuples(st.integers(0, 7), st.integers(0, 7))
RECURSIONS = {
    "left": "p(X, Z) :- p(X, Y), e(Y, Z).",
    "right": "p(X, Z) :- e(X, Y), p(Y, Z).",
    "nonlinear": "p(X, Z) :- p(X, Y), p(Y, Z).",
    "same generation": "p(X, Y) :- e(U, X), p(U, V), e(V, Y).",
    "mutual": "p(X, Z) :- q(X, Y), e(Y, Z).\nq(X, Y) :- p(X, Y), X != Y.\nq(X, X) :- p(X, _).",
    "computed": "p(X, Z) :- p(X, Y), e(Y, W), Z = (W + X) mod 8.",
    "counting at the start": "p(X, Z) :- p(X, Y), e(Y, Z), N = count : { e(X, X) }, N < 1.",
    "counting on the way": "p(X, Z) :- p(X, Y), e(Y, Z), N = count : { e(Y, W), e(W, X) }, N != 1.",
    "counting at the end": "p(X, Z) :- e(X, Y), p(Y, Z), N = count : { e(Z, Z) }, N < 1.",
    "looking back": "p(Y, X) :- p(X, Y), e(Y, X).\np(X, X) :- p(X, Y), p(Y, X).",
}


@pytest.mark.parametrize("shape", RECURSIONS)
@settings(fuzz, max_examples=max(EXAMPLES // 8, 1))
@given(edges=st.sets(NODES, min_size=4, max_size=14), flips=st.lists(NODES, max_size=8), data=st.data())
def test_recursion_over_larger_graphs(
    shape: str, edges: set[Row], flips: list[Row], data: st.DataObject
) -> None:
    """Recursion of every kind over graphs with cycles, while edges come and go."""
    text = ".decl e(a: int, b: int)\n.decl p(a: int, b: int)\n.decl q(a: int, b: int)\np(X, Y) :- e(X, Y).\n"
    program = analyse([parse(text + RECURSIONS[shape])])
    engine = NativeEngine(program)
    facts: Facts = {"e": dict.fromkeys(sorted(edges), 1.0)}
    for row in facts["e"]:
        engine.add("e", row)
    for row in [*flips, *sorted(edges)[:3]]:
        if row in facts["e"]:
            engine.remove("e", row)
            del facts["e"][row]
        else:
            engine.add("e", row)
            facts["e"][row] = 1.0
        node = data.draw(st.integers(0, 7))
        right = naive.evaluate(program, facts, {})
        for relation in ("p", "q"):
            for pattern in ((None, None), (node, None), (None, node), (node, node), row):
                ask(engine, relation, pattern, right.get(relation, {}))


@pytest.mark.parametrize("semiring", ["maxmin", "boolean"])
@settings(fuzz, max_examples=max(EXAMPLES // 2, 1))
@given(case=cases())
def test_pydatalog_agrees_with_the_naive_evaluator(semiring: str, case: Case) -> None:
    """PyDatalog, run by levels and strata, answers what the naive evaluator answers."""
    engine = PyDatalogEngine(expressible(case), semiring=semiring, budget=PATIENT)
    after(engine, case, semiring, every=False)


@settings(fuzz, max_examples=max(EXAMPLES // 6, 1))
@given(cases())
def test_both_engines_in_one(case: Case) -> None:
    """The two engines side by side find nothing to disagree about, and answer as the native one does."""
    program = expressible(case)
    after(BothEngine(program, budget=PATIENT), case, "maxmin", every=True)


@pytest.mark.heavy
@fuzz
@given(cases())
def test_clingo_agrees_with_the_naive_evaluator(case: Case) -> None:
    """clingo answers what the naive evaluator answers, weights aside."""
    program = load(case)
    facts = facts_of(program)
    for step in chain(*case.told(program)):
        change(facts, step)
    questions = case.candidates | case.asked
    if reasons := clingo_peer.skips(program, facts, questions):
        event(f"not for clingo: {reasons}")
        return
    event("asked clingo")
    right = naive.evaluate(program, facts, case.candidates, "boolean")
    for relation, rows in clingo_peer.evaluate(program, facts, questions).items():
        signature = program.schema.relations.get(relation)
        if signature is not None and signature.given:
            for given in case.asked[relation]:
                there = {row for row in rows if row[: signature.given] == given}
                assert there == set(right.ask(relation, given)), (relation, given)
        elif not relation.startswith("candidate "):
            assert rows == set(right.get(relation, {})), relation


@pytest.mark.slow
def test_what_matters_is_generated_often() -> None:
    """Deletions under recursion, repeated variables, self-joins and assignments: each in 15 % or more."""
    count: Counter[str] = Counter()
    examples = 250

    @settings(fuzz, max_examples=examples, derandomize=True, phases=[Phase.generate])
    @given(cases())
    def generate(case: Case) -> None:
        count.update(case.tags)

    generate()
    matters = ["recursion and deletion", "repeated variable", "self-join", "assignment"]
    matters += ["nonlinear", "negation", "aggregate", "history", "open world", "family", "text", "calls"]
    matters += ["modes", "class", "set", "alternative", "time", "window", "placed"]
    share = {tag: count[tag] / examples for tag in matters}
    assert min(list(share.values())[:4]) >= 0.15, share
    assert min(share.values()) >= 0.05, share
