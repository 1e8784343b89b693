"""Files that are no memory, or one that cannot be used: a clear error, and the file untouched."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mpr_logic.errors import StoreError
from mpr_logic.memory.store import Memory
from tests.helpers.stores import SHUT, episode, lived, memory_at, outcomes


def good(path: Path) -> None:
    """A memory, closed."""
    with memory_at(path) as memory:
        taught = memory.add_episode(episode())
        for i in range(50):
            memory.put(f"forbid take(box_{i}) :- shut(box_{i}).", episodes=[taught])


def text(path: Path) -> None:
    """Not a database at all."""
    path.write_text("these are my notes, which are longer than the header of a database is.\n" * 3)


def empty(path: Path) -> None:
    """Nothing in it."""
    path.touch()


def short(path: Path) -> None:
    """A database's first bytes alone."""
    path.write_bytes(b"SQLite format 3\0")


def foreign(path: Path) -> None:
    """A database of something else."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE changes (x)")
    connection.close()


def newer(path: Path) -> None:
    """A memory of a later version."""
    good(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()


def newer_inside(path: Path) -> None:
    """A later version that only the tables tell."""
    good(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value='99'")
    connection.commit()
    connection.close()


def without_a_table(path: Path) -> None:
    """A memory that has lost a table."""
    good(path)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE evidence")
    connection.commit()
    connection.close()


def cut(path: Path) -> None:
    """A memory whose end is missing."""
    good(path)
    path.write_bytes(path.read_bytes()[:-5000])


def scribbled(path: Path) -> None:
    """A memory that was written over."""
    good(path)
    data = bytearray(path.read_bytes())
    data[4096 : len(data) : 7] = b"\xa5" * len(data[4096 : len(data) : 7])
    path.write_bytes(data)


CASES: list[tuple[Callable[[Path], None], str]] = [
    (text, "no memory"),
    (empty, "is empty"),
    (short, "no memory"),
    (foreign, "something else"),
    (newer, "version 99"),
    (newer_inside, "version 99"),
    (without_a_table, "damaged"),
    (cut, "its end is missing"),
    (scribbled, "damaged"),
]


@pytest.mark.heavy
@pytest.mark.parametrize(("make", "message"), CASES, ids=[make.__name__ for make, _ in CASES])
def test_what_is_no_memory_stays_untouched(
    make: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    """The error says what the file is, and not a byte of it is changed."""
    path = tmp_path / "memory.db"
    make(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()

    def use() -> None:
        with Memory.open(path) as memory:
            memory.stats()

    with pytest.raises(StoreError, match=message):
        use()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_memory_that_is_not_there(tmp_path: Path) -> None:
    """Without `create` nothing is made; a folder that is not there, or is the path itself, is an error."""
    with pytest.raises(StoreError, match="no such memory"):
        Memory.open(tmp_path / "memory.db", create=False)
    with pytest.raises(StoreError, match="cannot be made"):
        Memory.open(tmp_path / "nowhere" / "memory.db")
    with pytest.raises(StoreError, match="cannot be read"):
        Memory.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "://", "guess://", "postgresql+psycopg://u:secret@localhost:1/no"]
)
def test_a_url_that_leads_nowhere(url: str) -> None:
    """It is an error without the password in it."""
    pytest.importorskip("psycopg", reason="needs the extra: pip install 'mpr-logic[postgres]'")
    with pytest.raises(StoreError) as caught:
        Memory.open(url)
    assert "secret" not in str(caught.value)


def test_a_locked_memory(tmp_path: Path) -> None:
    """A writer that gets no turn says so; readers need none."""
    path = tmp_path / "memory.db"
    with memory_at(path, wait=0.05) as memory:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process is writing"):
            memory.put(SHUT)
        assert memory.rules() == []
        other.execute("ROLLBACK")
        other.close()
        memory.put(SHUT)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory writes nothing on a full disk, stays whole, and goes on when there is room."""
    path = tmp_path / "memory.db"
    good(path)
    from mpr_logic.memory import database

    with monkeypatch.context() as small:
        connected = database._connected

        def limited(connection: sqlite3.Connection, record: object) -> None:
            connected(connection, record)
            connection.execute("PRAGMA max_page_count=1").close()  # no more than there are

        small.setattr(database, "_connected", limited)
        with Memory.open(path) as memory:
            before = memory.stats()
            with pytest.raises(StoreError, match="disk is full"):
                memory.refuse("x" * 100_000, "long")
            assert memory.stats() == before
            assert memory.intact()
    with Memory.open(path) as memory:
        memory.refuse("x" * 100_000, "long")


def test_a_forgotten_text_is_gone_from_the_file(tmp_path: Path) -> None:
    """The bytes of a forgotten episode are nowhere in the file or in its log."""
    path = tmp_path / "memory.db"
    lines = episode()
    lines[1]["text"] = "a-secret-in-the-episode " * 500
    with memory_at(path) as memory:
        id = memory.add_episode(lines)
        memory.forget(id)
        for file in tmp_path.iterdir():
            assert b"a-secret-in-the-episode" not in file.read_bytes()


def test_a_memory_for_the_moment() -> None:
    """`sqlite://` is a memory that no file holds."""
    with memory_at("sqlite://") as memory:
        assert memory.put(SHUT).status == "candidate"


def test_a_memory_of_the_first_version_opens(tmp_path: Path) -> None:
    """A memory without groups is brought up to date when it is opened: all that it holds is there, an episode
    is of the group of its task, and the file says its new version and is whole."""
    path = tmp_path / "old.db"
    with memory_at(path) as memory:
        rule = memory.put(SHUT, episodes=lived(memory, 25))
        memory.observe(outcomes(rule.id, [e.id for e in memory.episodes()]))
        before = memory.get(rule.id), memory.episodes(), memory.log()
    connection = sqlite3.connect(path)
    for change in (
        "DELETE FROM seals",
        'ALTER TABLE episodes DROP COLUMN "group"',
        "DROP TABLE holds",
        "UPDATE meta SET value='1' WHERE name='version'",
        "PRAGMA user_version=1",
    ):
        connection.execute(change)
    connection.commit()
    connection.close()
    for _ in range(2):
        with Memory.open(path, create=False) as memory:
            assert (memory.get(rule.id), memory.episodes(), memory.log()) == before
            assert {each.group for each in memory.episodes()} == {f"room_{n}" for n in range(1, 26)}
            assert memory.intact()
    with Memory.open(path) as memory:
        memory.hold({rule.id: "one group says it"})
        memory.add_episode([{"line": "episode", "task": "t", "group": "attic"}])
        assert (memory.get(rule.id).status, memory.episodes()[-1].group) == ("advice", "attic")
        assert memory.intact()
    version = sqlite3.connect(path)
    assert version.execute("PRAGMA user_version").fetchone() == (2,)
    version.close()
