"""Engines that share what is compiled, and bodies that are compiled in parts: the answers stay right."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from mpr_logic.analysis import analyse
from mpr_logic.engine import codegen
from mpr_logic.engine.differential import BothEngine
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine
from mpr_logic.language.parser import parse
from tests.engine.test_agreement import (
    PATIENT,
    SEMIRINGS,
    after,
    change,
    check,
    facts_of,
    fuzz,
    load,
    tell,
)
from tests.helpers.programs import Case, cases, slow_fuzz

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Engine

pytestmark = slow_fuzz


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python nests hardly any loop, so that ordinary bodies are written in parts."""
    monkeypatch.setattr(codegen, "MAX_BLOCKS", 6)
    monkeypatch.setattr(codegen, "PART", 1)


@pytest.mark.heavy
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_bodies_in_parts_find_what_is_right(semiring: str, case: Case) -> None:
    """Native, after updates, where bodies are written as generators, against the naive evaluator."""
    after(NativeEngine(load(case), semiring=semiring, budget=PATIENT), case, semiring, every=True)


@pytest.mark.heavy
@pytest.mark.parametrize("semiring", SEMIRINGS)
@fuzz
@given(case=cases())
def test_a_fork_has_a_state_of_its_own(semiring: str, case: Case) -> None:
    """Whichever of two engines changes, the other answers as before; a fork of a fork too."""
    engine = NativeEngine(load(case), semiring=semiring, budget=PATIENT)
    facts = facts_of(engine.program)
    first, updates = case.told(engine.program)
    for step in first:
        tell(engine, step)
        change(facts, step)
    check(engine, facts, case, semiring)
    other, before = engine.fork(), copy.deepcopy(facts)
    third = other.fork()
    for step in updates:
        tell(engine, step)
        change(facts, step)
        check(engine, facts, case, semiring)
    check(other, before, case, semiring)
    for step in updates:
        tell(other, step)
    check(other, facts, case, semiring)
    check(third, before, case, semiring)


RULES = """
.decl edge(a: int, b: int)
.decl path(a: int, b: int)
.decl marked(a: int)
.action go(a: int, b: int)
path(X, Y) :- edge(X, Y).
path(X, Z) :- edge(X, Y), path(Y, Z).
forbid go(A, B) :- path(A, B), not marked(A).
edge(1, 2). edge(2, 3).
"""


@pytest.mark.parametrize("kind", [NativeEngine, PyDatalogEngine, BothEngine])
def test_every_engine_can_be_forked(kind: Callable[..., Engine]) -> None:
    """One does not know what the other is told."""
    one = kind(load_text(RULES), budget=PATIENT)
    other = one.fork()
    one.add("marked", (1,))
    other.remove("edge", (2, 3))
    assert [one.fired("forbid go", (1, 3)), other.fired("forbid go", (1, 3))] == [[], []]
    assert len(one.fired("forbid go", (2, 3))) == 1
    assert len(other.fired("forbid go", (1, 2))) == 1


def test_a_lighter_fact_of_one_leaves_the_other_as_it_was() -> None:
    """Weights begin in one session: its code is other code from then on, also for sessions that follow."""
    one = NativeEngine(load_text(RULES), budget=PATIENT)
    assert one.query("path", (1, 3)) == {(1, 3): 1.0}
    other = one.fork()
    one.add("edge", (1, 2), 0.5)
    assert (one.query("path", (1, 3)), other.query("path", (1, 3))) == ({(1, 3): 0.5}, {(1, 3): 1.0})
    assert one.fork().query("path", (1, 3)) == {(1, 3): 0.5}
    assert other.fork().query("path", (1, 3)) == {(1, 3): 1.0}


def test_what_is_compiled_is_compiled_once() -> None:
    """A fork's questions, and those of forks that were made before, compile nothing that was compiled."""
    one = NativeEngine(load_text(RULES), budget=PATIENT)
    early = one.fork()
    one.fired("forbid go", (1, 3))
    code = one._evaluator.compiler.namespace.code
    known = set(code)
    assert known
    for engine in (early, one.fork()):
        assert len(engine.fired("forbid go", (1, 3))) == 1
        assert engine._evaluator.compiler.namespace.code is code
    assert set(code) == known


def test_sessions_compile_and_change_in_threads() -> None:
    """Many threads ask forks of one engine for the first time at once, each with facts of its own."""
    one = NativeEngine(load_text(RULES), budget=PATIENT)
    gate = threading.Barrier(8)
    found: dict[int, list[bool]] = {}

    def run(number: int) -> None:
        engine = one.fork()
        gate.wait()
        engine.add("edge", (3, number), 1.0 if number % 2 else 0.5)
        if number % 3 == 0:
            engine.add("marked", (1,))
        found[number] = [bool(engine.fired("forbid go", (1, each))) for each in range(10, 18)]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(10, 18)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {
        number: [each == number and number % 3 != 0 for each in range(10, 18)] for number in range(10, 18)
    }


def load_text(text: str) -> Program:
    """The checked program of a text."""
    return analyse([parse(text)])
