"""Tables of constants follow the state: they hold the rules that can fire now."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.topdown.ruleset import MOST_BEHIND_ONE
from mpr_logic.language.parser import parse
from tests.helpers import naive

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.store import Relation
    from mpr_logic.language.ast import Row

DECLARED = """
.decl task(t: symbol) .decl held(o: symbol) .decl at(o: symbol, c: symbol) .decl odd(o: symbol)
.action put(o: symbol, c: symbol)
"""
THINGS, TASKS = "abcd", "stuv"


def load(text: str) -> Program:
    """The checked program with these rules."""
    return analyse([parse(DECLARED + text)])


def table_of(engine: NativeEngine, head: str) -> Relation:
    """The table of the one shape of a head."""
    (group,) = engine._evaluator.groups[head]
    assert group.table is not None
    return engine._evaluator.relation_of(group.table.name)


def alike(shape: str) -> str:
    """Rules of one shape, with weights, for every task and thing."""
    weights = iter([0.9, 0.95, 0.5, 0.99] * 8)
    return " ".join(f"{next(weights)} :: {shape.format(t=t, o=o)}" for t, o in product(TASKS, THINGS))


def test_a_table_holds_what_can_fire() -> None:
    """All conditions on constants must hold; other literals do not count."""
    engine = NativeEngine(load(alike("forbid put({o}, C) :- task({t}), held({o}), not at({o}, C).")))
    table = table_of(engine, "forbid put")
    assert len(table) == 0
    engine.add("task", ("s",))
    assert len(table) == 0
    engine.add("held", ("b",))
    engine.add("held", ("b",))
    assert [row[:3] for row in table] == [("b", "s", "b")]
    assert [rule.weight for rule, _ in engine.fired("forbid put", ("b", "x"))] == [0.95]
    engine.remove("held", ("b",))
    engine.remove("held", ("b",))
    assert len(table) == 0
    assert engine.fired("forbid put", ("b", "x")) == []


def test_what_decides_about_many_rules_is_not_followed() -> None:
    """A change of the state does not go through hundreds of rules."""
    many = " ".join(f"forbid put(o{i}, C) :- task(s), held(o{i})." for i in range(MOST_BEHIND_ONE + 1))
    engine = NativeEngine(load(many))
    assert set(engine._evaluator.reduction.followed) == {"held"}
    engine.add("held", ("o1",))
    assert len(table_of(engine, "forbid put")) == 1
    assert engine.fired("forbid put", ("o1", "x")) == []
    engine.add("task", ("s",))
    assert len(engine.fired("forbid put", ("o1", "x"))) == 1


def test_a_table_without_such_a_condition_stays() -> None:
    """Nothing is followed, nothing is left out."""
    engine = NativeEngine(load(" ".join(f"forbid put(O, C) :- at(O, {c}), odd(O)." for c in THINGS)))
    assert len(table_of(engine, "forbid put")) == len(THINGS)
    assert not engine._evaluator.reduction.followed


def test_kept_answers_know_of_tables() -> None:
    """Derived relations read tables too, and tables that were empty: their answers, proofs and the answers
    above them are those from scratch after any changes."""
    text = alike("wrong(O) :- task({t}), held({o}), at(O, {o}).") + " 0.9 :: forbid put(O, C) :- wrong(O)."
    program = load(".decl wrong(o: symbol)" + text)
    engine, rng = NativeEngine(program), random.Random(1)
    facts: dict[str, dict[Row, float]] = {name: {} for name in ("task", "held", "at")}
    rows: list[tuple[str, Row]] = [("at", (a, b)) for a, b in product(THINGS, repeat=2)]
    rows += [("task", (t,)) for t in TASKS]
    rows += [("held", (o,)) for o in THINGS]
    for _ in range(120):
        name, row = rng.choice(rows)
        if row in facts[name]:
            engine.remove(name, row)
            del facts[name][row]
        else:
            weight = rng.choice((1.0, 1.0, 0.8))
            engine.add(name, row, weight)
            facts[name][row] = weight
        right = naive.evaluate(program, facts, {}, "maxmin").get("wrong", {})
        assert engine.query("wrong", (None,)) == right
        for thing in THINGS:
            assert engine.query("wrong", (thing,)).get((thing,)) == right.get((thing,))
            proof = engine.prove("wrong", (thing,))
            assert (proof.weight if proof else None) == right.get((thing,))
            assert bool(engine.fired("forbid put", (thing, "x"))) == ((thing,) in right)
