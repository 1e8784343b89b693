"""The rules that are a little wider than one: an item is left out, a constant becomes a variable."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import item_terms, item_vars, names, rewrite_item, rewrite_term, term_vars
from mpr_logic.language.ast import Arithmetic, Call, Clause, Const, Var
from mpr_logic.memory.induction.literals import fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.language.ast import Term


def wider_rules(clause: Clause) -> Iterator[Clause]:
    """Each rule without one body item, and without all that speak of one variable, as long as something is
    left; then each in which one constant is a new variable, everywhere. Some may be unsafe."""
    shorter = [clause.body[:i] + clause.body[i + 1 :] for i in range(len(clause.body))]
    named = dict.fromkeys(v.name for item in clause.body for v in item_vars(item) if not v.anonymous)
    shorter += [tuple(i for i in clause.body if name not in names(item_vars(i))) for name in named]
    for body in dict.fromkeys(shorter):
        if body:
            yield replace(clause, body=body)
    terms = [*clause.head.args, *(term for item in clause.body for term in item_terms(item))]
    taken = names(v for term in terms for v in term_vars(term))
    taken |= {n for item in clause.body for n in names(item_vars(item))}
    for constant in dict.fromkeys(c for term in terms for c in _constants(term)):
        yield _with_variable(clause, constant, fresh(str(constant.value), taken))


def without_items(clause: Clause) -> Iterator[Clause]:
    """The rule without one of its body items, without two, and so on, at last without all: those that keep
    most come first. Some may be unsafe."""
    for kept in range(len(clause.body) - 1, -1, -1):
        for body in combinations(clause.body, kept):
            yield replace(clause, body=body)


def _constants(term: Term) -> Iterator[Const]:
    if isinstance(term, Const):
        yield term
    elif isinstance(term, Arithmetic):
        yield from _constants(term.left)
        yield from _constants(term.right)
    elif isinstance(term, Call):
        yield from _constants(term.argument)


def _with_variable(clause: Clause, constant: Const, name: str) -> Clause:
    def leaf(term: Term) -> Term:
        return Var(name) if term == constant else term

    head = replace(clause.head, args=tuple(rewrite_term(term, leaf) for term in clause.head.args))
    return replace(clause, head=head, body=tuple(rewrite_item(item, leaf) for item in clause.body))
