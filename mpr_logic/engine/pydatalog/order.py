"""The order in which pyDatalog can select the items of a body, and the variables that decide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import divides, inner_terms, item_terms, item_vars, names, term_vars
from mpr_logic.errors import InexpressibleError
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Test, Var
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mpr_logic.language.ast import BodyItem, Term


def variables(what: BodyItem | Term) -> set[str]:
    """The names of the variables in a body item or term, those inside braces included, ``_`` not."""
    if isinstance(what, (Literal, Comparison, Test, Aggregate)):
        return names(item_vars(what))
    return names(term_vars(what))


def inside(item: Aggregate) -> set[str]:
    """The variables inside the braces of an aggregate and in its expression."""
    return names(v for term in inner_terms(item) for v in term_vars(term))


def plain(term: Term) -> Var | Const:
    """An argument of an atom: analysis has made it a variable or a constant."""
    assert isinstance(term, (Var, Const))
    return term


def outside(body: Sequence[BodyItem], known: Collection[str]) -> set[str]:
    """The variables that something other than the braces of an aggregate binds."""
    bound = set(known)
    for item in body:
        if isinstance(item, Literal) and not item.negated and not item.given:
            bound |= variables(item)
        elif isinstance(item, Aggregate):
            bound |= variables(item.target)
    while more := {v for item in body for v in (*_assigned(item, bound), *_answered(item, bound))} - bound:
        bound |= more
    return bound


def ordered(body: Sequence[BodyItem], known: Collection[str], head: Collection[str]) -> Iterator[BodyItem]:
    """The items, each after those that bind what it needs: tests early, aggregates late.

    Raises:
        InexpressibleError: no order binds every variable in time (analysis refuses such a rule).
    """
    elsewhere = outside(body, known)
    bound = set(known)
    left = list(body)
    while left:
        ready = sorted(
            (item for item in left if _is_test(item, bound) or _assigned(item, bound)),
            # a test may rule out that a divisor is 0, or that a value is of another kind
            key=lambda item: (not _asks_type(item), any(map(divides, item_terms(item)))),
        )
        ready = ready or sorted(
            (
                item
                for item in left
                if isinstance(item, Literal) and not item.negated and _askable(item, bound)
            ),
            key=lambda item: -len(variables(item) & bound),
        )
        ready = ready or [
            item
            for item in left
            if isinstance(item, Aggregate) and inside(item) & elsewhere & _rest(item, body, head) <= bound
        ]
        if not ready:
            raise InexpressibleError("pyDatalog finds no order for a body: ask the native engine")
        item = ready[0]
        bound |= variables(item)
        left = [other for other in left if other is not item]
        yield item


def _asks_type(item: BodyItem) -> bool:
    """Whether an item asks what a value is; a type with listed values is a set."""
    return _asks_set(item) or (isinstance(item, Test) and item.name == "is")


def _asks_set(item: BodyItem) -> bool:
    return isinstance(item, Literal) and is_set(item.atom.name)


def _rest(item: Aggregate, body: Sequence[BodyItem], head: Collection[str]) -> set[str]:
    return set(head) | {n for other in body if other is not item for n in variables(other)}


def group_keys(item: Aggregate, body: Sequence[BodyItem], head: Collection[str]) -> tuple[str, ...]:
    """The variables inside the braces that stand outside them too."""
    return tuple(sorted(inside(item) & (_rest(item, body, head) | variables(item.target))))


def _is_test(item: BodyItem, bound: set[str]) -> bool:
    if isinstance(item, Aggregate) or (
        isinstance(item, Literal) and not item.negated and not _asks_set(item)
    ):
        return False
    return variables(item) <= bound


def _askable(item: Literal, bound: set[str]) -> bool:
    """Whether all that must be bound before a literal is asked is bound."""
    return all(variables(term) <= bound for term in item.atom.args[: item.given])


def _answered(item: BodyItem, bound: set[str]) -> set[str]:
    """The variables that a literal of a relation with modes binds, where it can be asked."""
    if isinstance(item, Literal) and item.given and not item.negated and _askable(item, bound):
        return variables(item)
    return set()


def _assigned(item: BodyItem, bound: set[str]) -> set[str]:
    """The variable that an ``=`` would bind now."""
    if isinstance(item, Comparison) and item.op == "=":
        for side, other in ((item.left, item.right), (item.right, item.left)):
            if isinstance(side, Var) and side.name not in bound and variables(other) <= bound:
                return variables(side)
    return set()
