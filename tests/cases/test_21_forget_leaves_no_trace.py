"""No byte of the store keeps anything of a forgotten episode."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.language.parser import parse
from mpr_logic.memory.store import Memory


@pytest.mark.parametrize("secret", ["ring Bob under 0171-4242", "PIN 9931 of Mme Léger", "x" * 9000])
def test_the_task(secret: str, tmp_path: Path) -> None:
    """The name of the task is gone with the episode."""
    with Memory.open(tmp_path / "m.db") as memory:
        memory.declare(parse(".action dial(n: symbol)"))
        lines = [
            {"mpr_trajectory": 1, "line": "episode", "task": secret},
            {"line": "turn", "number": 1, "action": "dial(n)", "succeeded": False, "text": secret},
        ]
        episode = memory.add_episode(lines)
        memory.forget(episode)
        for _ in range(2):
            assert not any(secret.encode() in each.read_bytes() for each in tmp_path.iterdir())
            memory.close()
    with Memory.open(tmp_path / "m.db") as again:
        assert again.episodes()[0].task == "forgotten"
