"""Spans of time: ``within(T, 24h)`` asks for the last 24 hours, ``during("mon 9-17 UTC")`` for hours of days.

They are written like literals, and are tests where no relation has their name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import CLOCK
from mpr_logic.analysis.desugar.part import Part
from mpr_logic.analysis.terms import term_span
from mpr_logic.analysis.times import NOW
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import Aggregate, Arithmetic, Atom, Comparison, Const, Literal, Test, Var
from mpr_logic.language.moments import Duration
from mpr_logic.language.zones import is_schedule, schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.desugar.part import Context
    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import Clause, Span, WrittenItem

FORMS = {
    "within": "`within(T, 24h)`: T is at most so long ago",
    "during": '`during(T, "mon-fri 09:00-17:00 Europe/Berlin")`, or without T of the time of the check',
}
"""The spans by their names, and how each is written."""


def expand_windows(clause: Clause, context: Context) -> Sequence[Part]:
    """The clause with tests in place of its spans of time."""
    if not any(_mentions(item, context.schema) for item in clause.body):
        return (Part(clause),)
    expansion = _Expansion(clause, context)
    return (Part(replace(clause, body=expansion.body)),) if expansion.right else ()


def is_window(item: object, schema: Schema) -> bool:
    """Whether a body item is a span of time rather than a literal of a relation."""
    if not (isinstance(item, Literal) and item.atom.name in FORMS and item.tense is None):
        return False
    name = item.atom.name
    if name in schema.relations or name in schema.actions:
        return False
    now = schema.relations.get("now_at")
    return now is not None and now.builtin


def asks_clock(atom: Atom) -> bool:
    """Whether an atom is written as what asks for the time of the check."""
    last = atom.args[-1].value if atom.args and isinstance(atom.args[-1], Const) else None
    if atom.name == "within":
        return len(atom.args) == 2 and isinstance(last, Duration)
    if atom.name == "during":
        return len(atom.args) == 1 and isinstance(last, str) and is_schedule(last)
    return atom.name in CLOCK and len(atom.args) == 1


def _mentions(item: WrittenItem, schema: Schema) -> bool:
    inner = item.body if isinstance(item, Aggregate) else ()
    return is_window(item, schema) or any(is_window(each, schema) for each in inner)


class _Expansion:
    """The body of one clause without its spans."""

    def __init__(self, clause: Clause, context: Context) -> None:
        self.context = context
        self.right = True
        self._ages = 0
        body: list[WrittenItem] = []
        asked = False
        for item in clause.body:
            new, reads_now = self._item(item)
            if reads_now and not asked:
                asked = True
                body.append(Literal(Atom("now_at", (Var(NOW),), span=new[0].span), span=new[0].span))
            body += new
        self.body = tuple(body)

    def _item(self, item: WrittenItem) -> tuple[list[WrittenItem], bool]:
        """The items that stand for one, and whether they read the time of the check."""
        if isinstance(item, Aggregate):
            found = [self._item(each) for each in item.body]
            inner = tuple(each for new, _ in found for each in new)
            return [replace(item, body=inner)], any(reads for _, reads in found)  # type: ignore[arg-type]
        if not isinstance(item, Literal) or not is_window(item, self.context.schema):
            return [item], False
        atom, span = item.atom, item.span
        least = 1 if atom.name == "during" else 2
        first = atom.args[0] if atom.args else None
        swapped = isinstance(first, Const) and isinstance(first.value, Duration)
        if atom.names or swapped or not least <= len(atom.args) <= 2:
            self._refuse(f"`{atom.name}` is not written like this", span, f"write {FORMS[atom.name]}")
            return [item], False
        if atom.name == "within":
            self._ages += 1
            age = Var(f"#age{self._ages}", span)
            known = Comparison("=", age, Arithmetic("-", Var(NOW, span), atom.args[0], span), span)
            return [known, Test("within", (age, atom.args[1]), item.negated, span)], True
        time = atom.args[0] if len(atom.args) == 2 else Var(NOW, span)
        self._look_at(atom.args[-1], span)
        return [Test("during", (time, atom.args[-1]), item.negated, span)], len(atom.args) == 1

    def _look_at(self, hours: object, span: Span) -> None:
        """Refuse a constant that is no schedule."""
        if not isinstance(hours, Const):
            return
        try:
            schedule(str(hours.value))
        except ArithmeticFailure as fault:
            help = "name days, hours, or both, and last the zone"
            self._refuse(str(fault), term_span(hours, span), help)

    def _refuse(self, message: str, span: Span, help: str) -> None:
        self.context.report.error("E0262", message, span, help)
        self.right = False
