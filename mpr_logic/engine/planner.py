"""Query planning: the order in which a body is evaluated. Tests come as soon as they can, then the cheapest
join.

:func:`plan` turns the items of a body into steps. What is bound at each step is known here, so the code
generator only writes the steps down. The order is greedy: bodies are short, and a wrong estimate costs little
where every join is an index lookup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from mpr_logic.analysis.terms import divides, inner_terms, item_vars, literals, names, term_vars, vars_of
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import (
    ANONYMOUS,
    Aggregate,
    Atom,
    BodyItem,
    Comparison,
    Const,
    Literal,
    Term,
    Test,
    Var,
)
from mpr_logic.language.sets import is_set


@dataclass(frozen=True, slots=True)
class Filter:
    """An item all of whose variables are bound: it holds or not. ``index`` is its place in the body."""

    index: int
    item: Literal | Comparison | Test


@dataclass(frozen=True, slots=True)
class Assign:
    """``variable = term``, the term's variables bound."""

    index: int
    variable: str
    term: Term


@dataclass(frozen=True, slots=True)
class Scan:
    """A positive literal that binds variables: ``bound`` are the positions known before."""

    index: int
    literal: Literal
    bound: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gather:
    """An aggregate: ``keys`` are group variables that it binds, ``nonempty`` whether only groups
    that exist count, ``steps`` the plan of the braces, ``bound`` what was bound before."""

    index: int
    aggregate: Aggregate
    keys: tuple[str, ...]
    nonempty: bool
    steps: tuple[PlanStep, ...]
    bound: frozenset[str]


PlanStep: TypeAlias = Filter | Assign | Scan | Gather

UNKNOWN_SIZE = 50.0
"""Rows expected of a relation that is still empty, or of a derived one, when no column is bound."""

Cost: TypeAlias = Callable[[str, tuple[int, ...]], float]
"""Expected rows of a relation for one key at these positions."""


def term_variables(term: Term) -> Iterator[str]:
    """The names of the variables in a term, ``_`` left out."""
    return (var.name for var in term_vars(term) if var.name != ANONYMOUS)


def item_variables(item: BodyItem) -> Iterator[str]:
    """The names of the variables in a body item, those inside an aggregate's braces included."""
    return (var.name for var in item_vars(item) if var.name != ANONYMOUS)


def body_relations(body: Iterable[BodyItem]) -> Iterator[str]:
    """The core relations that a body reads."""
    return (literal.atom.name for literal in literals(body))


def inner_variables(aggregate: Aggregate) -> set[str]:
    """The variables inside the braces of an aggregate, its expression included."""
    return names(vars_of(inner_terms(aggregate)))


def name_anonymous(body: Sequence[BodyItem], prefix: str = "?") -> tuple[BodyItem, ...]:
    """The body with every ``_`` of a positive literal given a name of its own, which nobody can write."""
    counter = 0

    def named(item: BodyItem) -> BodyItem:
        nonlocal counter
        if not isinstance(item, Literal) or item.negated:
            return item
        args: list[Term] = []
        for term in item.atom.args:
            if isinstance(term, Var) and term.name == ANONYMOUS:
                counter += 1
                args.append(Var(f"{prefix}{counter}"))
            else:
                args.append(term)
        return replace(item, atom=replace(item.atom, args=tuple(args)))

    return tuple(named(item) for item in body)


def forget_singletons(head: Iterable[Term], body: Sequence[BodyItem]) -> tuple[BodyItem, ...]:
    """The body with variables that stand only once, in a positive literal, made ``_``: only whether
    such a row exists matters then."""
    count = Counter(n for item in body for n in item_variables(item))
    count.update(n for term in head for n in term_variables(term))
    nobody = Var(ANONYMOUS)

    def forgotten(item: BodyItem) -> BodyItem:
        if not isinstance(item, Literal) or item.negated:
            return item
        args = tuple(nobody if isinstance(t, Var) and count[t.name] == 1 else t for t in item.atom.args)
        return replace(item, atom=replace(item.atom, args=args))

    return tuple(forgotten(item) for item in body)


def bound_elsewhere(body: Sequence[BodyItem], given: frozenset[str]) -> frozenset[str]:
    """The variables that something other than an aggregate's braces binds."""
    known = set(given)
    for item in body:
        if isinstance(item, Literal) and not item.negated and not item.given:
            known.update(item_variables(item))
        elif isinstance(item, Aggregate):
            known.update(term_variables(item.target))
    changed = True
    while changed:
        changed = False
        for item in body:
            if isinstance(item, Literal) and item.given and not item.negated and askable(item, known):
                changed = changed or not known.issuperset(item_variables(item))
                known.update(item_variables(item))
            elif isinstance(item, Comparison) and item.op == "=":
                for side, other in ((item.left, item.right), (item.right, item.left)):
                    if (
                        isinstance(side, Var)
                        and not side.anonymous
                        and side.name not in known
                        and known.issuperset(term_variables(other))
                    ):
                        known.add(side.name)
                        changed = True
    return frozenset(known)


def plan(
    body: Sequence[BodyItem],
    bound: Iterable[str],
    cost: Cost,
    *,
    head: Iterable[str] = (),
    given: Iterable[str] = (),
    first: int | None = None,
    recursive: Container[str] = (),
) -> tuple[PlanStep, ...]:
    """Order a body.

    Args:
        body: the items, literals positional.
        bound: the variables known before the body runs.
        cost: how many rows to expect of a relation, per key at the bound positions.
        head: the variables of the head.
        given: those of ``bound`` that the rule itself may rely on (an action's arguments).
        first: the index of a literal to begin with, whatever it costs.
        recursive: the relations that are asked from the top and may ask themselves.

    Raises:
        EvaluationError: the body cannot be ordered (analysis has refused such a rule before).
    """
    known = set(bound)
    outside = bound_elsewhere(body, frozenset(given))
    shared = _shared(body, known | set(head))
    later = _on_computed(body)
    left = list(range(len(body)))
    steps: list[PlanStep] = []

    def take(index: int, step: PlanStep) -> None:
        left.remove(index)
        steps.append(step)
        known.update(item_variables(body[index]) if isinstance(step, Scan) else _binds(step))

    if first is not None:
        literal = body[first]
        assert isinstance(literal, Literal)
        take(first, Scan(first, literal, ()))
    while left:
        ready = _ready(body, left, known, later)
        if ready is not None:
            take(ready[0], ready[1])
            continue
        scan = _cheapest(body, left, known, cost, {i for i in later if _name(body[i]) in recursive})
        gather = _gather(body, left, known, outside, shared, cost, last=scan is None)
        if gather is not None:
            take(gather.index, gather)
        elif scan is not None:
            take(scan.index, scan)
        else:
            raise EvaluationError("a body cannot be ordered: some variable in it is never bound")
    return tuple(steps)


def _shared(body: Sequence[BodyItem], outer: set[str]) -> dict[int, set[str]]:
    """For each aggregate, the variables inside its braces that stand outside all braces too."""
    for item in body:
        outer.update(term_variables(item.target) if isinstance(item, Aggregate) else item_variables(item))
    return {i: inner_variables(item) & outer for i, item in enumerate(body) if isinstance(item, Aggregate)}


def _binds(step: PlanStep) -> set[str]:
    match step:
        case Assign(_, variable, _):
            return {variable}
        case Gather(_, aggregate, keys, _, _, _):
            return set(keys) | set(term_variables(aggregate.target))
    return set()


def _ready(
    body: Sequence[BodyItem], left: list[int], known: set[str], later: set[int]
) -> tuple[int, PlanStep] | None:
    """A test or an assignment that can run now; tests of types come first, then those that cost least, and
    what divides comes last: a test may rule out that the divisor is 0. ``later`` has the literals that wait
    for others."""
    best: tuple[int, int, PlanStep] | None = None
    for i in left:
        item = body[i]
        found: tuple[int, PlanStep] | None = None
        if isinstance(item, Aggregate):
            continue
        if known.issuperset(item_variables(item)):
            if i in later and any(j not in later and _matches(body[j]) for j in left):
                continue
            rank = _rank(item)
            found = (rank, Filter(i, item))
        elif isinstance(item, Comparison) and item.op == "=":
            for side, other in ((item.left, item.right), (item.right, item.left)):
                if (
                    isinstance(side, Var)
                    and side.name not in known
                    and known.issuperset(term_variables(other))
                ):
                    found = (_rank(item), Assign(i, side.name, other))
                    break
        if found is not None and (best is None or found[0] < best[0]):
            best = (found[0], i, found[1])
    return None if best is None else (best[1], best[2])


def _rank(item: Literal | Comparison | Test) -> int:
    if isinstance(item, Literal):
        return -1 if is_set(item.atom.name) else 1  # a type with listed values is a set
    if isinstance(item, Test):
        return -1 if item.name == "is" else 2  # what a value is decides what can be done with it
    return 3 if divides(item.left) or divides(item.right) else 0


def _matches(item: BodyItem) -> bool:
    return isinstance(item, Literal) and not item.negated


def _on_computed(body: Sequence[BodyItem]) -> set[int]:
    """The positive literals with an argument that is worked out, as in ``p(X, N + 1)``. They wait for the
    others: a recursion that counts asks on only from where those hold, or it would not end."""
    computed = {
        side.name
        for item in body
        if isinstance(item, Comparison) and item.op == "="
        for side, other in ((item.left, item.right), (item.right, item.left))
        if isinstance(side, Var) and not isinstance(other, Const | Var)
    }
    return {
        i
        for i, item in enumerate(body)
        if isinstance(item, Literal)
        and not item.negated
        and any(
            t.name in computed if isinstance(t, Var) else not isinstance(t, Const) for t in item.atom.args
        )
    }


def askable(literal: Literal, known: Iterable[str]) -> bool:
    """Whether all that must be bound before the literal is asked is known."""
    return set(known).issuperset(
        n for term in literal.atom.args[: literal.given] for n in term_variables(term)
    )


def bound_positions(atom: Atom, known: Iterable[str]) -> tuple[int, ...]:
    """The positions of an atom that are known: constants and bound variables."""
    return tuple(
        i for i, t in enumerate(atom.args) if isinstance(t, Const) or (isinstance(t, Var) and t.name in known)
    )


def _name(item: BodyItem) -> str:
    return item.atom.name if isinstance(item, Literal) else ""


def _cheapest(
    body: Sequence[BodyItem], left: list[int], known: set[str], cost: Cost, later: set[int]
) -> Scan | None:
    """The literal to match that costs least; one of ``later`` only where there is no other."""
    best: tuple[tuple[bool, float], Scan] | None = None
    for i in left:
        item = body[i]
        if _matches(item) and not known.issuperset(item_variables(item)):  # else it waits for others
            assert isinstance(item, Literal)
            if item.given and not askable(item, known):
                continue
            bound = bound_positions(item.atom, known)
            price = i in later, cost(item.atom.name, bound)
            if best is None or price < best[0]:
                best = (price, Scan(i, item, bound))
    return None if best is None else best[1]


def _gather(
    body: Sequence[BodyItem],
    left: list[int],
    known: set[str],
    outside: frozenset[str],
    shared: dict[int, set[str]],
    cost: Cost,
    *,
    last: bool,
) -> Gather | None:
    """An aggregate whose outside variables are all bound; one that binds its groups only at the end."""
    for i in left:
        item = body[i]
        if not isinstance(item, Aggregate) or not (shared[i] & outside) <= known:
            continue
        keys = tuple(sorted(shared[i] - known))
        if keys and not last:
            continue
        inner = name_anonymous(item.body, f"?{i}_")
        steps = plan(inner, known, cost, given=known)
        return Gather(
            i,
            replace(item, body=inner),  # type: ignore[arg-type]
            keys,
            not shared[i] <= outside,
            steps,
            frozenset(known),
        )
    return None
