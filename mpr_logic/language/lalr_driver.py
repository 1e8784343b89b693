"""The LALR(1) driver: runs the grammar's tables over tokens, and calls the builder."""

from __future__ import annotations

from typing import Any

from mpr_logic.language.builder import Builder
from mpr_logic.language.lalr_tables import END, ParseTables, tables
from mpr_logic.language.lexer import Lexer, Token

MAX_DEPTH = 100  # brackets within brackets
MAX_TOKENS = 20_000  # in one statement


class SyntaxFault(Exception):
    """The tokens fit no statement. :mod:`~mpr_logic.language.hints` explains it."""

    def __init__(self, run: ParseRun, found: Token) -> None:
        super().__init__(found)
        self.run = run
        self.found = found


class LimitFault(Exception):
    """A statement nests too deep or is too long."""

    def __init__(self, code: str, found: Token) -> None:
        super().__init__(code)
        self.code = code
        self.found = found


class _Parts(list[Any]):
    """The parts of a production without a method: they go to the production above it."""


class ParseRun:
    """One run of the tables: from a scanner's position to the end of one statement (or atom)."""

    def __init__(self, start: str, scanner: Lexer, builder: Builder) -> None:
        self.tokens: list[Token] = []  # those taken so far
        self.brackets: list[Token] = []  # those still open
        self.states = [tables().starts[start]]
        self._tables: ParseTables = tables()
        self._end = tables().ends[start]
        self._lexer = scanner
        self._builder = builder
        self._values: list[Any] = []
        self._extents: list[tuple[int, int]] = []

    def parse(self) -> Any:
        """The node that the builder makes of the statement.

        The statement ends where the grammar allows it to end and the next token does not go on:
        declarations have no closing mark. Raises SyntaxFault or LimitFault.
        """
        rows = self._tables.states
        while True:
            row = rows[self.states[-1]]
            if END in row and len(row) == 1:
                return self._finish()
            token = self._lexer.next()
            while (act := row.get(token.kind)) is not None and act < 0:
                self._reduce(act)
                row = rows[self.states[-1]]
            if act is None or token.kind == END:
                if self._accepts(END) and self.tokens:
                    return self._finish()
                raise SyntaxFault(self, token)
            self._shift(token, act)

    def _shift(self, token: Token, state: int) -> None:
        self.states.append(state)
        self._values.append(token)
        self._extents.append((token.start, token.end))
        self.tokens.append(token)
        if token.kind in ("LPAR", "LBRACE"):
            self.brackets.append(token)
            if len(self.brackets) > MAX_DEPTH:
                raise LimitFault("E0112", token)
        elif token.kind in ("RPAR", "RBRACE"):
            self.brackets.pop()
        if len(self.tokens) > MAX_TOKENS:
            raise LimitFault("E0113", token)

    def _reduce(self, act: int) -> None:
        production = self._tables.productions[-act - 1]
        size = len(production.keep)
        extent = (self._extents[-size][0], self._extents[-1][1])
        first = self._values[-size]
        parts = first if isinstance(first, _Parts) else _Parts()
        for value, keep in zip(self._values[-size:], production.keep, strict=True):
            if value is parts:
                continue
            if isinstance(value, _Parts):
                parts.extend(value)
            elif keep:
                parts.append(value)
        value = parts
        if production.method is not None:
            value = getattr(self._builder, production.method)(parts, *extent)
        elif len(parts) == 1:
            value = parts[0]
        del self._values[-size:], self._extents[-size:], self.states[-size:]
        self._values.append(value)
        self._extents.append(extent)
        self.states.append(self._tables.states[self.states[-1]][production.name])

    def _finish(self) -> Any:
        while self.states[-1] != self._end:
            self._reduce(self._tables.states[self.states[-1]][END])
        return self._values[-1]

    @property
    def end(self) -> int:
        """The offset behind the last token taken."""
        return self.tokens[-1].end

    def accepted(self) -> set[str]:
        """The terminals that could have come next."""
        return {kind for kind in self._tables.states[self.states[-1]] if self._accepts(kind)}

    def _accepts(self, kind: str) -> bool:
        states = self.states.copy()
        while not (kind == END and states[-1] == self._end):
            act = self._tables.states[states[-1]].get(kind)
            if act is None:
                return False
            if act >= 0:
                return kind.isupper()  # the lower-case symbols of a row are no terminals
            production = self._tables.productions[-act - 1]
            del states[-len(production.keep) :]
            states.append(self._tables.states[states[-1]][production.name])
        return True
