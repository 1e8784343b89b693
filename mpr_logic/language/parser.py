"""From text to tree."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import Atom, Clause, Module, RuleTest, Statement
from mpr_logic.language.builder import Builder
from mpr_logic.language.fast_clauses import Templates
from mpr_logic.language.lalr_driver import LimitFault, ParseRun, SyntaxFault
from mpr_logic.language.lalr_tables import END
from mpr_logic.language.lexer import (
    Lexer,
    comment_text,
    hidden_beside_texts,
    hidden_character,
    unfit_character,
)
from mpr_logic.language.sentences import with_comments
from mpr_logic.language.source import SourceText, read_text

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic

MAX_ERRORS = 20

_LEAD = re.compile(r"(?:[ \t\r\n]++|%[^\n]*+)*+")
_COMMENT = re.compile(r"%[^\n]*")
_TRAILING = re.compile(r"[ \t\r]*+(%[^\n]*+)")


def parse(text: str, file: str = "<text>", templates: bool = True) -> Module:
    """The tree of a text.

    ``file`` is the name that spans and messages carry. Raises ProgramError with every syntax error
    that was found: after one, parsing goes on behind the dot that ends the clause; StateError where it is
    no text.
    """
    _must_be_text(text, "a program")
    return _Parser(text, file, templates).module()


def _must_be_text(text: object, what: str) -> None:
    if not isinstance(text, str):
        raise StateError(f"{what} is a text, not {type(text).__name__}")


def parse_atom(text: str, file: str = "<text>") -> Atom:
    """The tree of one atom, such as ``put(apple_1, R)``. Raises ProgramError."""
    # an agent proposes the same actions again and again
    _must_be_text(text, "an atom")
    return _known_atom(text, file) if len(text) <= 200 else _atom(text, file)


def _atom(text: str, file: str) -> Atom:
    atom: Atom = _Parser(text, file).single("atom")
    return atom


_known_atom = lru_cache(maxsize=4096)(_atom)


def parse_clause(text: str, file: str = "<text>") -> Clause:
    """The tree of one fact or rule, its dot included. Raises ProgramError."""
    _must_be_text(text, "a clause")
    parser = _Parser(text, file)
    statement = parser.single("statement")
    if not isinstance(statement, Clause):
        from mpr_logic.language.hints.explain import explain_rest

        raise ProgramError([explain_rest(parser.source, 0, "a fact or a rule")])
    return statement


def parse_file(path: str | os.PathLike[str]) -> Module:
    """The tree of a UTF-8 file. Raises ProgramError, also where the file cannot be read."""
    return parse(read_text(path), os.fspath(path))


class _Parser:
    """One text on its way to a tree."""

    def __init__(self, text: str, file: str, templates: bool = False) -> None:
        text = text.removeprefix("\ufeff")
        self.source = SourceText(text, file)
        self._text = text
        self._lexer = Lexer(text)
        self._builder = Builder(self.source)
        self._templates = Templates(self.source) if templates else None
        self._inner: tuple[str, ...] = ()  # the comments within the statement that was parsed last
        if "\0" in text or not text.isascii():
            self._refuse(unfit_character(self.source))

    def _refuse(self, unfit: Diagnostic | None) -> None:
        if unfit is not None:
            raise ProgramError([unfit])

    def single(self, start: str) -> Any:
        """One statement or atom, and nothing behind it."""
        value: Any = None
        if not self._text.isprintable():
            self._refuse(hidden_beside_texts(self.source))
        try:
            value = self._run(start)
        except (SyntaxFault, LimitFault) as fault:
            self._explain(fault)
        else:
            rest = self._lexer.next()
            if rest.kind != END and not self._problems:
                from mpr_logic.language.hints.explain import explain_rest

                what = "one atom" if start == "atom" else "one fact or rule"
                self._problems.append(explain_rest(self.source, rest.start, what))
        self._give_up_on_errors()
        return value

    def module(self) -> Module:
        """Every statement, up to the end of the text."""
        if not self._text.isprintable():
            self._refuse(hidden_character(self.source))
        statements: list[Statement] = []
        at = 0
        while True:
            lead = _LEAD.match(self._text, at)
            at = lead.end() if lead else at
            comments = tuple(map(comment_text, _COMMENT.findall(lead.group()))) if lead else ()
            if at >= len(self._text) or len(self._problems) >= MAX_ERRORS:
                break
            try:
                at, statement = self._statement(at)
            except (SyntaxFault, LimitFault) as fault:
                at = self._explain(fault)
                continue
            at, statement = self._with_comments(at, statement, comments)
            statements.append(statement)
        self._give_up_on_errors()
        return Module(tuple(statements), comments, self.source.file, self._text)

    def _statement(self, at: int) -> tuple[int, Statement]:
        """The statement at an offset, and where it ends."""
        extent = self._templates.split(at) if self._templates else None
        if extent and self._templates:
            end, parts = extent
            clause = self._templates.make(at, parts)
            if clause:
                self._inner = ()
                return end, clause
        self._lexer.position = at
        problems = len(self._problems)
        statement: Statement = self._run("statement")
        clean = self._lexer.position == (extent and extent[0]) and len(self._problems) == problems
        if extent and self._templates and clean and isinstance(statement, Clause):
            self._templates.learn(at, extent[1], statement)
        return self._lexer.position, statement

    def _run(self, start: str) -> Any:
        self._builder.operators = 0
        self._builder.wrong_calls.clear()
        run = ParseRun(start, self._lexer, self._builder)
        value = run.parse()
        if self._builder.wrong_calls:
            from mpr_logic.language.hints.calls import refusals  # only an error needs it

            self._problems.extend(refusals(self._builder.wrong_calls, self.source))
        if isinstance(value, RuleTest):
            inside = [each for each in self._lexer.comments if each.start < run.end]
            value = with_comments(value, inside, self.source)
            self._lexer.comments.clear()
        self._inner = self._lexer.take_comments(run.end)
        return value

    def _with_comments(self, at: int, statement: Statement, before: tuple[str, ...]) -> tuple[int, Statement]:
        """The statement with the comments before, in and behind it; and where the next one may begin."""
        behind = _TRAILING.match(self._text, at)
        comments = before + self._inner
        trailing = None
        if behind:
            at = behind.end()
            trailing = comment_text(behind.group(1))
        if comments or behind:
            statement = replace(statement, comments=comments, trailing=trailing)
        return at, statement

    @property
    def _problems(self) -> list[Diagnostic]:
        return self._builder.problems

    def _explain(self, fault: SyntaxFault | LimitFault) -> int:
        """Note the error; where to go on."""
        from mpr_logic.language.hints.calls import explain_call  # a text without errors needs none of it
        from mpr_logic.language.hints.explain import explain, explain_limit

        if isinstance(fault, LimitFault):
            diagnostic, resume = explain_limit(fault, self.source)
        else:
            diagnostic, resume = explain(fault, self.source, self._lexer.comments)
            diagnostic = explain_call(diagnostic, self._builder.wrong_calls, self.source)
        self._problems.append(diagnostic)
        self._lexer.comments.clear()
        return resume

    def _give_up_on_errors(self) -> None:
        if not self._problems:
            return
        found = sorted(self._problems, key=lambda d: (d.span.line, d.span.column))
        if len(found) >= MAX_ERRORS:
            note = f"the parser stops after {MAX_ERRORS} errors: there may be more"
            found[-1] = replace(found[-1], notes=(*found[-1].notes, note))
        raise ProgramError(found)
