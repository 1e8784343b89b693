"""Plain Datalog: relations that nobody declares."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse


def bases(text: str, inputs: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """The inferred types of the relations of a text."""
    schema = analyse([parse(text)], declared=False, inputs=inputs).schema
    return {name: signature.bases for name, signature in schema.relations.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e(a, 1). e(b, 2).", {"e": ("symbol", "int")}),
        ("e(a). e(1).", {"e": ("any",)}),
        ("e(1). e(1.5).", {"e": ("any",)}),
        ("e(true). f(true). f(a).", {"e": ("bool",), "f": ("symbol",)}),
        (
            "e(a, b). t(X, Y) :- e(X, Y). t(X, Z) :- t(X, Y), e(Y, Z).",
            {"e": ("symbol", "symbol"), "t": ("symbol", "symbol")},
        ),
        ("n(0). n(N + 1) :- n(N), N < 9.", {"n": ("int",)}),
        ("n(0). n(N / 2.0) :- n(N), N < 9.", {"n": ("any",)}),
        ("p(X) :- q(X).", {"p": ("any",), "q": ("any",)}),
        ("c(N) :- N = count : { e(_) }. e(a).", {"c": ("int",), "e": ("symbol",)}),
        ("m(N) :- N = max S : { e(S) }. e(a).", {"m": ("symbol",), "e": ("symbol",)}),
        ("p(X) :- a(X). p(X) :- b(X). a(1). b(x).", {"p": ("any",), "a": ("int",), "b": ("symbol",)}),
        ("r(X) :- a(X), b(X). a(1). b(x).", {"r": ("any",), "a": ("int",), "b": ("symbol",)}),
        ("p(X) :- p(X).", {"p": ("any",)}),
    ],
)
def test_types_flow_from_facts_to_rules(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    """Arguments have the types of the constants that reach them, else any."""
    assert bases(text) == expected


def test_what_comes_from_outside_is_of_any_type() -> None:
    """Rows from outside may hold anything, whatever the text says."""
    text = "e(a). p(X) :- e(X)."
    assert bases(text) == {"e": ("symbol",), "p": ("symbol",)}
    assert bases(text, inputs=("e",)) == {"e": ("any",), "p": ("any",)}


def test_declared_relations_keep_their_types() -> None:
    """A declaration is used where there is one, and checked."""
    assert bases(".decl e(x: int) e(1). p(X) :- e(X).") == {"e": ("int",), "p": ("int",)}
    with pytest.raises(ProgramError, match="`a` is a symbol, but argument `x` of `e` takes `int`"):
        bases(".decl e(x: int) e(a).")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e(1, 2). e(1).", "`e` takes 2 arguments, not 1"),
        ("p(X) :- e(x: X).", "`e` has no argument `x`"),
        ("forbid act(X) :- e(X).", "action `act` is not declared"),
        ("p(X) :- e(X), not p(X).", "`p` depends on its own negation"),
        ("p(X + 1) :- e(X). e(a).", "`+` takes numbers, but `X` is a symbol"),
        ("p(" + ", ".join("1" * 65) + ").", "`p` has 65 arguments"),
        ("f(N, X + Y) :- f(N - 1, X), f(N - 2, Y), N <= 25. f(0, 0).", "`N` has no value here"),
    ],
)
def test_undeclared_programs_are_checked_too(text: str, message: str) -> None:
    """Arity, safety, strata and arithmetic are checked without declarations."""
    with pytest.raises(ProgramError) as caught:
        bases(text)
    assert message in caught.value.diagnostics[0].message


def test_an_undeclared_relation_has_no_names_for_its_arguments() -> None:
    """The message says what is known of a relation that is not declared."""
    with pytest.raises(ProgramError) as caught:
        bases("e(1, 2). e(1).")
    assert caught.value.diagnostics[0].help == "`e` is not declared, and its first use has 2 arguments"
