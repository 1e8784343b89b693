"""Kill a writer of a memory again and again, at moments drawn by a seed, and look at what is left each time.

``python -m tests.fuzz.kills --count 200 [--seed 7]``. After each kill the file is opened, which checks it,
and every acknowledged episode with its evidence must be there. Prints what was found; the status is 1 where
something is missing.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.errors import StoreError
from tests.helpers.stores import memory_at
from tests.helpers.writer import acknowledged, check, start

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 0.6
"""The seconds after its first words by which a writer is killed at the latest."""


def kill_once(location: Path, log: Path, name: str, seconds: float) -> None:
    """Start a writer, and kill it so many seconds after its first words."""
    writer = start(str(location), name, 10_000, log)
    try:
        while not acknowledged(log):
            if writer.poll() is not None:
                raise StoreError(f"the writer {name} ended by itself, with status {writer.returncode}")
            time.sleep(0.005)
        time.sleep(seconds)
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(60)


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, look, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=7, metavar="N")
    arguments = parser.parse_args(argv)
    draw = random.Random(arguments.seed)
    logs: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        location = Path(folder) / "memory.db"
        with memory_at(location):
            pass  # made, with its declarations
        for number in range(arguments.count):
            logs.append(Path(folder) / f"log_{number}")
            kill_once(location, logs[-1], f"k{number}", draw.uniform(0, LONGEST))
            try:
                with memory_at(location) as memory:
                    episodes = check(memory, logs)
            except (AssertionError, StoreError) as error:
                print(f"after kill {number + 1}: {error!r}")
                return 1
    print(f"{arguments.count} kills, {episodes} episodes, every acknowledged one is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
