"""Events as the agents sent them, made anonymous, for tests that need no agent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.live_hooks.trying import Seen

TRANSCRIPT = "/home/ann/transcript.jsonl"
"""The path that stands in recorded events for the agent's own transcript; nothing is read there."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN = "00000000-0000-4000-8000-000000000001"


def record(seen: Sequence[Seen], folder: Path, top: Path) -> None:
    """Write the event of each agent's admitted call to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in seen:
        if each.scenario.name == "admitted" and each.events:
            event = each.events[0] | {k: TRANSCRIPT for k in each.events[0] if k == "transcript_path"}
            text = anonymous(json.dumps(event, indent=2), top / each.agent.name / each.scenario.name)
            (folder / f"{each.agent.name}.json").write_text(f"{text}\n", encoding="utf-8")


def anonymous(text: str, top: Path) -> str:
    """A text without the folders of a machine, and without its ids."""
    for folder, name in ((top / "home", "/home/ann"), (top / "work", "/home/ann/demo")):
        for spelt in (str(folder), re.sub(r"[^A-Za-z0-9]", "-", str(folder))):
            text = text.replace(spelt, name if "/" in spelt else name.replace("/", "-"))
    return _UUID.sub(_PLAIN, text)
