"""Mistakes of people who work on texts and on JSON in other languages, with the message and the fix."""

from __future__ import annotations

import pytest

from tests.analysis.found import errors

SCHEMA = """.type code <: symbol
.decl t(x: symbol) input
.decl n(x: int) input
.decl json(x: any) input
.decl p(x: symbol)
.decl c(x: code)
.decl q(x: int)
"""


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [
        # Rego: sprintf and concat(delimiter, array), substring(s, start, length), to_number
        (
            'p(X) :- t(T), X = sprintf("a-%s", T).',
            "E0106",
            "`concat(T, U)`",
            'p(X) :- t(T), X = concat("a-", T).',
        ),
        ("q(X) :- t(T), X = to_number(T).", "E0106", "`to_int(T)`", "q(X) :- t(T), X = to_int(T)."),
        ("p(X) :- t(T), X = trim_space(T).", "E0106", "`trim(T)`", "p(X) :- t(T), X = trim(T)."),
        # Cedar: like; is asks for an entity type
        ('p(X) :- t(X), X like "a*".', "E0106", "`starts_with(T, U)`", 'p(X) :- t(X), starts_with(X, "a").'),
        ('p(X) :- t(X), X contains "a".', "E0106", "`contains(X, ...)`", 'p(X) :- t(X), contains(X, "a").'),
        (
            'p(X) :- t(X), X not matches "a".',
            "E0106",
            "`not matches(X, ...)`",
            'p(X) :- t(X), not matches(X, "a").',
        ),
        # Souffle: cat, strlen, substr, to_string; Prolog: is, sub_atom, atom_number
        ("p(cat(X, X)) :- t(X).", "E0106", "`concat(T, U)`", "p(concat(X, X)) :- t(X)."),
        ("q(N) :- t(X), N = strlen(X).", "E0106", "`length(T)`", "q(N) :- t(X), N = length(X)."),
        (
            "p(S) :- t(X), S = substr(X, 0, 2).",
            "E0106",
            "`substring(T, ",
            "p(S) :- t(X), S = substring(X, 0, 2).",
        ),
        ("q(N) :- n(X), N is X + 1.", "E0106", "with `=`", "q(N) :- n(X), N = X + 1."),
        # SQL: split_part counts from 1, cast, regexp_replace; Python: str(n), x.upper(), slices, isinstance
        ('p(S) :- t(X), S = split_part(X, ",", 1).', "E0106", "at 0", 'p(S) :- t(X), S = part(X, ",", 0).'),
        ("p(S) :- n(X), S = str(X).", "E0106", "`to_text(N)`", "p(S) :- n(X), S = to_text(X)."),
        ('p(S) :- t(X), S = X + "!".', "E0212", "`concat(T, U)`", 'p(S) :- t(X), S = concat(X, "!").'),
        (
            "p(S) :- t(X), n(N), S = concat(X, N).",
            "E0212",
            "`to_text(N)`",
            "p(S) :- t(X), n(N), S = concat(X, to_text(N)).",
        ),
        ("p(X) :- t(X), X > 3.", "E0212", "`to_int(T)`", "p(X) :- t(X), to_int(X) > 3."),
        ("q(S) :- S = sum X : { t(X) }.", "E0212", "`to_int(T)`", "q(S) :- S = sum to_int(X) : { t(X) }."),
        ("p(X) :- t(X), not to_int(X) = 3.", "E0117", "`!=`", "p(X) :- t(X), to_int(X) != 3."),
        # what is a function, and what is a relation
        ("p(X) :- t(Y), upper(Y, X).", "E0201", "`Y = upper(T)`", "p(X) :- t(Y), X = upper(Y)."),
        ("p(X) :- t(X), trim(X).", "E0201", "`Y = trim(T)`", "p(X) :- t(X), trim(X) = X."),
        (
            "p(S) :- t(X), S = substrin(X, 1).",
            "E0106",
            "did you mean `substring`?",
            "p(S) :- t(X), S = substring(X, 1).",
        ),
        (
            "p(S) :- t(X), S = replace(X, a).",
            "E0250",
            "`replace(T, Old, New)`",
            "p(S) :- t(X), S = replace(X, a, b).",
        ),
        (
            'p(S) :- t(X), S = group("a(b)", X, 1, 2).',
            "E0250",
            "`group(T, ",
            'p(S) :- t(X), S = group(X, "a(b)", 1).',
        ),
        (
            'p(S) :- t(X), S = group(X, "a(b)", 2).',
            "E0252",
            "counted from 1",
            'p(S) :- t(X), S = group(X, "a(b)", 1).',
        ),
        (
            'p(S) :- t(X), S = group(X, "a(?=b)", 0).',
            "E0217",
            "look-around",
            'p(S) :- t(X), S = group(X, "a(b)", 0).',
        ),
        # what comes from JSON
        ("p(X) :- json(X).", "E0206", "test it: `X is symbol`", "p(X) :- json(X), X is symbol."),
        (
            "c(X) :- json(O), field(O, k, X).",
            "E0206",
            "test it: `X is code`",
            "c(X) :- json(O), field(O, k, X), X is code.",
        ),
        (
            "q(S) :- S = sum X : { json(X) }.",
            "E0206",
            "`X is int`",
            "q(S) :- S = sum X : { json(X), X is int }.",
        ),
        ("p(X) :- json(X), X is string.", "E0209", "called symbol", "p(X) :- json(X), X is symbol."),
        ("p(a) :- json(X), X is null.", "E0209", "`= null`", "p(a) :- json(X), X = null."),
        (
            "p(X) :- json(X), not X is int, X is symbol.",
            "E0117",
            "`X is not int`",
            "p(X) :- json(X), X is not int, X is symbol.",
        ),
        ("p(X) :- t(X), X is int.", "E0251", "take the test away", "p(X) :- t(X), to_int(X) > 0."),
        ('p(X) :- json(X), X is "symbol".', "E0106", "`X is int`", "p(X) :- json(X), X is symbol."),
        ("p(X) :- json(X), X is 3.", "E0106", "with `=`", "p(X) :- json(X), X is symbol, X != 3."),
    ],
)
def test_a_mistake_and_its_fix(wrong: str, code: str, help: str, right: str) -> None:
    """The message of each mistake names what to write, and that is right."""
    (found, _, said), *_ = errors(SCHEMA + wrong)
    assert (found, help in said) == (code, True)
    assert errors(SCHEMA + right) == []


def test_the_names_of_functions_are_free() -> None:
    """A relation, an action, an argument and a constant may be called like a function, and `is` too."""
    text = """
    .decl part(group: symbol, is: symbol)
    .decl is(replace: symbol)
    .action trim(upper: symbol)
    part(concat, is). is(nfc).
    forbid trim(T) :- part(T, is), is(T), not part(_, upper(T)), X = is, X is symbol.
    """
    assert errors(SCHEMA + text) == []
