"""A naive evaluator of core programs: the meaning of the language in a hundred lines.

It shares no code with the engines under test and tries nothing clever: every rule over all rows,
again and again, until nothing grows, one stratum after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from mpr_logic.analysis.program import Program, Rule
from mpr_logic.language.ast import Aggregate, BodyItem, Literal, Row, Test
from mpr_logic.language.sets import is_set
from tests.helpers.naive_values import (
    Binding,
    asked,
    assignable,
    bound_outside,
    braces,
    fold,
    holds,
    match,
    names,
    spread,
    value,
)

Rows = Mapping[str, Mapping[Row, float]]
Goals = dict[tuple[str, Row], dict[Row, float]]
"""The rows found for each question to a relation with modes; the question is the relation and its values."""
Candidates = Mapping[str, Iterable[Row]]
Found = Iterator[tuple[Binding, float]]


def evaluate(program: Program, facts: Rows, candidates: Candidates, semiring: str = "maxmin") -> Model:
    """Every row of every relation, with its weight; of an action's relations for its candidates, and none of
    relations with modes.

    ``facts`` is all there is: those in the program's text count only if they are in it.
    """
    rows = Model(program, semiring)
    for relation, given in facts.items():
        rows[relation].update((row, 1.0 if semiring == "boolean" else w) for row, w in given.items())
    derived = {relation for group in program.strata for relation in group}
    for group in [*program.strata, {r.head for r in program.rules} - derived]:
        grown = True
        while grown:
            grown = False
            for rule in (r for r in program.rules if r.head in group and (r.action or not r.given)):
                for row, weight in derive(rule, rows, candidates, semiring).items():
                    if weight > rows[rule.head].get(row, 0.0):
                        rows[rule.head][row] = weight
                        grown = True
    return rows


class Model(defaultdict[str, dict[Row, float]]):
    """The rows of a program's relations; those with modes are asked."""

    def __init__(self, program: Program, semiring: str) -> None:
        super().__init__(dict)
        self.program, self.semiring = program, semiring

    def ask(self, relation: str, given: Row, goals: Goals | None = None) -> Mapping[Row, float]:
        """The rows that begin with these values. ``goals`` are those of the recursion that asks, if any:
        then what is known so far, and the question becomes one of them."""
        group = next((each for each in self.program.strata if relation in each), ())
        if goals is not None and any(name in group for name, _ in goals):
            return goals.setdefault((relation, given), {})
        goals = {(relation, given): {}}
        size = None
        while size != (size := {goal: dict(rows) for goal, rows in goals.items()}):
            for (name, values), rows in list(goals.items()):
                for rule in self.program.rules_for(name):
                    start = match(rule.args[: rule.given], values, {})
                    for row, weight in derived(rule, self, self.semiring, values, start, goals):
                        rows[row] = max(weight, rows.get(row, 0.0))
        return goals[relation, given]


def derive(rule: Rule, rows: Rows, candidates: Candidates, semiring: str = "maxmin") -> dict[Row, float]:
    """The rows that one rule derives from ``rows``; each with the weight of its best derivation."""
    found: dict[Row, float] = {}
    for action in [()] if rule.action is None else candidates.get(rule.action, ()):
        start = match(rule.args[: rule.given], action, {})
        for row, weight in derived(rule, rows, semiring, action, start, None):
            found[row] = max(found.get(row, 0.0), weight)
    return found


def derived(
    rule: Rule, rows: Rows, semiring: str, given: Row, start: Binding | None, goals: Goals | None
) -> Iterator[tuple[Row, float]]:
    """The rows that one rule derives for what a question binds; no weight is 0."""
    own = 1.0 if semiring == "boolean" else rule.weight
    if start is not None:
        for binding, weight in Search(rule, rows, semiring, start, goals).solve(rule.body, start):
            row = given + tuple(value(t, binding) for t in rule.args[rule.given :])
            if both(own, weight, semiring) > 0:
                yield row, both(own, weight, semiring)


def both(a: float, b: float, semiring: str) -> float:
    """The weight of two steps together."""
    return round(a * b, 12) if semiring == "product" else min(a, b)


class Search:
    """The search for the bindings of one rule's body."""

    def __init__(self, rule: Rule, rows: Rows, semiring: str, start: Binding, goals: Goals | None) -> None:
        self.rule, self.rows, self.semiring, self.goals = rule, rows, semiring, goals
        self.outside = bound_outside(rule.body, start)

    def solve(self, items: Iterable[BodyItem], binding: Binding) -> Found:
        """Every binding that makes all items hold, with its weight (above 0)."""
        items = list(items)
        if not items:
            yield binding, 1.0
            return
        item = min(items, key=lambda each: self.rank(each, binding))
        rest = [each for each in items if each is not item]
        for bound, weight in self.step(item, binding):
            if weight > 0:
                for final, other in self.solve(rest, bound):
                    yield final, both(weight, other, self.semiring)

    def keys(self, item: Aggregate) -> set[str]:
        """The variables inside the braces that also stand outside them."""
        others = {n for other in self.rule.body if other is not item for n in names(other)}
        return braces(item) & (others | names(item.target) | {n for t in self.rule.args for n in names(t)})

    def rank(self, item: BodyItem, binding: Binding) -> int:
        """Rank an item, the lowest first: tests and assignments that can be done, then joins, aggregates."""
        if isinstance(item, Aggregate):
            return 2 if self.keys(item) & self.outside <= binding.keys() else 3
        if isinstance(item, Literal) and is_set(item.atom.name) and names(item) <= binding.keys():
            return -1  # it may stand for a test of a type that lists its values
        if isinstance(item, Literal) and not item.negated:
            return 1 if asked(item) <= binding.keys() else 3
        if isinstance(item, Test) and item.name == "is" and names(item) <= binding.keys():
            return -1
        return 0 if names(item) <= binding.keys() or assignable(item, binding) else 3

    def step(self, item: BodyItem, binding: Binding) -> Found:
        """The bindings that one item allows."""
        if isinstance(item, Literal):
            rows = list(self.known(item, binding).items())
            found = [(b, w) for row, w in rows if (b := match(item.atom.args, row, binding)) is not None]
            if item.negated:
                yield binding, round(1 - max((w for _, w in found), default=0.0), 12)
            else:
                yield from found
        elif isinstance(item, Aggregate):
            yield from self.fold(item, binding)
        elif assigned := assignable(item, binding):
            result = value(assigned[1], binding)
            if result is not None:
                yield {**binding, assigned[0]: result}, 1.0
        else:
            yield binding, float(holds(item, binding))

    def known(self, item: Literal, binding: Binding) -> Mapping[Row, float]:
        """The rows of a literal's relation; of one with modes those that it asks for."""
        if not item.given:
            return self.rows.get(item.atom.name, {})
        assert isinstance(self.rows, Model)
        given = tuple(value(term, binding) for term in item.atom.args[: item.given])
        return self.rows.ask(item.atom.name, given, self.goals)

    def fold(self, item: Aggregate, binding: Binding) -> Found:
        """An aggregate: one binding for each group; without groups to find, an empty one counts."""
        keys = self.keys(item)
        free = sorted(keys - binding.keys())
        groups: dict[Row, dict[frozenset[tuple[str, object]], tuple[Binding, float]]] = {}
        if keys <= self.outside:
            groups[()] = {}
        for found, weight in self.solve(spread(item), binding):
            groups.setdefault(tuple(found[k] for k in free), {})[frozenset(found.items())] = found, weight
        for key, bindings in groups.items():
            strength = 1.0
            for _, weight in bindings.values():
                strength = both(strength, weight, self.semiring)
            values = [value(item.expression, b) if item.expression else None for b, _ in bindings.values()]
            result = fold(item.function, values)
            if result is not None:
                bound = match([item.target], (result,), {**binding, **dict(zip(free, key, strict=True))})
                if bound is not None:
                    yield bound, strength
