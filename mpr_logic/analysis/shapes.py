"""Shapes: what is left of a clause when its constants are taken out.

Ten thousand learned rules have a few dozen shapes, and what is found out about one rule of a shape holds for
all of them. There are two kinds:

* A *clause shape* (:func:`clause_shape`) is that of a clause as written. Resolver, types and safety depend on
  its constants only through their built-in types, so analysis checks one clause of each shape.
* A *rule shape* (:func:`rule_shape`) is that of a rule of the program. Engines compile one function for each,
  and hold its rules as a table of constants (:func:`group_by_shape`).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.terms import (
    EXPANDED,
    checked,
    core_body,
    rewrite_aggregate,
    rewrite_item,
    rewrite_term,
)
from mpr_logic.language.ast import Aggregate, Arithmetic, Clause, Comparison, Const, Literal, Named, Test, Var
from mpr_logic.language.moments import Moment, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import Atom, BodyItem, Row, Term, Value

ShapeKey: TypeAlias = Hashable
"""Equal for clauses, or rules, of one shape; opaque."""

LARGE = 1 << 1000
"""An int from here on may be too large for a float column."""
_SYMBOL, _INT, _FLOAT, _BOOL, _LARGE = range(5)


class _Key:
    """One walk over a clause that collects its constants and the parts of its shape's key."""

    def __init__(self) -> None:
        self.parts: list[object] = []
        self.constants: list[Value] = []

    def item(self, item: BodyItem) -> None:
        """Add a body item."""
        parts = self.parts
        if isinstance(item, Literal):
            self.literal(item)
        elif isinstance(item, Comparison):
            parts.append(("comparison", item.op))
            self.comparison(item)
        elif isinstance(item, Test):
            parts.append(("test", item.name, item.negated))
            self.test(item)
        else:
            parts.append(("aggregate", item.function, item.expression is None, len(item.body)))
            self.term(item.target)
            if item.expression is not None:
                self.term(item.expression)
            for inner in item.body:
                self.item(inner)

    def term(self, term: Term) -> None:
        """Add a term that is no argument of an atom."""
        if isinstance(term, Var):
            self.variable(term)
        elif isinstance(term, Const):
            self.constant(term)
        elif isinstance(term, Arithmetic):
            self.parts.append(("arithmetic", term.op))
            self.term(term.left)
            self.term(term.right)
        elif isinstance(term, Named):
            raise TypeError(EXPANDED)
        else:
            self.parts.append(("call", term.function, len(term.args)))
            kept = checked(term)
            for each in term.args:
                if each is kept:
                    self.parts.append(each)
                else:
                    self.term(each)

    def literal(self, item: Literal) -> None:
        """Add a literal."""
        raise NotImplementedError

    def comparison(self, item: Comparison) -> None:
        """Add the sides of a comparison."""
        self.term(item.left)
        self.term(item.right)

    def test(self, item: Test) -> None:
        """Add the arguments of a test; the name of a type is part of the shape."""
        self.term(item.args[0])
        if item.name == "is":
            self.parts.append(item.args[1])
        else:
            self.term(item.args[1])

    def variable(self, term: Var) -> None:
        """Add a variable."""
        raise NotImplementedError

    def constant(self, term: Const) -> None:
        """Add a constant that is no argument of an atom."""
        raise NotImplementedError


# ---- clauses as written


def clause_shape(clause: Clause) -> tuple[ShapeKey, list[Value]]:
    """The shape of a core clause and its constants, in the order of the text (head, effect, body).

    A regular expression, or a time zone, is part of the shape, since it has to be checked; so is the type of
    ``X is type``.
    """
    key = _ClauseKey()
    head, effect = clause.head, clause.effect
    key.parts.append(clause.kind)
    key.atom(head)
    if effect is not None:
        key.atom(effect)
    for item in core_body(clause):
        key.item(item)
    return tuple(key.parts), key.constants


class _ClauseKey(_Key):
    """Variables go into the key by name, constants by their built-in types."""

    def atom(self, atom: Atom) -> None:
        parts = self.parts
        parts += (atom.name, atom.names, len(atom.args))
        for term in atom.args:
            if isinstance(term, Var):
                parts.append(term.name)
            elif isinstance(term, Const):
                self.constant(term)
            else:
                self.term(term)

    def literal(self, item: Literal) -> None:
        self.parts += (item.negated, item.tense)
        self.atom(item.atom)

    def variable(self, term: Var) -> None:
        self.parts.append(term.name)

    def constant(self, term: Const) -> None:
        value = term.value
        self.constants.append(value)
        if type(value) is str:
            kinds = kinds_of(value)  # a column of times takes a text that is one
            self.parts.append(kinds or (_BOOL if value in ("true", "false") else _SYMBOL))
        elif type(value) is int:
            self.parts.append(_LARGE if abs(value) >= LARGE else _INT)
        else:
            self.parts.append(value.type_ if isinstance(value, Moment) else _FLOAT)

    def test(self, item: Test) -> None:
        pattern = _pattern(item)
        if pattern is None:
            super().test(item)
        else:
            self.term(item.args[0])
            self.parts.append((item.name, pattern.value))


def _pattern(item: Test) -> Const | None:
    """The constant regular expression, or the type, that a test is of; None where there is none."""
    second = item.args[1]
    return second if item.name in ("matches", "is") and isinstance(second, Const) else None


def with_placeholders(clause: Clause) -> Clause:
    """The clause with the variables ``$0``, ``$1``, ... in place of the constants of :func:`clause_shape`."""
    number = 0

    def leaf(term: Term) -> Term:
        nonlocal number
        if not isinstance(term, Const):
            return term
        number += 1
        return Var(f"${number - 1}", term.span)

    def atom(old: Atom) -> Atom:
        return replace(old, args=tuple(rewrite_term(t, leaf) for t in old.args))

    def item(old: BodyItem) -> BodyItem:
        if isinstance(old, Aggregate):
            return rewrite_aggregate(old, leaf, item)
        if isinstance(old, Test) and _pattern(old) is not None:
            return replace(old, args=(rewrite_term(old.args[0], leaf), old.args[1]))
        return rewrite_item(old, leaf)

    head = atom(clause.head)
    effect = None if clause.effect is None else atom(clause.effect)
    return Clause(clause.kind, head, tuple(map(item, core_body(clause))), effect, span=clause.span)


# ---- rules of a program


def rule_shape(rule: Rule, *, ignore_weight: bool = False) -> tuple[ShapeKey, Row]:
    """The shape of a rule, and the constants that it leaves out: the arguments of atoms (head, then
    body) and whole sides of ``=`` and ``!=``, in order of occurrence.

    Rules of one shape derive the same head and differ only in those constants, in the names of their
    variables, in ids and in weights. Whether the weight is 1 is part of the shape unless it is to be ignored.
    """
    key = _RuleKey()
    key.parts += (rule.head, rule.given, ignore_weight or rule.weight == 1.0)
    key.args(rule.args)
    for item in rule.body:
        key.item(item)
    return tuple(key.parts), tuple(key.constants)


class _RuleKey(_Key):
    """Variables go into the key by the order of their first occurrence, ``_`` as None."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, int] = {}

    def variable(self, term: Var) -> None:
        self.parts.append(None if term.name == "_" else self.names.setdefault(term.name, len(self.names)))

    def constant(self, term: Const) -> None:
        self.parts.append((type(term.value), term.value))

    def literal(self, item: Literal) -> None:
        self.parts.append(item.atom.name)
        self.parts.append(item.negated)
        self.args(item.atom.args)

    def args(self, terms: tuple[Term, ...]) -> None:
        """Add the arguments of a head or a literal: of a relation all atoms have the same number."""
        parts, names = self.parts, self.names
        for term in terms:
            if isinstance(term, Const):
                parts.append("$")
                self.constants.append(term.value)
            else:
                assert isinstance(term, Var)  # a rule is normalised: what is computed stands in a comparison
                name = term.name
                parts.append(None if name == "_" else names.setdefault(name, len(names)))

    def comparison(self, item: Comparison) -> None:
        for term in (item.left, item.right):
            if isinstance(term, Const) and item.op in ("=", "!="):
                self.parts.append("$")
                self.constants.append(term.value)
            else:
                self.term(term)


def abstract(rule: Rule) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
    """The head arguments and the body of a rule's shape.

    The constants that :func:`rule_shape` leaves out are variables ``$0``, ``$1``, ... in order of occurrence
    (equal constants too get two), its variables ``V0``, ``V1``, ... in order of occurrence; ``_`` stays.
    """
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
            return rewrite_aggregate(item, variable, rewritten)
        return rewrite_item(item, variable, argument)

    args = tuple(rewrite_term(t, argument) for t in rule.args)
    return args, tuple(map(rewritten, rule.body))


@dataclass(frozen=True, slots=True)
class ShapeGroup:
    """Some rules of one shape: ``rows`` has the constants of each."""

    rules: list[Rule]
    rows: list[Row]

    def abstract(self) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
        """The head arguments and the body that the rules share; see :func:`abstract`."""
        return abstract(self.rules[0])


def group_by_shape(rules: Iterable[Rule], *, ignore_weight: bool = False) -> list[ShapeGroup]:
    """Rules by their shapes, in the order of each shape's first rule; see :func:`rule_shape`."""
    groups: dict[ShapeKey, ShapeGroup] = {}
    for rule in rules:
        key, constants = rule_shape(rule, ignore_weight=ignore_weight)
        group = groups.get(key)
        if group is None:
            group = groups[key] = ShapeGroup([], [])
        group.rules.append(rule)
        group.rows.append(constants)
    return list(groups.values())
