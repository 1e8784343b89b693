"""Is this file a memory, and is it whole? Looked up before anything is written, so that what is none, or is
damaged, stays untouched."""

from __future__ import annotations

from pathlib import Path

from mpr_logic.errors import StoreError
from mpr_logic.memory.seals import fault_of

APPLICATION = 0x6D70_726C
"""SQLite's application id of a memory: "mprl"."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100


def check_file(path: Path, newest: int) -> None:
    """Check that a file is a memory of a version up to ``newest``, and that it is whole: see
    :func:`~mpr_logic.memory.seals.fault_of`. That its end is missing is no fault where its log holds that.

    Raises:
        StoreError: it is not, or it cannot be read; the message says what it is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
        size = path.stat().st_size
    except OSError as error:
        raise StoreError(f"{path}: the memory cannot be read: {error.strerror or error}") from None
    if not head:
        raise StoreError(f"{path}: the file is empty, and no memory: remove it, or name another")
    if len(head) < _HEADER or not head.startswith(_MAGIC):
        raise StoreError(f"{path}: this is no memory, nor any SQLite database: name another file")
    if _number(head, 68) != APPLICATION:
        raise StoreError(f"{path}: this is a database of something else, not a memory: name another file")
    version = _number(head, 60)
    if version > newest:
        raise StoreError(
            f"{path}: this memory has version {version}, and this mpr_logic reads up to {newest}: "
            "upgrade mpr_logic"
        )
    formats = head[18], head[19]
    fault = fault_of(path) if version and set(formats) <= {1, 2} else "its header says nothing sensible"
    if fault is not None:
        raise damaged(path, fault if size >= _pages(head) else f"its end is missing; {fault}")


def damaged(path: Path | str, fault: str) -> StoreError:
    """A memory is damaged, and what to do."""
    return StoreError(
        f"{path}: the memory is damaged ({fault}): take a backup in its place; "
        f"what can still be read, `sqlite3 {path} .recover` writes out"
    )


def _pages(head: bytes) -> int:
    """How large a file says that it is, in bytes."""
    page = int.from_bytes(head[16:18], "big")
    return _number(head, 28) * (65536 if page == 1 else page)


def _number(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 4], "big")
