"""Whatever the input, the parser answers with a tree or with diagnostics, and soon."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import ProgramError
from mpr_logic.language import CODES, Diagnostic, parse, parse_atom, parse_clause, parse_file
from tests.helpers.strategies import broken_texts

ALPHABET = "abXY_09.,:;-+*/=<>!(){}[]@%\"'\\ \n\t\r|&#~?\u00e9\u96ea\0"


def refused(read: Callable[[str], object], text: str) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a text; nothing where it can be read."""
    try:
        read(text)
    except ProgramError as error:
        return error.diagnostics
    return ()


def codes(text: str) -> list[str]:
    """Return the codes of the errors of a text."""
    return [found.code for found in refused(parse, text)]


@given(st.text() | st.text(ALPHABET, max_size=60) | broken_texts())
def test_any_text_parses_or_is_refused_with_diagnostics(text: str) -> None:
    """Only ProgramError comes out, each diagnostic has a known code, a place in the text, and renders."""
    lines = text.removeprefix("\ufeff").split("\n")
    for read in (parse, parse_atom, parse_clause):
        for found in refused(read, text):
            assert found.code in CODES
            assert 1 <= found.span.line <= len(lines)
            assert 1 <= found.span.column <= len(lines[found.span.line - 1]) + 1
            shown = found.render()
            assert "^" in shown
            assert all(char.isprintable() or char == "\n" for char in shown)
            assert found.message[0].islower() or found.message[0] in "`U"


@given(data=st.binary() | st.text(ALPHABET, max_size=60).map(lambda t: t.encode()))
def test_any_bytes_in_a_file_parse_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Only ProgramError comes out of reading a file, whatever bytes it holds."""
    path = tmp_path_factory.mktemp("bytes") / "any.dl"
    path.write_bytes(data)
    assert all(found.span.file == str(path) for found in refused(lambda _: parse_file(path), ""))


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p(X) :- X = " + "(" * 100_000 + "1" + ")" * 100_000 + ".", "E0112"),
        ("p(" * 100_000, "E0112"),
        ("p(X) :- X = " + "lower(" * 100_000, "E0112"),
        ("p(X) :- X = " + " + ".join(["1"] * 5_000) + ".", "E0112"),
        ("p(" + ",".join(["a"] * 30_000) + ").", "E0113"),
        ("p(" + "1" * 5_000_000 + ").", "E0110"),
        ("p(-" + "1" * 1_001 + ").", "E0110"),
        ('"' * 10_000_000, "E0101"),
        ('p("' + "\\" * 10_000_000, "E0103"),
        ("." * 10_000_000, "E0101"),
        ("a" * 10_000_000, "E0105"),
        ("p(X" * 3_000_000, "E0107"),
        ("p :- X = " + "1." * 3_000_000, "E0101"),
        ("\ufffe" * 5_000_000, "E0102"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_huge_and_deep_input_is_refused(text: str, expected: str) -> None:
    """Megabytes of nonsense and thousands of brackets give a diagnostic, not a crash."""
    assert expected in codes(text)


@pytest.mark.process
def test_hostile_input_costs_little_memory() -> None:
    """Ten megabytes of backslashes in a text are refused within 300 MB."""
    script = (
        "import tracemalloc\n"
        "from mpr_logic.errors import ProgramError\n"
        "from mpr_logic.language import parse\n"
        "tracemalloc.start()\n"
        "try:\n    parse('p(\"' + chr(92) * 10_000_000)\n"
        "except ProgramError:\n    print(tracemalloc.get_traced_memory()[1])\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(result.stdout) < 300 * 2**20


def test_errors_are_counted_up_to_a_bound() -> None:
    """After twenty errors the parser stops, and says so."""
    with pytest.raises(ProgramError) as caught:
        parse("P(a).\n" * 1_000)
    assert len(caught.value.diagnostics) == 20
    assert "stops after 20 errors" in caught.value.diagnostics[-1].notes[0]


def test_parsing_goes_on_behind_an_error() -> None:
    """Each broken clause gives its own error, and the good ones between give none."""
    text = 'p(a)\nq(b).\nR(c).\ns(d).\nt("e).\nu(f).\nv(g :- w.\n.decl x(Y: int)\nz(1 2).\n'
    with pytest.raises(ProgramError) as caught:
        parse(text)
    found = [(d.span.line, d.code) for d in caught.value.diagnostics]
    assert found == [(1, "E0105"), (3, "E0107"), (5, "E0103"), (7, "E0104"), (8, "E0107"), (9, "E0101")]


def refusal(path: Path | str) -> str:
    """Return what is said of a file that is refused."""
    with pytest.raises(ProgramError) as caught:
        parse_file(path)
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message names the file and says that it is not there."""
    path = tmp_path / "none.dl"
    assert refusal(path) == (
        f"error[E0120]: `{path}` cannot be read: no such file or directory\n"
        f" --> {path}\n"
        "  = help: give the path of a file that exists and that you may read"
    )


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A folder, a pipe that nobody writes to, a device: none is read, none is waited for."""
    os.mkfifo(tmp_path / "pipe.dl")
    assert "is a folder" in refusal(tmp_path)
    assert "is a pipe" in refusal(tmp_path / "pipe.dl")
    assert "is a device" in refusal("/dev/zero")
    assert "its name is not valid" in refusal("a\0b")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """The bound is 64 MiB."""
    path = tmp_path / "large.dl"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    assert "error[E0122]" in refusal(path)


def test_bytes_that_are_no_text_are_placed(tmp_path: Path) -> None:
    """Invalid UTF-8 and NUL bytes are refused with the line and column where they stand."""
    path = tmp_path / "bytes.dl"
    path.write_bytes(b"\xef\xbb\xbf% caf\xc3\xa9\np(a).\n\xc3\xa9 \xff")
    assert f"error[E0121]: byte 0xff is not UTF-8 text\n --> {path}:3:3" in refusal(path)
    path.write_bytes(b"p(a).\nq(\0).")
    assert f" --> {path}:2:3" in refusal(path)
    assert "error[E0102]" in refusal(path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """A file that begins with one parses as without."""
    path = tmp_path / "mark.dl"
    path.write_bytes(b"\xef\xbb\xbfp(a).\r\nq(b).\r\n")
    module = parse_file(path)
    assert module == parse("p(a). q(b).")
    assert module.statements[1].span.line == 2
    assert module.file == str(path)


def test_a_lone_surrogate_is_refused() -> None:
    """Half of a surrogate pair, raw or escaped, reaches no tree."""
    assert codes("% \ud800\np.") == ["E0102"]
    assert codes('p("\\ud800").') == ["E0111"]
    assert codes('p("\\ud83d\\ude00").') == []


def test_one_thing_means_one_thing() -> None:
    """parse_atom and parse_clause refuse what stands behind the first, and what is something else."""
    for text in ("p(a), q(b)", "p(a).", "p(X) :- q(X).", "not p(a)", ""):
        with pytest.raises(ProgramError):
            parse_atom(text)
    for text in ("p(a). q(b).", ".decl p()", "p(a)", ""):
        with pytest.raises(ProgramError):
            parse_clause(text)
