"""Ten mistakes with relations that are asked, by people who come from other languages: each gets a message
whose fix is right."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

HEAD = """.type path <: symbol
.action read(p: path)
.decl folder(f: path) input
.decl met(p: path) input
"""

# what was meant, what was written, the code, a part of the help, and the text with the help taken
MISTAKES = [
    (
        "a Rego author writes a function of its argument",
        '.decl outside(p: path)\noutside(P) :- not starts_with(P, "/w/").\nforbid read(P) :- outside(P).',
        "E0304",
        ".decl outside(+p: path)",
        '.decl outside(+p: path)\noutside(P) :- not starts_with(P, "/w/").\nforbid read(P) :- outside(P).',
    ),
    (
        "so does one whose function gives a value",
        '.decl kind(p: path, k: symbol)\nkind(P, text) :- ends_with(P, ".txt").\n'
        "forbid read(P) :- kind(P, text).",
        "E0304",
        ".decl kind(+p: path, k: symbol)",
        '.decl kind(+p: path, k: symbol)\nkind(P, text) :- ends_with(P, ".txt").\n'
        "forbid read(P) :- kind(P, text).",
    ),
    (
        "a Prolog author negates what nothing lists",
        ".decl unseen(p: path)\nunseen(P) :- not met(P).\nforbid read(P) :- unseen(P).",
        "E0303",
        ".decl unseen(+p: path)",
        ".decl unseen(+p: path)\nunseen(P) :- not met(P).\nforbid read(P) :- unseen(P).",
    ),
    (
        "a Souffle author writes a rule that holds of anything",
        ".decl same(a: path, b: path)\nsame(A, B) :- A = B.\nforbid read(P) :- met(Q), same(P, Q).",
        "E0304",
        ".decl same(+a: path, +b: path)",
        ".decl same(+a: path, +b: path)\nsame(A, B) :- A = B.\nforbid read(P) :- met(Q), same(P, Q).",
    ),
    (
        "an SQL author selects from it",
        ".decl long(+p: path)\n.decl shown(p: path)\nlong(P) :- length(P) > 20.\nshown(P) :- long(P).",
        "E0309",
        ".decl shown(+p: path)",
        ".decl long(+p: path)\n.decl shown(+p: path)\nlong(P) :- length(P) > 20.\nshown(P) :- long(P).",
    ),
    (
        "an SQL author counts it",
        ".decl long(+p: path)\n.decl many(n: int)\nlong(P) :- length(P) > 20.\n"
        "many(N) :- N = count : { long(_) }.",
        "E0309",
        "or a variable that something else in the body binds",
        ".decl long(+p: path)\n.decl many(n: int)\nlong(P) :- length(P) > 20.\n"
        "many(N) :- N = count : { met(P), long(P) }.",
    ),
    (
        "a Mercury author marks any column",
        ".decl within(f: path, +p: path)\nwithin(F, P) :- folder(F), starts_with(P, F).\n"
        "forbid read(P) :- not within(_, P).",
        "E0308",
        ".decl within(+p: path, f: path)",
        ".decl within(+p: path, f: path)\nwithin(P, F) :- folder(F), starts_with(P, F).\n"
        "forbid read(P) :- not within(P, _).",
    ),
    (
        "a Mercury author marks the arguments of an action",
        ".action write(+p: path)\nforbid write(P) :- met(P).",
        "E0308",
        "take the plus away",
        ".action write(p: path)\nforbid write(P) :- met(P).",
    ),
    (
        "a host wants to fill it",
        ".decl private(+p: path) input\nforbid read(P) :- private(P).",
        "E0308",
        "take `input` away, or the plus",
        ".decl private(p: path) input\nforbid read(P) :- private(P).",
    ),
    (
        "an effect wants to change it",
        ".decl open(+p: path)\nopen(P) :- met(P).\nread(P) causes open(P).",
        "E0310",
        "let a rule of `open` read it",
        ".decl open(+p: path)\n.decl seen(p: path)\nopen(P) :- met(P).\nopen(P) :- seen(P).\n"
        "read(P) causes seen(P).",
    ),
    (
        "a Haskell author matches on a sum",
        ".decl even(+n: int)\neven(0).\neven(N + 2) :- even(N).",
        "E0311",
        "compare it in the body",
        ".decl even(+n: int)\neven(0).\neven(N) :- N > 1, even(N - 2).",
    ),
    (
        "a text goes where a number is asked for",
        ".decl large(+n: int)\nlarge(N) :- N > 9.\nforbid read(P) :- large(P).",
        "E0206",
        "argument `p` of `read` makes it `path`",
        ".decl large(+n: int)\nlarge(N) :- N > 9.\nforbid read(P) :- large(length(P)).",
    ),
]


@pytest.mark.parametrize(("who", "wrong", "code", "help", "right"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_told_how_to_mend_it(who: str, wrong: str, code: str, help: str, right: str) -> None:
    """The first message has the code and the help, and the text that takes the help is a program."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(HEAD + wrong, "rules.dl")])
    first = caught.value.diagnostics[0]
    assert first.code == code, who
    assert help in (first.help or "")
    analyse([parse(HEAD + right, "rules.dl")])
