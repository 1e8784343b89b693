"""The key of a clause as it is written: equal for clauses that differ only in their constants.

What analysis finds out about a clause (names, types, safety, how to rewrite it) depends on its
constants only through their built-in types, so it is found out once for each key.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.terms import rewrite_item, rewrite_term
from mpr_logic.language.ast import Aggregate, Arithmetic, Clause, Comparison, Const, Literal, Test, Var

if TYPE_CHECKING:
    from collections.abc import Hashable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import Atom, BodyItem, Row, Term, Value


LARGE = 1 << 1000  # an int from here on may be too large for a float column
_SYMBOL, _INT, _FLOAT, _BOOL, _LARGE = range(5)


def clause_key(clause: Clause) -> tuple[Hashable, list[Value]]:
    """The key of a clause and its constants, in the order of the text (head, effect, body).

    The regular expression of ``matches`` is part of the key: it has to be checked.
    """
    walk = _ClauseKey()
    head, effect = clause.head, clause.effect
    walk.parts += (clause.kind, head.name, head.names, len(head.args))
    walk.args(head.args)
    if effect is not None:
        walk.parts += (effect.name, effect.names, len(effect.args))
        walk.args(effect.args)
    for item in clause.body:
        walk.item(item)
    return tuple(walk.parts), walk.constants


class _ClauseKey:
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


# ---- rules

ShapeKey: TypeAlias = Hashable
"""Equal for rules of one shape; opaque."""


class _RuleKey:
    """One pass over a rule: the parts of its key, its constants, the new names of its variables."""

    def __init__(self) -> None:
        self.parts: list[object] = []
        self.constants: list[Value] = []
        self.names: dict[str, int] = {}

    def term(self, term: Term) -> None:
        if isinstance(term, Var):
            # a number stands for a variable, None for `_`
            self.parts.append(None if term.name == "_" else self.names.setdefault(term.name, len(self.names)))
        elif isinstance(term, Const):
            self.parts.append((type(term.value), term.value))
        elif isinstance(term, Arithmetic):
            self.parts.append(term.op)
            self.term(term.left)
            self.term(term.right)
        else:
            self.parts.append(term.function)
            self.term(term.argument)

    def args(self, terms: tuple[Term, ...]) -> None:
        parts, names = self.parts, self.names
        parts.append(-1 - len(terms))
        for term in terms:
            if isinstance(term, Const):
                parts.append("$")
                self.constants.append(term.value)
            else:
                assert isinstance(term, Var)  # a rule is normalised
                name = term.name
                parts.append(None if name == "_" else names.setdefault(name, len(names)))

    def sides(self, *terms: Term) -> None:
        """The sides of an equation: a constant alone on one is taken out, as in an atom."""
        for term in terms:
            if isinstance(term, Const):
                self.parts.append("$")
                self.constants.append(term.value)
            else:
                self.term(term)

    def item(self, item: BodyItem) -> None:
        parts = self.parts
        if isinstance(item, Literal):
            parts.append(item.atom.name)
            parts.append(item.negated)
            self.args(item.atom.args)
        elif isinstance(item, Comparison):
            parts.append(item.op)
            if item.op in ("=", "!="):
                self.sides(item.left, item.right)
            else:
                self.term(item.left)
                self.term(item.right)
        elif isinstance(item, Test):
            parts.append(("test", item.name, item.negated))
            self.term(item.args[0])
            self.term(item.args[1])
        else:
            parts.append((item.function, item.expression is None, len(item.body)))
            self.term(item.target)
            if item.expression is not None:
                self.term(item.expression)
            for inner in item.body:
                self.item(inner)


def shape_of(rule: Rule, *, sure: bool = True) -> tuple[ShapeKey, Row]:
    """The shape of a rule, and the constants that it leaves out: the arguments of atoms (head, then
    body) and whole sides of ``=`` and ``!=``, in order of occurrence.

    Rules of one shape derive the same head and differ only in those constants, in the names of
    their variables, in ids and in weights (but whether the weight is 1 counts, unless ``sure`` is False).
    """
    walk = _RuleKey()
    walk.parts += (rule.head, rule.given, sure and rule.weight == 1.0)
    walk.args(rule.args)
    for item in rule.body:
        walk.item(item)
    return tuple(walk.parts), tuple(walk.constants)


def abstract(rule: Rule) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
    """The head arguments and the body of a rule's shape: the constants that :func:`shape_of` takes out
    are variables ``$0``, ``$1``, ... in order of occurrence (equal constants too get two), its
    variables ``V0``, ``V1``, ... in order of occurrence; ``_`` stays."""
    renamed: dict[str, Var] = {}
    places = 0

    def variable(term: Term) -> Term:
        if not isinstance(term, Var) or term.name == "_":
            return term
        new = renamed.get(term.name)
        if new is None:
            new = renamed[term.name] = Var(f"V{len(renamed)}", term.span)
        return new

    def argument(term: Term) -> Term:
        nonlocal places
        if isinstance(term, Const):
            places += 1
            return Var(f"${places - 1}", term.span)
        return variable(term)

    def side(term: Term) -> Term:
        return argument(term) if isinstance(term, Const) else rewrite_term(term, variable)

    def rewritten(item: BodyItem) -> BodyItem:
        if isinstance(item, Comparison) and item.op in ("=", "!="):
            return replace(item, left=side(item.left), right=side(item.right))
        if isinstance(item, Aggregate):
            target = variable(item.target)
            assert isinstance(target, Var | Const)
            expression = None if item.expression is None else rewrite_term(item.expression, variable)
            inner = tuple(rewritten(i) for i in item.body)
            return replace(item, target=target, expression=expression, body=inner)  # type: ignore[arg-type]
        return rewrite_item(item, variable, argument)

    # a rule is normalised: an argument is a variable or a constant, what is computed stands in a comparison
    args = tuple(rewrite_term(t, argument) for t in rule.args)
    return args, tuple(rewritten(item) for item in rule.body)
