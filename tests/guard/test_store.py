"""The store, which keeps shared relations, reservations and the calls of hooks beyond one process."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from mpr_logic.errors import GuardError, StateError, StoreError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog
from mpr_logic.guard.store import Store
from tests.helpers.command import mpr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict

POSTGRES = os.environ.get("MPR_POSTGRES_URL")

RULES = """
.decl spent(n: int) key() shared
.action pay(to: symbol, n: int)
.action look(at: symbol)
spent(0).
pay(_, N) causes spent(S + N) :- spent(S).
@id(limit) @because("{N} is more than is left") forbid pay(_, N) :- spent(S), S + N > 100.
"""


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new store: a file of SQLite, or a schema of PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/limits.db"
        return
    if POSTGRES is None:
        pytest.skip("set MPR_POSTGRES_URL to run this on PostgreSQL")
    import psycopg

    url, schema = POSTGRES.replace("postgresql+psycopg://", "postgresql://"), f"test_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


def pay(guard: Guard, n: int, session: str = "") -> Any:
    """The verdict about a payment."""
    return guard.check("pay", {"to": "ann", "n": n}, session=session)


def test_sessions_and_guards_share_a_limit(place: str) -> None:
    """A call that is admitted in one session of one guard counts against all others that have the same store,
    before its outcome is known and after; a failed one is given back."""
    one, two = Guard(text=RULES, store=place), Guard(text=RULES, store=place)
    first = pay(one, 60, "a")
    assert first.runs
    assert not pay(one, 60, "b").runs
    rejected = pay(two, 60, "c")
    assert rejected.rules == ("limit",)
    assert "if a call of another session succeeds, which is under way" in rejected.message
    assert "ann" not in rejected.message
    second = pay(two, 40, "c")
    assert second.runs
    one.record(first, False)
    third = pay(two, 60, "d")
    assert third.runs
    two.record(second, True)
    two.record(third, None)
    assert not pay(one, 1, "a").runs
    one.update(add=["spent(10)"], session="a")
    assert pay(two, 30, "c").runs
    assert not pay(two, 1, "e").runs


def test_calls_of_other_sessions_are_counted(place: str) -> None:
    """A rejection tells the number of the calls of other sessions that stand against it, not each of them."""
    guard = Guard(text=RULES, store=place)
    for session in "abc":
        assert pay(guard, 30, session).runs
    verdict = pay(guard, 60, "d")
    assert "if three calls of other sessions succeed, which are under way" in verdict.message
    own = Guard(text=RULES, store=place)
    assert own.check("pay", {"to": "ann", "n": 1}, id="mine").runs
    said = own.check("pay", {"to": "ann", "n": 60}).message
    assert "if three calls of other sessions succeed and `pay` (mine) succeeds, which are under way" in said


def test_what_a_store_begins_with(place: str) -> None:
    """The first guard's rules and state say what a shared relation begins with; after that the store does."""
    one = Guard(text=RULES, store=place, state=["spent(90)"])
    assert not pay(one, 11).runs
    two = Guard(text=RULES, store=place, state=["spent(5)"])
    assert not pay(two, 11).runs
    assert pay(two, 10).runs


def test_a_crashed_holder_gives_back(place: str) -> None:
    """A reservation of which nothing more is heard runs out; a call that ends later still counts."""
    clock = Clock()
    holder = Guard(text=RULES, store=Store(place, hold=600, clock=clock))
    late = pay(holder, 60)
    other = Guard(text=RULES, store=Store(place, hold=600, clock=clock))
    clock.now += 599
    assert not pay(other, 60).runs
    clock.now += 1
    assert pay(other, 60).runs
    clock.now += 601
    holder.record(late, True)
    third = Guard(text=RULES, store=Store(place, clock=clock))
    assert not pay(third, 41).runs
    assert pay(third, 40).runs


def test_a_shared_relation_needs_a_store(tmp_path: Path) -> None:
    """Without a store the rules are refused, with what to give; so is an effect on it that reads what only
    one session has."""
    with pytest.raises(GuardError, match=r"`spent` is declared shared.*--store"):
        Guard(text=RULES)
    own = RULES + ".decl rate(n: int) key() input\nlook(_) causes spent(S + R) :- spent(S), rate(R).\n"
    with pytest.raises(GuardError, match="`rate`, which each session has for itself"):
        Guard(text=own, store=tmp_path / "a.db")
    rules = tmp_path / "rules.dl"
    rules.write_text(RULES)
    event = json.dumps(
        {"hook_event_name": "PreToolUse", "tool_name": "look", "tool_input": {"at": "a"}}
    ).encode()
    assert mpr("hook", str(rules), stdin=event).out == "{}\n"
    assert "--store" in mpr("serve", str(rules), "--dry-run").err
    assert mpr("serve", str(rules), "--dry-run", "--store", str(tmp_path / "b.db")).status == 0
    state = tmp_path / "state.dl"
    state.write_text("spent(60).")  # for a question what is shared is what the state says
    for n, status in ((40, 0), (41, 1)):
        assert mpr("check", str(rules), f"pay(a, {n})", "--state", str(state)).status == status


def test_of_what_none_of_these_rules_knows_nothing_is_assumed(place: str) -> None:
    """Rules that cannot tell what a call of other rules under way changes admit nothing that hangs on it."""
    other = RULES.replace("pay(", "transfer(").replace(".action transfer", ".action transfer")
    assert Guard(text=other, store=place).check("transfer", {"to": "ann", "n": 1}).runs
    guard = Guard(text=RULES, store=place)
    verdict = pay(guard, 1)
    assert not verdict.runs
    assert guard.check("look", {"at": "a"}).runs


def test_rules_that_mean_another_thing_by_a_call(place: str) -> None:
    """Of a call whose effects these rules declare otherwise they do not assume their own: nothing that hangs
    on what it changes is admitted until it has ended. All else is, and outcomes are taken."""
    twice = RULES.replace("causes spent(S + N)", "causes spent(S + N + N)")
    assert twice != RULES
    one, two = Guard(text=RULES, store=place), Guard(text=twice, store=place)
    first = pay(one, 10)
    assert first.runs
    refused = pay(two, 10)
    assert not refused.runs
    assert "other rules admitted" in refused.message
    assert two.check("look", {"at": "a"}).runs
    one.record(first, True)
    second = pay(two, 10)
    assert second.runs
    assert not pay(one, 10).runs
    one.update(add=["spent(20)"])  # what is so is taken, whatever is under way
    two.record(second, True)
    assert pay(one, 10).runs


def test_guards_that_weigh_otherwise_mean_another_thing(place: str) -> None:
    """A guard with another theta or semiring cannot tell what a call ends, and admits nothing that hangs on
    it: an effect must weigh theta, and its weight hangs on the semiring."""
    rules = """
    .decl allowed(who: symbol) shared
    .action pay(to: symbol)
    .action revoke(who: symbol)
    allowed(ann).
    0.7 :: revoke(W) ends allowed(W).
    @id(known) @because("not allowed") forbid pay(T) :- not allowed(T).
    """
    one = Guard(text=rules, store=place, theta=0.5)
    revoked = one.check("revoke", {"who": "ann"})
    assert revoked.runs
    assert not one.check("pay", {"to": "ann"}).runs
    for theta, semiring in ((0.9, "maxmin"), (0.5, "product")):
        refused = Guard(text=rules, store=place, theta=theta, semiring=semiring).check("pay", {"to": "ann"})
        assert not refused.runs
        assert "other rules admitted" in refused.message
    assert not Guard(text=rules, store=place, theta=0.5).check("pay", {"to": "ann"}).runs
    one.record(revoked, False)
    assert Guard(text=rules, store=place, theta=0.9).check("pay", {"to": "ann"}).runs


PRICES = """
.decl spent(n: int) key() shared
.decl price(of: symbol, n: int)
.action buy(what: symbol)
.action look(at: symbol)
spent(0). price(pen, 10).
buy(W) causes spent(S + N) :- spent(S), price(W, N).
@id(limit) @because("{N} is more than is left") forbid buy(W) :- spent(S), price(W, N), S + N > 100.
"""


def test_no_session_has_facts_of_its_own_by_which_shared_rows_change(tmp_path: Path) -> None:
    """Facts that effects on shared relations read are the same for all sessions: only rules state them."""
    place = str(tmp_path / "calls.db")
    with pytest.raises(StateError, match="`price`, which would differ between sessions"):
        Guard(text=PRICES, store=place, state={"facts": ["price(pen, 90)"]})
    guard = Guard(text=PRICES, store=place)
    for add, remove in ((["price(pen, 90)"], []), ([], ["price(pen, 10)"])):
        with pytest.raises(StateError, match="`price`, which would differ between sessions"):
            guard.update(add=add, remove=remove)
    bought = guard.check("buy", {"what": "pen"})
    with pytest.raises(StateError, match="`price`, which would differ between sessions"):
        guard.record(bought, True, facts=["price(pen, 90)"])
    guard.record(bought, True)
    assert guard.session("").checker.facts()["spent"] == {(10,): 1.0}
    guard.update(add=["price(pen, 10)", "spent(20)"])
    assert guard.session("").checker.facts()["spent"] == {(20,): 1.0}


def test_calls_go_on_under_new_rules_in_the_store_too(tmp_path: Path) -> None:
    """A guard that takes new effects says so of its calls under way: its other sessions know them."""
    rules, store = tmp_path / "rules.dl", str(tmp_path / "calls.db")
    rules.write_text(RULES)
    guard = Guard(rules, store=store)
    assert pay(guard, 40, "a").runs
    rules.write_text(RULES.replace("causes spent(S + N)", "causes spent(S + N + N)"))
    assert guard.reload()
    assert pay(guard, 5, "b").runs  # 80 and 10 of 100
    assert not pay(guard, 20, "b").runs
    assert "other rules" not in pay(guard, 20, "b").message


def test_a_reservation_of_an_older_version_is_not_read(tmp_path: Path) -> None:
    """A store whose reservations do not tell their effects gets the column; what they hold is not guessed."""
    store = tmp_path / "calls.db"
    guard = Guard(text=RULES, store=store)
    assert pay(guard, 10).runs
    guard.close()
    with closing(sqlite3.connect(store)) as raw, raw:
        raw.execute("ALTER TABLE mpr_reservations DROP COLUMN effects")
    later = Guard(text=RULES, store=store)
    assert "other rules admitted" in pay(later, 10).message
    assert later.check("look", {"at": "a"}).runs


@pytest.mark.parametrize("calls", [2, 8, 64])
def test_sessions_at_once_share_a_limit(place: str, calls: int) -> None:
    """Of calls that many sessions of several guards make at once as many are admitted as the limit allows."""
    guards = [Guard(text=RULES, store=place, timeout=60) for _ in range(2)]
    together = threading.Barrier(2)

    def work(n: int) -> bool:
        if n < 2:
            together.wait(60)
        return bool(pay(guards[n % 2], 30, f"s{n % 5}").runs)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(work, range(calls))) == min(calls, 3)


HOLDER = """
import sys
from mpr_logic.guard.guard import Guard
guard = Guard(sys.argv[1], store=sys.argv[2])
print(guard.check("pay", {"to": "ann", "n": 60}).runs, flush=True)
sys.stdin.readline()
"""


@pytest.mark.process
def test_a_killed_holder_loses_nothing(tmp_path: Path) -> None:
    """A reservation outlives the process that was killed, until its time is over; the file is whole."""
    rules, store = tmp_path / "rules.dl", tmp_path / "limits.db"
    rules.write_text(RULES)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(rules), str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        holder.kill()
    clock = Clock()
    with closing(sqlite3.connect(store)) as raw, raw:
        ((end,),) = raw.execute("SELECT ends FROM mpr_reservations")
    guard = Guard(rules, store=Store(store, clock=clock))
    clock.now = end - 1
    assert not pay(guard, 60).runs
    clock.now = end
    assert pay(guard, 60).runs


def test_what_cannot_be_written_is_not_admitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose reservation cannot be written is rejected, and nothing of it is left; an outcome that
    cannot be written is told again."""
    guard = Guard(text=RULES, store=tmp_path / "limits.db")
    first = pay(guard, 50)
    assert first.runs
    assert guard.store is not None
    run = guard.store._execute

    def broken(statement: str, values: Any = ()) -> Any:
        if statement == "COMMIT":
            raise sqlite3.OperationalError("database or disk is full")
        return run(statement, values)

    with monkeypatch.context() as patch:
        patch.setattr(guard.store, "_execute", broken)
        verdict = pay(guard, 50)
        assert not verdict.runs
        assert "the disk is full" in str(verdict.error)
        with pytest.raises(StoreError, match="the disk is full"):
            guard.record(first, True)
    guard.record(first, True)
    assert pay(guard, 50).runs
    assert not pay(guard, 1).runs


def test_what_could_not_be_logged_is_not_under_way(tmp_path: Path) -> None:
    """A call whose decision could not be logged is not made: it holds nothing, here or in the store."""

    class FullDisk(DecisionLog):
        full = True

        def decision(self, verdict: Verdict) -> None:
            if self.full:
                raise OSError("the disk is full")

    for text, store in ((LIMIT, None), (RULES, tmp_path / "limits.db")):
        log = FullDisk(None)
        guard = Guard(text=text, store=store, log=log)
        assert not pay(guard, 60).runs
        log.full = False
        assert pay(guard, 100, "" if store is None else "another").runs


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A file that is no store of calls is refused and stays as it is."""
    text, base = tmp_path / "a.txt", tmp_path / "b.db"
    text.write_text("some text " * 500)
    with closing(sqlite3.connect(base)) as raw, raw:
        raw.execute("CREATE TABLE things (x)")
    for path, said in ((text, "damaged"), (base, "something else"), (tmp_path, "a folder")):
        with pytest.raises(StoreError, match=said):
            Store(path)
    with pytest.raises(StoreError, match="another URL"):
        Store("mysql://somewhere/else")
    assert text.read_text() == "some text " * 500


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    """Nobody else may read or write what is kept."""
    path = tmp_path / "folder" / "calls.db"
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# -- hooks -------------------------------------------------------------------------------------

LIMIT = RULES.replace(" shared", "") + '@id(once) @because("seen") forbid look(at: A) :- past look(at: A).\n'


class Hook:
    """A hook that is run for each event of one agent."""

    def __init__(self, folder: Path, text: str = LIMIT, agent: str = "claude") -> None:
        self.rules = folder / "rules.dl"
        self.rules.write_text(text)
        self.store = folder / "calls.db"
        self.agent = agent

    def run(self, *more: str, session: str = "s", **event: Any) -> Any:
        """Run the hook on an event, and return its answer."""
        sent = {"session_id": session, "hook_event_name": "PreToolUse"} | event
        options = ("--agent", self.agent, "--store", str(self.store), *more)
        done = mpr("hook", str(self.rules), *options, stdin=json.dumps(sent).encode())
        assert done.status == 0, done.err
        return json.loads(done.out)

    def pay(self, n: int, id: str = "", **more: Any) -> bool:
        """Whether there is no objection to a payment."""
        names: dict[str, Any] = {"tool_name": "pay", "tool_input": {"to": "ann", "n": n}, "tool_use_id": id}
        return bool(self.run(**names, **more) == {})

    def went(self, n: int, id: str = "", name: str = "PostToolUse", **more: Any) -> None:
        """Say how a payment went."""
        assert self.pay(n, id, hook_event_name=name, **more)


def test_a_hook_counts_what_was_admitted_before(tmp_path: Path) -> None:
    """Each process of a hook knows what the ones before it admitted in its session, and in no other."""
    hook = Hook(tmp_path)
    assert [hook.pay(60) for _ in range(3)] == [True, False, False]
    assert hook.pay(40)
    assert not hook.pay(1)
    assert hook.pay(60, session="another")
    look: dict[str, Any] = {"tool_name": "look", "tool_input": {"at": "a"}}
    assert hook.run(**look) == {}
    assert "seen" in json.dumps(hook.run(**look))


def test_a_hook_is_told_how_calls_went(tmp_path: Path) -> None:
    """The events after a call settle it: what failed is given back, what succeeded is spent."""
    hook = Hook(tmp_path)
    assert hook.pay(60, "a")
    hook.went(60, "a", "PostToolUseFailure")
    assert hook.pay(60, "b")
    hook.went(60, "b", tool_response={"ok": True})
    assert not hook.pay(41, "c")
    assert hook.pay(40, "d")
    hook.went(40, "d", tool_response={"isError": True})
    assert hook.pay(40)
    hook.went(40)
    assert not hook.pay(1)
    event = {"session_id": "s", "hook_event_name": "PostToolUse", "tool_name": "pay", "tool_input": {}}
    done = mpr("hook", str(hook.rules), "--store", str(hook.store), stdin=json.dumps(event).encode())
    assert (done.status, "waits for its outcome" in done.err) == (2, True)


def test_what_a_person_was_asked_about_counts_once_it_was_made(tmp_path: Path) -> None:
    """A call that the agent asked its user about is entered when the agent says that it was made."""
    hook = Hook(tmp_path, LIMIT.replace("@id(limit)", "@id(limit) @escalate"))
    assert not hook.pay(150, "a")
    assert hook.pay(100, "b")
    hook.went(100, "b")
    hook.went(150, "a")
    assert not hook.pay(1)


def test_old_sessions_are_forgotten(tmp_path: Path) -> None:
    """A session is forgotten so many days after its last call, or with all others when somebody says so."""
    hook = Hook(tmp_path)
    assert hook.pay(60, session="old")
    with closing(sqlite3.connect(hook.store)) as raw, raw:
        raw.execute("UPDATE mpr_calls SET second = second - 86400 * 31")
        raw.execute("UPDATE mpr_numbers SET value = 0 WHERE name = 'swept'")
    assert hook.pay(60)
    with closing(sqlite3.connect(hook.store)) as raw, raw:
        ((count,),) = raw.execute("SELECT COUNT(*) FROM mpr_calls")
    assert count == 1
    assert hook.pay(60, session="old")
    assert "2 sessions" in mpr("hook", "--clear", "--store", str(hook.store)).out
    assert hook.pay(60)


@pytest.mark.heavy
def test_a_hook_holds_a_shared_limit_as_long_as_its_session(tmp_path: Path) -> None:
    """Without events after its calls, what a hook's session has used of a shared limit is used for others
    until the session is forgotten; what was settled, and other sessions' calls, stay as they are."""
    hook = Hook(tmp_path, RULES)
    assert hook.pay(60, "a")
    assert hook.pay(10, "b", session="t")
    hook.went(10, "b", session="t")
    with closing(sqlite3.connect(hook.store)) as raw, raw:  # ten days pass
        raw.execute("UPDATE mpr_calls SET second = second - 864000")
        raw.execute("UPDATE mpr_reservations SET ends = ends - 864000")
    assert not hook.pay(60, "c")
    assert not hook.pay(60, "d", session="u")
    assert hook.pay(30, "e", session="u")
    with closing(sqlite3.connect(hook.store)) as raw, raw:
        for call in ("a", "c"):  # nothing of the first session is young, nor what was rejected there
            raw.execute("UPDATE mpr_calls SET second = 0 WHERE line LIKE ?", [f'%"call":"{call}"%'])
        raw.execute("UPDATE mpr_numbers SET value = 0 WHERE name = 'swept'")
    assert hook.pay(60, "f", session="v")
    assert not hook.pay(1, "g", session="v")
    assert mpr("hook", "--clear", "--store", str(hook.store)).status == 0
    assert hook.pay(90, "h")
    assert not hook.pay(1, "i")


@pytest.mark.heavy
def test_a_session_may_have_any_name(tmp_path: Path) -> None:
    """An agent's name for its session names no file, and no other session."""
    hook = Hook(tmp_path)
    names = ["../../etc/passwd", "'; DROP TABLE mpr_calls; --", "a\x00b", "ä" * 5000, "%s ? {}", ""]
    for name in names:
        assert [hook.pay(60, session=name) for _ in range(2)] == [True, False]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["calls.db", "rules.dl"]


@pytest.mark.parametrize("damage", ["text", "folder", "locked", "readonly"])
def test_trouble_with_the_store_blocks(tmp_path: Path, damage: str) -> None:
    """No call is made where calls cannot be kept: exit status 2, and one line that says why."""
    hook = Hook(tmp_path)
    raw: sqlite3.Connection | None = None
    if damage == "text":
        hook.store.write_text("no database " * 1000)
    elif damage == "folder":
        hook.store.mkdir()
    elif damage == "locked":
        Store(hook.store).close()
        raw = sqlite3.connect(hook.store, isolation_level=None)
        raw.execute("BEGIN EXCLUSIVE")
    else:
        hook.store = tmp_path / "rules.dl" / "calls.db"
    event = {"hook_event_name": "PreToolUse", "tool_name": "pay", "tool_input": {"to": "ann", "n": 1}}
    options = ("--store", str(hook.store), "--seconds", "0.2")
    done = mpr("hook", str(hook.rules), *options, stdin=json.dumps(event).encode())
    if raw is not None:
        raw.close()
    assert done.status == 2
    assert done.err.startswith("error: ")
    assert len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_hooks_at_once_share_a_limit(tmp_path: Path) -> None:
    """Of hook processes that run at the same time one after the other decides."""
    hook = Hook(tmp_path)
    event = {"session_id": "s", "hook_event_name": "PreToolUse", "tool_name": "pay"}
    sent = json.dumps(event | {"tool_input": {"to": "ann", "n": 30}}).encode()
    command = [sys.executable, "-m", "mpr_logic.cli", "hook", str(hook.rules), "--store", str(hook.store)]
    running = [
        subprocess.Popen(
            [*command, "--seconds", "60", "--within", "280"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(8)
    ]
    answers = [each.communicate(sent, timeout=300)[0] for each in running]
    assert [each.returncode for each in running] == [0] * 8
    assert sum(json.loads(each) == {} for each in answers) == 3
