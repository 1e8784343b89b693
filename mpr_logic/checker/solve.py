"""An interpreter of rule bodies, step by step: for why-not, repairs and further derivations.

The engine answers each literal. The rest of a body, which it would compile, is interpreted, so that one sees
where the body fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import EXPANDED
from mpr_logic.engine.builtins import AGGREGATES, ARITHMETIC, function_of, less, test_of
from mpr_logic.engine.planner import Assign, Filter, Gather, Scan, plan, term_variables
from mpr_logic.engine.semiring import SEMIRINGS
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import (
    Aggregate,
    Arithmetic,
    Call,
    Comparison,
    Const,
    Literal,
    Named,
    Test,
    Var,
)
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import Atom, BodyItem, Term, Value

Bindings = dict[str, "Value"]
MAXMIN = SEMIRINGS["maxmin"]


def rule_steps(rule: Rule) -> tuple[PlanStep, ...]:
    """The steps of a rule's body in the order of the text, as far as each can be evaluated there; the
    first ``given`` arguments of the head are bound before.

    Raises:
        EvaluationError: the body cannot be ordered (analysis has refused such a rule before).
    """
    given = {n for term in rule.args[: rule.given] for n in term_variables(term)}
    head = {n for term in rule.args for n in term_variables(term)}
    return plan(rule.body, given, _same_cost, head=head, given=given)


def body_steps(body: Sequence[BodyItem], given: Collection[str]) -> tuple[PlanStep, ...]:
    """The steps of a body once the variables ``given`` are known; see :func:`rule_steps`."""
    return plan(body, given, _same_cost, given=given)


def solve(
    engine: Engine, body: Sequence[BodyItem], bindings: Mapping[str, Value], semiring: Semiring = MAXMIN
) -> Iterator[tuple[Bindings, float]]:
    """The bindings under which a body holds, each with its weight.

    Args:
        engine: answers the literals.
        body: the items, in any order that can be evaluated once ``bindings`` are known.
        bindings: what is known of the variables.
        semiring: how weights combine.

    Raises:
        EvaluationError: something cannot be evaluated.
    """
    return run(engine, body_steps(body, bindings), bindings, semiring)


def run(
    engine: Engine, steps: Sequence[PlanStep], bindings: Mapping[str, Value], semiring: Semiring = MAXMIN
) -> Iterator[tuple[Bindings, float]]:
    """The bindings after all the steps, each with its weight; see :func:`solve`."""
    if not steps:
        yield dict(bindings), 1.0
        return
    for new, weight in extend(engine, steps[0], bindings, semiring):
        engine.deadline.poll()
        for found, more in run(engine, steps[1:], new, semiring):
            yield found, semiring.both(weight, more)


def extend(
    engine: Engine, step: PlanStep, bindings: Mapping[str, Value], semiring: Semiring = MAXMIN
) -> Iterator[tuple[Bindings, float]]:
    """The bindings after one step, each with the weight of that step. A variable that a step would bind
    may be bound before: it is then compared."""
    if isinstance(step, Gather):
        yield from _gather(engine, step, bindings, semiring)
    elif isinstance(step, Assign):
        computed = term_value(step.term, bindings)
        new = None if computed is None else matched((Var(step.variable),), (computed,), bindings)
        if new is not None:
            yield new, 1.0
    elif isinstance(step, Filter) and not isinstance(step.item, Literal):
        if holds(step.item, bindings, engine.deadline):
            yield dict(bindings), 1.0
    else:
        literal = step.literal if isinstance(step, Scan) else step.item
        assert isinstance(literal, Literal)
        yield from _literal(engine, literal, bindings, semiring)


def _literal(
    engine: Engine, literal: Literal, bindings: Mapping[str, Value], semiring: Semiring
) -> Iterator[tuple[Bindings, float]]:
    rows = engine.query(literal.atom.name, pattern(literal.atom, bindings))
    if literal.negated:
        weight = semiring.complement(max(rows.values(), default=0.0))
        if weight > 0:
            yield dict(bindings), weight
        return
    best: dict[tuple[tuple[str, Value], ...], tuple[Bindings, float]] = {}
    for row, weight in rows.items():
        new = matched(literal.atom.args, row, bindings)
        if new is not None:
            key = tuple(new.items())
            if key not in best or best[key][1] < weight:  # rows that differ in `_` alone
                best[key] = new, weight
    yield from best.values()


def _gather(
    engine: Engine, step: Gather, bindings: Mapping[str, Value], semiring: Semiring
) -> Iterator[tuple[Bindings, float]]:
    for new, found, weight in groups(engine, step, bindings, semiring):
        after = matched((step.aggregate.target,), (found,), new)
        if after is not None:
            yield after, weight


def groups(
    engine: Engine, step: Gather, bindings: Mapping[str, Value], semiring: Semiring = MAXMIN
) -> Iterator[tuple[Bindings, Value, float]]:
    """For each group of an aggregate the bindings with its keys, its value, and its weight."""
    item: Aggregate = step.aggregate
    open_keys = [k for k in step.keys if k not in bindings]
    members: dict[tuple[Value, ...], list[tuple[Bindings, float]]] = {}
    if not open_keys and not step.nonempty:
        members[()] = []
    for new, weight in run(engine, step.steps, bindings, semiring):
        members.setdefault(tuple(new[k] for k in open_keys), []).append((new, weight))
    for key, rows in members.items():
        if not rows and item.function in ("min", "max"):
            continue
        values = [0 if item.expression is None else value(item.expression, b) for b, _ in rows]
        keys = dict(zip(open_keys, key, strict=True))
        yield {**bindings, **keys}, AGGREGATES[item.function](values), semiring.all(w for _, w in rows)


def pattern(atom: Atom, bindings: Mapping[str, Value]) -> Pattern:
    """The arguments of an atom, None for what is not bound."""
    return tuple(
        bindings.get(t.name)
        if isinstance(t, Var)
        else t.value
        if isinstance(t, Const)
        else value(t, bindings)
        for t in atom.args
    )


def matched(terms: Iterable[Term], row: Iterable[Value], bindings: Mapping[str, Value]) -> Bindings | None:
    """The bindings with those that give the terms the values of the row; None where they differ."""
    new = dict(bindings)
    for term, given in zip(terms, row, strict=True):
        if isinstance(term, Var):
            if term.name != "_" and new.setdefault(term.name, given) != given:
                return None
        elif value(term, new) != given:
            return None
    return new


def value(term: Term, bindings: Mapping[str, Value]) -> Value:
    """The value of a term whose variables are bound, and which has one.

    Raises:
        ArithmeticFailure: it has none.
    """
    found = term_value(term, bindings)
    if found is None:
        raise ArithmeticFailure(f"`{print_term(term)}` has no value")
    return found


def term_value(term: Term, bindings: Mapping[str, Value]) -> Value | None:
    """The value of a term whose variables are bound; None where it calls a function that has none.

    Raises:
        ArithmeticFailure: it has none for another reason.
    """
    match term:
        case Var(name):
            return bindings[name]
        case Const():
            return term.value
        case Call():
            function, _ = function_of(term)
            return function(*(value(each, bindings) for each in term.args), None)
        case Named():
            raise TypeError(EXPANDED)
        case Arithmetic():
            return ARITHMETIC[term.op](value(term.left, bindings), value(term.right, bindings))


def holds(item: Comparison | Test, bindings: Mapping[str, Value], deadline: Deadline | None = None) -> bool:
    """Whether a comparison or text test holds; its variables are bound. A test of long texts looks at the
    deadline.

    Raises:
        ArithmeticFailure: it compares or tests what cannot be.
    """
    if isinstance(item, Test):
        text, part = (value(t, bindings) for t in item.args)
        return test_of(item)(text, part, deadline) != item.negated
    if item.op == "=":  # of a function without a value it is false
        return term_value(item.left, bindings) == term_value(item.right, bindings)
    left, right = value(item.left, bindings), value(item.right, bindings)
    match item.op:
        case "!=":
            return left != right
        case "<":
            return less(left, right)
        case ">":
            return less(right, left)
        case "<=":
            return not less(right, left)
        case ">=":
            return not less(left, right)


def _same_cost(_: str, __: tuple[int, ...]) -> float:
    return 1.0  # the order of the text
