"""A process that writes a memory until it is killed, and says what was acknowledged."""

from __future__ import annotations

import sys

from mpr_logic.memory.store import Memory
from tests.memory.stores import SHUT, episode, failures


def main(location: str, name: str, rounds: int) -> None:
    """Add episodes with their evidence; print each id when its call has returned."""
    with Memory.open(location) as memory:
        for number in range(rounds):
            id = memory.add_episode(episode(f"{name}_{number}", tries=3))
            print(f"episode {id} {name}_{number}", flush=True)
            rule = memory.put(SHUT, episodes=[id])
            memory.observe(failures(rule.id, id, 3))
            print(f"evidence {id} 3", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
