"""The stored tables, the grammar they come from, and Lark's own reading of it agree."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given
from lark import Lark
from lark.exceptions import UnexpectedInput

from mpr_logic.errors import ProgramError
from mpr_logic.language import parse, print_module
from mpr_logic.language.ast import Module
from mpr_logic.language.builder import Builder
from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.lalr_compiler import as_json, compile_grammar
from mpr_logic.language.lalr_tables import tables
from mpr_logic.resources import GRAMMAR, TABLES, grammar_text
from tests.helpers.strategies import broken_texts, modules

# what the grammar allows and the builder, the driver or the decoder refuses
BEYOND_THE_GRAMMAR = {
    "E0102",
    "E0109",
    "E0110",
    "E0111",
    "E0112",
    "E0113",
    "E0123",
    "E0124",
    "E0125",
    "E0126",
    "E0242",
    "E0250",
}


def beyond_the_grammar(found: Diagnostic) -> bool:
    """Whether the grammar allows what this refuses: of an aggregate any term as the result, of a set a
    variable as a member, of a call any name."""
    return (
        found.code in BEYOND_THE_GRAMMAR
        or (found.code == "E0116" and "the result of" in found.message)
        or (found.code == "E0127" and found.message.startswith("the variable"))
        or found.message.endswith(("(...)` has no value", "(...)` is no term"))
    )


@cache
def lark() -> Lark:
    """Build Lark's own parser of the grammar, its own lexer included."""
    return Lark(grammar_text(GRAMMAR), parser="lalr", lexer="basic", start="start")


def lark_accepts(text: str) -> bool:
    """Return whether Lark parses a text; the byte order mark in front of one is no part of it."""
    try:
        lark().parse(text.removeprefix("\ufeff"))
    except UnexpectedInput:
        return False
    return True


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    """The stored tables fit the grammar: after an edit run ``python -m mpr_logic.language.lalr_compiler``."""
    assert grammar_text(TABLES) == as_json(compile_grammar(grammar_text(GRAMMAR)))


def test_the_builder_has_a_method_for_each_production() -> None:
    """Each production with a method is made by the builder."""
    methods = {each.method for each in tables().productions if each.method}
    assert methods - {"start"} == {name for name in methods if hasattr(Builder, name)}


@given(modules())
def test_lark_parses_what_the_printer_prints(module: Module) -> None:
    """Lark, from the grammar file alone, accepts every printed module."""
    assert lark_accepts(print_module(module))


@pytest.mark.heavy
@example(".actionraining(a0: raining)")
@example("p(efold(X)).")
@example("p(ld(X)).")
@example("p(part(X)).")
@example("\ufeff")
@given(broken_texts())
def test_lark_and_the_parser_accept_the_same_texts(text: str) -> None:
    """A text is refused by both or by neither, but for what no grammar says."""
    try:
        parse(text)
    except ProgramError as error:
        if not any(map(beyond_the_grammar, error.diagnostics)):
            assert not lark_accepts(text), [found.code for found in error.diagnostics]  # noqa: PT017
    else:
        assert lark_accepts(text)


@pytest.mark.parametrize("name", ["none.lark", "../README.md/x"])
def test_an_unknown_grammar_is_missed(name: str) -> None:
    """A file that is not there is an error, not an empty grammar."""
    with pytest.raises(OSError, match=r"README|none"):
        grammar_text(name)
