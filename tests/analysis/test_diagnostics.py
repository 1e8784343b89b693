"""What analysis refuses: each code with its message, its place and its help."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.syntax.diagnostics import CODES
from mpr_logic.syntax.parser import parse

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


def refused(text: str) -> ProgramError:
    """The error that analysis raises for a text behind the schema."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(SCHEMA + text, "rules.dl")])
    return caught.value


@pytest.mark.parametrize(("text", "code", "marked", "message", "help"), CASES, ids=[c[0][:40] for c in CASES])
def test_a_wrong_program_is_refused(text: str, code: str, marked: str, message: str, help: str) -> None:
    """A wrong program gets its code first, at its place, with its message and a way out."""
    first = refused(text).diagnostics[0]
    assert (first.code, first.message) == (code, message)
    assert help in first.help
    line = first.source_line or ""
    assert line[first.span.column - 1 : first.span.end_column - 1] == marked


def test_every_code_of_analysis_is_in_the_table() -> None:
    """No error code of analysis goes untested."""
    codes = {code for code in CODES if code.startswith(("E02", "E03", "E04"))}
    assert codes == {case[1] for case in CASES}


def test_the_message_shows_the_line() -> None:
    """The error renders the place, the source line, the caret and the help."""
    error = refused("forbid put(X, _) :- thng(X).")
    assert str(error) == (
        "error[E0201]: relation `thng` is not declared\n"
        "  --> rules.dl:16:21\n"
        "   |\n"
        "16 | forbid put(X, _) :- thng(X).\n"
        "   |                     ^^^^^^^\n"
        "   |\n"
        "   = help: did you mean `thing`?"
    )


def test_all_errors_are_found_in_the_order_of_the_text() -> None:
    """One pass reports the errors of every clause, also of clauses of one shape."""
    error = refused("thing(X) :- thng(X).\nthing(1).\nthing(2).\nthing(X) :- thing(X), not who(Y).")
    assert [(d.code, d.span.line) for d in error.diagnostics] == [
        ("E0201", 16),
        ("E0207", 17),
        ("E0207", 18),
        ("E0303", 19),
    ]


def test_errors_in_two_files_name_their_files() -> None:
    """Ids are shared by all files: a second use names the first one's place."""
    first = parse(SCHEMA + "@id(k) forbid step(1).", "a.dl")
    second = parse("@id(k) forbid step(2).", "b.dl")
    with pytest.raises(ProgramError) as caught:
        analyse([first, second])
    (found,) = caught.value.diagnostics
    assert str(found.span) == "b.dl:1:1"
    assert found.source_line == "@id(k) forbid step(2)."
    assert "at a.dl:16:8" in found.help


def test_two_files_may_repeat_a_declaration() -> None:
    """The same declaration in two files is one declaration; another one is an error."""
    program = analyse([parse(SCHEMA, "a.dl"), parse(SCHEMA, "b.dl")])
    assert program.schema.relations["size"].bases == ("symbol", "int")
    with pytest.raises(ProgramError, match="relation `thing` is declared twice"):
        analyse([parse(SCHEMA, "a.dl"), parse(".decl thing(y: int)", "b.dl")])
