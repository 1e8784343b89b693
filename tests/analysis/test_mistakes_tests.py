"""The mistakes that people make in tests of rules: each is an error, and its fix is right."""

from __future__ import annotations

import pytest

from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

# what is written in the braces, the code, a part of the help, and the same as it is right
MISTAKES = [
    ("expect allowed put(a, b).", "E0700", "write `admitted`", "expect admitted put(a, b)."),
    ("expect denied put(a, b).", "E0700", "write `rejected`", "expect rejected put(a, b)."),
    ("expect rejectd put(a, b).", "E0700", "write `rejected`", "expect rejected put(a, b)."),
    ("expect warned put(a, b).", "E0700", "write `advised`", "expect advised put(a, b)."),
    (
        "expect modified put(a, b) to put(a, c).",
        "E0700",
        "write `rewritten`",
        "expect rewritten put(a, b) to put(a, c).",
    ),
    ("expect holds full(b).", "E0700", "`expect full(fridge).`", "expect full(b)."),
    ("expect absent full(b).", "E0700", "`expect not full(fridge).`", "expect not full(b)."),
    ("given at(a, b).", "E0700", "stands alone", "at(a, b)."),
    ("rejected put(a, b).", "E0700", "write `expect rejected`", "expect rejected put(a, b)."),
    ("call open(b).", "E0700", "write `run`", "run open(b)."),
    ("do open(b).", "E0700", "write `run`", "run open(b)."),
    ('time "2026-01-01T10:00:00Z".', "E0700", "write `now`", 'now "2026-01-01T10:00:00Z".'),
    (
        "expect rejected put(a, b) because closed.",
        "E0701",
        "by closed",
        "expect rejected put(a, b) by closed.",
    ),
    ("expect rejected put(a, b) by.", "E0701", "by closed", "expect rejected put(a, b) by closed."),
    ("expect admitted put(a, b) by closed.", "E0701", "expect admitted", "expect admitted put(a, b)."),
    ("expect rewritten put(a, b).", "E0701", "to send(ann, 2)", "expect rewritten put(a, b) to put(a, c)."),
    ("expect proof put(a, b).", "E0701", 'as "closed.txt"', 'expect proof put(a, b) as "f.txt".'),
    ("user hello.", "E0701", 'user "buy milk"', 'user "hello".'),
    ('run "open(b)".', "E0701", "run open(fridge)", "run open(b)."),
    ("param most = 5 = 6.", "E0118", "", "param most = 5."),
    ("expect full(P) :- P in {(a, b)}.", "E0118", "", "expect full(P) :- P in {a, b}."),
    (
        "expect full(P) :- (P, Q) in {(a, b), (c)}.",
        "E0702",
        "one value",
        "expect full(P) :- (P, Q) in {(a, b), (c, d)}.",
    ),
    ("expect full(P) :- P in {a}, P in {b}.", "E0702", "of its own", "expect full(P) :- P in {a, b}."),
    ("expect full(P).", "E0703", "expect full(P) :- P in", "expect full(P) :- P in {a}."),
    ("at(a, _).", "E0703", "in each place", "at(a, b)."),
    ("expect rejected put(a, b)", "E0118", "a dot", "expect rejected put(a, b)."),
]


def faults(inside: str) -> list[tuple[str, str]]:
    """The codes and helps of the errors in a test."""
    try:
        parse(f'.test "t" {{\n    {inside}\n}}')
    except ProgramError as error:
        return [(each.code, each.help) for each in error.diagnostics]
    return []


@pytest.mark.parametrize(("wrong", "code", "help", "right"), MISTAKES, ids=str)
def test_a_mistake_is_an_error_with_a_fix(wrong: str, code: str, help: str, right: str) -> None:
    """The error has its code and a help that leads to the right form, which is no error."""
    found = faults(wrong)
    assert found
    assert help in found[0][1]
    assert found[0][0] == code
    assert faults(right) == []
