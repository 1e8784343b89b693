"""Readers: texts in other languages, such as shell commands, as relations that rules read.

A reader is a function of the text alone. Its relations are filled for the texts among the arguments of an
action when that action is decided about, and only where rules read them. Those of the calls of a history stay
read as long as that does.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import SHELL
from mpr_logic.analysis.program import Fact
from mpr_logic.language.ast import Aggregate, Literal, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import BodyItem, Row

KEPT = 1_000
"""The most texts that stay read; those that were read first go first."""

HERE = Span("the reader of shell commands", 0, 0, 0, 0)


class TextReaders:
    """The texts that were read for one state.

    Args:
        program: its rules say which relations are needed.
    """

    def __init__(self, program: Program) -> None:
        self.needed = SHELL & {name for rule in program.rules for name in _names(rule.body)}
        self._read: OrderedDict[str, list[Fact]] = OrderedDict()
        self._kept: set[str] = set()
        self._stated = tuple(value for _, row, *_ in program.history for value in row)

    def fresh(self) -> TextReaders:
        """The same, with nothing read."""
        other = object.__new__(TextReaders)
        other.needed, other._read, other._kept = self.needed, OrderedDict(), set()
        other._stated = self._stated
        return other

    def fork(self) -> TextReaders:
        """The same for another state that begins as this one is."""
        other = object.__new__(TextReaders)
        other.needed, other._read, other._kept = self.needed, OrderedDict(self._read), set(self._kept)
        other._stated = self._stated
        return other

    def know(self, texts: Iterable[object]) -> bool:
        """Whether all that rules ask of some texts has been read."""
        return not self.needed or all(
            text in self._read or text in self._kept for text in texts if isinstance(text, str)
        )

    def of(self, texts: Iterable[object]) -> tuple[list[Fact], list[Fact]]:
        """The facts that are new with some texts, and those that are not kept any longer: never one of these
        texts. What is no text is passed over.

        Raises:
            EvaluationError: the reader is not installed.
        """
        new = self.keep(self._stated)
        gone: list[Fact] = []
        asked = [text for text in texts if isinstance(text, str) and text not in self._kept]
        for text in asked:
            if text not in self._read:
                self._read[text] = said_of([text], self.needed)
                new += self._read[text]
            self._read.move_to_end(text)
        while len(self._read) > max(KEPT, len(asked)):
            gone += self._read.popitem(last=False)[1]
        return new, gone

    def keep(self, texts: Iterable[object]) -> list[Fact]:
        """The facts that are new with some texts, which stay read from now on.

        Raises:
            EvaluationError: the reader is not installed.
        """
        new: list[Fact] = []
        for text in texts:
            if isinstance(text, str) and text not in self._kept:
                new += said_of([text], self.needed) if self._read.pop(text, None) is None else ()
                self._kept.add(text)
        return new


def said_of(texts: Iterable[object], needed: Collection[str]) -> list[Fact]:
    """The rows of the ``needed`` relations for some texts; values of other types are passed over.

    Raises:
        EvaluationError: the reader is not installed.
    """
    return [
        Fact(name, row, 1.0, HERE)
        for text in texts
        if isinstance(text, str)
        for name, row in rows_of(text)
        if name in needed
    ]


def rows_of(command: str) -> Iterator[tuple[str, Row]]:
    """The relations and rows that the reader of shell commands fills for a text.

    Raises:
        EvaluationError: it is not installed.
    """
    from mpr_logic.checker.readers.shell import read_command

    found = read_command(command)
    for program in found.programs:
        yield "shell_runs", (command, program)
    for path in found.writes:
        yield "shell_writes", (command, path)
    if found.opaque is not None:
        yield "shell_opaque", (command,)


def _names(body: Iterable[BodyItem]) -> Iterator[str]:
    for item in body:
        if isinstance(item, Literal):
            yield item.atom.name
        elif isinstance(item, Aggregate):
            yield from _names(item.body)
