"""Messages about slips of newcomers name what was most likely meant."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

HEAD = ".action pay(amount: int)\n.action read(path: symbol)\n"


def told(text: str) -> dict[str, tuple[str, int]]:
    """The help and the column of each code that is found in a text."""
    try:
        modules = [parse(text)]
        found = vet(analyse(modules), None, modules)
    except ProgramError as error:
        found = list(error.diagnostics)
    return {each.code: (each.help, each.span.column) for each in found}


@pytest.mark.parametrize(
    ("text", "helps"),
    [
        ("forbid pay(amount: n) :- n <= 0.", {"E0207": "variable `N`?", "E0212": "variable `N`?"}),
        ("forbid pay(N) :- N < sum_of.", {"E0212": "variable `Sum_of`?"}),
        ('forbid read(path: P) :- contains(p, "..").', {"E0608": "variable `P`?"}),
        ('forbid read(path: P) :- contains("p q", "..").', {"E0608": "take the rule away"}),
        ('@because("{n} is too small") forbid pay(amount: N) :- N <= 0.', {"E0216": "`{N}`?"}),
        ('forbid pay(amount: "two words").', {"E0207": "constant of type `int`"}),
        (".decl x(n: int) keys()", {"E0118": "did you mean `key`?"}),
        (".decl x(n: int) inputs\n.decl y(n: int)", {"E0118": "did you mean `input`?"}),
        ("@id(k)\n.decl y(n: int)", {"E0101": "right before its clause"}),
        (
            ".decl q(n: any) input\n.decl p(n: int)\np(K) :- q(N), K = N * 2.",
            {"E0206": "declare that one as `int`"},
        ),
    ],
)
def test_what_was_meant(text: str, helps: dict[str, str]) -> None:
    """Each slip is told with the word that would be right."""
    found = told(HEAD + text)
    assert found.keys() >= helps.keys()
    for code, help in helps.items():
        assert help in found[code][0]


def test_the_caret_is_under_the_name() -> None:
    """An argument that is not there is shown where its name stands."""
    assert told(HEAD + "forbid pay(amt: N) :- N <= 0.")["E0204"][1] == len("forbid pay(") + 1
    assert told(HEAD + "forbid pay(amount: N, amount: N) :- N <= 0.")["E0204"][1] == 23
