"""Facts, actions, queries and rows from outside."""

from __future__ import annotations

import math

import pytest

from mpr_logic.analysis import analyse, coerce_row, resolve_atom, resolve_fact, signature_of
from mpr_logic.errors import StateError
from mpr_logic.language.ast import Atom, Literal, Var
from mpr_logic.language.parser import parse, parse_atom, parse_clause

PROGRAM = analyse(
    [
        parse(
            """.type receptacle <: symbol
.decl at(o: symbol, r: receptacle)
.decl opened(r: receptacle) open_world
.decl weighs(o: symbol, grams: float)
.decl pages(n: int)
.decl on(b: bool)
.decl note(x: any)
.action put(o: symbol, r: receptacle)
"""
        )
    ]
)
SCHEMA = PROGRAM.schema


@pytest.mark.parametrize(
    ("text", "relation", "row", "weight"),
    [
        ("at(apple, fridge).", "at", ("apple", "fridge"), 1.0),
        ("at(r: fridge, o: apple).", "at", ("apple", "fridge"), 1.0),
        ("0.5 :: opened(fridge).", "opened", ("fridge",), 0.5),
        ("not opened(fridge).", "not opened", ("fridge",), 1.0),
        ("past put(a, b).", "past put", ("a", "b"), 1.0),
        ("weighs(apple, 150).", "weighs", ("apple", 150.0), 1.0),
    ],
)
def test_a_fact_is_resolved(text: str, relation: str, row: tuple[object, ...], weight: float) -> None:
    """A fact clause gives its core relation, its row and its weight."""
    fact = resolve_fact(PROGRAM, parse_clause(text))
    assert (fact.relation, fact.row, fact.weight) == (relation, row, weight)
    assert [type(v) for v in fact.row] == [type(v) for v in row]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("att(a, b).", "relation `att` is not declared: did you mean `at`?"),
        ("at(a).", "`at` takes 2 arguments, not 1: it is declared as .decl at(o: symbol, r: receptacle)"),
        ("at(o: a).", "`at` lacks its argument `r`: only a body and the action of a rule may leave"),
        ("at(a, 3).", "`3` does not fit argument `r` of `at`, which takes `receptacle` (a symbol), not int"),
        ("pages(1.5).", "`1.5` does not fit argument `n` of `pages`, which takes `int`, not float"),
        ("on(yes).", "`yes` does not fit argument `b` of `on`, which takes `bool`, not symbol"),
        ("at(a, R).", "`R` is a variable, and every argument of a fact is a constant"),
        ("at(a, _).", "`_` is a variable"),
        ("pages(1 + 2).", "an argument of `pages` is computed: write the constant itself"),
        ("not at(a, b).", "`not at` cannot be asserted or asked: only what is declared open_world"),
        ("put(a, b).", "`put` is an action, not a relation"),
        ("past at(a, b).", "`at` is a relation, not an action"),
        ("forbid put(a, b).", "a state holds facts, and this is a `forbid` rule"),
        ("at(a, b) :- on(true).", "a state holds facts, and `at` has a body"),
    ],
)
def test_a_wrong_fact_is_refused(text: str, message: str) -> None:
    """A value that does not fit is refused with the reason and the declaration."""
    with pytest.raises(StateError) as caught:
        resolve_fact(SCHEMA, parse_clause(text))
    assert str(caught.value).startswith(message)


def test_a_fact_of_a_file_names_its_place() -> None:
    """An error in a state file names file, line and column."""
    clause = parse("% a state\n\nat(a).", "kitchen.dl").clauses[0]
    with pytest.raises(StateError, match=r"^kitchen\.dl:3:1: `at` takes 2 arguments"):
        resolve_fact(SCHEMA, clause)


def test_an_action_is_ground_complete_and_typed() -> None:
    """A proposed action gives its name and row, or is refused."""
    assert resolve_atom(PROGRAM, parse_atom("put(r: b, o: a)"), kind="action") == ("put", ("a", "b"))
    for text, message in (
        ("put(a)", "`put` takes 2 arguments, not 1: it is declared as .action put"),
        ("put(a, R)", "`R` is a variable, and every argument of an action is a constant"),
        ("pit(a, b)", "action `pit` is not declared: did you mean `put`?"),
        ("put(o: a)", "`put` lacks its argument `r`"),
        ("put(a, 1)", "`1` does not fit argument `r` of `put`"),
        ("at(a, b)", "`at` is a relation, not an action"),
    ):
        with pytest.raises(StateError) as caught:
            resolve_atom(PROGRAM, parse_atom(text), kind="action")
        assert str(caught.value).startswith(message)


def test_a_query_may_leave_things_open() -> None:
    """Variables, wildcards and arguments left out match anything."""
    assert resolve_atom(PROGRAM, parse_atom("at(X, fridge)"), kind="query") == ("at", (None, "fridge"))
    assert resolve_atom(PROGRAM, parse_atom("at(r: _)"), kind="query") == ("at", (None, None))
    tried = Literal(Atom("put", (Var("X"), Var("Y"))), tense="past")
    assert resolve_atom(PROGRAM, tried, kind="query") == ("past put", (None, None))
    absent = Literal(parse_atom("opened(fridge)"), negated=True)
    assert resolve_atom(PROGRAM, absent, kind="query") == ("not opened", ("fridge",))
    with pytest.raises(StateError, match="is computed"):
        resolve_atom(PROGRAM, parse_atom("pages(1 + X)"), kind="query")


@pytest.mark.parametrize(
    ("name", "values", "row"),
    [
        ("at", ["a", "Not a name"], ("a", "Not a name")),
        ("weighs", ("a", 1), ("a", 1.0)),
        ("on", [True], ("true",)),
        ("on", ["false"], ("false",)),
        ("note", [False], ("false",)),
        ("note", [1], (1,)),
        ("note", [1.5], (1.5,)),
        ("pages", [10**50], (10**50,)),
    ],
)
def test_rows_of_python_values(name: str, values: list[object], row: tuple[object, ...]) -> None:
    """Python values become the values that engines store."""
    found = coerce_row(SCHEMA.relations[name], values)
    assert found == row
    assert [type(v) for v in found] == [type(v) for v in row]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("at", ["a"], "`at` takes 2 arguments, not 1"),
        ("at", "ab", "a row of `at` is a list of values, not the text `ab`"),
        ("at", ["a", None], "`None` does not fit argument `r` of `at`"),
        ("at", ["a", ["b"]], "`['b']` does not fit argument `r` of `at`"),
        ("at", ["a", True], None),
        ("pages", [True], "`True` does not fit argument `n` of `pages`, which takes `int`, not bool"),
        ("pages", [1.0], "`1.0` does not fit argument `n` of `pages`"),
        ("pages", ["1"], "`1` does not fit argument `n` of `pages`, which takes `int`, not symbol"),
        ("weighs", ["a", math.nan], "`nan` does not fit argument `grams` of `weighs`"),
        ("weighs", ["a", math.inf], "`inf` does not fit argument `grams` of `weighs`"),
        ("weighs", ["a", 10**400], "`an int of more than 40 digits` does not fit argument `grams`"),
        ("note", [math.nan], "`nan` does not fit argument `x` of `note`"),
        ("note", [None], "`None` does not fit argument `x` of `note`"),
        ("on", [None], "`None` does not fit argument `b` of `on`"),
        ("weighs", ["a", None], "`None` does not fit argument `grams` of `weighs`"),
        ("note", [b"a"], "`b'a'` does not fit argument `x` of `note`"),
        ("at", ["a", 10**60], "`an int of more than 40 digits` does not fit"),
    ],
)
def test_rows_that_do_not_fit(name: str, values: list[object], message: str | None) -> None:
    """A value that no column can hold is refused; a bool is a symbol."""
    if message is None:
        assert coerce_row(SCHEMA.relations[name], values) == ("a", "true")
        return
    with pytest.raises(StateError) as caught:
        coerce_row(SCHEMA.relations[name], values)
    assert str(caught.value).startswith(message)


def test_signatures_of_core_relations() -> None:
    """The history has the action's signature, absences the relation's."""
    assert signature_of(PROGRAM, "past put") is SCHEMA.actions["put"]
    assert signature_of(PROGRAM, "not opened") is SCHEMA.relations["opened"]
    with pytest.raises(StateError, match="did you mean `opened`"):
        signature_of(PROGRAM, "openedd")
