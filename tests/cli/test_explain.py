"""mpr explain: the page about a diagnostic."""

from __future__ import annotations

import io

import pytest

from mpr_logic.cli.output import Answer, send
from mpr_logic.resources import diagnostics_folder
from tests.helpers.command import mpr

CODES = sorted(page.stem for page in diagnostics_folder().glob("*.md"))


@pytest.mark.parametrize("code", CODES)
def test_every_page_is_printed(code: str) -> None:
    """Each page is printed as it is written, where the output is no terminal."""
    page = (diagnostics_folder() / f"{code}.md").read_text(encoding="utf-8")
    done = mpr("explain", code)
    assert done.status == 0
    assert done.out == page


@pytest.mark.parametrize("given", ["e0201", "error[E0201]", " E0201 "])
def test_codes_as_people_write_them(given: str) -> None:
    """A code is found in lower case, and as a message shows it."""
    assert mpr("explain", given).out.startswith("# E0201: unknown name\n")


@pytest.mark.parametrize(
    ("given", "said"),
    [("E0299", "`E029"), ("W0201", "`E0201`"), ("", "`E0101`"), ("what", "`E0101`")],
)
def test_unknown_codes_name_the_nearest(given: str, said: str) -> None:
    """A code that is none ends with status 2, and the message names codes that there are."""
    done = mpr("explain", given)
    assert done.status == 2
    assert f"there is no diagnostic `{given}`: did you mean" in done.err
    assert said in done.err


def test_no_code() -> None:
    """Without a code the message says what to give."""
    assert "no code is named" in mpr("explain").err


def test_a_terminal_shows_it_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the page is rendered: no marks of Markdown are left; plain without colours."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    page = Answer(0, "# E1: a name\n\n## Summary\n\nIt is *so*.", markdown=True)
    for no_color, marked in ((False, False), (True, True)):
        stream = Terminal()
        monkeypatch.setattr("sys.stdout", stream)
        assert send("explain", page, json=False, no_color=no_color) == 0
        assert ("## Summary" in stream.getvalue()) is marked
        assert ("\x1b[" in stream.getvalue()) is not marked
