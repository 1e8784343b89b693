"""A guard at work and rule files that are emptied, torn, half written or replaced."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.reloading import being_written
from tests.guard.test_log import waited
from tests.helpers.examples import at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.rules import Ruleset
    from mpr_logic.guard.tools import Tools

HEAD = ".action send(to: symbol)\n.action pay(to: symbol, amount: int)\n.decl blocked(who: symbol)\n"
OLD = (
    HEAD
    + '@id(outside) @because("no") forbid send(T) :- not ends_with(T, "@us").\n'
    + '@id(limit) @because("too much") forbid pay(amount: A) :- A > 100.\n'
    + "blocked(eve).\n"
    + '@id(blocked) @because("blocked") forbid send(T) :- blocked(T).\n'
    + '@id(never) @because("blocked") forbid pay(to: T) :- blocked(T).\n'
)
NEW = (
    HEAD
    + '@id(short) @because("no") forbid send(T) :- length(T) < 2.\n'
    + '@id(limit) @because("too much") forbid pay(amount: A) :- A > 50.\n'
    + "blocked(eve). blocked(bob).\n"
    + '@id(outside) @because("no") forbid send(T) :- not ends_with(T, "@us").\n'
    + '@id(blocked) @because("blocked") forbid send(T) :- blocked(T).\n'
    + '@id(never) @because("blocked") forbid pay(to: T) :- blocked(T).\n'
)
MORE = OLD + '@id(short) @because("no") forbid send(T) :- length(T) < 2.\n'
ALL_REJECT = [
    ("send", {"to": "x@them"}),
    ("pay", {"to": "ann", "amount": 200}),
    ("pay", {"to": "eve", "amount": 1}),
]

# a process of its own that writes the file, says so, and waits until it is told to go on
WRITER = """
import sys
path, first, second = sys.argv[1:]
with open(path, "w") as file:
    for part in (first, second):
        file.write(part)
        file.flush()
        print("written", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A rule file that a guard reads."""
    path = tmp_path / "rules.dl"
    path.write_text(OLD)
    return path


class Writer:
    """A process that writes a file in two parts, and waits in between."""

    def __init__(self, path: Path, first: str, second: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), first, second],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said()

    def _said(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "written\n"

    def _tell(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def go_on(self) -> None:
        """Let it write the second part, and end."""
        self._tell()
        self._said()
        self._tell()
        self._process.communicate()

    def kill(self) -> None:
        """End it as the system does, in the middle."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no clause|no law is left"),
        (HEAD, "no law is left"),
        (OLD[: OLD.index("@id(limit)")] + "blocked(eve).\n", "no law about `pay` is left"),
        (OLD[:-40], "rules.dl"),
        (OLD.removesuffix("\n").replace("A > 100.", "A > 1.") + "\n% 1", "end the file with a line end"),
        (OLD + '@because("no") forbid pay(amount: A) :- A > 1.', "end the file with a line end|E0301|E0304"),
    ],
)
def test_a_file_that_lost_its_laws_is_not_taken(rules: Path, text: str, said: str) -> None:
    """A file that would open the guard, or ends where more may follow, is not taken, and health says why."""
    guard = Guard(rules)
    rules.write_text(text)
    assert not guard.reload()
    assert not guard.health()["ok"]
    assert any(part in str(guard.health()["error"]) for part in said.split("|")), guard.health()["error"]
    assert not any(guard.check(*call).runs for call in ALL_REJECT)
    rules.write_text(NEW)
    assert guard.reload()
    assert guard.health()["ok"]


def test_what_is_meant_is_taken(rules: Path) -> None:
    """A forced reload may lose every law; a reload that loses one law of several needs no force."""
    guard = Guard(rules)
    rules.write_text(OLD.replace("@id(never)", "% @id(never)"))
    assert guard.reload()
    assert guard.check("pay", {"to": "eve", "amount": 1}).runs
    rules.write_text(HEAD)
    assert not guard.reload()
    assert guard.reload(force=True)
    assert guard.check("pay", {"to": "eve", "amount": 1_000}).runs


def test_a_watch_gives_up_no_clause(rules: Path) -> None:
    """A file that is shorter by one clause may be torn: whoever watches asks first; a longer one is taken."""
    guard = Guard(rules)
    version = guard.health()["version"]
    guard.watch(0.02)
    try:
        rules.write_text(OLD[: OLD.index("@id(never)")])
        assert waited(lambda: not guard.health()["ok"])
        assert "`never` is gone" in guard.health()["error"]
        assert guard.health()["version"] == version
        rules.write_text(
            OLD.replace("blocked(eve).\n", "", 1).replace(
                "blocked(who: symbol)", "blocked(who: symbol) input"
            )
        )
        assert waited(lambda: "blocked" in (guard.health()["error"] or ""))
        rules.write_text(NEW)
        assert waited(lambda: guard.health()["ok"])
        assert guard.health()["version"] != version
    finally:
        guard.close()


def test_a_folder_that_is_emptied(tmp_path: Path) -> None:
    """A folder without rule files leaves the old rules; one file less of several may be meant."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.dl").write_text(OLD)
    (folder / "b.dl").write_text('@id(ann) @because("no") forbid pay(to: ann).\n')
    guard = Guard(folder)
    (folder / "b.dl").unlink()
    assert guard.reload()
    assert guard.check("pay", {"to": "ann", "amount": 1}).runs
    (folder / "a.dl").unlink()
    assert not guard.reload()
    assert "no `.dl` file" in guard.health()["error"]
    assert not any(guard.check(*call).runs for call in ALL_REJECT)


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell who writes a file")
def test_a_file_that_is_being_written_is_told(rules: Path) -> None:
    """While another process has a file open to write it, it is not read; afterwards it is."""
    guard = Guard(rules)
    shorter = OLD[: OLD.index("@id(never)")]
    writer = Writer(rules, shorter, NEW[len(HEAD) :])
    assert being_written(str(rules))
    assert not guard.reload()
    assert "is being written" in guard.health()["error"]
    writer.kill()
    assert not being_written(str(rules))


@given(cut=st.integers(1, len(NEW) - 1))
@settings(max_examples=at_most(60), deadline=None)
def test_no_prefix_opens_what_both_reject(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a writer was killed, a guard that watches goes by the old rules or admits nothing that the
    old ones and the new ones reject."""
    path = tmp_path_factory.mktemp("cut") / "rules.dl"
    path.write_text(OLD)
    guard = Guard(path)
    path.write_text(NEW[:cut])
    guard._watched()
    assert not any(guard.check(*call).runs for call in ALL_REJECT)


def steps(path: Path) -> Iterator[None]:
    """All that may happen to a rule file, one step after the other."""
    path.write_text("")
    yield
    path.write_text(OLD)
    yield
    for cut in (NEW.index("@id(limit)"), NEW.index("blocked(eve)"), NEW.index("@id(never)"), len(NEW) - 9):
        writer = Writer(path, NEW[:cut], NEW[cut:])
        yield
        writer.go_on()
        yield
        writer = Writer(path, NEW[:cut], NEW[cut:])
        yield
        writer.kill()
        yield
        other = path.with_suffix(".new")
        other.write_text(MORE)
        other.replace(path)
        yield


def known(guard: Guard) -> tuple[object, object]:
    """The rules that a guard goes by, and what was wrong with those that it last read."""
    health = guard.health()
    return health["version"], health["error"]


def test_the_rules_that_were_read_last_stay(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two reloads at once, the one that read an older file does not come out on top."""
    guard = Guard(rules)
    load, read, newer = guard._load, threading.Event(), threading.Event()

    def slow(tools: Tools | None) -> Ruleset:
        found = load(tools)
        if threading.current_thread() is first:
            read.set()
            newer.wait(0.5)
        return found

    monkeypatch.setattr(guard, "_load", slow)
    first = threading.Thread(target=lambda: guard.reload(force=True))
    first.start()
    assert read.wait(60)
    rules.write_text(NEW)
    assert guard.reload()
    newer.set()
    first.join(60)
    assert not guard.check("pay", {"to": "ann", "amount": 70}).runs
    assert guard.health()["ok"]


@pytest.mark.slow
def test_calls_at_any_moment(rules: Path) -> None:
    """Of 500 calls, while a file is emptied, written in two parts, replaced, and its writers killed, none is
    admitted that the old rules and the new ones reject."""
    guard = Guard(rules)
    guard.watch(0.01)
    admitted: list[object] = []
    ended = threading.Event()
    made = 0
    before = [known(guard)]

    def agent() -> None:
        nonlocal made
        while made < 500 or not ended.is_set():
            for tool, arguments in ALL_REJECT:
                made += 1
                if guard.check(tool, arguments).runs:
                    admitted.append((tool, arguments))

    caller = threading.Thread(target=agent)
    caller.start()
    try:
        for _ in steps(rules):
            assert waited(lambda: known(guard) != before[-1])
            before.append(known(guard))
    finally:
        ended.set()
        caller.join()
        guard.close()
    assert made >= 500
    assert admitted == []
