"""The pages for those who come from another language: their policies, and the same in half of the lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
LANGUAGES = {"from-rego.md": "Rego", "from-cedar.md": "Cedar", "from-souffle.md": "Soufflé"}


def lines_of(block: str) -> int:
    """The lines of a block that are neither empty nor its name."""
    return sum(bool(line.strip()) and not line.startswith("% file:") for line in block.splitlines())


@pytest.mark.parametrize("page", LANGUAGES)
def test_each_policy_has_at_most_half_of_the_lines(page: str) -> None:
    """Four policies of both languages have as many lines as the page says, and ours have half as many."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    sections = [each for each in text.split("\n## ")[1:] if "```dl" in each]
    assert len(sections) == 4
    for section in sections:
        theirs, ours = re.findall(r"```(?:text|dl alone)\n(.*?)```", section, re.DOTALL)[:2]
        said = re.findall(rf"(?:In\s{LANGUAGES[page]}|Here),\s(\d+)\slines", section)
        assert said == [str(lines_of(theirs)), str(lines_of(ours))], section.splitlines()[0]
        assert 2 * lines_of(ours) <= lines_of(theirs), section.splitlines()[0]


@pytest.mark.parametrize("page", ["from-cedar.md", "from-souffle.md"])
def test_each_policy_names_the_question(page: str) -> None:
    """Each section links what was asked in public."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        assert re.search(r"\]\(https://github\.com/[\w.-]+/[\w.-]+/issues/\d+\)", section), (
            section.splitlines()[0]
        )
