"""A damaged file is refused before anything is written, or reads back exactly; a full disk damages none."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.errors import StoreError
from mpr_logic.memory import integrity
from mpr_logic.memory.store import Memory
from tests.helpers.command import TOP
from tests.helpers.examples import at_most
from tests.helpers.stores import SHUT, episode, failures, memory_at

FLIPS: dict[str, Callable[[int], int]] = {
    "all bits": lambda byte: byte ^ 0xFF,
    "one bit": lambda byte: byte ^ 0x01,
    "another letter": lambda byte: byte ^ 0x20,
    "nothing": lambda byte: 0,
    "the next": lambda byte: (byte + 1) % 256,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory with some of everything, closed; and a forgotten episode, which leaves free space."""
    path = tmp_path_factory.mktemp("store") / "memory.db"
    with memory_at(path) as memory:
        for number in range(6):
            taught = memory.add_episode(episode(f"task_{number}", tries=8, cites="closed"))
            rule = memory.put(SHUT, episodes=[taught], because="{B} is shut", source=f"reflection: {number}")
            memory.observe(failures(rule.id, taught, 8), "replay")
        memory.put("@id(closed) 0.95 :: forbid open(B) :- heavy(B).", kind="hand")
        memory.refuse("permit take(B).", "a learned rule permits nothing", episode=2)
        memory.contradict("closed", rule.id, "both fire")
        memory.probe(rule.id, "take(box_1)")
        memory.forget(3)
        memory.add_episode(episode("the last", tries=8))
    assert [each.name for each in path.parent.iterdir()] == ["memory.db"]
    return path


def told(memory: Memory) -> object:
    """All that a memory says."""
    episodes = memory.episodes()
    lines = [memory.trajectory(each.id) for each in episodes if not each.forgotten]
    more = (memory.refused(), memory.contradictions(), memory.log(), memory.stats(), memory.declarations())
    return memory.rules(), episodes, lines, memory.citations("closed"), more


def flipped(store: Path, folder: Path, places: list[int], kind: str) -> Path:
    """A copy of a file in which some bytes are others."""
    data = bytearray(store.read_bytes())
    for place in places:
        data[place] = FLIPS[kind](data[place])
    copy = folder / "memory.db"
    for old in folder.glob("memory.db*"):
        old.unlink()
    copy.write_bytes(data)
    return copy


def refused_or_exact(store: Path, damaged: Path, right: object) -> bool:
    """Whether a damaged file is refused, byte for byte as it is; else it says all that was acknowledged, and
    takes more."""
    before = damaged.read_bytes()
    said = ""
    try:
        memory = Memory.open(damaged)
    except StoreError as error:
        said = str(error)
    if said:
        assert said.startswith(f"{damaged}: ")
        assert damaged.read_bytes() == before
        return True
    with memory:
        assert told(memory) == right
        memory.refuse("more", "to write")
        assert memory.refused()[-1].text == "more"
    return False


@pytest.mark.slow
def test_every_page(store: Path, tmp_path: Path) -> None:
    """Bytes at several places of each page, flipped in several ways: refused, or all reads back exactly."""
    draw = random.Random(3)
    with Memory.open(store) as memory:
        right = told(memory)
    pages = store.stat().st_size // 4096
    refused = 0
    for page in range(pages):
        for kind in draw.sample(list(FLIPS), 2):
            place = page * 4096 + draw.randrange(4096)
            refused += refused_or_exact(store, flipped(store, tmp_path, [place], kind), right)
    assert refused > pages // 4  # most of a page is free space in so small a file


@pytest.mark.heavy
def test_the_header(store: Path, tmp_path: Path) -> None:
    """The same for each of the first hundred bytes."""
    with Memory.open(store) as memory:
        right = told(memory)
    for place in range(100):
        refused_or_exact(store, flipped(store, tmp_path, [place], "all bits"), right)


@settings(max_examples=at_most(25), deadline=None)
@given(data=st.data())
def test_any_letter_of_a_text(
    store: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A letter inside a text that becomes another is found, wherever it stands."""
    whole = store.read_bytes()
    word = data.draw(
        st.sampled_from([b"task_5", b"box_8", b"is shut", b"reflection: 4", b"replay", b"closed"])
    )
    starts = [i for i in range(len(whole)) if whole.startswith(word, i)]
    place = data.draw(st.sampled_from(starts)) + data.draw(st.integers(0, len(word) - 1))
    damaged = flipped(store, tmp_path_factory.mktemp("flip"), [place], "one bit")
    with pytest.raises(StoreError, match=r"damaged .*: take a backup in its place"):
        Memory.open(damaged)


def test_a_large_file(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check on opening reads the pages and the newest rows of a file that is too large to be looked
    through at once; `intact` reads all of it."""
    monkeypatch.setattr(integrity, "FULL", 1)
    monkeypatch.setattr(integrity, "NEWEST", 1)
    whole = store.read_bytes()
    newest = flipped(store, tmp_path, [whole.index(b"the last")], "one bit")
    with pytest.raises(StoreError, match="not as they were written"):
        Memory.open(newest)
    oldest = flipped(store, tmp_path, [whole.index(b"is shut")], "one bit")
    with Memory.open(oldest) as memory:
        assert not memory.intact()


def test_a_memory_from_before_there_were_seals(store: Path, tmp_path: Path) -> None:
    """It is opened, and sealed by its next change."""
    path = Path(shutil.copy(store, tmp_path / "memory.db"))
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE seals")
    connection.commit()
    connection.close()
    with Memory.open(path) as memory:
        memory.put("forbid take(B) :- heavy(B).")
        assert memory.intact()
    whole = path.read_bytes()
    with pytest.raises(StoreError, match="not as they were written"):
        Memory.open(flipped(path, tmp_path, [whole.index(b"is shut")], "one bit"))


FULL_DISK = """
import resource, signal, sys
from mpr_logic.errors import StoreError
from mpr_logic.memory.store import Memory
from tests.helpers.stores import episode, memory_at
from tests.helpers.examples import at_most
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with memory_at(sys.argv[1]):
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
memory = Memory.open(sys.argv[1])
for number in range(10_000):
    try:
        id = memory.add_episode(episode(f"task_{number}", tries=60))
    except StoreError as error:
        print(f"full: {error}", flush=True)
        break
    print(f"episode {id} task_{number}", flush=True)
if len(sys.argv) > 3:
    import os
    os.kill(os.getpid(), signal.SIGKILL)
memory.close()
"""


@pytest.mark.process
@pytest.mark.parametrize("room", [130_000, 200_000, 333_333])
@pytest.mark.parametrize("killed", [False, True])
def test_a_full_disk_damages_nothing(tmp_path: Path, room: int, killed: bool) -> None:
    """A StoreError says so if files may not grow any more in the middle of a write or of a checkpoint;
    afterwards all acknowledged episodes are there, and there is room for more."""
    path = tmp_path / "memory.db"
    command = [sys.executable, "-c", FULL_DISK, str(path), str(room), *(["kill"] if killed else [])]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == (-signal.SIGKILL if killed else 0), done.stderr
    *said, last = done.stdout.splitlines()
    assert "the disk is full" in last
    with Memory.open(path) as memory:
        episodes = {each.id: each.task for each in memory.episodes()}
        assert [episodes[int(line.split()[1])] for line in said] == [line.split()[2] for line in said]
        assert len(said) >= 3
        assert all(len(memory.trajectory(id)) == 61 for id in episodes)
        memory.add_episode(episode("more", tries=60))
        assert memory.intact()
