"""Several processes write one memory, and some of them are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.command import TOP
from tests.helpers.stores import BACKENDS, location_of, memory_at
from tests.helpers.writer import acknowledged, check, start


@pytest.mark.process
@pytest.mark.parametrize("backend", BACKENDS)
def test_writers_do_not_disturb_each_other(backend: str, tmp_path: Path) -> None:
    """Four processes write at once: nothing is lost, revisions have no gaps, equal rules are one."""
    location = location_of(backend, tmp_path)
    with memory_at(location) as memory:
        logs = [tmp_path / f"log_{i}" for i in range(4)]
        writers = [start(location, f"w{i}", 6, log) for i, log in enumerate(logs)]
        assert [writer.wait(120) for writer in writers] == [0] * 4
        assert check(memory, logs) == 24
        (rule,) = memory.rules()
        assert (rule.wrong, len(rule.episodes), rule.status) == (24, 24, "law")
        revisions = [change.revision for change in memory.log()]
        assert revisions == list(range(1, len(revisions) + 1))


@pytest.mark.process
@pytest.mark.parametrize("backend", BACKENDS)
def test_processes_make_one_memory(backend: str, tmp_path: Path) -> None:
    """Of processes that make a memory at the same time all get the same one, whole."""
    code = "import sys; from mpr_logic.memory.store import Memory; Memory.open(sys.argv[1]).stats()"
    location = location_of(backend, tmp_path)
    makers = [subprocess.Popen([sys.executable, "-c", code, location], cwd=TOP) for _ in range(4)]
    assert [maker.wait(120) for maker in makers] == [0] * 4
    made = {each.name.split("-")[0] for each in tmp_path.iterdir()}
    assert made == ({"memory.db"} if backend == "sqlite" else set())


def killed(location: str, tmp_path: Path, times: int) -> None:
    """Kill a writer in the middle of its work, again and again, and look at what is left each time."""
    rng = random.Random(7)
    logs: list[Path] = []
    done = 0
    with memory_at(location) as memory:
        for i in range(times):
            logs.append(tmp_path / f"log_{i}")
            writer = start(location, f"k{i}", 10_000, logs[-1])
            try:
                while not acknowledged(logs[-1]):
                    assert writer.poll() is None
                    time.sleep(0.01)
                time.sleep(rng.uniform(0, 0.15))
            finally:
                writer.send_signal(signal.SIGKILL)
                assert writer.wait(60) == -signal.SIGKILL
            after = check(memory, logs)
            assert after > done
            done = after


@pytest.mark.process
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_writer_loses_nothing(backend: str, tmp_path: Path) -> None:
    """All that was acknowledged before `kill -9` is there, and the database is whole."""
    killed(location_of(backend, tmp_path), tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_fifty_killed_writers_lose_nothing(backend: str, tmp_path: Path) -> None:
    """The same, fifty times over in one memory."""
    killed(location_of(backend, tmp_path), tmp_path, 50)
