"""Plain Datalog in one call: a program's text and its facts in, all relations out."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.analysis.atoms import anything, coerce_rows
from mpr_logic.analysis.builtin_relations import BUILT_IN, CLOCK
from mpr_logic.analysis.key_constraints import conflict, key_columns
from mpr_logic.analysis.program import Fact
from mpr_logic.engine.bottomup.batch import Batch
from mpr_logic.engine.bottomup.seminaive import SemiNaive
from mpr_logic.engine.failures import Bounded
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget
from mpr_logic.engine.semiring import semiring as semiring_named
from mpr_logic.errors import DisagreementError, OptionError, StateError
from mpr_logic.language.ast import NOWHERE
from mpr_logic.language.moments import SECOND, Instant
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import Row


IN_WORK = 0.8
"""The part of the time for deriving: what was derived in vain takes time to be taken down."""


def evaluate(
    program: str,
    facts: Mapping[str, Iterable[tuple[object, ...]]] | None = None,
    *,
    engine: str = "native",
    budget: Budget | None = None,
    now: str | datetime | None = None,
) -> dict[str, Set[Row]]:
    """Evaluate a plain Datalog program: bottom-up, unless it has relations with modes.

    Args:
        program: the text of a program. Declarations are optional; the types of what is not declared
            are inferred.
        facts: rows for its relations, beside the facts in the text: a name to str, int, float or
            bool values.
        engine: ``native``; ``pydatalog`` for the second opinion; ``both``, which raises where they differ.
        budget: the bounds on derived facts and on time; by default there is none on time, so what is answered
            does not depend on how busy the machine is.
        now: the time that `within`, `during`, `now` and `now_at` ask for, such as `2026-01-31T10:00:00Z`, or
            a `datetime` with a zone. Without it a program that asks for the time is an error.

    Returns:
        For every relation of the program and of ``facts`` all its rows, given and derived, as a set to read:
        where a relation is large, its rows are made while they are read, so `set(found["path"])` keeps them.
        Relations with modes are left out: they have no list. Values of arguments declared bool come back as
        bool.

    Raises:
        ProgramError: the text is not a valid program.
        StateError: a fact does not fit.
        OptionError: there is no such engine; ``now`` is no time, or the program has its own relation ``now``.
        EvaluationError: the engine could not finish.

    >>> rules = "path(X, Y) :- edge(X, Y). path(X, Z) :- path(X, Y), edge(Y, Z)."
    >>> sorted(evaluate(rules, {"edge": [(1, 2), (2, 3)]})["path"])
    [(1, 2), (1, 3), (2, 3)]
    """
    if engine not in ("native", "pydatalog", "both"):
        raise OptionError(f"no engine `{engine}`: choose native, pydatalog or both")
    given: object = facts or {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise StateError("the facts are a dictionary from the name of a relation to its rows")
    modules = [parse(program, "<program>")]
    checked = analyse(modules, declared=False, inputs=facts or (), clock=now is not None)
    known, others = _rows(checked, facts or {})
    if now is not None:
        known["now"] = [_second_of(now, checked)]
    checked = _replaced(checked, known)
    budget = budget or Budget()
    found: dict[str, Set[Row]] = {}
    if engine != "pydatalog":
        found = _native(checked, known, budget)
    if engine != "native":
        second = _second(checked, known, budget)
        if engine == "both":
            _compare(found, second)
        found = second
    listed = {n: rows for n, rows in (found | others).items() if now is None or n not in CLOCK}
    return {name: _booleans(checked, name, rows) for name, rows in listed.items()}


def _rows(
    program: Program, facts: Mapping[str, Iterable[tuple[object, ...]]]
) -> tuple[dict[str, list[Row]], dict[str, set[Row]]]:
    """The rows of the program's relations, and those of relations that it does not speak of."""
    known: dict[str, list[Row]] = {}
    others: dict[str, set[Row]] = {}
    for name, rows in facts.items():
        if isinstance(rows, (str, bytes, Mapping)) or not hasattr(rows, "__iter__"):
            raise StateError(f"the rows of `{name}` come in a list or a set, not as {type(rows).__name__}")
        signature = program.schema.relations.get(name)
        if signature is not None and signature.given:
            raise StateError(f"`{name}` is asked, never stated: state what its rules read")
        if signature is None:
            listed = list(rows)
            first: object = listed[0] if listed else ()
            signature = anything(name, len(first) if isinstance(first, (tuple, list)) else 1)
            others[name] = set(coerce_rows(signature, listed))
        else:
            known[name] = coerce_rows(signature, rows)
    return known, others


def _second_of(now: object, program: Program) -> Row:
    """The row of `now` for a time."""
    relations = program.schema.relations
    for name in CLOCK:
        if name not in relations or not relations[name].builtin:
            raise OptionError(
                f"the program has its own relation `{name}`: state its rows, or name it otherwise"
            )
    try:
        ((time,),) = coerce_rows(BUILT_IN["now_at"], [(now,)])
    except StateError as fault:
        raise OptionError(f"now: {fault}") from None
    assert isinstance(time, Instant)
    return (time.number // SECOND,)


def _replaced(program: Program, known: Mapping[str, list[Row]]) -> Program:
    """The program without the facts in whose place given rows come, by the keys of their relations."""
    columns = key_columns(program.schema.relations)
    if not columns:
        return program
    given = [Fact(name, row, 1.0, NOWHERE) for name in columns for row in known.get(name, ())]
    twice = conflict(given, columns)
    if twice is not None:
        rows = " and ".join(f"`{print_row(each.relation, each.row)}`" for each in twice)
        raise StateError(f"{rows} have one key: `{twice[0].relation}` has one row for it")
    taken = {(each.relation, columns[each.relation](each.row)) for each in given}
    kept = [
        each
        for each in program.facts
        if each.relation not in columns or (each.relation, columns[each.relation](each.row)) not in taken
    ]
    return replace(program, facts=tuple(kept))


def _native(program: Program, rows: dict[str, list[Row]], budget: Budget) -> dict[str, Set[Row]]:
    if any(each.given for each in program.schema.relations.values()):
        return _listed(NativeEngine(program, budget=budget), rows)
    batch = Batch(program, semiring_named("maxmin"), budget)
    with Bounded(batch.deadline, budget.seconds * IN_WORK):
        batch.load((f.relation, f.row, f.weight) for f in program.facts)
        batch.load_rows(rows)
        SemiNaive(batch).run()
        return {name: batch.rows(name) for name in program.schema.relations}


def _second(program: Program, rows: dict[str, list[Row]], budget: Budget) -> dict[str, Set[Row]]:
    from mpr_logic.engine.pydatalog.engine import PyDatalogEngine

    return _listed(PyDatalogEngine(program, budget=budget), rows)


def _listed(engine: Engine, rows: dict[str, list[Row]]) -> dict[str, Set[Row]]:
    """The rows of every relation that can be listed, asked from the top: what a relation with modes is asked
    is only known there."""
    for name, some in rows.items():
        for row in some:
            engine.add(name, row)
    listed = {n: s for n, s in engine.program.schema.relations.items() if not s.given}
    return {n: set(engine.query(n, (None,) * s.arity)) for n, s in listed.items()}


def _compare(first: Mapping[str, Set[Row]], second: Mapping[str, Set[Row]]) -> None:
    for name, rows in first.items():
        if rows != second[name]:
            row = min(rows ^ second[name], key=str)
            who = "the native engine" if row in rows else "pyDatalog"
            raise DisagreementError(
                f"only {who} derives the row {row} of `{name}`: please report the program"
            )


def _booleans(program: Program, name: str, rows: Set[Row]) -> Set[Row]:
    """The rows, with the names true and false of bool columns as Python's bool."""
    signature = program.schema.relations.get(name)
    if signature is None or "bool" not in signature.bases:
        return rows
    flags = [base == "bool" for base in signature.bases]
    return {tuple(v == "true" if b else v for v, b in zip(row, flags, strict=True)) for row in rows}
