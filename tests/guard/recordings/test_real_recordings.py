"""The readers on real recordings, where there are any: in the folder that MPR_RECORDED names, or beside the
checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Broken

TOP = Path(__file__).parent.parent.parent.parent
WHERE = Path(os.environ.get("MPR_RECORDED") or TOP.parent / "shared" / "recorded")
LABELS: dict[str, set[str]] = {
    "tau-bench": {"reward"},
    "tau2-bench": {"reward", "domain_name"},
    "agentdojo": {"attacked", "utility", "suite_name"},
    "agentdyn": {"attacked", "utility", "suite_name"},
    "shell-intercode": {"max_reward"},
    "shell-openagentsafety": set(),
}


@pytest.mark.parametrize("source", LABELS)
def test_real_recordings(source: str) -> None:
    """Of a small file of each benchmark all records are read: calls, their results, and labels."""
    folder = WHERE / source
    if not folder.is_dir():
        pytest.skip(f"there are no recordings in {folder}: MPR_RECORDED names the folder that has them")
    files = [each for each in folder.iterdir() if not each.name.startswith("tasks")]
    file = sorted(files, key=lambda each: each.stat().st_size)[len(files) // 3]
    calls = answered = 0
    for _, recording in recordings_in([file]):
        assert not isinstance(recording, Broken), recording
        assert recording.messages
        assert recording.labels.keys() >= LABELS[source]
        known = {call.id for message in recording.messages for call in message.calls}
        calls += len(known)
        answered += len({each.answers for each in recording.messages if each.role == "tool"} & known)
    assert calls > 100
    assert answered > 0.95 * calls
