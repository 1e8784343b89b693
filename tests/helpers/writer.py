"""A process that writes a memory until it is killed, and prints each acknowledged write.

:func:`start` starts one, :func:`check` holds the memory against what was printed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mpr_logic.memory.store import Memory
from tests.helpers.command import TOP
from tests.helpers.stores import SHUT, episode, failures

Process = subprocess.Popen[str]


def start(location: str, name: str, rounds: int, log: Path) -> Process:
    """A writer, with what it acknowledges going to a file that outlives it."""
    command = [sys.executable, "-m", "tests.helpers.writer", location, name, str(rounds)]
    with log.open("w") as stream:
        return subprocess.Popen(command, cwd=TOP, stdout=stream, text=True)


def acknowledged(log: Path) -> list[list[str]]:
    """The whole lines that a writer has printed."""
    return [line.split() for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def check(memory: Memory, logs: list[Path]) -> int:
    """Every acknowledged episode and all its evidence is there. Returns how many there are."""
    episodes = {each.id: each.task for each in memory.episodes()}
    evidence = memory.stats()["observations"]
    said = [line for log in logs for line in acknowledged(log)]
    for kind, id, what in said:
        if kind == "episode":
            assert episodes[int(id)] == what
            assert len(memory.trajectory(int(id))) == 4
    assert evidence >= sum(int(what) for kind, _, what in said if kind == "evidence")
    assert evidence % 3 == 0
    assert memory.intact()
    return len(episodes)


def main(location: str, name: str, rounds: int) -> None:
    """Add episodes with their evidence; print each id when its call has returned."""
    with Memory.open(location, wait=300) as memory:  # the machine may be busy
        for number in range(rounds):
            id = memory.add_episode(episode(f"{name}_{number}", tries=3))
            print(f"episode {id} {name}_{number}", flush=True)
            rule = memory.put(SHUT, episodes=[id])
            memory.observe(failures(rule.id, id, 3))
            print(f"evidence {id} 3", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
