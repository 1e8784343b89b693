"""The database under a memory: opening one, transactions, and what goes wrong said as our errors.

A SQLite file is in WAL mode: readers do not wait for a writer. Each writer takes its lock at the start
of its transaction and waits for the others, so revisions are numbered in the order in which they came
about. What a transaction has written is on the disk when it ends (``synchronous=FULL``).
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, delete, event, func, insert, inspect, select, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateColumn

from mpr_logic.errors import StoreError
from mpr_logic.memory.integrity import APPLICATION, check_file, fault_of, last_of, sealed, tables_sealed
from mpr_logic.memory.schema import EPISODES, HOLDS, META, METADATA, SEALS, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection, Engine

WAIT = 30.0
"""The most seconds that a writer waits for the others, unless it is told otherwise."""


class Database:
    """A database with the tables of a memory.

    Args:
        location: the path of a SQLite file, or an SQLAlchemy URL; ``sqlite://`` is a memory that is
            gone when it is closed.
        create: make the memory where there is none.
        wait: how many seconds to wait for other writers.

    Raises:
        StoreError: it cannot be opened, or is no memory; it is as it was then.
    """

    def __init__(self, location: str | os.PathLike[str], *, create: bool = True, wait: float = WAIT) -> None:
        self.name, url = _named(location)
        self.sqlite = url.get_backend_name() == "sqlite"
        file = self.sqlite and url.database and url.database != ":memory:"
        self._path = Path(str(url.database)) if file else None
        with self._translating():
            if self._path is not None:
                self._prepare_file(self._path, create)
            self._engine = _engine(url, self.sqlite, wait)
            try:
                self._check(create or (self.sqlite and not url.database))
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the memory and writes nothing."""
        with self._translating(), self._engine.connect() as connection:
            if not self.sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or, where an error is raised, nothing."""
        with self._translating(), self._engine.connect() as connection:
            writer = connection.execution_options(mpr_writes=True)
            with writer.begin():
                if not self.sqlite:
                    writer.execute(text("LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE"))
                yield writer
                if self._path is not None:
                    self._seal(writer)

    def reseal(self, writer: Connection) -> None:
        """Let one seal over all rows take the place of those that there are, since rows were changed."""
        if self._path is not None:
            SEALS.create(writer, checkfirst=True)
            writer.execute(delete(SEALS))

    def _seal(self, writer: Connection) -> None:
        """Seal the rows that a transaction has added."""
        SEALS.create(writer, checkfirst=True)

        def ask(query: str) -> Iterable[Any]:
            return writer.exec_driver_sql(query)

        newest = writer.execute(select(func.max(SEALS.c.number))).scalar()
        if newest is None:
            newest = 0
            writer.execute(insert(SEALS).values(**tables_sealed(ask)))
        ranges, hash = sealed(ask, last_of(ask))
        if ranges:
            seal = {"number": newest + 1, "ranges": json.dumps(ranges), "hash": hash}
            writer.execute(insert(SEALS).values(**seal))

    def intact(self) -> bool:
        """Whether the database's own check of all its pages, and that of all seals, finds no fault."""
        if self._path is not None:
            return fault_of(self._path, full=True) is None
        if not self.sqlite:
            return True
        with self.reading() as connection:
            found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        return found == ["ok"]

    def shrink(self) -> bool:
        """Leave nothing of what was erased in free pages and in the write-ahead log. Whether that is so: not
        while somebody reads, and not where the files are a server's."""
        if not self.sqlite:
            return False
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.close()
        except sqlite3.OperationalError:
            return False  # another process writes, or there is no room for the copy
        finally:
            raw.close()
        return not busy

    def _prepare_file(self, path: Path, create: bool) -> None:
        if path.exists():
            check_file(path, VERSION)
        elif create:
            _create_file(path)
            check_file(path, VERSION)
        else:
            raise StoreError(f"{path}: there is no such memory: `mpr memory import {path} FILE` makes one")

    def _check(self, create: bool) -> None:
        """Check that the tables are there, as this version knows them."""
        with self._engine.connect() as connection:
            known = set(inspect(connection).get_table_names())
        if not known & set(METADATA.tables) and create:
            with self.writing_tables() as connection:
                METADATA.create_all(connection)
                _mark(connection)
            return
        self._migrate(known)
        missing = sorted(set(METADATA.tables) - known - {SEALS.name, HOLDS.name})
        if missing:
            what = f"the memory is damaged: it has no table `{missing[0]}`"
            raise StoreError(f"{self.name}: {what if 'meta' in known else 'there is no memory'}")
        found = self._version()
        if found is None:
            raise StoreError(f"{self.name}: the memory is damaged: it does not say its version")
        if found > VERSION:
            raise StoreError(
                f"{self.name}: this memory has version {found}, and this mpr_logic reads up to {VERSION}: "
                "upgrade mpr_logic"
            )

    def _migrate(self, known: set[str]) -> None:
        """Bring a memory of version 1 up to date: its episodes have a group, and rules may be held back. What
        it holds stays as it is: the group of an episode is its task."""
        if not {META.name, EPISODES.name} <= known or self._version() != 1:
            return
        with self.writing_tables() as connection:
            if self._version(connection) != 1:
                return  # another process was first
            column = CreateColumn(EPISODES.c.group).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {EPISODES.name} ADD COLUMN {column}")
            HOLDS.create(connection)
            connection.execute(update(META).where(META.c.name == "version").values(value="2"))
            if self._path is not None:
                connection.exec_driver_sql("PRAGMA user_version=2")
                self.reseal(connection)
                self._seal(connection)

    def _version(self, connection: Connection | None = None) -> int | None:
        """The version that the tables state; None where they state none."""
        if connection is None:
            with self._engine.connect() as reader:
                return self._version(reader)
        found = connection.execute(select(META.c.value).where(META.c.name == "version")).scalar()
        return int(found) if found is not None and found.isascii() and found.isdigit() else None

    @contextmanager
    def writing_tables(self) -> Iterator[Connection]:
        """A transaction that makes the tables; of two at once, the later finds them made."""
        with self._engine.connect() as connection:
            writer = connection.execution_options(mpr_writes=True)
            with writer.begin():
                if not self.sqlite:
                    writer.execute(text("SELECT pg_advisory_xact_lock(1836085868)"))
                yield writer

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {_said(error)}") from error


def _named(location: str | os.PathLike[str]) -> tuple[str, URL]:
    """A location as messages name it, without a password, and as a URL."""
    given = os.fspath(location)
    if "://" not in given:
        return given, URL.create("sqlite", database=given)
    try:
        url = make_url(given)
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(
                f"a memory on {url.get_backend_name()} is not supported: name a file, or a PostgreSQL URL"
            )
        return url.render_as_string(hide_password=True), url
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StoreError("this URL names no database: write postgresql+psycopg://USER@HOST/NAME") from None


def _engine(url: URL, sqlite: bool, wait: float) -> Engine:
    try:
        if not sqlite:
            return create_engine(url)
        arguments: dict[str, Any] = {"connect_args": {"timeout": wait, "check_same_thread": False}}
        if not url.database or url.database == ":memory:":
            arguments["poolclass"] = StaticPool
        engine = create_engine(url, **arguments)
    except (ImportError, NoSuchModuleError):
        raise StoreError(
            "the driver of this database is missing: `pip install 'mpr-logic[postgres]'`"
        ) from None
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begun)
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where the driver does
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("mpr_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_file(path: Path) -> None:
    """Make an empty memory: all of it appears at once, also where several processes make it."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path}: the memory cannot be made: {error.strerror or error}") from None
    made = Path(name)
    try:
        engine = create_engine(URL.create("sqlite", database=name))
        try:
            with engine.begin() as connection:
                METADATA.create_all(connection)
                _mark(connection)
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")
                connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
        finally:
            engine.dispose()
        _place(made, path)
    except FileExistsError:
        return  # another process was first
    except OSError as error:
        raise StoreError(f"{path}: the memory cannot be made: {error.strerror or error}") from None
    finally:
        made.unlink(missing_ok=True)


def _place(made: Path, path: Path) -> None:
    """Give a file its name, where nothing has that name yet.

    Raises:
        OSError: something has it, or the file cannot be there.
    """
    try:
        os.link(made, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP) or path.exists():
            raise
        made.replace(path)  # a file system without links


def _mark(connection: Connection) -> None:
    if connection.execute(select(META.c.value).where(META.c.name == "version")).first() is None:
        connection.execute(insert(META).values(name="version", value=str(VERSION)))


def _said(error: SQLAlchemyError) -> str:
    """The message for an error of the database: what went wrong, and what to do."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    low = said.lower()
    if "locked" in low or "busy" in low:
        return "another process is writing, and did not finish in time: try again"
    if "full" in low or "no space" in low or "disk i/o error" in low:
        return "the disk is full: nothing was written; make room, and try again"
    if "malformed" in low or "not a database" in low or "corrupt" in low:
        return f"the memory is damaged ({said}): take a backup in its place"
    if "readonly" in low or "read-only" in low or "permission" in low:
        return f"the memory cannot be written ({said}): look at the rights of the file and its folder"
    return f"the database refused: {said.splitlines()[0] if said else type(error).__name__}"
