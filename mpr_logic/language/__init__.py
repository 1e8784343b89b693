"""Text to tree and back: the language of ``.dl`` files."""

from mpr_logic.language.diagnostics import CODES, Diagnostic
from mpr_logic.language.parser import parse, parse_atom, parse_clause, parse_file
from mpr_logic.language.printer import (
    print_atom,
    print_clause,
    print_item,
    print_module,
    print_row,
    print_statement,
    print_term,
    print_value,
)

__all__ = [
    "CODES",
    "Diagnostic",
    "parse",
    "parse_atom",
    "parse_clause",
    "parse_file",
    "print_atom",
    "print_clause",
    "print_item",
    "print_module",
    "print_row",
    "print_statement",
    "print_term",
    "print_value",
]
