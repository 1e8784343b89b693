"""SourceText texts: reading one from a file, and from an offset in it to line and column."""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_right
from pathlib import Path

from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Span
from mpr_logic.language.diagnostics import Diagnostic

_NEWLINE = re.compile("\n")


class SourceText:
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


# ---- files: one that is no readable UTF-8 text is refused with a diagnostic

MAX_BYTES = 64 * 1024 * 1024

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def is_null(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of the null device: it is empty for ever, and reading it ends."""
    try:
        found, null = Path(path).stat(), Path(os.devnull).stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == null.st_rdev


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file, its byte order mark taken off.

    Raises ProgramError where the file is missing, not a regular file, unreadable, larger than
    64 MiB or not UTF-8. Never blocks on a pipe.
    """
    name = os.fspath(path)
    try:
        data = _read(name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise _refusal("E0120", name, f"`{name}` cannot be read: {reason.lower()}", _READABLE) from None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _not_utf8(name, data, error.start) from None


_READABLE = "give the path of a file that exists and that you may read"


def _read(name: str) -> bytes:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    _check(name, Path(name).stat())
    descriptor = os.open(name, flags)
    with os.fdopen(descriptor, "rb") as file:
        _check(name, os.fstat(descriptor))  # it may have been exchanged since
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    return data


def _check(name: str, status: os.stat_result) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise _refusal("E0120", name, f"`{name}` is {kind}, not a file", "give the path of a `.dl` file")
    if status.st_size > MAX_BYTES:
        raise _too_large(name)


def _too_large(name: str) -> ProgramError:
    help = "split it, or assert its facts through the API"
    return _refusal("E0122", name, f"`{name}` is larger than {MAX_BYTES >> 20} MiB", help)


def _not_utf8(name: str, data: bytes, offset: int) -> ProgramError:
    before = data[:offset]
    line = before.count(b"\n") + 1
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace").lstrip("\ufeff")) + 1
    message = f"byte 0x{data[offset]:02x} is not UTF-8 text"
    span = Span(name, line, column, line, column + 1)
    return _refusal("E0121", name, message, "save the file as UTF-8", span)


def _refusal(code: str, name: str, message: str, help: str, span: Span | None = None) -> ProgramError:
    return ProgramError([Diagnostic(code, message, span or Span(name, 0, 0, 0, 0), help=help)])
