"""Tree walkers: the literals, terms and variables of a body, and replacing terms.

Rebuilding keeps a node that would not change, so that most of a rule is shared with its clause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import cast, overload

from mpr_logic.language.ast import (
    ANONYMOUS,
    Aggregate,
    Alternatives,
    Arithmetic,
    BodyItem,
    Call,
    Clause,
    Comparison,
    Const,
    Literal,
    Membership,
    Named,
    Placed,
    Span,
    Term,
    Test,
    Unknown,
    Var,
    WrittenItem,
)
from mpr_logic.language.functions import CHECKED, FUNCTIONS

Rewrite = Callable[[Term], Term]


EXPANDED = "sugar is expanded before names are resolved"
"""The message of what meets a node that no core clause has."""


def term_vars(term: Term) -> Iterator[Var]:
    """Every occurrence of a variable in a term, ``_`` included, from left to right."""
    if isinstance(term, Var):
        yield term
    elif isinstance(term, Arithmetic):
        yield from term_vars(term.left)
        yield from term_vars(term.right)
    elif isinstance(term, Call):
        yield from vars_of(term.args)


def item_terms(item: BodyItem | Membership | Placed) -> tuple[Term, ...]:
    """The terms that stand directly in a body item; for an aggregate, those outside its braces."""
    if isinstance(item, Literal):
        return item.atom.args
    if isinstance(item, Comparison):
        return (item.left, item.right)
    if isinstance(item, Test):
        return item.args[:1] if item.name == "is" else item.args  # the name of a type is no value
    if isinstance(item, Placed):
        return item.terms
    return (item.target,) if isinstance(item, Aggregate) else (item.term, *item.members)


def inner_terms(item: Aggregate) -> Iterator[Term]:
    """The terms that an aggregate computes with: its expression and those inside its braces."""
    if item.expression is not None:
        yield item.expression
    for inner in item.body:
        yield from item_terms(inner)


def item_vars(item: WrittenItem) -> Iterator[Var]:
    """Every occurrence of a variable in a body item, inside braces and alternatives too."""
    if isinstance(item, Alternatives):
        for branch in item.branches:
            for inner in branch:
                yield from item_vars(inner)
        return
    if isinstance(item, Unknown):
        yield from vars_of(item.atom.args)
        return
    for term in item_terms(item):
        yield from term_vars(term)
    if isinstance(item, Aggregate):
        for term in inner_terms(item):
            yield from term_vars(term)


def vars_of(terms: Iterable[Term]) -> Iterator[Var]:
    """Every occurrence of a variable in some terms."""
    for term in terms:
        yield from term_vars(term)


def core_body(clause: Clause) -> tuple[BodyItem, ...]:
    """The body of a clause that is known to have no sugar in it."""
    return cast("tuple[BodyItem, ...]", clause.body)


def places_calls(item: WrittenItem) -> bool:
    """Whether an item has a literal of the history that is placed in time, in braces too."""
    if isinstance(item, Aggregate):
        return any(isinstance(inner, Placed) for inner in item.body)
    return isinstance(item, Placed)


def sugar(clause: Clause) -> str | None:
    """The sugar that no learned rule may have, in a word or two: a rule for each case says the same. None
    where a clause has none of it; a place in time is no case, and may stand in one."""
    for item in clause.body:
        if isinstance(item, Alternatives):
            return "alternatives `( ; )`"
        if isinstance(item, Unknown):
            return "`unknown`"
        if any(isinstance(each, Membership) for each in flat((item,))):
            return "sets `X in { }`"
    terms = [*clause.head.args, *(clause.effect.args if clause.effect is not None else ())]
    for item in flat(clause.body):
        terms += item_terms(item)
        terms += [item.expression] if isinstance(item, Aggregate) and item.expression is not None else []
    return "named constants `$name`" if any(map(_is_named, terms)) else None


def _is_named(term: Term) -> bool:
    if isinstance(term, Arithmetic):
        return _is_named(term.left) or _is_named(term.right)
    return any(map(_is_named, term.args)) if isinstance(term, Call) else isinstance(term, Named)


def literals(body: Iterable[WrittenItem]) -> Iterator[Literal]:
    """The literals of a body, those inside braces and alternatives too."""
    for item in body:
        if isinstance(item, Literal):
            yield item
        elif isinstance(item, Aggregate):
            yield from literals(item.body)
        elif isinstance(item, Alternatives):
            for branch in item.branches:
                yield from literals(branch)
        elif isinstance(item, Unknown):
            yield Literal(item.atom, True, None, item.span)
        elif isinstance(item, Placed):
            yield from item.literals


@overload
def flat(body: Iterable[BodyItem]) -> Iterator[BodyItem]: ...
@overload
def flat(body: Iterable[WrittenItem]) -> Iterator[BodyItem | Membership]: ...
def flat(body: Iterable[WrittenItem]) -> Iterator[BodyItem | Membership]:
    """The items of a body, each aggregate followed by what stands inside its braces, and of alternatives
    what stands in their branches; of a literal that is placed in time, the literals."""
    for item in body:
        if isinstance(item, Alternatives):
            for branch in item.branches:
                yield from flat(branch)
            continue
        if isinstance(item, Unknown):
            yield Literal(item.atom, True, None, item.span)
            continue
        if isinstance(item, Placed):
            yield from item.literals
            continue
        yield item
        if isinstance(item, Aggregate):
            yield from flat(item.body)


def divides(term: Term) -> bool:
    """Whether a quotient or a remainder is taken in a term: of 0 there is none."""
    return isinstance(term, Arithmetic) and (
        term.op in ("/", "mod") or divides(term.left) or divides(term.right)
    )


def partial_calls(term: Term) -> bool:
    """Whether a function that may have no value is called in a term."""
    if isinstance(term, Arithmetic):
        return partial_calls(term.left) or partial_calls(term.right)
    return isinstance(term, Call) and (is_partial(term) or any(map(partial_calls, term.args)))


def is_partial(term: Term) -> bool:
    """Whether a term is a call of a function that may have no value."""
    return isinstance(term, Call) and FUNCTIONS[term.function].partial


def checked(term: Call) -> Const | None:
    """The constant regular expression, or time zone, of a call, which is checked by its value; None where
    there is none."""
    second = term.args[1] if term.function in CHECKED and len(term.args) > 1 else None
    return second if isinstance(second, Const) else None


def names(occurrences: Iterable[Var]) -> set[str]:
    """The names of variables, ``_`` left out."""
    return {v.name for v in occurrences if v.name != ANONYMOUS}


def term_span(term: Term, otherwise: Span) -> Span:
    """The span of a term; ``otherwise`` where a program built it, so that it has none."""
    return term.span if term.span.line else otherwise


def rewrite_term(term: Term, leaf: Rewrite) -> Term:
    """The term with ``leaf`` applied to its variables and constants, named ones among them, but what is
    :func:`checked` left out."""
    if isinstance(term, Arithmetic):
        left, right = rewrite_term(term.left, leaf), rewrite_term(term.right, leaf)
        return term if left is term.left and right is term.right else replace(term, left=left, right=right)
    if isinstance(term, Call):
        kept = checked(term)
        args = tuple([each if each is kept else rewrite_term(each, leaf) for each in term.args])
        return term if all(map(_same, args, term.args)) else replace(term, args=args)
    return leaf(term)


def rewrite_literal(literal: Literal, leaf: Rewrite) -> Literal:
    """The literal with ``leaf`` applied to the variables and constants of its arguments."""
    old = literal.atom.args
    args = tuple(rewrite_term(t, leaf) for t in old)
    if all(map(_same, args, old)):
        return literal
    return replace(literal, atom=replace(literal.atom, args=args))


def rewrite_item(item: BodyItem, leaf: Rewrite, literal_leaf: Rewrite | None = None) -> BodyItem:
    """The body item with ``leaf`` applied to its variables and constants; ``literal_leaf``, where
    given, takes its place in the arguments of atoms."""
    if isinstance(item, Literal):
        return rewrite_literal(item, literal_leaf or leaf)
    if isinstance(item, Comparison):
        left, right = rewrite_term(item.left, leaf), rewrite_term(item.right, leaf)
        return item if left is item.left and right is item.right else replace(item, left=left, right=right)
    if isinstance(item, Test):
        first, second = rewrite_term(item.args[0], leaf), item.args[1]
        second = second if item.name == "is" else rewrite_term(second, leaf)
        return item if all(map(_same, (first, second), item.args)) else replace(item, args=(first, second))
    return rewrite_aggregate(item, leaf, lambda inner: rewrite_item(inner, leaf, literal_leaf))


def rewrite_written(item: WrittenItem, leaf: Rewrite) -> WrittenItem:
    """The same of an item as its author wrote it: in alternatives every branch is rewritten."""
    if isinstance(item, Membership):
        members = tuple(cast("Const | Named", leaf(member)) for member in item.members)  # a leaf stays a leaf
        return replace(item, term=rewrite_term(item.term, leaf), members=members)
    if isinstance(item, Aggregate):
        return rewrite_aggregate(item, leaf, lambda inner: cast("BodyItem", rewrite_written(inner, leaf)))
    if isinstance(item, Unknown):
        args = tuple(rewrite_term(term, leaf) for term in item.atom.args)
        return replace(item, atom=replace(item.atom, args=args))
    if isinstance(item, Placed):
        other = item.other
        new = rewrite_literal(other, leaf) if isinstance(other, Literal) else rewrite_term(other, leaf)
        return replace(item, literal=rewrite_literal(item.literal, leaf), other=new)
    if not isinstance(item, Alternatives):
        return rewrite_item(item, leaf)
    branches = tuple(tuple(rewrite_written(inner, leaf) for inner in branch) for branch in item.branches)
    return replace(item, branches=branches)


def rewrite_aggregate(item: Aggregate, leaf: Rewrite, rewrite: Callable[[BodyItem], BodyItem]) -> Aggregate:
    """The aggregate with ``leaf`` applied to its target and its expression, and ``rewrite`` to the items
    inside its braces, in this order."""
    target = leaf(item.target)
    assert isinstance(target, (Var, Const))  # a leaf stays a leaf
    expression = None if item.expression is None else rewrite_term(item.expression, leaf)
    body: list[Literal | Comparison | Test] = []
    for inner in item.body:
        new = rewrite(inner)
        assert not isinstance(new, Aggregate)
        body.append(new)
    if target is item.target and expression is item.expression and all(map(_same, body, item.body)):
        return item
    return replace(item, target=target, expression=expression, body=tuple(body))


def _same(new: object, old: object) -> bool:
    return new is old


def plain(name: str) -> str:
    """A variable's name as it was written: the mark that tells two of one name apart is taken off."""
    return name.partition("#")[0] or name
