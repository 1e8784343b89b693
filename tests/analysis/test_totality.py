"""The analysis finds the rules that cannot fail, whatever the state."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.totality import is_total
from mpr_logic.language.parser import parse

DECLARED = (
    ".decl n(i: int) .decl f(i: float) .decl s(x: symbol) .decl a(x: any) .decl d(i: int) "
    ".action go(i: int, x: symbol) "
)


@pytest.mark.parametrize(
    ("rules", "right"),
    [
        ("forbid go(I, X) :- n(I), not s(X).", True),
        ("forbid go(I, X) :- n(J), I < J.", True),
        ("forbid go(I, X) :- f(J), I < J, J >= 2.", True),
        ("forbid go(I, X) :- s(Y), X < Y.", True),
        ("forbid go(I, X) :- N = count : { n(_) }, N >= I.", True),
        ("forbid go(I, X) :- a(Y), X = Y, Y != 3.", True),
        ("forbid go(I, X) :- a(Y), X < Y.", False),
        ("forbid go(I, X) :- a(Y), Y < 3.", False),
        ("forbid go(I, X) :- n(J), I + 1 = J.", False),
        ("forbid go(I, X) :- n(I + 1).", False),
        ("forbid go(I, X) :- n(J), 4 / J = I.", False),
        ('forbid go(I, X) :- contains(X, "a").', False),
        ("forbid go(I, X) :- N = sum I : { n(I) }, N >= 3.", False),
        ("forbid go(I, X) :- N = count : { n(J), J * J > 3 }, N >= 1.", False),
        ("forbid go(I, X) :- d(I). d(I) :- n(I), I > 2.", True),
        ("forbid go(I, X) :- not d(I). d(I) :- n(J), I = J + 1.", False),
        ("forbid go(I, X) :- N = count : { d(_) }, N > 1. d(I) :- n(J), I = J + 1.", False),
    ],
)
def test_what_can_fail(rules: str, right: bool) -> None:
    """Arithmetic, built-ins, sums and the order of values of unknown types can; also below the rule."""
    assert is_total(analyse([parse(DECLARED + rules)]), ["forbid go"]) is right
