"""Readers: texts in other languages, such as shell commands, as relations that rules read.

A reader is a function of the text alone. Its relations are filled for the texts among the arguments of an
action when that action is decided about, and only where rules read them. Those of the calls of a history stay
read as long as that does.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.builtin_relations import PATHS, READ, SHELL, SQL
from mpr_logic.analysis.program import Fact
from mpr_logic.analysis.terms import literals
from mpr_logic.checker.readers.paths import DISK, read_path
from mpr_logic.language.ast import Const, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Row

KEPT = 1_000
"""The most texts that stay read; those that were read first go first."""

COMMANDS = Span("the reader of shell commands", 0, 0, 0, 0)
STATEMENTS = Span("the reader of SQL", 0, 0, 0, 0)
FILES = Span("the reader of paths", 0, 0, 0, 0)


class Question(NamedTuple):
    """A relation that rules ask of texts, the manner in which those are read, such as a dialect or a working
    folder, and, of a path, the one that it is compared with."""

    relation: str
    manner: str = ""
    value: str = ""


def questions_of(program: Program) -> frozenset[Question]:
    """The questions that the rules of a program ask of texts."""
    found: set[Question] = set()
    for rule in program.rules:
        for literal in literals(rule.body):
            name = literal.atom.name
            if name not in READ or not program.schema.relations[name].builtin:
                continue
            given = [each.value if isinstance(each, Const) else "" for each in literal.atom.args]
            manner = str(given[1]) if name not in SHELL else ""
            value = str(given[2]) if name in PATHS and len(given) > 2 else ""
            found.add(Question(name, manner, value))
    return frozenset(found)


class TextReaders:
    """The texts that were read for one state.

    Args:
        program: its rules say which relations are needed.
    """

    def __init__(self, program: Program) -> None:
        self.needed = questions_of(program)
        self._changing = any(each.manner.startswith(DISK) for each in self.needed)
        self._read: OrderedDict[str, list[Fact]] = OrderedDict()
        self._kept: dict[str, list[Fact]] = {}
        self._stated = tuple(value for _, row, *_ in program.history for value in row)

    def fresh(self) -> TextReaders:
        """The same, with nothing read."""
        other = copy(self)
        other._read, other._kept = OrderedDict(), {}
        return other

    def fork(self) -> TextReaders:
        """The same for another state that begins as this one is."""
        other = copy(self)
        other._read, other._kept = OrderedDict(self._read), dict(self._kept)
        return other

    def know(self, texts: Iterable[object]) -> bool:
        """Whether all that rules ask of some texts has been read."""
        return not self.needed or all(
            text in self._read or text in self._kept for text in texts if isinstance(text, str)
        )

    def of(self, texts: Iterable[object]) -> tuple[list[Fact], list[Fact]]:
        """The facts that are new with some texts, and those that hold no longer, or are not kept any longer:
        never one of these texts. What is no text is passed over.

        Raises:
            EvaluationError: the reader is not installed.
        """
        new = self.keep(self._stated)
        gone: list[Fact] = []
        asked = with_written(texts, self.needed)
        for text in asked:
            of = self._kept if text in self._kept else self._read
            if text not in of:
                of[text] = said_of([text], self.needed)
                new += of[text]
            elif self._changing and (now := said_of([text], self.needed)) != of[text]:
                gone += of[text]
                new += now
                of[text] = now
            if of is self._read:
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
        for text in with_written(texts, self.needed):
            if text in self._kept:
                continue
            read = self._read.pop(text, None)
            if read is None:
                read = said_of([text], self.needed)
                new += read
            self._kept[text] = read
        return new


def with_written(texts: Iterable[object], needed: Collection[Question]) -> list[str]:
    """The texts among some values, each once, and the files that those write as shell commands where rules
    ask of both."""
    found = dict.fromkeys(text for text in texts if isinstance(text, str))
    if {"shell_writes"} <= {each.relation for each in needed} and any(q.relation in PATHS for q in needed):
        from mpr_logic.checker.readers.shell import read_command

        found |= dict.fromkeys(path for text in list(found) for path in read_command(text).writes)
    return list(found)


def said_of(texts: Iterable[object], needed: Collection[Question]) -> list[Fact]:
    """The rows that answer questions about some texts; values of other types are passed over.

    Raises:
        EvaluationError: a reader is not installed.
    """
    commands = any(each.relation in SHELL for each in needed)
    dialects = sorted({each.manner for each in needed if each.relation in SQL})
    places = [each for each in needed if each.relation in PATHS]
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
        if places:
            found += (Fact(name, row, 1.0, FILES) for name, row in path_rows_of(text, places))
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
    for program, word in found.words:
        yield "shell_word", (command, program, word)
    for program in found.unsure:
        yield "shell_unsure", (command, program)
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


def path_rows_of(text: str, asked: Collection[Question]) -> Iterator[tuple[str, Row]]:
    """The relations and rows that the reader of paths fills for a text, for some questions; each once."""
    found: dict[tuple[str, Row], None] = {}
    places = {manner: read_path(text, manner) for manner in sorted({each.manner for each in asked})}
    for name, manner, value in asked:
        place = places[manner]
        values: list[str] = []
        if name == "path_opaque":
            if place.names is None:
                found[name, (text, manner)] = None
        elif place.names is None:
            continue
        elif name == "path_form":
            values = [place.form]
            if value and read_path(value, manner) == place:
                values.append(value)
        elif not value:
            values = place.above
        elif place.inside(read_path(value, manner)):
            values = [value]
        found |= dict.fromkeys((name, (text, manner, each)) for each in values)
    yield from found
