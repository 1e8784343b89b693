"""A comment ends where every reader sees its line end, and nothing in a rule file hides a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse, parse_atom, parse_clause
from mpr_logic.language.printer import print_module
from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path

LINES = [".action go(a: symbol)", "% keep away", 'forbid go(A) :- A = "x".', ""]
ENDS = ["\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
UNSEEN = [
    "\u202e",
    "\u202a",
    "\u2066",
    "\u2069",
    "\u200f",
    "\u061c",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u00ad",
    "\U000e0041",
]


def refusal(text: str) -> tuple[str, int, int]:
    """The code and the place of the one diagnostic of a text."""
    with pytest.raises(ProgramError) as caught:
        parse(text)
    (found,) = caught.value.diagnostics
    return found.code, found.span.line, found.span.column


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_with_ordinary_line_ends_work(end: str) -> None:
    """Both kinds of line ends give the same rules, comments and all."""
    text = end.join(LINES)
    assert parse(text) == parse("\n".join(LINES))
    assert not Checker.from_text(text).check("go(x)").admissible
    assert print_module(parse(text)) == print_module(parse("\n".join(LINES)))


@pytest.mark.parametrize("end", ENDS)
def test_other_line_ends_are_refused(end: str, tmp_path: Path) -> None:
    """A file of such lines, and one such character in a file of ordinary lines, is refused at its place."""
    assert refusal(end.join(LINES)) == ("E0124", 1, len(LINES[0]) + 1)
    assert refusal(f"p(a).\n% keep away{end}forbid go(A).\n") == ("E0124", 2, 12)
    assert refusal(f"p(a). % keep away{end}q(b).\r\n") == ("E0124", 1, 18)
    assert refusal(f'p(a).\nq("keep{end}away").') == ("E0124", 2, 8)
    assert refusal(f"p(a).{end}{end}q(b).")[0] == "E0124"
    file, state = tmp_path / "rules.dl", tmp_path / "state.dl"
    state.write_text("")
    file.write_bytes(end.join(LINES).encode())
    for command in (("lint", file), ("check", file, "--state", state, "go(x)"), ("fmt", file)):
        said = mpr(*map(str, command))
        assert said.status == 2
        assert "E0124" in said.out + said.err


@pytest.mark.parametrize("char", UNSEEN)
def test_hidden_characters_are_refused(char: str) -> None:
    """A character that turns the direction of a text, or is not seen, is an error in comments and texts."""
    assert refusal(f"p(a).\n% a{char}b\n") == ("E0125", 2, 4)
    assert refusal(f'p(a).\nq("a{char}b").') == ("E0125", 2, 5)
    assert refusal(f"p(a). {char}q(b).") == ("E0125", 1, 7)


def test_the_message_says_what_to_write() -> None:
    """In a text the escape stands for the character, and is the same value."""
    for char, escape in (("\r", "\\r"), ("\x0b", "\\u000b"), ("\u2028", "\\u2028"), ("\u202e", "\\u202e")):
        with pytest.raises(ProgramError, match="write `" + escape.replace("\\", "\\\\") + "`"):
            parse(f"% {char}x")
        (clause,) = parse(f'p("{escape}").').clauses
        assert clause == parse_clause(f'p("{escape}").')
        assert parse(print_module(parse(f'p("{escape}").'))).clauses == (clause,)


def test_what_scripts_need_is_let_in() -> None:
    """Joiners, variation selectors, tabs and blanks of other widths say nothing that is hidden."""
    for char in ("\u200c", "\u200d", "\ufe0f", "\t", "\u00a0", "\u3000", "é", "雪"):
        parse(f'% a{char}b\np("a{"" if char == chr(9) else char}b").')
    parse("\ufeffp(a).")  # a byte order mark


@pytest.mark.parametrize("end", [*ENDS, "\u202e"])
def test_a_comment_beside_an_atom_hides_nothing(end: str) -> None:
    """An action or a fact is data: its texts may hold what is no control character, its comments not."""
    for read, text in ((parse_atom, "p(a)"), (parse_clause, "p(a).")):
        with pytest.raises(ProgramError):
            read(f"{text} % x{end}q(b).")
    if end > "\x85":
        assert parse_atom(f'p("x % y{end}z", "{end}")  % fine\r\n') is not None


@given(st.lists(st.sampled_from([*ENDS, *UNSEEN, "\n", "\r\n", "%", " ", "p(a).", '"', "é"]), max_size=12))
def test_no_text_with_them_is_read(parts: list[str]) -> None:
    """Wherever such a character stands, there is a diagnostic."""
    text = "".join(["p(b). ", *parts])
    left = text.replace("\r\n", "\n")
    if any(char in left for char in [*ENDS, *UNSEEN]):
        assert refusal(text)[0] in ("E0124", "E0125")
