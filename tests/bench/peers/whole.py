"""Peers for the batch benchmark: from Python tuples to Python tuples."""

from __future__ import annotations

import itertools
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tests.bench.problems import Pairs, Problem

_modules = itertools.count()


def native(problem: Problem) -> Collection[tuple[Any, ...]]:
    """mpr_logic.evaluate"""
    evaluate: Any = import_module("mpr_logic").evaluate
    rows: Collection[tuple[Any, ...]] = set(evaluate(problem.program, problem.facts)[problem.result])
    return rows


def duck(problem: Problem) -> Pairs:
    """DuckDB, a recursive common table expression."""
    database = import_module("duckdb").connect()
    for name, pairs in problem.facts.items():
        xs, ys = zip(*pairs, strict=True)
        database.execute(
            f"CREATE TABLE {name} AS SELECT unnest(?) AS x, unnest(?) AS y", [list(xs), list(ys)]
        )
    rows: Pairs = database.execute(problem.sql).fetchall()
    return rows


def asp(problem: Problem) -> Pairs:
    """clingo: its grounder alone derives every row."""
    control = import_module("clingo").Control(["--warn=none"])
    control.add("base", [], problem.program + _facts(problem))
    control.ground([("base", [])])
    atoms = control.symbolic_atoms.by_signature(problem.result, 2)
    return [(a.symbol.arguments[0].number, a.symbol.arguments[1].number) for a in atoms]


def prolog(problem: Problem) -> Pairs:
    """SWI-Prolog with tabling; the rows come back through a file, the fastest way out of it."""
    engine = import_module("pyswip").Prolog()
    list(engine.query("set_prolog_flag(table_space, 8000000000), set_prolog_flag(stack_limit, 8000000000)"))
    with tempfile.TemporaryDirectory() as folder:
        source, rows = Path(folder) / "problem.pl", Path(folder) / "rows.txt"
        module = f"problem_{next(_modules)}"
        tables = f":- module({module}, []).\n:- table {problem.result}/2.\n"
        source.write_text(tables + problem.program + _facts(problem), encoding="utf-8")
        engine.consult(str(source))
        goal = (
            f"open('{rows}', write, S), "
            f"forall({module}:{problem.result}(X, Y), format(S, '~d ~d~n', [X, Y])), close(S)"
        )
        list(engine.query(goal))
        numbers = list(map(int, rows.read_text(encoding="utf-8").split()))
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def tiny(problem: Problem) -> Collection[tuple[Any, ...]]:
    """tiny-datalog, semi-naive."""
    rows: Collection[tuple[Any, ...]] = (
        import_module("tiny_datalog").run_program(problem.program, facts=problem.facts).rels[problem.result]
    )
    return rows


def _facts(problem: Problem) -> str:
    return "\n".join(f"{name}({x}, {y})." for name, pairs in problem.facts.items() for x, y in pairs)


WHOLE: dict[str, Callable[[Problem], Collection[tuple[Any, ...]]]] = {
    "mpr_logic": native,
    "DuckDB": duck,
    "clingo": asp,
    "SWI-Prolog (tabled)": prolog,
    "tiny-datalog": tiny,
}
NEEDS = {
    "mpr_logic": "mpr_logic",
    "DuckDB": "duckdb",
    "clingo": "clingo",
    "SWI-Prolog (tabled)": "pyswip",
    "tiny-datalog": "tiny_datalog",
}
