"""The items of a rule that read no parameter: they hold or not, whatever the host sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.ast import Alternatives, Named, nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import BodyItem, Span, WrittenItem


def settled_body(rule: Rule) -> list[BodyItem]:
    """The items of a rule's body that read no parameter: they hold or not, whatever the host sets."""
    if not any(constant.type is not None for constant in rule.constants.values()):
        return list(rule.body)
    reading = set(_reading(rule.clause.body, {n for n, c in rule.constants.items() if c.type is not None}))
    return [item for item in rule.body if item.span not in reading]


def _reading(body: Iterable[WrittenItem], parameters: set[str]) -> Iterator[Span]:
    """The spans of items that read a parameter; of alternatives those inside."""
    for item in body:
        if isinstance(item, Alternatives):
            for branch in item.branches:
                yield from _reading(branch, parameters)
        elif not parameters.isdisjoint(named_in(item)):
            yield item.span


def named_in(node: object) -> Iterator[str]:
    """Iterate over the named constants in a tree."""
    return (each.name for each in nodes(node) if isinstance(each, Named))
