"""The relations that say where the values of a proposed call come from, as facts of one check."""

from __future__ import annotations

from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.structures import inside
from mpr_logic.errors import StateError
from mpr_logic.guard.origins.parts import Part
from mpr_logic.guard.origins.records import values
from mpr_logic.guard.origins.spelling import text_of
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from mpr_logic.guard.origins.index import Met, Origins
    from mpr_logic.guard.origins.records import Scalar
    from mpr_logic.language.ast import Row, Value

MOST_TRACED = 5_000
"""The most values that are traced for one call, their parts included."""

MOST_ROWS = 100_000
"""The most facts about one call."""

_SHOWN = 60

_Lead: TypeAlias = "tuple[str, int, str]"


def traced(
    origins: Origins,
    arguments: Iterable[object],
    reads: Collection[str],
    left: Callable[[], float] = lambda: inf,
    kinds: Collection[str] | None = None,
) -> list[Fact]:
    """The facts of ``origin``, ``found_in``, ``mentions`` and ``selected_by``: for the values of a call, for
    the parts inside them, for who wrote the items that they stand in, and for what the calls were made with
    whose results they stand in, and so on.

    Args:
        origins: of the conversation.
        arguments: of the call, as JSON values.
        reads: the relations that rules read.
        left: how many seconds are left; it may raise.
        kinds: of parts that rules ask for; None where they may ask for any.

    Raises:
        StateError: there are more values or places than can be traced, or the conversation is too long.
    """
    return _Tracer(origins, reads, left, kinds).facts(values(list(arguments)))


class _Told:
    """The facts that were told of one value, and what it leads to. They grow with the places of the value.

    Attributes:
        subject: the value as proofs show it.
        first: the places behind the facts of ``origin``.
        met: the number of places behind those of ``found_in``.
        leads: from the first and from all places: an author, and a call with its tool; -1 for none.
        mentions: by the kinds that were asked for, the facts of ``mentions`` and the parts.
    """

    __slots__ = ("first", "found_in", "leads", "mentions", "met", "origin", "subject")

    def __init__(self, value: Scalar) -> None:
        self.subject = shown(value)
        self.first: tuple[Met, ...] = ()
        self.met = 0
        self.origin: list[Fact] = []
        self.found_in: list[Fact] = []
        self.leads: tuple[dict[_Lead, None], dict[_Lead, None]] = {}, {}
        self.mentions: dict[Collection[str] | None, tuple[list[Fact], list[Scalar]]] = {}


class _Tracer:
    """One trace: the values and the calls that are still to be followed."""

    def __init__(
        self,
        origins: Origins,
        reads: Collection[str],
        left: Callable[[], float],
        kinds: Collection[str] | None,
    ) -> None:
        self._origins = origins
        self._kinds = None if kinds is None else frozenset(kinds)
        self._time_left = left
        self._reads = reads
        self._left: list[Scalar] = []
        self._seen: set[tuple[bool, Scalar]] = set()
        self._calls: set[int] = set()
        self._facts: list[Fact] = []

    def facts(self, asked: Iterable[Scalar]) -> list[Fact]:
        """The facts about some values, and all that they lead to."""
        self._add(asked)
        while self._left:
            self._time_left()
            value = self._left.pop()
            told = self._told(value)
            if isinstance(value, str) and "mentions" in self._reads:
                self._mentioned(value, told)
            self._met(value, told)
            if len(self._facts) > MOST_ROWS:
                raise StateError(
                    f"the values of the call stand in more than {MOST_ROWS:,} places: where they come from "
                    "cannot be told"
                )
        return self._facts

    def _told(self, value: Scalar) -> _Told:
        known = type(value), value
        told = self._origins.told.get(known)
        if told is None:
            told = self._origins.told[known] = _Told(value)
        return told

    def _mentioned(self, text: str, told: _Told) -> None:
        known = told.mentions.get(self._kinds)
        if known is None:
            kinds = self._kinds
            found = [each for each in self._origins.parts(text) if kinds is None or each.kind in kinds]
            known = told.mentions[kinds] = self._parts(text, told, found)
            self._origins.keep(len(found))
        facts, parts = known
        if self._kinds is None or "field" in self._kinds:
            fields = [Part("field", each) for each in self._origins.fields_in(text) if each != text]
            more, values = self._parts(text, told, fields)
            facts, parts = facts + more, parts + values
        self._add(parts)
        self._facts += facts

    @staticmethod
    def _parts(text: str, told: _Told, found: Iterable[Part]) -> tuple[list[Fact], list[Scalar]]:
        span = _span(f"the text {told.subject}")
        found = list(found)
        return [_fact("mentions", (text, each.kind, each.value), span) for each in found], [
            each.value for each in found
        ]

    def _add(self, found: Iterable[Scalar]) -> None:
        for value in found:
            known = isinstance(value, str), value
            if known not in self._seen:
                self._seen.add(known)
                self._left.append(value)
        if len(self._seen) > MOST_TRACED:
            raise StateError(
                f"the call has more than {MOST_TRACED} values: where they come from cannot be told"
            )

    def _met(self, value: Scalar, told: _Told) -> None:
        reads, constant = self._reads, inside(value)
        first = self._origins.first(value)
        if first != told.first:
            told.first = first
            told.origin = [_place("origin", constant, told.subject, each) for each in first]
            told.leads[0].clear()
            told.leads[0].update(dict.fromkeys(map(_lead, first)))
        if "origin" in reads:
            self._facts += told.origin
        self._follow(told.leads[0])
        if "found_in" in reads:
            every = self._origins.all(value)
            if len(every) > told.met:
                new = every[told.met :]
                told.found_in += [_place("found_in", constant, told.subject, each) for each in new]
                told.leads[1].update(dict.fromkeys(map(_lead, new)))
                told.met = len(every)
                self._origins.keep(len(new))
            self._facts += told.found_in
            self._follow(told.leads[1])

    def _follow(self, leads: Iterable[_Lead]) -> None:
        for author, call, tool in leads:
            if author:
                self._add([author])
            if call >= 0 and call not in self._calls and "selected_by" in self._reads:
                self._calls.add(call)
                selected = self._origins.asked(call)
                self._add(selected)
                span = _span(f"call {call} ({tool})")
                self._facts += [_fact("selected_by", (call, each), span) for each in selected]


def _lead(met: Met) -> _Lead:
    return met.author, met.call, met.tool


def _place(relation: str, constant: Value, subject: str, met: Met) -> Fact:
    return Fact(relation, (constant, *met[:6]), 1.0, _span(f"{subject} {where(met)}"))


def _fact(relation: str, row: Row, span: Span) -> Fact:
    return Fact(relation, tuple(map(inside, row)), 1.0, span)


def _span(words: str) -> Span:
    return Span(words, 0, 0, 0, 0)


@lru_cache(maxsize=10_000)
def where(met: Met) -> str:
    """The words for a place where a value was met, as they follow the value in proofs."""
    if met.source == "model":
        return "stands nowhere before this call"
    stands = "a piece of it stands" if met.place == "piece" else "stands"
    if met.source != "result":
        return f"{stands} in turn {met.turn} ({met.source})"
    how = {
        "field": f", field {shown(met.field)}" if met.field else "",
        "name": ", as the name of a field",
        "labelled": f", behind {shown(met.field)}",
        "text": f", in the text of field {shown(met.field)}" if met.field else ", in its text",
    }.get(met.place, "")
    author = f", written by {shown(met.author)}" if met.author else ""
    return f"{stands} in the result of {met.tool} (call {met.call}){how}{author}"


def shown(value: Scalar) -> str:
    """A value as proofs show it: on one line, and cut where it is long."""
    text = " ".join(text_of(value).split())
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return f'"{text}"' if isinstance(value, str) else text
