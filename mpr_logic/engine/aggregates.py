"""Writes an aggregate down as Python source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine import builtins
from mpr_logic.engine.namespace import key
from mpr_logic.engine.planner import Scan
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.engine.codegen import Done, Writer
    from mpr_logic.engine.planner import Gather, Step


def gather(
    writer: Writer, step: Gather, rest: Sequence[Step], fail: str, weights: list[str], done: Done
) -> None:
    """Write an aggregate, and the steps after it; where all hold, ``done`` writes what follows."""
    aggregate = step.aggregate
    weighted = any(isinstance(i, Literal) and writer.access.weighted(i.atom.name) for i in aggregate.body)
    sized = _size(writer, step) if not step.keys and not weighted else None
    if sized is not None:
        value = writer.fresh("n")
        writer.line(f"{value} = {sized}")
        if step.nonempty:
            writer.line(f"if not {value}: {fail}")
        _aggregated(writer, step, value, rest, fail, weights, done)
        return
    groups = writer.fresh("g")
    writer.line(f"{groups} = {{}}")
    outer = dict(writer.locals)

    def collect(inner_weights: list[str]) -> None:
        group = key([writer.locals[k] for k in step.keys]) if step.keys else "()"
        value = "None" if aggregate.expression is None else writer.term(aggregate.expression)
        weight = writer.weight(inner_weights) if inner_weights else "1.0"
        writer.line(f"{groups}.setdefault({group}, []).append(({value}, {weight}))")

    writer.alternative(lambda stop: writer.steps(step.steps, stop, [], collect))
    writer.locals = outer
    rows, name = writer.fresh("g"), writer.fresh("n")
    function = writer.namespace.name("U", builtins.over(aggregate.function), ("over", aggregate.function))

    def finish(stop: str) -> None:
        used = weights
        writer.line(f"{name} = {function}({rows})")
        if weighted:
            weight = writer.fresh("w")
            together = writer.namespace.name("U", writer.access.semiring.all, "all")
            writer.line(f"{weight} = {together}([w for _, w in {rows}])")
            writer.line(f"if not {weight}: {stop}")
            used = [*weights, weight]
        _aggregated(writer, step, name, rest, stop, used, done)

    if step.keys:
        target = key([writer.bind(k) for k in step.keys])
        writer.loop(f"{target}, {rows}", f"{groups}.items()", lambda: finish("continue"))
    else:
        writer.line(f"{rows} = {groups}.get((), E)")
        if step.nonempty or aggregate.function in ("min", "max"):
            writer.line(f"if not {rows}: {fail}")
        finish(fail)


def _aggregated(
    writer: Writer, step: Gather, value: str, rest: Sequence[Step], fail: str, weights: list[str], done: Done
) -> None:
    writer.match(step.aggregate.target, value, fail)
    writer.rest(rest, fail, weights, done)


def _size(writer: Writer, step: Gather) -> str | None:
    """The source of a count that is the size of a stored bucket; None where it is not."""
    if step.aggregate.function != "count" or len(step.steps) != 1 or not isinstance(step.steps[0], Scan):
        return None
    scan = step.steps[0]
    relation = writer.access.stored(scan.literal.atom.name)
    args = scan.literal.atom.args
    free = [t for i, t in enumerate(args) if i not in scan.bound]
    names = [t.name for t in free if isinstance(t, Var)]
    if relation is None or len(set(names)) != len(free) or not writer.locals.keys().isdisjoint(names):
        return None
    writer.notes.read(relation.name, scan.bound, [writer.term(args[i]) for i in scan.bound])
    if not scan.bound:
        return f"len({writer.namespace.rows(relation)})"
    index = writer.namespace.index(relation, scan.bound)
    return f"len({index}.get({key([writer.term(args[i]) for i in scan.bound])}, E))"
