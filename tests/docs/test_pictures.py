"""The pictures show what happens, and the first page shows the files that they are made of."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from tests.docs.pictures import ALL, PICTURES, Picture
from tests.helpers.pages import DOCS, TOP, blocks


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.name)
def test_a_picture_shows_what_happens(picture: Picture) -> None:
    """A picture drawn anew is the one that is there: `python -m tests.docs.pictures` draws them."""
    assert picture.draw() == picture.path.read_text(encoding="utf-8")


def test_no_picture_is_left_over() -> None:
    """Every picture of the folder is drawn by the script, and is well-formed."""
    assert sorted(PICTURES.iterdir()) == sorted(picture.path for picture in ALL)
    for picture in ALL:
        assert ElementTree.fromstring(picture.path.read_text(encoding="utf-8")).tag.endswith("svg")


def test_the_first_page_shows_the_example() -> None:
    """The README's files are those of the example that its picture is made of, to the letter."""
    shown = {block.file[0]: block.file[1] for block in blocks(TOP / "README.md") if block.file is not None}
    there = DOCS / "examples" / "database"
    assert shown == {path.name: path.read_text(encoding="utf-8") for path in there.iterdir()}
