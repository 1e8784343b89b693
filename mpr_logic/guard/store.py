"""The store of calls beyond one process: a SQLite file, or a PostgreSQL database that machines share.

It holds three things: the rows of relations that are declared ``shared``; the reservations of admitted calls
that would change them and have not ended; and, for hooks, which are a process for each call, the calls of
each session. Whatever is read and then written is one transaction, and one at a time: who comes second sees
what the first has written.

The statements are few and plain, so the drivers are used as they are: ``sqlite3``, which Python brings, and
``psycopg``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.action import Action
from mpr_logic.checker.underway import OTHERS, UnderWay
from mpr_logic.errors import StateError, StoreError
from mpr_logic.extras import needed
from mpr_logic.language.ast import Span
from mpr_logic.language.moments import READERS, Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mpr_logic.checker.checker import Checker
    from mpr_logic.language.ast import Row

APPLICATION = 0x6D70_7263
"""SQLite's application id of a store of calls: "mprc"."""

VERSION = 1
"""The version of the tables; it grows when an older mpr_logic could not read them."""

WAIT = 5.0
"""The seconds that a transaction waits for the others."""

HOLD = 3600.0
"""The seconds that a reservation is held of which nothing more is heard."""

SWEEP = 3600
"""The seconds between two looks for old sessions."""

FOREVER = 1e18
"""The end of a reservation that is held until its call has ended, or its session is forgotten."""

_TABLES = (
    "CREATE TABLE mpr_numbers (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    "CREATE TABLE mpr_relations (relation TEXT PRIMARY KEY)",
    "CREATE TABLE mpr_rows (relation TEXT NOT NULL, row TEXT NOT NULL, weight DOUBLE PRECISION NOT NULL,"
    " PRIMARY KEY (relation, row))",
    "CREATE TABLE mpr_reservations (number BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL,"
    " args TEXT NOT NULL, facts TEXT NOT NULL, ends DOUBLE PRECISION NOT NULL,"
    " effects TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE mpr_calls (number BIGINT PRIMARY KEY, session TEXT NOT NULL,"
    " second DOUBLE PRECISION NOT NULL, line TEXT NOT NULL)",
    "CREATE INDEX mpr_calls_session ON mpr_calls (session, number)",
)


_ADD_EFFECTS = "ALTER TABLE mpr_reservations ADD COLUMN effects TEXT NOT NULL DEFAULT ''"
_COLUMNS = "PRAGMA table_info(mpr_reservations)"
"""Stores that were made before reservations told their effects get the column when they are opened."""

Rows: TypeAlias = "tuple[list[str], list[tuple[Any, ...]]]"
"""The names of a table's columns, and its rows."""

TABLES = ("mpr_numbers", "mpr_relations", "mpr_rows", "mpr_reservations")
"""The tables that a verdict may hang on: all but the calls of hooks."""


class Reservation(NamedTuple):
    """An admitted call that would change shared relations and has not ended.

    It has its action, the arguments, and what its effects read of these and of the moment: ``item``,
    ``field``, ``now``, rows of the host. ``effects`` tells what the rules that admitted it mean by the
    action: a hash of its effects, and behind that the shared relations that they change. It is empty where
    an older mpr_logic wrote it.
    """

    id: str
    action: str
    args: Row
    facts: tuple[tuple[str, Row], ...]
    effects: str = ""

    @property
    def changes(self) -> frozenset[str]:
        """The shared relations that the call could change; empty where that is not known."""
        return frozenset(self.effects.split()[1:])


class StoreTransaction:
    """Reads and writes of one transaction. All that it writes is there when it ends, or nothing is."""

    def __init__(self, run: Callable[..., list[tuple[Any, ...]]], now: Callable[[], float]) -> None:
        self._run = run
        self._now = now

    # -- shared relations ----------------------------------------------------------------------

    def revision(self) -> int:
        """Counts what was changed of shared relations and reservations. What has run out is given back."""
        if self._run("SELECT 1 FROM mpr_reservations WHERE ends <= ? LIMIT 1", self._now()):
            self._run("DELETE FROM mpr_reservations WHERE ends <= ?", self._now())
            self._next("revision")
        return self._number("revision")

    def begun(self) -> set[str]:
        """The shared relations that somebody has begun."""
        return {name for (name,) in self._run("SELECT relation FROM mpr_relations")}

    def begin(self, relation: str) -> None:
        """From now on the rows of a relation are those of the store."""
        self._run("INSERT INTO mpr_relations (relation) VALUES (?)", relation)

    def rows(self) -> dict[str, dict[Row, float]]:
        """The rows of the shared relations, with their weights."""
        found: dict[str, dict[Row, float]] = {}
        for relation, row, weight in self._run("SELECT relation, row, weight FROM mpr_rows"):
            found.setdefault(relation, {})[_row(row)] = weight
        return found

    def change(self, relation: str, row: Row, weight: float | None) -> int:
        """Enter a row, or, where there is no weight, take it out; returns the new revision."""
        text = _text(row)
        self._run("DELETE FROM mpr_rows WHERE relation = ? AND row = ?", relation, text)
        if weight is not None:
            self._run("INSERT INTO mpr_rows (relation, row, weight) VALUES (?, ?, ?)", relation, text, weight)
        return self._next("revision")

    def reservations(self) -> list[Reservation]:
        """The reservations that are held, in the order in which they were made."""
        found = []
        for id, action, args, facts, effects in self._run(
            "SELECT id, action, args, facts, effects FROM mpr_reservations ORDER BY number"
        ):
            inside = tuple((name, tuple(row)) for name, row in json.loads(facts, object_hook=_unpacked))
            found.append(Reservation(id, action, _row(args), inside, effects))
        return found

    def reserve(self, call: Reservation, seconds: float) -> int:
        """Hold what a call would change for so long; returns the new revision."""
        self._run(
            "INSERT INTO mpr_reservations (number, id, action, args, facts, ends, effects)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._next("number"), call.id, call.action, _text(call.args), _facts(call),
            min(self._now() + seconds, FOREVER), call.effects,
        )  # fmt: skip
        return self._next("revision")

    def restate(self, call: Reservation) -> int:
        """Let a reservation that is held say what other rules mean by its call; returns the new revision."""
        self._run(
            "UPDATE mpr_reservations SET facts = ?, effects = ? WHERE id = ?",
            _facts(call), call.effects, call.id,
        )  # fmt: skip
        return self._next("revision")

    def settle(self, id: str, *, known: bool = True) -> int:
        """A call has ended: give back what it holds; where its outcome is not ``known``, hold it for ever.
        Returns the new revision."""
        if known:
            self._run("DELETE FROM mpr_reservations WHERE id = ?", id)
        else:
            self._run("UPDATE mpr_reservations SET ends = ? WHERE id = ?", FOREVER, id)
        return self._next("revision")

    # -- the calls of hooks --------------------------------------------------------------------

    def lines(self, session: str) -> list[dict[str, Any]]:
        """The lines of a session, in the order in which they were added."""
        found = self._run("SELECT line FROM mpr_calls WHERE session = ? ORDER BY number", session)
        return [json.loads(line) for (line,) in found]

    def add(self, session: str, line: dict[str, Any]) -> None:
        """Keep a line of a session."""
        self._run(
            "INSERT INTO mpr_calls (number, session, second, line) VALUES (?, ?, ?, ?)",
            self._next("number"), session, self._now(), json.dumps(line, separators=(",", ":")),
        )  # fmt: skip

    def forget(self, seconds: float) -> int:
        """Remove the sessions of which nothing was added for so long, with what their calls hold; returns how
        many there were. What is kept of the others is looked at once an hour."""
        now = int(self._now())
        if seconds > 0 and self._number("swept") > now - SWEEP:
            return 0
        self._run("UPDATE mpr_numbers SET value = ? WHERE name = ?", now, "swept")
        old = self._run(
            "SELECT session FROM mpr_calls GROUP BY session HAVING MAX(second) <= ?", self._now() - seconds
        )
        for (session,) in old:
            self._give_back(self.lines(session))
            self._run("DELETE FROM mpr_calls WHERE session = ?", session)
        return len(old)

    # -- inside --------------------------------------------------------------------------------

    def _give_back(self, lines: list[dict[str, Any]]) -> None:
        """Give back what the calls of a session hold, but for those of which nobody could tell how they
        went."""
        ended = {line["id"] for line in lines if line["kind"] == "result"}
        for line in lines:
            if line["kind"] == "decision" and line["id"] not in ended:
                self.settle(line["id"])

    def _number(self, name: str) -> int:
        return int(self._run("SELECT value FROM mpr_numbers WHERE name = ?", name)[0][0])

    def _next(self, name: str) -> int:
        self._run("UPDATE mpr_numbers SET value = value + 1 WHERE name = ?", name)
        return self._number(name)


class Store:
    """A store of calls. It may be used from several threads; one transaction runs at a time.

    Args:
        location: the path of a SQLite file, ``sqlite:///PATH``, or ``postgresql://USER@HOST/NAME``. The file
            is made where there is none, for its owner alone. ``:memory:`` is a store that is gone with this
            object.
        hold: how many seconds a reservation is held of which nothing more is heard: its holder has crashed.
            FOREVER, for hooks, whose process ends with each call: as long as the session is kept.
        wait: how many seconds to wait for others, unless a transaction says otherwise.
        clock: tells the time, in seconds since 1970.

    Raises:
        StoreError: it cannot be opened, or is no such store; it is as it was then.
    """

    def __init__(
        self,
        location: str | os.PathLike[str],
        *,
        hold: float = HOLD,
        wait: float = WAIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.hold = hold
        self._wait = wait
        self._clock = clock
        self._lock = threading.RLock()
        self._open: StoreTransaction | None = None
        text = os.fspath(location)
        self._postgres = text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://"))
        self._text = text.replace("postgresql+psycopg://", "postgresql://", 1)
        path = text.removeprefix("sqlite:///")
        if not self._postgres and ("://" in path or not path):
            raise StoreError(
                "a store is a file, sqlite:///PATH or postgresql://USER@HOST/NAME, not another URL"
            )
        self._path = Path(path)
        self.name = "the database" if self._postgres else str(self._path)
        with self._translating():
            self._connection: Any = self._connected()
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Let go of the store."""
        with self._lock:
            self._connection.close()

    def __del__(self) -> None:
        """Let go of the store where nobody did."""
        with suppress(Exception):
            self._connection.close()

    @contextmanager
    def writing(self, wait: float | None = None) -> Iterator[StoreTransaction]:
        """A transaction; inside of one, the same. It waits so many seconds for the others.

        Raises:
            StoreError: it could not begin, or not be written; nothing is, then.
        """
        wait = self._wait if wait is None else wait
        if not self._lock.acquire(timeout=max(wait, 0.0)):
            raise StoreError(f"{self.name}: the calls before this one took too long: try again")
        try:
            if self._open is not None:
                yield self._open
                return
            with self._translating():
                self._begin(max(wait, 0.001))
            self._open = StoreTransaction(self._run, self._clock)
            try:
                with self._translating():
                    yield self._open
                    self._execute("COMMIT")
            except BaseException:
                with suppress(Exception):
                    self._execute("ROLLBACK")
                raise
            finally:
                self._open = None
        finally:
            self._lock.release()

    def all_of(self, table: str) -> Rows:
        """The rows of one of :data:`TABLES`, and the names of its columns."""
        return _rows_of(self._connection, table)

    def take(self, tables: Mapping[str, Rows]) -> None:
        """Hold these rows, and no others."""
        with self.writing():
            for table, (columns, rows) in tables.items():
                self._execute(f"DELETE FROM {table}")
                places = ", ".join("?" * len(columns))
                for row in rows:
                    self._run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *row)

    # -- inside --------------------------------------------------------------------------------

    def _connected(self) -> Any:
        if self._postgres:
            connect = needed("psycopg", "postgres").connect
            return connect(self._text, autocommit=True, connect_timeout=10)
        if self._path.name == ":memory:":
            return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if self._path.is_dir():
            raise StoreError(f"{self.name}: this is a folder: name a file")
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return sqlite3.connect(self._path, timeout=self._wait, isolation_level=None, check_same_thread=False)

    def _prepare(self) -> None:
        """See that the tables are there: make them in a new file or database, refuse what is none of ours."""
        if self._postgres:
            self._execute("BEGIN")
            self._execute(f"SELECT pg_advisory_xact_lock({APPLICATION})")
            if not self._execute("SELECT 1 WHERE to_regclass('mpr_numbers') IS NOT NULL"):
                self._make()
            self._execute(_ADD_EFFECTS.replace("COLUMN", "COLUMN IF NOT EXISTS"))
            self._execute("COMMIT")
        else:
            self._execute("BEGIN IMMEDIATE")
            application = self._execute("PRAGMA application_id")[0][0]
            if application != APPLICATION:
                if application or self._execute("SELECT 1 FROM sqlite_master LIMIT 1"):
                    raise StoreError(f"{self.name}: this is a database of something else: name another file")
                self._execute(f"PRAGMA application_id={APPLICATION}")
                self._make()
            if not any(name == "effects" for _, name, *_ in self._execute(_COLUMNS)):
                self._execute(_ADD_EFFECTS)
            self._execute("COMMIT")
        version = self._run("SELECT value FROM mpr_numbers WHERE name = ?", "version")[0][0]
        if version > VERSION:
            raise StoreError(
                f"{self.name}: this store has version {version}, and this mpr_logic reads up to {VERSION}: "
                "update mpr_logic"
            )

    def _make(self) -> None:
        for statement in _TABLES:
            self._execute(statement)
        for name, value in (("version", VERSION), ("number", 0), ("revision", 0), ("swept", 0)):
            self._run("INSERT INTO mpr_numbers (name, value) VALUES (?, ?)", name, value)

    def _begin(self, wait: float) -> None:
        if self._postgres:
            if self._connection.closed:
                self._connection = self._connected()
            self._execute("BEGIN")
            self._execute(f"SET LOCAL lock_timeout = '{int(wait * 1000)}ms'")
            self._execute("LOCK TABLE mpr_numbers IN EXCLUSIVE MODE")
        else:
            self._execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
            self._execute("BEGIN IMMEDIATE")

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._execute(statement.replace("?", "%s") if self._postgres else statement, values)

    def _execute(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(statement, tuple(values))
        return cursor.fetchall() if cursor.description is not None else []

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Turn what goes wrong in the database into an error of ours."""
        known: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
        if self._postgres:
            known = (*known, needed("psycopg", "postgres").Error)
        try:
            yield
        except known as error:
            raise StoreError(f"{self.name}: {_said(error)}") from None


def snapshot(location: str | os.PathLike[str]) -> Store:
    """A copy of a store as it is now, gone with this object. The one that is named is read, and nothing is
    written to it. ``:memory:`` is an empty one.

    Raises:
        StoreError: it is not there, is no such store, or cannot be read.
    """
    copy = Store(":memory:")
    text = os.fspath(location)
    path = Path(text.removeprefix("sqlite:///"))
    if path.name == ":memory:":
        return copy
    if "://" in text and not text.startswith("sqlite:///"):
        found = Store(text)
        with found.writing() as _:
            copy.take({name: found.all_of(name) for name in TABLES})
        found.close()
        return copy
    if not path.is_file():
        raise StoreError(f"{path}: there is no such store: name the one that the guard was given")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=WAIT)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise StoreError(f"{path}: this is no store of calls: name the one that the guard was given")
            copy.take({name: _rows_of(connection, name) for name in TABLES})
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_said(error)}") from None
    return copy


def _rows_of(connection: Any, table: str) -> Rows:
    found = connection.execute(f"SELECT * FROM {table}")
    return [column[0] for column in found.description], found.fetchall()


def _text(row: Row) -> str:
    return json.dumps(_packed(row), separators=(",", ":"))


def _row(text: str) -> Row:
    return tuple(json.loads(text, object_hook=_unpacked))


def _packed(row: Row) -> list[Any]:
    """A row as JSON that says of a value of a type of time what it is."""
    return [{each.type_: str(each)} if isinstance(each, Moment) else each for each in row]


def _unpacked(value: dict[str, str]) -> Moment | None:
    ((kind, text),) = value.items()
    return READERS[kind](text)


def _facts(call: Reservation) -> str:
    return json.dumps([(name, _packed(row)) for name, row in call.facts])


def _said(error: Exception) -> str:
    """A message for an error of the database: what went wrong, and what to do."""
    said = str(error).strip().partition("\n")[0]
    low = said.lower()
    if "locked" in low or "busy" in low or "lock timeout" in low:
        return "others are writing the calls, and did not finish in time: try again"
    if "full" in low or "no space" in low:
        return "the disk is full: the call could not be kept"
    if "malformed" in low or "not a database" in low or "corrupt" in low:
        return f"the kept calls are damaged ({said}): move the file away"
    if "readonly" in low or "read-only" in low or "permission" in low or "unable to open" in low:
        return f"the calls cannot be kept ({said}): look at the rights of the file and its folder"
    return f"the calls cannot be kept: {said or type(error).__name__}"


_HERE = Span("the store", 0, 0, 0, 0)


class SharedRelations:
    """The shared relations, as one session's checker and a store have them.

    Args:
        store: it holds the rows and the reservations.
        checker: of the session.
        relations: those that are shared.
        effects: gives, for an action, what tells its effects on them from others; see :class:`Reservation`.
    """

    def __init__(
        self, store: Store, checker: Checker, relations: frozenset[str], effects: Callable[[str], str]
    ) -> None:
        self._store = store
        self._checker = checker
        self._relations = relations
        self._effects = effects
        self._revision = -1
        self._rows: dict[str, dict[Row, float]] = {}
        self._reserved: list[Reservation] = []
        self._made: dict[str, UnderWay] = {}

    def read(self, transaction: StoreTransaction) -> None:
        """Take over what is in the store.

        Raises:
            StateError: a row does not fit.
        """
        revision = transaction.revision()
        if revision == self._revision:
            return
        present = self._present()
        for relation in sorted(self._relations - transaction.begun()):
            transaction.begin(relation)
            for row, weight in present.get(relation, {}).items():
                revision = transaction.change(relation, row, weight)
        stored = transaction.rows()
        self._rows = {name: stored.get(name, {}) for name in self._relations}
        add, remove = _difference(present, self._rows)
        if add or remove:
            self._checker.update(add=add, remove=remove, source="the store")
        self._reserved = transaction.reservations()
        self._made = {each.id: self._made[each.id] for each in self._reserved if each.id in self._made}
        self._revision = revision

    def calls(self, own: Mapping[str, UnderWay], asked: frozenset[str]) -> list[UnderWay]:
        """The calls under way, those of other sessions among them, in the order of their admission.

        Args:
            own: the calls of this session that are under way.
            asked: the relations that bear on the question.

        Raises:
            StateError: a call was admitted by rules that mean another thing by it, and could change one of
                the relations.
        """
        mine, found = iter(own.values()), []
        for each in self._reserved:
            if each.id not in own:
                if (call := self._call(each, asked)) is not None:
                    found.append(call)
                continue
            for call in mine:
                found.append(call)
                if call.id == each.id:
                    break
        return [*found, *mine]

    def write(self, transaction: StoreTransaction) -> None:
        """Write what was changed of the shared relations since they were read."""
        present = self._present()
        add, remove = _difference(self._rows, present)
        for fact in remove:
            self._revision = transaction.change(fact.relation, fact.row, None)
        for fact in add:
            self._revision = transaction.change(fact.relation, fact.row, fact.weight)
        self._rows = present

    def reserve(self, transaction: StoreTransaction, call: UnderWay) -> None:
        """Hold what an admitted call would change."""
        made = reservation(call, self._effects)
        self._revision = transaction.reserve(made, self._store.hold)
        self._reserved.append(made)

    def settle(self, transaction: StoreTransaction, id: str, *, known: bool) -> None:
        """End a call."""
        self._revision = transaction.settle(id, known=known)
        if known:
            self._reserved = [each for each in self._reserved if each.id != id]

    def _present(self) -> dict[str, dict[Row, float]]:
        facts = self._checker.facts()
        return {name: facts.get(name, {}) for name in self._relations}

    def _call(self, each: Reservation, asked: frozenset[str]) -> UnderWay | None:
        """The call of a reservation; None where it is other rules' and changes nothing that is asked."""
        found = self._made.get(each.id)
        if found is not None:
            return found
        if not each.effects or each.effects != self._effects(each.action):
            if asked.isdisjoint(each.changes or self._relations):
                return None
            raise StateError(
                "a call that other rules admitted is under way, and these cannot tell what it would change: "
                "wait until it has ended"
            )
        facts = tuple(Fact(name, row, 1.0, _HERE) for name, row in each.facts)
        action = Action(each.action, *each.args)
        found = self._made[each.id] = UnderWay(each.id, action, facts, OTHERS, only=self._relations)
        return found


def reservation(call: UnderWay, effects: Callable[[str], str]) -> Reservation:
    """The reservation of an admitted call.

    Args:
        call: it is under way.
        effects: gives what tells the effects of its action from others.
    """
    facts = tuple((fact.relation, fact.row) for fact in call.facts)
    return Reservation(call.id, call.action.name, call.action.args, facts, effects(call.action.name))


def _difference(
    before: dict[str, dict[Row, float]], after: dict[str, dict[Row, float]]
) -> tuple[list[Fact], list[Fact]]:
    """The rows to add and to remove to come from some rows to others."""
    add = [
        Fact(name, row, weight, _HERE)
        for name, rows in after.items()
        for row, weight in rows.items()
        if before.get(name, {}).get(row) != weight
    ]
    remove = [
        Fact(name, row, weight, _HERE)
        for name, rows in before.items()
        for row, weight in rows.items()
        if row not in after.get(name, {})
    ]
    return add, remove
