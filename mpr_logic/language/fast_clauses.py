"""The fast path of the parser for clauses: those of one shape are parsed once.

Learned and generated programs hold thousands of clauses that differ in nothing but their constants.
The text of a clause is split at its constants: what is left is its shape. The second clause of a
shape, once parsed, is kept as a template, and from then on each further one is made from it by
putting in its constants and shifting the spans. Any other clause goes to the parser.

A template makes the very clause that the parser makes of the text, spans included: a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, cast

from mpr_logic.language.ast import Clause, Const, Span, Test, Value, nodes
from mpr_logic.language.lexer import ValueFault, constant_value, keywords
from mpr_logic.language.source import SourceText

_TEXT = r'"[^"\\\x00-\x1f\x7f]*+(?:\\.[^"\\\x00-\x1f\x7f]*+)*+"'
_NUMBER = r"[0-9]++(?:\.[0-9]++(?:[eE][+-]?[0-9]++)?|[eE][+-]?[0-9]++)?"

# the stretch of a clause without a comment in it: up to a dot that stands in no text and no number; the
# choices are atomic, since before Python 3.11.5 a possessive quantifier behind others finds too little
_EXTENT = re.compile(rf"(?![\s.%])(?>[^\".%]++|{_TEXT}|(?<=[0-9])\.(?=[0-9]))*+\.")

Values = list[Value]
Shifts = list[int]
Maker = Callable[[Values, Shifts, int], Any]


@cache
def _constants() -> re.Pattern[str]:
    """The pattern of constants: texts, numbers, and names that neither head arguments nor name one."""
    words = "|".join(sorted(keywords()))
    name = rf"(?!(?:{words})\b)[a-z][A-Za-z0-9_]*+(?!\s*[(:])"
    # a minus sign behind a bracket or a comma belongs to its number
    sign = r"(?:(?:(?<=[(,])|(?<=,\s))-)?"
    return re.compile(rf"({_TEXT}|{sign}(?<![A-Za-z0-9_@.$])(?:{_NUMBER})|(?<![A-Za-z0-9_@.:$]){name})")


class Templates:
    """The shapes seen in one source text, and the templates of those seen twice."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._shapes: dict[tuple[str, ...], _Shape | None] = {}
        self._values: dict[str, Value | None] = {}
        self._split = _constants().split

    def split(self, at: int) -> tuple[int, list[str]] | None:
        """The end of the clause at an offset, and its text split at its constants; None: no fast path."""
        extent = _EXTENT.match(self._source.text, at)
        return (extent.end(), self._split(extent.group())) if extent else None

    def make(self, at: int, parts: list[str]) -> Clause | None:
        """The clause at an offset, where there is a template for it."""
        shape = self._shapes.get(tuple(parts[::2]))
        if shape is None:
            return None
        texts = parts[1::2]
        template = shape.templates.get(tuple([texts[i] for i in shape.fixed]))
        if template is None:
            return None
        values: Values = []
        for text in texts:
            value = self._value(text)
            if value is None:
                return None
            values.append(value)
        return template.make(self._source.position(at), texts, values)

    def _value(self, text: str) -> Value | None:
        try:
            return self._values[text]
        except KeyError:
            pass
        value: Value | None
        try:
            value = constant_value(text)
        except ValueFault:
            value = None  # the parser says what is wrong
        self._values[text] = value
        return value

    def learn(self, at: int, parts: list[str], clause: Clause) -> None:
        """Keep a clause that the parser has read, if its shape was seen before."""
        key = tuple(parts[::2])
        if key not in self._shapes:
            self._shapes[key] = None
            return
        slots = self._slots(at, parts)
        tree = list(nodes(clause))
        types = {
            term.span
            for node in tree
            if isinstance(node, Test) and node.name == "is"
            for term in node.args[1:]
        }
        constants = {node.span for node in tree if isinstance(node, Const)} - types
        roles = [
            "constant" if slot in constants else "weight" if _WEIGHT.match(behind) else "fixed"
            for slot, behind in zip(slots, parts[2::2], strict=True)
        ]
        shape = self._shapes[key]
        if shape is None:
            shape = self._shapes[key] = _Shape([i for i, role in enumerate(roles) if role == "fixed"])
        fixed = tuple([parts[1::2][i] for i in shape.fixed])
        weight = roles.index("weight") if "weight" in roles else None
        shape.templates[fixed] = _Template(clause, self._source.position(at), slots, weight)

    def _slots(self, at: int, parts: list[str]) -> list[Span]:
        """The spans of the constants."""
        slots = []
        for index, part in enumerate(parts):
            if index % 2:
                slots.append(self._source.span(at, at + len(part)))
            at += len(part)
        return slots


_WEIGHT = re.compile(r"\s*::")


class _Shape:
    """The templates of one shape. ``fixed`` are the slots that hold no constant of the tree (such as
    ``raining``, a relation without arguments): each text of theirs has its own template."""

    def __init__(self, fixed: list[int]) -> None:
        self.fixed = fixed
        self.templates: dict[tuple[str, ...], _Template] = {}


class _Template:
    """A clause whose constants and spans are made anew for each text of its shape."""

    def __init__(
        self, clause: Clause, position: tuple[int, int], slots: list[Span], weight: int | None
    ) -> None:
        self._line, self._column = position
        self._slots = slots
        self._lengths = [slot.end_column - slot.column for slot in slots]
        self._slot_of = {slot: index for index, slot in enumerate(slots)}
        self._weight = weight
        # how many lines end before each slot, counted from the slot before it
        lines = [self._line, *(slot.line for slot in slots)]
        self._breaks = [after - before for before, after in pairwise(lines)]
        self._last = [0] * (clause.span.end_line - lines[-1])
        self._clause = cast("Maker", self._maker(clause))

    def make(self, position: tuple[int, int], texts: list[str], values: Values) -> Clause | None:
        """The clause that begins at a position and has these constants; None where one does not fit."""
        if self._weight is not None:
            weight = values[self._weight]
            if not isinstance(weight, (int, float)) or not 0 < weight <= 1:
                return None
            values[self._weight] = float(weight)
        line, column = position
        shift = column - self._column
        shifts = [shift]
        for text, length, breaks in zip(texts, self._lengths, self._breaks, strict=True):
            if breaks:
                shifts += [0] * breaks
                shift = 0
            shift += len(text) - length
            shifts.append(shift)
        shifts += self._last
        clause: Clause = self._clause(values, shifts, line - self._line)
        return clause

    def _shift(self, line: int, column: int) -> int:
        """The index of the shift that applies at a place: the number of slots and line ends before it."""
        before = sum(1 for slot in self._slots if (slot.line, slot.end_column) <= (line, column))
        return before + line - self._line

    def _maker(self, node: Any) -> Maker | None:
        """The function that makes a node's like; None: the node itself serves each time."""
        if isinstance(node, Span):
            return self._span_maker(node)
        if isinstance(node, tuple):
            # a tuple holds nodes (each has a span, so each is made anew) or texts
            makers = [maker for each in node if (maker := self._maker(each))]
            return _tuple_maker(makers) if makers else None
        if isinstance(node, Const) and node.span in self._slot_of:
            return _const_maker(self._slot_of[node.span], self._span_maker(node.span))
        if is_dataclass(node):
            parts = {each.name: getattr(node, each.name) for each in fields(node)}
            made = {name: maker for name, part in parts.items() if (maker := self._maker(part))}
            if isinstance(node, Clause) and self._weight is not None:
                made["weight"] = _slot_maker(self._weight)
            return _node_maker(type(node), parts, made)
        return None

    def _span_maker(self, span: Span) -> Maker:
        file, line, column, end_line, end_column = span
        first, last = self._shift(line, column), self._shift(end_line, end_column)
        new = tuple.__new__  # what Span(...) comes to, in half the time

        def make(values: Values, shifts: Shifts, lines: int) -> Span:
            return new(
                Span,
                (file, line + lines, column + shifts[first], end_line + lines, end_column + shifts[last]),
            )

        return make


def _slot_maker(slot: int) -> Maker:
    return lambda values, shifts, lines: values[slot]


def _const_maker(slot: int, span: Maker) -> Maker:
    return lambda values, shifts, lines: Const(values[slot], span(values, shifts, lines))


def _tuple_maker(makers: list[Maker]) -> Maker:
    return lambda values, shifts, lines: tuple([make(values, shifts, lines) for make in makers])


def _node_maker(cls: type, parts: dict[str, Any], made: dict[str, Maker]) -> Maker:
    """The maker of a dataclass: ``parts`` are its fields, of which ``made`` are made anew."""
    names = list(parts)
    if len(made) == 1 and names[-1] in made:
        *kept, _ = parts.values()
        span = made[names[-1]]
        return lambda values, shifts, lines: cls(*kept, span(values, shifts, lines))
    model = list(parts.values())
    makers = [(names.index(name), maker) for name, maker in made.items()]

    def make(values: Values, shifts: Shifts, lines: int) -> Any:
        fresh = model.copy()
        for index, maker in makers:
            fresh[index] = maker(values, shifts, lines)
        return cls(*fresh)

    return make
