"""A core program translated to clingo, an answer-set solver: a peer for the unweighted part.

Texts become ``s(0)``, ``s(1)``, ... in the order of their code points, so that clingo orders them as
the language does; integers stay integers. Weights are left out: the peer answers what the boolean
semiring answers. :func:`skips` says what clingo has no counterpart for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import clingo

from mpr_logic.analysis.program import Program, Rule
from mpr_logic.language.ast import (
    Aggregate,
    Arithmetic,
    Atom,
    BodyItem,
    Call,
    Comparison,
    Const,
    Literal,
    Row,
    Term,
    Test,
    Value,
    Var,
)
from mpr_logic.language.moments import Moment

Rows = Mapping[str, Iterable[Row]]
OPERATORS = {"mod": "\\"}


def skips(program: Program, facts: Rows, candidates: Mapping[str, Iterable[Row]]) -> list[str]:
    """Return the reason why clingo cannot be asked; empty where it can."""
    reasons = set()
    modes = any(each.given for each in program.schema.relations.values())
    for rule in program.rules:
        for part in walk(rule):
            if modes and isinstance(part, (Arithmetic, Aggregate)):
                reasons.add("modes may be asked of a number that is worked out")
            if isinstance(part, (Call, Test)):
                reasons.add("text built-ins")
            if isinstance(part, Const) and isinstance(part.value, float):
                reasons.add("floats")
            if isinstance(part, Const) and isinstance(part.value, Moment):
                reasons.add("times")
    rows = [row for source in (facts, candidates) for group in source.values() for row in group]
    if any(isinstance(v, float) for row in rows for v in row):
        reasons.add("floats")
    if any(isinstance(v, Moment) for row in rows for v in row):
        reasons.add("times")
    return sorted(reasons)


def walk(part: Any) -> Iterator[Any]:
    """Every item and term of a rule."""
    yield part
    if isinstance(part, Rule):
        children: tuple[Any, ...] = (*part.args, *part.body)
    elif isinstance(part, Literal):
        children = part.atom.args
    elif isinstance(part, (Comparison, Arithmetic)):
        children = (part.left, part.right)
    elif isinstance(part, Aggregate):
        children = (part.target, *part.body, *([part.expression] if part.expression else []))
    elif isinstance(part, Test):
        children = part.args
    else:
        children = part.args if isinstance(part, Call) else ()
    for child in children:
        yield from walk(child)


class Peer:
    """One program with its facts, in clingo's words."""

    def __init__(self, program: Program, facts: Rows, candidates: Mapping[str, Iterable[Row]]) -> None:
        rows = [row for source in (facts, candidates) for group in source.values() for row in group]
        values: set[Value] = {v for row in rows for v in row}
        values |= {p.value for rule in program.rules for p in walk(rule) if isinstance(p, Const)}
        self.texts = sorted(v for v in values if isinstance(v, str))
        self.number = {text: i for i, text in enumerate(self.texts)}
        self.names: dict[str, str] = {}
        self.places = 0
        given = [(relation, row) for relation, group in facts.items() for row in group]
        given += [(f"candidate {action}", row) for action, group in candidates.items() for row in group]
        if any(each.given for each in program.schema.relations.values()):
            given += [("candidate value", (value,)) for value in sorted(values, key=repr)]
        lines = [f"{self.atom(relation, map(Const, row))}." for relation, row in given]
        lines += map(self.rule, program.rules)
        self.text = "\n".join(lines)

    def evaluate(self) -> dict[str, set[Row]]:
        """The rows of every relation in the one stable model."""
        control = clingo.Control(["--warn=none"])
        control.add("base", [], self.text)
        control.ground([("base", [])])
        relations = {name: relation for relation, name in self.names.items()}
        answer: dict[str, set[Row]] = {relation: set() for relation in self.names}
        with control.solve(yield_=True) as handle:
            models = 0
            for model in handle:
                models += 1
                for symbol in model.symbols(atoms=True):
                    answer[relations[symbol.name]].add(tuple(map(self.value, symbol.arguments)))
        assert models == 1, "a stratified program has one stable model"
        return answer

    def value(self, symbol: clingo.Symbol) -> Value:
        """The value that a symbol stands for."""
        if symbol.type is clingo.SymbolType.Number:
            return symbol.number
        return self.texts[symbol.arguments[0].number]

    def term(self, term: Term) -> str:
        """A term; ``_`` stays."""
        if isinstance(term, Const):
            return f"s({self.number[term.value]})" if isinstance(term.value, str) else f"({term.value})"
        if isinstance(term, Var):
            return "_" if term.anonymous else name_of(term.name)
        assert isinstance(term, Arithmetic)
        return f"({self.term(term.left)}{OPERATORS.get(term.op, term.op)}{self.term(term.right)})"

    def atom(self, relation: str, args: Iterable[Term]) -> str:
        """An atom of a core relation."""
        name = self.names.setdefault(relation, f"r{len(self.names)}")
        inner = ",".join(map(self.term, args))
        return f"{name}({inner})" if inner else name

    def literal(self, item: Literal) -> str:
        """A literal."""
        return ("not " if item.negated else "") + self.atom(item.atom.name, item.atom.args)

    def rule(self, rule: Rule) -> str:
        """A rule, an action's with its candidates in front, that of a relation with modes with any values."""
        head, body = rule.args, []
        if rule.action is not None or rule.given:
            head = tuple(
                Var(f"Given{i}") if isinstance(t, Var) and t.anonymous else t for i, t in enumerate(rule.args)
            )
        if rule.action is not None:
            body.append(self.atom(f"candidate {rule.action}", head[: rule.given]))
        elif rule.given:
            body += [self.atom("candidate value", (term,)) for term in head[: rule.given]]
        for item in rule.body:
            body += self.item(item, rule)
        return f"{self.atom(rule.head, head)}{' :- ' if body else ''}{', '.join(body)}."

    def item(self, item: BodyItem, rule: Rule) -> Iterator[str]:
        """The items that a body item becomes."""
        if isinstance(item, Literal):
            yield self.literal(item)
        elif isinstance(item, Comparison):
            yield f"{self.term(item.left)} {item.op} {self.term(item.right)}"
        else:
            assert isinstance(item, Aggregate)
            yield from self.aggregate(item, rule)

    def aggregate(self, item: Aggregate, rule: Rule) -> Iterator[str]:
        """An aggregate, and where it binds its groups the braces once more, to say which groups exist."""
        others = [other for other in rule.body if other is not item]
        outer = variables(*rule.args, *others)
        inner = [self.spread(each) for each in item.body]
        names = sorted(variables(*inner))
        first = "0" if item.expression is None else self.term(item.expression)
        terms = ",".join([first, *map(name_of, names)])
        condition = ",".join(part for each in inner for part in self.item(each, rule))
        target = self.term(item.target)
        yield f"{target} = #{item.function} {{ {terms} : {condition} }}"
        if item.function in ("min", "max"):  # of nothing: clingo's #sup or #inf, no value here
            yield f"{target} != {'#sup' if item.function == 'min' else '#inf'}"
        if not set(names) & outer <= bound(others, variables(*rule.args[: rule.given])):
            self.places += 1
            local = {n: f"{n}#{self.places}" for n in names if n not in outer}
            yield from (part for each in inner for part in self.item(renamed(each, local), rule))

    def spread(self, item: BodyItem) -> BodyItem:
        """The item with a name for every ``_`` of a positive literal: not one that analysis makes."""
        if not isinstance(item, Literal) or item.negated:
            return item
        args: list[Term] = []
        for term in item.atom.args:
            self.places += 1
            args.append(Var(f"#any{self.places}") if isinstance(term, Var) and term.anonymous else term)
        return Literal(Atom(item.atom.name, tuple(args)))


def variables(*parts: Any) -> set[str]:
    """The named variables of items and terms."""
    found = {p.name for part in parts for p in walk(part) if isinstance(p, Var)}
    return found - {"_"}


def bound(items: Sequence[BodyItem], given: set[str]) -> set[str]:
    """Return the given variables and those that these items bind: in positive literals, as targets of
    aggregates, and as sides of ``=``."""
    known = set(given)
    equal = [o for item in items if isinstance(item, Comparison) and item.op == "=" for o in sides(item)]
    for item in items:
        if isinstance(item, Literal) and not item.negated:
            known |= variables(item)
        elif isinstance(item, Aggregate):
            known |= variables(item.target)
    while new := {n for side, other in equal if variables(other) <= known for n in side} - known:
        known |= new
    return known


def sides(item: Comparison) -> Iterator[tuple[set[str], Term]]:
    """Each side that is a variable, and what it equals."""
    for side, other in ((item.left, item.right), (item.right, item.left)):
        if isinstance(side, Var):
            yield variables(side), other


def name_of(variable: str) -> str:
    """A variable's name in clingo's words: analysis makes names with ``#``."""
    return "V" + variable.replace("#", "_x")


def renamed(item: BodyItem, new: Mapping[str, str]) -> BodyItem:
    """The item with its variables renamed."""

    def term(old: Term) -> Term:
        if isinstance(old, Var):
            return Var(new.get(old.name, old.name))
        if isinstance(old, Arithmetic):
            return Arithmetic(old.op, term(old.left), term(old.right))
        return old

    if isinstance(item, Literal):
        return Literal(Atom(item.atom.name, tuple(map(term, item.atom.args))), item.negated)
    assert isinstance(item, Comparison)
    return Comparison(item.op, term(item.left), term(item.right))


def evaluate(program: Program, facts: Rows, candidates: Mapping[str, Iterable[Row]]) -> dict[str, set[Row]]:
    """Every row of every relation, by clingo; of an action's relations for its candidates."""
    return Peer(program, facts, candidates).evaluate()
