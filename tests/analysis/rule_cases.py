"""Rules that are wrong as a whole: safety and strata. The columns are those of diagnostic_cases."""

from __future__ import annotations

CHAIN = "\n".join(
    [f".decl d{n}(x: any)" for n in range(102)]
    + [f"d{n + 1}(X) :- d{n}(X)." for n in range(101)]
    + [".action climb(x: any)", "forbid climb(Y) :- d101(Y)."]
)

CASES = [
    (
        "thing(X) :- thing(Y).",
        "E0301",
        "X",
        "`X` in the head is bound by nothing in the body",
        "let a positive literal of the body have `X`",
    ),
    ("thing(X).", "E0301", "X", "`X` is a variable, but a fact has none", "lower-case letter"),
    ("step(_) causes thing(X).", "E0301", "X", "`X` in the head is bound by nothing in the body", "positive"),
    ("thing(_) :- thing(_).", "E0302", "_", "`_` in a head stands for no value", "name a variable"),
    (
        "thing(X) :- thing(X), not who(Y).",
        "E0303",
        "Y",
        "`Y` stands in a negated literal, but nothing binds it",
        "write `_` where any value will do",
    ),
    (
        "size(R, N) :- size(R, _), N = count : { inside(X, R), not who(Y) }.",
        "E0303",
        "Y",
        "`Y` stands in a negated literal, but nothing binds it",
        "write `_`",
    ),
    (
        "thing(X) :- thing(X), N < 3.",
        "E0304",
        "N",
        "`N` has no value here: nothing binds it",
        "let a positive literal of the body have `N`",
    ),
    (
        "thing(X) :- thing(X), size(X, N - 1).",
        "E0304",
        "N",
        "`N` has no value here: nothing binds it",
        "positive",
    ),
    (
        "thing(X) :- thing(X), _ < 3.",
        "E0304",
        "_",
        "`_` has no value to compare or to compute with",
        "name a variable",
    ),
    (
        "size(R, N) :- size(R, _), N = sum M : { inside(_, R) }.",
        "E0304",
        "M",
        "`M` has no value here: nothing binds it",
        "positive",
    ),
    (
        "thing(X) :- thing(X), not seen(_).",
        "E0305",
        "_",
        "`not seen` leaves an argument open, but `seen` is seen only in part",
        "bind every argument",
    ),
    (
        "size(r, N) :- N = count : { size(_, M) }, M = count : { size(_, N) }.",
        "E0306",
        "N = count : { size(_, M) }",
        "this aggregate needs a value that depends on its own",
        "bind `M`",
    ),
    (
        CHAIN,
        "E0307",
        "d101(Y)",
        "more than 100 derived relations build on each other, up to `d101`, which `forbid climb` rests on",
        "let a rule read its own relation",
    ),
    (
        "thing(X) :- inside(X, _). inside(X, r) :- seen(X), not thing(X).",
        "E0401",
        "not thing(X)",
        "`inside` depends on its own negation: `inside` <- not `thing` <- `inside`",
        "break the cycle",
    ),
    (
        "size(r, N) :- N = max M : { size(_, M) }.",
        "E0402",
        "size(_, M)",
        "`size` depends on a max over itself: `size` <- max `size`",
        "break the cycle",
    ),
]
