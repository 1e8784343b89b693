"""The relations that say where the values of a proposed call come from, as facts of one check."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from math import inf
from typing import TYPE_CHECKING

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.structures import inside
from mpr_logic.errors import StateError
from mpr_logic.guard.origins.parts import Part
from mpr_logic.guard.origins.records import values
from mpr_logic.guard.origins.spelling import text_of
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from mpr_logic.guard.origins.index import Met, Origins
    from mpr_logic.guard.origins.records import Scalar
    from mpr_logic.language.ast import Row

MOST_TRACED = 5_000
"""The most values that are traced for one call, their parts included."""

MOST_ROWS = 100_000
"""The most facts about one call."""

_SHOWN = 60


def traced(
    origins: Origins,
    arguments: Iterable[object],
    reads: Collection[str],
    left: Callable[[], float] = lambda: inf,
) -> list[Fact]:
    """The facts of ``origin``, ``found_in``, ``mentions`` and ``selected_by``: for the values of a call, for
    the parts inside them, for who wrote the items that they stand in, and for what the calls were made with
    whose results they stand in, and so on.

    Args:
        origins: of the conversation.
        arguments: of the call, as JSON values.
        reads: the relations that rules read.
        left: how many seconds are left; it may raise.

    Raises:
        StateError: there are more values or places than can be traced, or the conversation is too long.
    """
    found = list(islice(_Tracer(origins, reads, left).facts(values(list(arguments))), MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        raise StateError(
            f"the values of the call stand in more than {MOST_ROWS:,} places: where they come from cannot be "
            "told"
        )
    return found


class _Tracer:
    """One trace: the values and the calls that are still to be followed."""

    def __init__(self, origins: Origins, reads: Collection[str], left: Callable[[], float]) -> None:
        self._origins = origins
        self._time_left = left
        self._reads = reads
        self._left: list[Scalar] = []
        self._seen: set[tuple[bool, Scalar]] = set()
        self._calls: set[int] = set()

    def facts(self, asked: Iterable[Scalar]) -> Iterator[Fact]:
        """The facts about some values, and all that they lead to."""
        self._add(asked)
        while self._left:
            self._time_left()
            value = self._left.pop()
            if isinstance(value, str) and "mentions" in self._reads:
                yield from self._mentioned(value)
            yield from self._met(value)

    def _mentioned(self, text: str) -> Iterator[Fact]:
        found = self._origins.parts(text)
        found += [Part("field", each) for each in self._origins.fields_in(text) if each != text]
        self._add(part.value for part in found)
        span = _span(f"the text {shown(text)}")
        for part in found:
            yield _fact("mentions", (text, part.kind, part.value), span)

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

    def _met(self, value: Scalar) -> Iterator[Fact]:
        every = self._origins.all(value) if "found_in" in self._reads else []
        subject, constant = shown(value), inside(value)
        for relation, found in (("origin", self._origins.first(value)), ("found_in", every)):
            asked = relation in self._reads
            for met in found:
                if asked:
                    yield Fact(relation, (constant, *met[:6]), 1.0, _span(f"{subject} {where(met)}"))
                if met.author:
                    self._add([met.author])
                if met.call >= 0 and met.call not in self._calls and "selected_by" in self._reads:
                    self._calls.add(met.call)
                    selected = self._origins.asked(met.call)
                    self._add(selected)
                    for each in selected:
                        yield _fact("selected_by", (met.call, each), _span(f"call {met.call} ({met.tool})"))


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
