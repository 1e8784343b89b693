"""The decisions have a status and a date each, and their table says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.pages import DOCS, name_of

FOLDER = DOCS / "decisions"
DECISIONS = sorted(FOLDER.glob("0*.md"))
STATUS = re.compile(
    r"\*\*Status\.\*\* Accepted on (\d{4}-\d\d-\d\d)(?:;\n(superseded(?: in part)? by .+))?\.", re.DOTALL
)
ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| .+ \| (.+) \| (\d{4}-\d\d-\d\d) \|$", re.MULTILINE)


def _numbers(text: str) -> list[str]:
    return re.findall(r"\[(\d{4})\]", text)


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_parts(page: Path) -> None:
    """A decision has its number, a status with a date, and says its context, itself and what follows."""
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:4]}: ")
    assert STATUS.match(text.split("\n\n", 1)[1]), (
        f"{name_of(page)}: the status does not stand below the title"
    )
    parts = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Consequences")]
    assert -1 not in parts
    assert parts == sorted(parts)


def test_the_table_lists_them() -> None:
    """The table has each decision once, in order, with the date and status that itself has."""
    listed = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert [(number, file) for number, file, _, _ in listed] == [(p.name[:4], p.name) for p in DECISIONS]
    for (number, _, status, date), path in zip(listed, DECISIONS, strict=True):
        found = STATUS.fullmatch(path.read_text(encoding="utf-8").split("\n\n")[1])
        assert found is not None
        assert found[1] == date, number
        assert _numbers(found[2] or "") == _numbers(status), number
        assert (found[2] is None) == (status == "accepted"), number
