"""Readers: texts in other languages, such as shell commands, as relations that rules read.

A reader is a function of the text alone. Its relations are filled for the texts among the arguments of an
action when that action is decided about, and only where rules read them. Those of the calls of a history stay
read as long as that does.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.builtin_relations import READ, SHELL, SQL
from mpr_logic.analysis.program import Fact
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import Const, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Row

KEPT = 1_000
"""The most texts that stay read; those that were read first go first."""

COMMANDS = Span("the reader of shell commands", 0, 0, 0, 0)
STATEMENTS = Span("the reader of SQL", 0, 0, 0, 0)


class Question(NamedTuple):
    """A relation that rules ask of texts, and the manner in which those are read, such as a dialect."""

    relation: str
    manner: str = ""


def questions_of(program: Program) -> frozenset[Question]:
    """The questions that the rules of a program ask of texts."""
    found: set[Question] = set()
    for rule in program.rules:
        for literal in literals(rule.body):
            name = literal.atom.name
            if name in SQL and program.schema.relations[name].builtin:
                dialect = literal.atom.args[1]
                if isinstance(dialect, Const):  # another is no valid program
                    found.add(Question(name, str(dialect.value)))
            elif name in READ and program.schema.relations[name].builtin:
                found.add(Question(name))
    return frozenset(found)


class TextReaders:
    """The texts that were read for one state.

    Args:
        program: its rules say which relations are needed.
    """

    def __init__(self, program: Program) -> None:
        self.needed = questions_of(program)
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


def said_of(texts: Iterable[object], needed: Collection[Question]) -> list[Fact]:
    """The rows that answer questions about some texts; values of other types are passed over.

    Raises:
        EvaluationError: a reader is not installed.
    """
    commands = any(each.relation in SHELL for each in needed)
    dialects = sorted({each.manner for each in needed if each.relation in SQL})
    found: list[Fact] = []
    for text in texts:
        if not isinstance(text, str):
            continue
        if commands:
            found += (
                Fact(name, row, 1.0, COMMANDS) for name, row in rows_of(text) if Question(name) in needed
            )
        for dialect in dialects:
            rows = sql_rows_of(text, dialect)
            found += (
                Fact(name, row, 1.0, STATEMENTS) for name, row in rows if Question(name, dialect) in needed
            )
    return found


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


def sql_rows_of(text: str, dialect: str) -> Iterator[tuple[str, Row]]:
    """The relations and rows that the reader of SQL fills for a text.

    Raises:
        EvaluationError: it is not installed.
    """
    from mpr_logic.checker.readers.sql import read_sql

    found = read_sql(text, dialect)
    for name, values in (
        ("sql_statement", found.kinds),
        ("sql_reads", found.reads),
        ("sql_writes", found.writes),
        ("sql_column", found.columns),
        ("sql_all_rows", found.unconditional),
    ):
        for value in values:
            yield name, (text, dialect, value)
    if found.opaque is not None:
        yield "sql_opaque", (text, dialect)
