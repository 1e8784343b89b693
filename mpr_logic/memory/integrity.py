"""Integrity of a memory's file: is it one, and does it say what was written?

SQLite's own check finds broken pages and indexes. A letter that has become another inside a text it does not
find, and no reader of the text could. So each transaction ends with a *seal*: a hash over the rows that it
added, in the order of their keys. Rows are append-only; where an episode is forgotten, one seal over all that
is left takes the place of all before. All is looked up before anything is written, so that a file that is no
memory, or is damaged, stays untouched.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StoreError
from mpr_logic.memory.schema import METADATA, SEALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Ask = Callable[[str], Iterable[Any]]
    """Answers a query with its rows."""


FULL = 32 * 2**20
"""The most bytes of a file that is checked as a whole when it is opened; of a larger one the pages and the
newest seals are checked."""

NEWEST = 20
"""The number of seals of a larger file that are checked when it is opened."""

_KEYS = {
    table.name: next(iter(table.primary_key)).name
    for table in METADATA.sorted_tables
    if table.name not in ("meta", SEALS.name)
}
"""The tables whose rows are sealed, each with its key: a number that grows."""


def tables_sealed(ask: Ask) -> dict[str, Any]:
    """The first seal: how the tables and indexes are made."""
    return {"number": 0, "ranges": "{}", "hash": schema_of(ask)}


def sealed(ask: Ask, last: dict[str, int]) -> tuple[dict[str, list[int]], str]:
    """The seal of the rows that came after those sealed ``last``: from which key to which, for each table,
    and the hash of them."""
    ranges = {}
    for name, key in _KEYS.items():
        (newest,) = next(iter(ask(f'SELECT max("{key}") FROM "{name}"')))
        before = last.get(name, 0)
        ranges[name] = [before + 1, max(before, newest or 0)]
    return ranges, _hash(ask, ranges)


def last_of(ask: Ask) -> dict[str, int]:
    """The last sealed key of each table, as the newest seal has it."""
    query = f'SELECT "ranges" FROM "{SEALS.name}" ORDER BY "number" DESC LIMIT 1'
    return {name: last for (text,) in ask(query) for name, (_, last) in json.loads(text).items()}


def schema_of(ask: Ask) -> str:
    """A hash of how the tables and indexes are made."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    return hashlib.sha256(repr([tuple(row) for row in ask(query)]).encode()).hexdigest()


def fault_of(path: Path, *, full: bool = False) -> str | None:
    """Return what is wrong with the file of a memory, or None where nothing is.

    SQLite's own recovery is left to judge what a log still holds; then come its check of all pages and the
    seals. Nothing is written.

    Args:
        path: the file.
        full: check a large file as a whole too.
    """
    full = full or path.stat().st_size <= FULL
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    fault = _fault(path, full, "&immutable=1" if at_rest else "")
    # at rest no process has the file open; where one has opened it meanwhile, it is looked at once more
    return _fault(path, full, "") if at_rest and fault is not None else fault


def _fault(path: Path, full: bool, how: str) -> str | None:
    uri = f"{path.absolute().as_uri()}?mode=ro{how}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
        try:
            connection.execute("BEGIN").close()
            return _checked(connection, full)
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError) as error:
        return str(error)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return f"a seal cannot be read: {error}"


def _checked(connection: sqlite3.Connection, full: bool) -> str | None:
    def ask(query: str) -> Iterable[Any]:
        return connection.execute(query)

    found = [row[0] for row in ask(f"PRAGMA {'integrity_check' if full else 'quick_check'}")]
    if found != ["ok"]:
        return str(found[0]) if found else "the check of its pages says nothing"
    tables = {row[0] for row in ask("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if SEALS.name not in tables:
        return None  # from before there were seals
    last: dict[str, int] = {}
    seals = list(ask(f'SELECT "number", "ranges", "hash" FROM "{SEALS.name}" ORDER BY "number"'))
    for place, (number, text, hash) in enumerate(seals):
        ranges = json.loads(text)
        if number != place:
            return f"seal {place} is missing"
        if not place:
            if hash != schema_of(ask):
                return "its tables are not as they were made"
            continue
        for name, (first, newest) in ranges.items():
            if first != last.get(name, 0) + 1:
                return f"rows of `{name}` before {first} have no seal"
            last[name] = newest
        if (full or place >= len(seals) - NEWEST) and _hash(ask, ranges) != hash:
            return f"rows are not as they were written (seal {number})"
    return None


def _hash(ask: Ask, ranges: dict[str, list[int]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(ranges):
        first, last = ranges[name]
        if first > last:
            continue
        key = _KEYS[name]
        query = f'SELECT * FROM "{name}" WHERE "{key}" BETWEEN {int(first)} AND {int(last)} ORDER BY "{key}"'
        digest.update(f"{name} {first} {last}\n".encode())
        for row in ask(query):
            digest.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


APPLICATION = 0x6D70_726C
"""SQLite's application id of a memory: "mprl"."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100


def check_file(path: Path, newest: int) -> None:
    """Check that a file is a memory of a version up to ``newest``, and that it is whole: see
    :func:`fault_of`. That its end is missing is no fault where its log holds that.

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
    """The size of a database in bytes, as the header of its file states it."""
    page = int.from_bytes(head[16:18], "big")
    return _number(head, 28) * (65536 if page == 1 else page)


def _number(head: bytes, at: int) -> int:
    return int.from_bytes(head[at : at + 4], "big")
