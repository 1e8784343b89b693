"""The documented rules for a coding agent are not evaded by a line end or another way to force a push."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path

CODING = "docs/examples/coding/coding.dl"


@pytest.mark.parametrize(
    ("command", "denied"),
    [
        ("git push \\\n --force", True),
        ("git push origin \\\n  main \\\n  -f", True),
        ("git -C . push --force", True),
        ("git -c a=b push --force-with-lease", True),
        ("git push -uf origin main", True),
        ("git push origin +main", True),
        ('git push origin "+main"', True),
        ("git\n push\n --force", True),
        ("git push origin main", False),
        ("git push -u origin feature", False),
        ("git pull --force", False),
        ("ls", False),
    ],
)
def test_pushes(tmp_path: Path, command: str, denied: bool) -> None:
    """A push that rewrites history is denied however it is written; another one is not."""
    event = {
        "session_id": "s",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": command},
    }
    done = mpr("hook", CODING, "--store", str(tmp_path / "calls.db"), stdin=json.dumps(event).encode())
    assert done.status == 0
    assert ('"deny"' in done.out) == denied


def test_a_lint_tells_what_evades(tmp_path: Path) -> None:
    """An expression of a law whose dot passes no line end is warned of; with (?s) it is not."""
    rules = tmp_path / "rules.dl"
    law = '.action run(c: symbol)\n@because("no") forbid run(C) :- matches(C, "{}rm .*-r").\n'
    rules.write_text(law.format(""))
    assert "W0614" in mpr("lint", str(rules)).out
    rules.write_text(law.format("(?s)"))
    assert mpr("lint", str(rules)).status == 0
