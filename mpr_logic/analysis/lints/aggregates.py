"""The numbers that an aggregate can come to, by the rows that there can be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import CLASS, is_history, split_numbered
from mpr_logic.language.ast import Aggregate, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.lints.domains import Domains
    from mpr_logic.analysis.lints.numbers import Range
    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import Value


def bounds_of(
    rule: Rule, domains: Domains, outside: Mapping[str, frozenset[Value]]
) -> dict[Aggregate, Range]:
    """The least and the greatest number of each aggregate of a rule, where they are known."""
    found = {}
    for item in rule.body:
        if isinstance(item, Aggregate):
            known = {name for name in rule.variables if name not in rule.groups}
            found[item] = _bounds(item, domains, known, outside)
    return found


def _bounds(
    item: Aggregate, domains: Domains, known: set[str], outside: Mapping[str, frozenset[Value]]
) -> Range:
    most = math.prod(_rows(each, domains, known) for each in item.body if isinstance(each, Literal))
    if item.function == "count":
        return 0, most
    inside = domains.within(outside, item.body) or {}
    values = inside.get(item.expression.name) if isinstance(item.expression, Var) else None
    numbers = [each for each in values or () if isinstance(each, int)]
    if not values or len(numbers) < len(values):
        return -math.inf, math.inf
    if item.function != "sum":
        return min(numbers), max(numbers)
    return most * min(*numbers, 0), most * max(*numbers, 0)


def _of_class(name: str) -> bool:
    """Whether a core relation is the history of a class: of its rows or of its calls."""
    return split_numbered(name)[1].startswith(CLASS)


def _rows(literal: Literal, domains: Domains, known: set[str]) -> float:
    """The most rows that a literal can match, if each of the variables ``known`` has one value."""
    name = literal.atom.name
    if literal.negated:
        return 1
    columns = domains.columns.get(name)
    if columns is None or is_history(name) or _of_class(name):
        return math.inf  # each call counts, of equal ones too
    free = [
        domain
        for term, domain in zip(literal.atom.args, columns, strict=True)
        if not isinstance(term, Const) and not (isinstance(term, Var) and term.name in known)
    ]
    most = math.prod(math.inf if each is None else len(each) for each in free)
    return min(most, domains.stated.get(name, math.inf))
