"""A rule file that was emptied keeps the old rules; tests/guard/test_reloading.py has the other ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools

if TYPE_CHECKING:
    from pathlib import Path


def post(where: str) -> str:
    """Post."""
    return where


def test_an_emptied_file(tmp_path: Path) -> None:
    """The guard goes on under the old rules, and says so; once the file is whole again, it is taken."""
    path = tmp_path / "rules.dl"
    law = 'forbid post(where: W) :- W != "home".\n'
    path.write_text(law)
    guard = Guard(path, tools=Tools([post]))
    for torn in ("", "% nothing\n", ".decl p(x: symbol) input\n", law[:20]):
        path.write_text(torn)
        assert not guard.reload()
        assert guard.check("post", {"where": "there"}).outcome == "reject"
        assert guard.health()["ok"] is False
    path.write_text(law + 'forbid post(where: W) :- W = "home".\n')
    assert guard.reload()
    assert guard.check("post", {"where": "home"}).outcome == "reject"
