"""Combining marks: only runs that no text has are cut."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.language.lookalikes import alike
from mpr_logic.language.marks import few_marks

LETTERS = st.sampled_from(["a", "e", "\u0301", "\u0316", "\u0f73", " ", "\u00e9", "\u0928", "\u3002"])


@given(st.lists(LETTERS, max_size=100).map("".join))
def test_no_letter_has_more_marks_than_texts_have(text: str) -> None:
    """A text without long runs of marks stays as it is; in any other, no run is longer than 30."""
    found = few_marks(text)
    run = longest = 0
    for char in unicodedata.normalize("NFD", found):
        run = run + 1 if unicodedata.combining(char) else 0
        longest = max(longest, run)
    assert longest <= 60  # 30 marks, each of which may be two
    assert len(found) <= len(text)
    if len(text) <= 30:
        assert found == text


def test_a_key_with_very_many_marks_is_compared() -> None:
    """A key whose marks differ only where no text has so many is taken for the same."""
    assert alike("a" + "\u0316" * 40) == alike("a" + "\u0316" * 50_000)
    assert alike("a\u0316") != alike("a\u0316\u0316")
