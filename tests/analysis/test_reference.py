"""The language reference names all that rules can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpr_logic.analysis.annotations import BEFORE
from mpr_logic.analysis.builtin_relations import BUILT_IN
from mpr_logic.analysis.report import declaration
from mpr_logic.language.lexer import attributes, keywords, reserved

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "language.md"
TEXT = REFERENCE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_built_in_relations_are_documented(name: str) -> None:
    """The reference has each built-in relation with the types of its arguments."""
    assert f"`{declaration(BUILT_IN[name])}`" in TEXT


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_annotations_are_documented(name: str) -> None:
    """The reference has each annotation."""
    assert f"`@{name}" in TEXT


@pytest.mark.parametrize("word", sorted(keywords() | reserved() | attributes()))
def test_words_are_documented(word: str) -> None:
    """The reference has each word of the language."""
    assert word in TEXT
