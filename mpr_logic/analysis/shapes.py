"""The shape of a rule: what is left when the constants in its atoms are taken out.

Ten thousand learned rules have a few dozen shapes. Rules of one shape run the same code with
another row of constants, so an engine makes its plans and its code once for each shape.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.terms import rewrite_item, rewrite_term
from mpr_logic.language.ast import Aggregate, Arithmetic, Comparison, Const, Literal, Test, Var

if TYPE_CHECKING:
    from mpr_logic.analysis.core import Rule
    from mpr_logic.language.ast import BodyItem, Row, Term, Value

ShapeKey: TypeAlias = Hashable
"""Equal for rules of one shape; opaque."""


class _Walk:
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
    walk = _Walk()
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
