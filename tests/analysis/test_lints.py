"""Lints: warnings about what is allowed, but most likely not meant."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse, lint
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

SCHEMA = """.decl p(x: symbol)
.decl q(x: symbol, n: int)
.action act(x: symbol, y: symbol)
"""
USE = "p(a). q(a, 1). "
WHY = '@because("no") '


def warnings(text: str) -> list[tuple[str, str]]:
    """The codes and messages of the lints of a text behind the schema."""
    found = lint([parse(SCHEMA + USE + text)])
    assert all(d.severity == "warning" and d.help for d in found)
    return [(d.code, d.message) for d in found]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("p(X) :- q(X, N).", "W0501", "`N` stands only once in this clause"),
        ("p(X) :- p(X), N = count : { q(Y, _) }, N > 1.", "W0501", "`Y` stands only once in this clause"),
        ("p(X) :- q(X, _). p(Y) :- q(Y, _).", "W0502", "this rule says the same as the one at <text>:4:16"),
        ("p(a).", "W0502", "this fact is stated at <text>:4:1 too"),
        (".decl r(x: int)", "W0503", "relation `r` is declared, but no clause speaks of it"),
        (
            "permit act(X, _) :- p(X).",
            "W0504",
            "this permit changes nothing: it overrides no rule, and `act` is allowed by default",
        ),
        ("forbid act(X, _) :- p(X).", "W0505", "this rule forbids `act` without a reason"),
        (
            'p(X) :- q(X, N), N = "1".',
            "W0506",
            "this comparison never holds: one side is of type `int`, the other `symbol`",
        ),
        (
            "p(X) :- q(X, N), X != N.",
            "W0506",
            "this comparison always holds: one side is of type `symbol`, the other `int`",
        ),
        (
            f"{WHY} forbid act(A, _) :- p(A). {WHY} forbid act(X, Y) :- p(X), q(Y, _).",
            "W0507",
            "this rule adds nothing: the one at <text>:4:32 holds whenever it does",
        ),
    ],
)
def test_each_lint(text: str, code: str, message: str) -> None:
    """Each lint warns of what it is about, and of nothing else."""
    assert warnings(text) == [(code, message)]


@pytest.mark.parametrize(
    "text",
    [
        "p(X) :- q(X, _N).",
        "p(X) :- p(X), q(_, _).",
        '@because("{X} to {Y}") forbid act(X, Y) :- p(X).',
        '@because("{N}") forbid act(X, _) :- q(X, N).',
        ".default forbid act permit act(X, _) :- p(X).",
        f"@id(k) {WHY} forbid act(_, _). @overrides(k) permit act(X, _) :- p(X).",
        # the special rule is the surer one
        f"{WHY} 0.5 :: forbid act(A, _) :- p(A). {WHY} forbid act(X, Y) :- p(X), q(Y, _).",
        # the general rule has an exception that the special one has not
        f"@id(g) {WHY} forbid act(A, _) :- p(A). @id(s) {WHY} forbid act(X, Y) :- p(X), q(Y, _)."
        "@overrides(g) permit act(_, _).",
        # cases of a relation
        "p(X) :- q(X, 1). p(X) :- q(X, 1), q(X, 2).",
    ],
)
def test_what_is_fine_is_left_in_peace(text: str) -> None:
    """No warning about names that begin with an underscore, exceptions, and cases of a relation."""
    assert warnings(text) == []


def test_lints_come_with_their_lines_in_order() -> None:
    """Warnings are sorted by place and show the source line."""
    module = parse(SCHEMA + "p(X) :- q(X, N).\nforbid act(_, _).\np(a).\np(a).", "r.dl")
    found = lint([module], analyse([module]))
    assert [(d.code, d.span.line) for d in found] == [("W0501", 4), ("W0505", 5), ("W0502", 7)]
    assert found[0].source_line == "p(X) :- q(X, N)."


def test_a_wrong_program_is_not_linted() -> None:
    """Errors come before warnings: a wrong program raises."""
    with pytest.raises(ProgramError):
        lint([parse("p(X) :- q(X).")])
