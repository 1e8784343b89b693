"""Linear recursion as a graph walk: from goal to goal, or from answer to answer, without tables.

A rule of linear recursion reads its own relation once. Asked with some columns bound, it often computes
nothing with the others:

- Right-linear: the free columns come unchanged from the recursive literal. Every answer of a goal that can be
  reached is then an answer, and the goals are walked (``inside(x, Z) :- in(x, Y), inside(Y, Z)``).
- Left-linear: the bound columns go unchanged into the recursive literal. There is one goal then, and its
  answers are walked (``inside(x, Z) :- inside(x, Y), in(Y, Z)``).

(Naughton, Ramakrishnan, Sagiv and Ullman 1989: argument reduction by factoring.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.analysis.terms import rewrite_item
from mpr_logic.engine.namespace import key
from mpr_logic.engine.planner import item_variables, term_variables
from mpr_logic.language.ast import Aggregate, Atom, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mpr_logic.engine.codegen import CodeWriter
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.engine.topdown.rule_compiler import RuleCompiler


@dataclass(frozen=True, slots=True)
class LinearRule:
    """A recursive group: the recursive literal's atom and place in the body, and the group without it."""

    atom: Atom
    place: int
    rest: RuleGroup


WalkWriter: TypeAlias = "Callable[[CodeWriter], None]"
"""Writes the body of a function that answers by a walk."""


def walk(compiler: RuleCompiler, name: str, adornment: str) -> WalkWriter | None:
    """The writer of a function that answers for a linear recursive relation; None where neither walk fits."""
    parts = linear(compiler, name)
    if parts is None:
        return None
    exits, steps = parts
    if right_linear(steps, adornment):
        return lambda writer: _walk_goals(writer, compiler, exits, steps, adornment)
    if "d" not in adornment and all(_is_left_linear(s, adornment) for s in steps):
        return lambda writer: _walk_answers(writer, compiler, exits, steps, adornment)
    return None


def walked_from(compiler: RuleCompiler, name: str, adornment: str) -> tuple[int, ...] | None:
    """The columns that a closure is walked from, where all are bound: the walk would be the same without
    the others, and its answers serve every question that begins there. None where it is no closure."""
    parts = linear(compiler, name) if set(adornment) == {"b"} else None
    if parts is None or not len(parts[0]) == len(parts[1]) == 1:
        return None
    (exit_,), (step,) = parts
    by = tuple([i for i, t in enumerate(step.rest.args) if t != step.atom.args[i]])
    wider = "".join("b" if i in by else "f" for i in range(len(adornment)))
    return by if right_linear([step], wider) and _is_closure(exit_, step, wider) else None


def linear(compiler: RuleCompiler, name: str) -> tuple[list[RuleGroup], list[LinearRule]] | None:
    """The groups of a recursive relation, those without recursion and those that read it once; None where
    its recursion is not linear, or is weighted."""
    if compiler.component[name] != (name,) or compiler.weighted(name):
        return None
    exits: list[RuleGroup] = []
    steps: list[LinearRule] = []
    for each in compiler.alternatives(name):
        places = [i for i, item in enumerate(each.body) if name in _reads(item)]
        if not places:
            exits.append(each)
            continue
        item = each.body[places[0]]
        if len(places) > 1 or not isinstance(item, Literal) or item.negated:
            return None
        rest = replace(each, body=each.body[: places[0]] + each.body[places[0] + 1 :])
        steps.append(LinearRule(item.atom, places[0], rest))
    return exits, steps


def right_linear(steps: Iterable[LinearRule], adornment: str) -> bool:
    """Whether the recursion is right-linear: all that is wanted comes unchanged from the goals that can be
    reached."""
    return all(_is_right_linear(step, adornment) for step in steps)


def _reads(item: object) -> set[str]:
    if isinstance(item, Literal):
        return {item.atom.name}
    return {n for i in item.body for n in _reads(i)} if isinstance(item, Aggregate) else set()


def _is_right_linear(step: LinearRule, adornment: str) -> bool:
    """Whether the columns that are not bound come from the recursive literal and are used nowhere else, and
    the rest of the body binds those that the recursive literal is asked with."""
    count = Counter(n for item in step.rest.body for n in item_variables(item))
    count.update(n for t in (*step.rest.args, *step.atom.args) for n in term_variables(t))
    known = {n for item in step.rest.body for n in _bound_by(item)}
    known |= {
        n for t, a in zip(step.rest.args, adornment, strict=True) if a == "b" for n in term_variables(t)
    }
    for head, inner, letter in zip(step.rest.args, step.atom.args, adornment, strict=True):
        if letter == "b":
            if isinstance(inner, Var) and (inner.anonymous or inner.name not in known):
                return False
        elif head != inner or not isinstance(head, Var) or count[head.name] != 2:
            return False
    return True


def _bound_by(item: object) -> set[str]:
    """The variables that an item binds by itself: a relation that is asked needs its first columns bound."""
    if isinstance(item, Literal) and not item.negated:
        return {name for term in item.atom.args[item.given :] for name in term_variables(term)}
    return set()


def _is_left_linear(step: LinearRule, adornment: str) -> bool:
    """Whether the bound columns go unchanged into the recursive literal, whose other columns are variables of
    their own."""
    others = [
        t.name for t, a in zip(step.atom.args, adornment, strict=True) if a == "f" and isinstance(t, Var)
    ]
    same = [t for t, a in zip(step.atom.args, adornment, strict=True) if a == "b"]
    heads = [t for t, a in zip(step.rest.args, adornment, strict=True) if a == "b"]
    fixed = {n for t in heads for n in term_variables(t)}
    return (
        same == heads
        and all(isinstance(t, Var) and not t.anonymous for t in same)
        and len(others) == adornment.count("f")
        and len(set(others)) == len(others)
        and "_" not in others
        and fixed.isdisjoint(others)
    )


def _walk_goals(
    writer: CodeWriter,
    compiler: RuleCompiler,
    exits: list[RuleGroup],
    steps: list[LinearRule],
    adornment: str,
) -> None:
    params = [f"p{i}" for i in range(adornment.count("b"))]
    wanted = "f" in adornment
    here = key(params) if params else "()"
    if wanted and len(exits) == len(steps) == 1 and _is_closure(exits[0], steps[0], adornment):
        _walk_closure(writer, compiler, steps[0], adornment, here)
        return
    writer.line("out = set()" if wanted else "out = False")
    writer.line(f"todo = [{here}]")
    writer.line("seen = set(todo)")

    def answer(found: list[str], _: list[str]) -> None:
        writer.line(f"out.add({key(found)})" if wanted else "return True")

    def body() -> None:
        writer.poll()
        for each in exits:
            compiler.write_group(writer, each, adornment, answer)
        for step in steps:
            asked = [t for t, a in zip(step.atom.args, adornment, strict=True) if a == "b"]

            def go_on(_: list[str], __: list[str], asked: list[Any] = asked) -> None:
                following = key([writer.term(t) for t in asked]) if asked else "()"
                writer.line(f"if {following} not in seen: seen.add({following}); todo.append({following})")

            compiler.write_group(writer, step.rest, adornment.replace("f", "d"), go_on, wanted=asked)

    writer.loop(here if params else "_", "todo", body, outermost=True)
    writer.line("return out")


def _is_closure(exit_: RuleGroup, step: LinearRule, adornment: str) -> bool:
    """Whether every goal that a goal leads to is an answer of it, and there is no other: the rest of the
    recursive rule is the rule without recursion, as in ``inside(X, Z) :- in(X, Y), inside(Y, Z)``."""
    if exit_.table is not None or step.rest.table is not None or len(exit_.body) != 1:
        return False
    asked = [t for t, a in zip(step.atom.args, adornment, strict=True) if a == "b"]
    given = [t for t, a in zip(step.rest.args, adornment, strict=True) if a == "b"]
    answer = [t for t, a in zip(exit_.args, adornment, strict=True) if a == "f"]
    start = [t for t, a in zip(exit_.args, adornment, strict=True) if a == "b"]
    mine, other = (*given, *asked), (*start, *answer)
    if len(mine) != len(other) or len(set(mine)) != len(mine) or len(set(other)) != len(other):
        return False
    if not all(isinstance(t, Var) and not t.anonymous for t in (*mine, *other)):
        return False
    same = dict(zip(mine, other, strict=True))
    return tuple(rewrite_item(i, lambda t: same.get(t, t)) for i in step.rest.body) == exit_.body


def _walk_closure(
    writer: CodeWriter, compiler: RuleCompiler, step: LinearRule, adornment: str, here: str
) -> None:
    asked = [t for t, a in zip(step.atom.args, adornment, strict=True) if a == "b"]
    writer.line("out = set()")
    writer.line(f"todo = [{here}]")

    def go_on(_: list[str], __: list[str]) -> None:
        following = key([writer.term(t) for t in asked])
        writer.line(f"if {following} not in out: out.add({following}); todo.append({following})")

    def body() -> None:
        writer.poll()
        compiler.write_group(writer, step.rest, adornment.replace("f", "d"), go_on, wanted=asked)

    writer.loop(here, "todo", body, outermost=True)
    writer.line("return out")


def _walk_answers(
    writer: CodeWriter,
    compiler: RuleCompiler,
    exits: list[RuleGroup],
    steps: list[LinearRule],
    adornment: str,
) -> None:
    columns = [f"f{i}" for i in range(adornment.count("f"))]
    writer.line("out = set()")
    writer.line("todo = []")

    def answer(found: list[str], _: list[str]) -> None:
        writer.line(f"if {key(found)} not in out: out.add({key(found)}); todo.append({key(found)})")

    for each in exits:
        compiler.write_group(writer, each, adornment, answer)

    def body() -> None:
        writer.poll()
        for step in steps:
            inner = [
                t.name
                for t, a in zip(step.atom.args, adornment, strict=True)
                if a == "f" and isinstance(t, Var)
            ]
            preset = dict(zip(inner, columns, strict=True))
            bound = [t for t, a in zip(step.atom.args, adornment, strict=True) if a == "b"]
            compiler.write_group(writer, step.rest, adornment, answer, preset=preset, wanted=bound)

    writer.loop(key(columns), "todo", body, outermost=True)
    writer.line("return out")
