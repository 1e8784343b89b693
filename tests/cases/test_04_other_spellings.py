"""Facts about a file hold however its path is spelled: another spelling is rejected."""

from __future__ import annotations

from posixpath import normpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Checker
from tests.helpers.examples import at_most

WORLD, STYLES = "rules/tools/world", ("rules/tools/open", "rules/tools/closed")
SECRET, LOG, FREE = "/workspace/hr/salaries.txt", "/workspace/log.txt", "/workspace/menu.txt"
KIM = "kim@atlas.example"
CHECKERS = [Checker.load(WORLD, style) for style in STYLES]
STATE = [
    'workspace("/workspace/")',
    'domain("@elm.example")',
    f'contact("{KIM}")',
    "most_mails(5)",
    "mails(0)",
    f'secret("{SECRET}")',
    f'backed_up("{LOG}")',
    *[f'has_read("{each}")' for each in (SECRET, LOG, FREE)],
]
for _each in CHECKERS:
    _each.update(add=STATE)


def actions(path: str) -> list[Action]:
    """Return every action that takes a path, on this path."""
    return [
        *[Action(name, path) for name in ("read_file", "back_up", "delete_file", "list_files")],
        Action("write_file", path, FREE),
        Action("write_file", FREE, path),
        Action("send_mail", KIM, path),
        Action("send_mail", "ann@elm.example", path),
    ]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A path, and another text that leads to the same file."""
    plain = draw(st.sampled_from([SECRET, LOG, FREE]))
    gap = st.sampled_from(["/", "//", "/./", "/x/../", "///", "/././", "/.//", "/../workspace/"])
    parts = plain.strip("/").split("/")
    text = "".join(draw(gap) + each for each in parts) + draw(st.sampled_from(["", "/", "/.", "//", "/x/.."]))
    return plain, text


@settings(max_examples=at_most(150), deadline=None)
@given(spellings())
def test_no_spelling_passes_that_its_plain_one_would_not(spelled: tuple[str, str]) -> None:
    """Another spelling of a path is rejected by both sets, even where the host notes that it was read."""
    plain, text = spelled
    if normpath(text) != plain or text == plain:
        return
    fact = f'has_read("{text}")'
    for checker in CHECKERS:
        checker.update(add=[fact])
        admitted = [str(each) for each in actions(text) if checker.check(each).admissible]
        checker.update(remove=[fact])
        # a folder may end with a slash: only its name is listed
        assert [each for each in admitted if not each.startswith("list_files") or "//" in each] == []


@pytest.mark.parametrize("style", range(2))
def test_plain_spellings(style: int) -> None:
    """Plain spellings are decided as before: the secret stays in the house, and the rest passes."""
    checker = CHECKERS[style]
    assert not checker.check(Action("send_mail", KIM, SECRET)).admissible
    assert not checker.check(Action("delete_file", FREE)).admissible
    for action in (Action("send_mail", KIM, FREE), Action("read_file", SECRET), Action("delete_file", LOG)):
        assert checker.check(action).admissible


@pytest.mark.parametrize("odd", ["\\", "\n", "\t", "\x7f", "\u200b", "\u2028", "\x00"])
def test_what_is_no_part_of_a_plain_path(odd: str) -> None:
    """A backslash, which some file systems read as a slash, and what nobody sees are rejected."""
    path = f"/workspace/hr{odd}salaries.txt"
    for checker in CHECKERS:
        assert not any(checker.check(each).admissible for each in actions(path))


def test_a_page_may_have_two_slashes() -> None:
    """Addresses of pages are no paths: to pass one on is decided by what it says."""
    page = "https://atlas.example//news/"
    for checker in CHECKERS:
        checker.update(add=[f'has_read("{page}")'])
        assert checker.check(Action("send_mail", KIM, page)).admissible
