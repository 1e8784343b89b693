"""A text with a name: from offsets to lines and columns, and the lines themselves."""

from __future__ import annotations

import re
from bisect import bisect_right

from mpr_logic.language.ast import Span
from mpr_logic.language.diagnostics import Diagnostic

_NEWLINE = re.compile("\n")


class Source:
    """A text and the file it came from. Lines end at the newline character only."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
        self._lines: dict[int, str] = {}

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The span from one offset up to, not with, another."""
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Span(self.file, line, column, end_line, end_column)

    def line(self, number: int) -> str | None:
        """The text of a line, from 1, without its end; None where there is no such line."""
        if not 1 <= number <= len(self._starts):
            return None
        if number not in self._lines:
            start = self._starts[number - 1]
            end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
            self._lines[number] = self.text[start:end].removesuffix("\r")
        return self._lines[number]

    def starts_line(self, offset: int) -> bool:
        """Whether nothing but white space stands before an offset on its line."""
        start = offset - self.position(offset)[1] + 1
        return not self.text[start:offset].strip()

    def diagnostic(
        self, code: str, message: str, start: int, end: int, help: str = "", label: str = ""
    ) -> Diagnostic:
        """An error in the stretch from one offset up to another."""
        span = self.span(start, end)
        return Diagnostic(code, message, span, help=help, label=label, source_line=self.line(span.line))
