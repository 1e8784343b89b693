"""Tests that stand among imported rules are no part of a memory."""

from __future__ import annotations

from mpr_logic.language.parser import parse
from mpr_logic.memory.declarations import Declarations


def test_a_memory_passes_over_tests() -> None:
    """Declarations of a memory have no tests, and two files with tests of one name go together."""
    text = '.decl p(x: symbol) input\n.test "t" { p(a). expect p(a). }'
    other = text.replace("p(a)", "p(b)")
    assert Declarations().with_([parse(text), parse(other)]).text == ".decl p(x: symbol) input\n"
