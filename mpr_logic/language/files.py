"""Reading a rule file: what is no readable UTF-8 text is refused with a diagnostic."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Span
from mpr_logic.language.diagnostics import Diagnostic

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
