"""What is wrong, and what is said of it: text, code, the marked stretch, message and help in part."""

from __future__ import annotations

SCHEMA = """.type object <: symbol
.type receptacle <: object
.type person <: symbol
.type steps <: int
.decl thing(x: object)
.decl inside(x: object, r: receptacle)
.decl size(r: receptacle, n: int)
.decl who(x: person)
.decl seen(x: object) open_world
.decl warm(x: float)
.decl known(x: any)
.decl flag(b: bool)
.decl count_up(n: steps)
.action put(x: object, r: receptacle)
.action step(n: int)
"""

# text behind the schema, code, the marked text, message, a part of the help
CASES = [
    ("forbid put(X, _) :- thng(X).", "E0201", "thng(X)", "relation `thng` is not declared", "`thing`"),
    (
        "forbid puts(X, _) :- thing(X).",
        "E0201",
        "puts(X, _)",
        "action `puts` is not declared",
        "did you mean `put`?",
    ),
    (".default forbid stap", "E0201", ".default forbid stap", "`stap` is not declared", "`step`"),
    (
        "forbid thing(X) :- thing(X).",
        "E0202",
        "thing(X)",
        "`thing` is a relation, not an action",
        ".action thing",
    ),
    (
        "thing(X) :- put(X, _).",
        "E0202",
        "put(X, _)",
        "`put` is an action, not a relation",
        "past put(...), or succeeded",
    ),
    (
        "thing(X) :- past thing(X).",
        "E0202",
        "thing(X)",
        "`thing` is a relation, not an action",
        ".action thing",
    ),
    (
        ".default forbid thing",
        "E0202",
        ".default forbid thing",
        "`thing` is a relation, not an action",
        "only an action",
    ),
    (
        "thing(X) :- inside(X).",
        "E0203",
        "inside(X)",
        "`inside` takes 2 arguments, not 1",
        "it is declared as .decl inside(x: object, r: receptacle)",
    ),
    (
        "forbid step.",
        "E0203",
        "step",
        "`step` takes 1 argument, not 0",
        "it is declared as .action step(n: int)",
    ),
    (
        "thing(X) :- inside(x: X, s: _).",
        "E0204",
        "_",
        "`inside` has no argument `s`",
        "it is declared as .decl inside(x: object, r: receptacle)",
    ),
    (
        "thing(X) :- inside(x: X, x: b).",
        "E0204",
        "b",
        "argument `x` of `inside` is given twice",
        "keep one of them",
    ),
    (
        "inside(x: X) :- thing(X).",
        "E0205",
        "inside(x: X)",
        "`inside` lacks its argument `r`",
        "only a body and the action of a rule may leave arguments out",
    ),
    (
        "past put(x: apple).",
        "E0205",
        "put(x: apple)",
        "`put` lacks its argument `r`",
        ".action put(x: object, r: receptacle)",
    ),
    (
        "thing(X) :- thing(X), who(X).",
        "E0206",
        "X",
        "`X` cannot be of type `object` and of type `person`",
        "argument `x` of `thing` takes `object`, argument `x` of `who` takes `person`",
    ),
    (
        "inside(X, X) :- thing(X).",
        "E0206",
        "X",
        "`X` is of type `object`, but argument `r` of `inside` takes `receptacle`",
        "argument `x` of `thing` makes it `object`",
    ),
    (
        "thing(X) :- known(X).",
        "E0206",
        "X",
        "`X` is of type `any`, but argument `x` of `thing` takes `object`",
        "argument `x` of `known` makes it `any`",
    ),
    (
        "thing(X) :- thing(X), not who(X).",
        "E0206",
        "X",
        "`X` is of type `object`, but argument `x` of `who` takes `person`",
        "declare .type object <: person",
    ),
    (
        "step(N) causes thing(N).",
        "E0206",
        "N",
        "`N` is of type `int`, but argument `x` of `thing` takes `object`",
        "argument `n` of `step` makes it `int`",
    ),
    (
        "thing(3).",
        "E0207",
        "3",
        "`3` is an int, but argument `x` of `thing` takes `object`",
        "write a constant of type `object`",
    ),
    (
        "size(r, 1.5).",
        "E0207",
        "1.5",
        "`1.5` is a float, but argument `n` of `size` takes `int`",
        "of type `int`",
    ),
    (
        "flag(yes).",
        "E0207",
        "yes",
        "`yes` is a symbol, but argument `b` of `flag` takes `bool`",
        "of type `bool`",
    ),
    (
        "forbid step(one).",
        "E0207",
        "one",
        "`one` is a symbol, but argument `n` of `step` takes `int`",
        "of type `int`",
    ),
    (
        "thing(X) :- inside(X, 7).",
        "E0207",
        "7",
        "`7` is an int, but argument `r` of `inside` takes `receptacle`",
        "receptacle",
    ),
    (
        "size(R, N + 0.5) :- size(R, N).",
        "E0207",
        "N + 0.5",
        "this is a float, but argument `n` of `size` takes `int`",
        "int",
    ),
    (".decl thing(x: int)", "E0208", ".decl thing(x: int)", "relation `thing` is declared twice", ":5:1"),
    (".action step(m: int)", "E0208", ".action step(m: int)", "action `step` is declared twice", ":15:1"),
    (".type person <: any", "E0208", ".type person <: any", "type `person` is declared twice", ":3:1"),
    (".type int <: any", "E0208", ".type int <: any", "`int` is a built-in type", "another name"),
    (".decl put(x: int)", "E0208", ".decl put(x: int)", "`put` is declared as an action too", ":14:1"),
    (
        ".decl twin(x: int, x: int)",
        "E0208",
        "x: int",
        "`twin` has two arguments named `x`",
        "a name of its own",
    ),
    (".decl new(x: objct)", "E0209", "x: objct", "type `objct` is not declared", "did you mean `object`?"),
    (
        ".type small <: natural",
        "E0209",
        ".type small <: natural",
        "type `natural` is not declared",
        ".type natural <: symbol",
    ),
    (
        ".type up <: down\n.type down <: up",
        "E0210",
        ".type up <: down",
        "type `up` stands under itself: up <: down <: up",
        "symbol, int, float, bool, any",
    ),
    ("@id(a, b) forbid step(1).", "E0211", "@id(a, b)", "`@id` takes one name", "@id(closed)"),
    ("@because(1) forbid step(1).", "E0211", "@because(1)", "`@because` takes one text", "@because("),
    ("@id(a) @id(b) forbid step(1).", "E0211", "@id(b)", "`@id` is given twice", "keep one"),
    (
        "thing(X) :- inside(X, R), size(R, N), N + X > 1.",
        "E0212",
        "X",
        "`+` takes numbers, but `X` is a symbol",
        "right type",
    ),
    (
        "thing(X) :- thing(X), size(_, N), N < X.",
        "E0212",
        "N < X",
        "`<` has no order between an int and a symbol",
        "numbers with numbers",
    ),
    (
        "thing(X) :- thing(X), contains(X, 3).",
        "E0212",
        "3",
        "`contains` takes symbols, but `3` is an int",
        "right type",
    ),
    (
        "thing(X) :- thing(X), size(_, N), length(N) > 2.",
        "E0212",
        "N",
        "`length` takes a symbol, but `N` is an int",
        "right type",
    ),
    (
        "size(R, N) :- size(R, _), N = sum X : { inside(X, R) }.",
        "E0212",
        "X",
        "`sum` takes numbers, but `X` is a symbol",
        "right type",
    ),
    (
        "@id(k) forbid step(1). @id(k) forbid step(2).",
        "E0213",
        "@id(k)",
        "two clauses have the id `k`",
        ":16:8",
    ),
    (
        "@id(one) forbid step(1). @overrides(on) permit step(1).",
        "E0214",
        "on",
        "no rule has the id `on`",
        "did you mean `one`?",
    ),
    (
        "@overrides(one) permit step(1).",
        "E0214",
        "one",
        "no rule has the id `one`",
        "name a forbid rule of `step`",
    ),
    (
        "@id(one) forbid put(_, _). @overrides(one) permit step(1).",
        "E0215",
        "one",
        "`one` is no forbid rule of `step`",
        "it is a rule of `forbid put`",
    ),
    (
        "@overrides(one) @id(one) forbid step(1).",
        "E0215",
        "@overrides(one)",
        "a `forbid` rule overrides nothing",
        "only a permit",
    ),
    (
        '@because("{Y} is in the way") forbid put(X, Yy) :- inside(X, Yy).',
        "E0216",
        '@because("{Y} is in the way")',
        "`{Y}` in the text is no variable that the clause binds",
        "did you mean `{Yy}`?",
    ),
    (
        '@because("{X") forbid put(X, _) :- thing(X).',
        "E0216",
        '@because("{X")',
        "a brace in the text opens or closes nothing",
        "{{",
    ),
    (
        'thing(X) :- thing(X), matches(X, "(a").',
        "E0217",
        '"(a"',
        "this is no regular expression: missing ): (a",
        "RE2's syntax",
    ),
    (
        "forbid step(N + 1) :- size(_, N).",
        "E0218",
        "N + 1",
        "the action of a rule takes variables and constants only",
        "compare it in the body",
    ),
    (
        "not thing(x).",
        "E0219",
        "thing(x)",
        "`thing` is not open-world: what is not stated does not hold anyway",
        "open_world",
    ),
    (
        "thing(X) :- seen(X). step(_) causes thing(x).",
        "E0220",
        "thing(x)",
        "`thing` is derived by rules, so no action can change it",
        "at rules.dl:16:1",
    ),
    (
        ".decl wide(" + ", ".join(f"a{i}: int" for i in range(65)) + ")",
        "E0221",
        ".decl wide(" + ", ".join(f"a{i}: int" for i in range(65)) + ")",
        "`wide` has 65 arguments",
        "at most 64",
    ),
    (
        "thing(X) :- " + ", ".join(["thing(X)"] * 201) + ".",
        "E0221",
        "thing(X)",
        "the body has more than 200 items",
        "derive a relation",
    ),
]
