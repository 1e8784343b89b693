"""The key of a clause as it is written: equal for clauses that differ only in their constants.

What analysis finds out about a clause (names, types, safety, how to rewrite it) depends on its
constants only through their built-in types, so it is found out once for each key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import rewrite_item, rewrite_term
from mpr_logic.language.ast import Aggregate, Arithmetic, Clause, Comparison, Const, Literal, Test, Var

if TYPE_CHECKING:
    from collections.abc import Hashable

    from mpr_logic.language.ast import Atom, BodyItem, Term, Value

LARGE = 1 << 1000  # an int from here on may be too large for a float column
_SYMBOL, _INT, _FLOAT, _BOOL, _LARGE = range(5)


def clause_key(clause: Clause) -> tuple[Hashable, list[Value]]:
    """The key of a clause and its constants, in the order of the text (head, effect, body).

    The regular expression of ``matches`` is part of the key: it has to be checked.
    """
    walk = _Walk()
    head, effect = clause.head, clause.effect
    walk.parts += (clause.kind, head.name, head.names, len(head.args))
    walk.args(head.args)
    if effect is not None:
        walk.parts += (effect.name, effect.names, len(effect.args))
        walk.args(effect.args)
    for item in clause.body:
        walk.item(item)
    return tuple(walk.parts), walk.constants


class _Walk:
    def __init__(self) -> None:
        self.parts: list[Hashable] = []
        self.constants: list[Value] = []

    def args(self, terms: tuple[Term, ...]) -> None:
        parts = self.parts
        for term in terms:
            if type(term) is Var:
                parts.append(term.name)
            elif type(term) is Const:
                value = term.value
                self.constants.append(value)
                if type(value) is str:
                    parts.append(_BOOL if value in ("true", "false") else _SYMBOL)
                elif type(value) is int:
                    parts.append(_LARGE if abs(value) >= LARGE else _INT)
                else:
                    parts.append(_FLOAT)
            elif isinstance(term, Arithmetic):
                parts.append(("arithmetic", term.op))
                self.args((term.left, term.right))
            else:
                assert not isinstance(term, (Var, Const))
                parts.append(("call", term.function))
                self.args((term.argument,))

    def item(self, item: BodyItem) -> None:
        if type(item) is Literal:
            atom = item.atom
            self.parts += (atom.name, item.negated, item.tense, atom.names, len(atom.args))
            self.args(atom.args)
        elif isinstance(item, Comparison):
            self.parts.append(("comparison", item.op))
            self.args((item.left, item.right))
        elif isinstance(item, Test):
            self.parts.append(("test", item.name, item.negated))
            pattern = _pattern(item)
            if pattern is None:
                self.args(item.args)
            else:
                self.args(item.args[:1])
                self.parts.append(("pattern", pattern.value))
        elif isinstance(item, Aggregate):
            self.parts.append(("aggregate", item.function, item.expression is None, len(item.body)))
            self.args((item.target,) if item.expression is None else (item.target, item.expression))
            for inner in item.body:
                self.item(inner)


def _pattern(item: Test) -> Const | None:
    """The constant regular expression of a test; None where there is none."""
    second = item.args[1]
    return second if item.name == "matches" and isinstance(second, Const) else None


def with_placeholders(clause: Clause) -> Clause:
    """The clause with its constants replaced by the variables ``$0``, ``$1``, ... in the order of
    :func:`clause_key`."""
    number = 0

    def leaf(term: Term) -> Term:
        nonlocal number
        if not isinstance(term, Const):
            return term
        number += 1
        return Var(f"${number - 1}", term.span)

    def atom(old: Atom) -> Atom:
        return _with_args(old, tuple(rewrite_term(t, leaf) for t in old.args))

    def item(old: BodyItem) -> BodyItem:
        if isinstance(old, Aggregate):
            target = leaf(old.target)
            assert isinstance(target, (Var, Const))
            expression = None if old.expression is None else rewrite_term(old.expression, leaf)
            inner = tuple(item(i) for i in old.body)
            return Aggregate(target, old.function, expression, inner, old.span)  # type: ignore[arg-type]
        if isinstance(old, Test) and _pattern(old) is not None:
            return Test(old.name, (rewrite_term(old.args[0], leaf), old.args[1]), old.negated, old.span)
        return rewrite_item(old, leaf)

    head = atom(clause.head)
    effect = None if clause.effect is None else atom(clause.effect)
    return Clause(clause.kind, head, tuple(item(i) for i in clause.body), effect, span=clause.span)


def _with_args(old: Atom, args: tuple[Term, ...]) -> Atom:
    return type(old)(old.name, args, old.names, old.span)
