"""Is this file a memory? Looked up in its first bytes, so that a file that is none stays untouched."""

from __future__ import annotations

from pathlib import Path

from mpr_logic.errors import StoreError

APPLICATION = 0x6D70_726C
"""SQLite's application id of a memory: "mprl"."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100


def check_file(path: Path, newest: int) -> None:
    """Check that a file is a memory of a version up to ``newest``, whole as far as its header tells.

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
    page = int.from_bytes(head[16:18], "big")
    pages = _number(head, 28)
    if size < pages * (65536 if page == 1 else page):
        raise StoreError(f"{path}: the memory is damaged: its end is missing; take a backup in its place")


def _number(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 4], "big")
