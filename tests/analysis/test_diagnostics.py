"""The refusals of analysis: each code with its message, its place and its help."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.diagnostics import CODES
from mpr_logic.language.parser import parse
from tests.analysis import diagnostic_cases, rule_cases
from tests.analysis.diagnostic_cases import SCHEMA

CASES = [*diagnostic_cases.CASES, *rule_cases.CASES]


def refused(text: str) -> ProgramError:
    """The error that analysis raises for a text behind the schema."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(SCHEMA + text, "rules.dl")])
    return caught.value


@pytest.mark.parametrize(("text", "code", "marked", "message", "help"), CASES, ids=[c[0][:40] for c in CASES])
def test_a_wrong_program_is_refused(text: str, code: str, marked: str, message: str, help: str) -> None:
    """A wrong program gets its code first, at its place, with its message and a way out."""
    first = refused(text).diagnostics[0]
    assert (first.code, first.message) == (code, message)
    assert help in first.help
    line = first.source_line or ""
    assert line[first.span.column - 1 : first.span.end_column - 1] == marked


def test_every_code_of_analysis_is_in_the_table() -> None:
    """No error code of analysis goes untested."""
    codes = {code for code in CODES if code.startswith(("E02", "E03", "E04"))}
    assert codes == {case[1] for case in CASES}


def test_the_message_shows_the_line() -> None:
    """The error renders the place, the source line, the caret and the help."""
    error = refused("forbid put(X, _) :- thng(X).")
    assert str(error) == (
        "error[E0201]: relation `thng` is not declared\n"
        "  --> rules.dl:16:21\n"
        "   |\n"
        "16 | forbid put(X, _) :- thng(X).\n"
        "   |                     ^^^^^^^\n"
        "   |\n"
        "   = help: did you mean `thing`? If a relation is meant, declare it: .decl thng(x: object)"
    )


def test_all_errors_are_found_in_the_order_of_the_text() -> None:
    """One pass reports the errors of every clause, also of clauses of one shape."""
    error = refused("thing(X) :- thng(X).\nthing(1).\nthing(2).\nthing(X) :- thing(X), not who(Y).")
    assert [(d.code, d.span.line) for d in error.diagnostics] == [
        ("E0201", 16),
        ("E0207", 17),
        ("E0207", 18),
        ("E0303", 19),
    ]


def test_errors_in_two_files_name_their_files() -> None:
    """Ids are shared by all files: a second use names the first one's place."""
    first = parse(SCHEMA + "@id(k) forbid step(1).", "a.dl")
    second = parse("@id(k) forbid step(2).", "b.dl")
    with pytest.raises(ProgramError) as caught:
        analyse([first, second])
    (found,) = caught.value.diagnostics
    assert str(found.span) == "b.dl:1:1"
    assert found.source_line == "@id(k) forbid step(2)."
    assert "at a.dl:16:8" in found.help


def test_two_files_may_repeat_a_declaration() -> None:
    """One declaration in two files is one declaration; another one is an error."""
    program = analyse([parse(SCHEMA, "a.dl"), parse(SCHEMA, "b.dl")])
    assert program.schema.relations["size"].bases == ("symbol", "int")
    with pytest.raises(ProgramError, match="relation `thing` is declared twice"):
        analyse([parse(SCHEMA, "a.dl"), parse(".decl thing(y: int)", "b.dl")])
