"""The documented rules for files reject a path that climbs out, and a lint says where that is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers.command import mpr
from tests.helpers.pages import DOCS, blocks

if TYPE_CHECKING:
    from pathlib import Path


def documented(page: str, name: str) -> str:
    """A rule file that a page of the documentation shows."""
    for block in blocks(DOCS / "how-to" / page):
        first, _, rest = block.text.partition("\n")
        if first == f"% file: {name}":
            return rest
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("page", "name"),
    [("guard-mcp.md", "files.dl"), ("guard-mcp.md", "asks.dl"), ("guard-inspect.md", "rules.dl")],
)
@pytest.mark.parametrize(
    ("path", "status"),
    [("/data/notes", 0), ("/data/../etc/key", 1), ("/data/a/..", 1), ("/srv/a", 1), ("/data/a..b", 0)],
)
def test_the_documented_rules(tmp_path: Path, page: str, name: str, path: str, status: int) -> None:
    """A path in the workspace is admitted; one that climbs out of it is not."""
    rules, state = tmp_path / "rules.dl", tmp_path / "state.dl"
    rules.write_text(f"{documented(page, name)}\n.action read(path: symbol)\n.action delete(path: symbol)\n")
    state.write_text("")
    assert mpr("check", str(rules), "--state", str(state), f'read("{path}")').status == status


@pytest.mark.parametrize(
    ("argument", "law"),
    [
        ("path", 'forbid open(path: P) :- not starts_with(P, "/srv/").'),
        ("file_path", 'forbid open(file_path: P) :- not starts_with(P, "/srv/").'),
        ("file", 'forbid open(file: P) :- not matches(P, "^/srv/").'),
        ("folder", 'forbid open(folder: P) :- not starts_with(P, "work/").'),
    ],
)
def test_the_law_alone_admits_nothing(tmp_path: Path, argument: str, law: str) -> None:
    """A law that only looks at how a path begins is an error: nothing is checked by it, so nothing passes."""
    rules, state = tmp_path / "rules.dl", tmp_path / "state.dl"
    rules.write_text(f'.action open({argument}: symbol)\n@because("no") {law}\n')
    state.write_text("")
    for path in ("/srv/../etc/passwd", "work/../../etc/passwd"):
        answer = mpr("check", str(rules), "--state", str(state), f'open("{path}")')
        assert answer.status == 2
        assert "E0615" in answer.err


def test_a_lint_tells_what_is_forgotten(tmp_path: Path) -> None:
    """Where the text may be something else than a path, the law is warned of."""
    rules = tmp_path / "rules.dl"
    rules.write_text(
        '.action open(p: symbol)\n@because("no") forbid open(P) :- not starts_with(P, "/srv/").\n'
    )
    assert "W0615" in mpr("lint", str(rules)).out
