"""The items of a rule's body as its author wrote them: sugar comes to core items that no author knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.desugar.classes import names_member
from mpr_logic.analysis.occurrences import CALL
from mpr_logic.analysis.terms import flat, item_vars
from mpr_logic.language.ast import Aggregate, Alternatives, Literal, Membership, Placed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import BodyItem, WrittenItem


def shown_items(rule: Rule) -> Iterator[tuple[WrittenItem, list[int]]]:
    """The items of a rule's body to be shown to people, each with the places of the core items that it came
    to: of a literal that is placed in time, all of them at the first."""
    found: dict[int, tuple[Placed, list[int]]] = {}
    made = [placed_item(item, rule) for item in rule.body]
    for place, placed in enumerate(made):
        if placed is not None:
            found.setdefault(id(placed), (placed, []))[1].append(place)
    for place, (item, placed) in enumerate(zip(rule.body, made, strict=True)):
        if placed is not None:
            if place == found[id(placed)][1][0]:
                yield found[id(placed)]
        elif not names_member(item, rule):
            yield _as_shown(item, rule), [place]


def placed_item(item: BodyItem, rule: Rule) -> Placed | None:
    """The literal with a place in time that a core item was made of; None where it was made of none."""
    return next((each for each in _placed(rule.clause.body) if each.span == item.span), None)


def _placed(body: Iterable[WrittenItem]) -> Iterator[Placed]:
    for item in body:
        if isinstance(item, Placed):
            yield item
        elif isinstance(item, Alternatives):
            for branch in item.branches:
                yield from _placed(branch)


def _as_shown(item: BodyItem, rule: Rule) -> BodyItem:
    """A core item that was not placed in time, as it is shown: an aggregate with its author's braces."""
    made = written_item(item, rule)
    if isinstance(item, Aggregate) and isinstance(made, Aggregate) and made is not item:
        return replace(item, body=made.body)
    return item


def written_item(item: BodyItem, rule: Rule) -> BodyItem:
    """The item of the clause that an item with variables of no author was made of; any other as it is."""
    if not any(var.name[0] == "#" for var in item_vars(item)) and not _is_placed_inside(item):
        return item
    written = (each for each in flat(rule.clause.body) if not isinstance(each, Membership))
    return next((each for each in written if each.span == item.span), item)


def _is_placed_inside(item: BodyItem) -> bool:
    return isinstance(item, Aggregate) and any(
        isinstance(inner, Literal) and inner.atom.name.startswith(CALL) for inner in item.body
    )
