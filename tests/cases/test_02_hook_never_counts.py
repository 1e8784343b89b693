"""A hook is a new process for each call: what it admitted before counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path

STATE = {"facts": {"ledger": [["acct_5"]], "limit": [[700]], "spent": [[100]]}}


def answers(folder: Path, amounts: list[int], **more: Any) -> list[str]:
    """Return the hook's answers to payments one after the other: ``pass`` or ``deny``."""
    state = folder / "host.json"
    state.write_text(json.dumps(STATE))
    found = []
    for n in amounts:
        call = {"tool_name": "pay", "tool_input": {"a": "acct_5", "n": n}}
        event = {"session_id": "one", "hook_event_name": "PreToolUse"} | call | more
        command = ("hook", "rules/tools/world", "rules/tools/closed", "--state", str(state))
        answer = json.loads(mpr(*command, stdin=json.dumps(event).encode()).out)
        found.append("deny" if "deny" in json.dumps(answer) else "pass")
    return found


def test_a_limit_holds_over_the_processes_of_a_hook(tmp_path: Path) -> None:
    """Of four equal payments the first uses up the limit; a smaller one still fits."""
    assert answers(tmp_path, [400, 400, 400, 400, 200, 1]) == ["pass", "deny", "deny", "deny", "pass", "deny"]


def test_each_session_has_its_own_limit(tmp_path: Path) -> None:
    """A relation that is not declared shared is each session's own."""
    assert answers(tmp_path, [400]) == ["pass"]
    assert answers(tmp_path, [400, 400], session_id="two") == ["pass", "deny"]
