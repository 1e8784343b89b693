"""Printing and parsing undo each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import ProgramError
from mpr_logic.language import (
    parse,
    parse_atom,
    parse_clause,
    print_atom,
    print_clause,
    print_module,
    print_row,
    print_term,
    print_value,
)
from mpr_logic.language.ast import Arithmetic, Atom, Clause, Const, Module, Term, Value, Var
from tests.helpers.strategies import atoms, broken_texts, clauses, modules, values

UNTIDY = """\
% the kitchen
.type receptacle <: symbol    %   what opens
.decl openable( r : receptacle ).decl opened(r:receptacle) open_world
.action put(o: symbol, r: receptacle) .default forbid put

@id(closed) @because("{R} is closed: open it first")
forbid put(O,R):-openable(R),
   % unless it is open
   not opened(R). openable("fridge"). openable(drawer()  ) :- raining ( ) , X=((1+2))*3-(4 - -5). % last
0.720::forbid put(O, R) :- failed put(r: R), N = count:{at(_,R),not past put(O,R)},N>9,
 not contains(lower(O),"hot \\u00e9"), f(N+1, (N mod 2)*3).
%% the end
"""

TIDY = """\
% the kitchen
.type receptacle <: symbol  %   what opens

.decl openable(r: receptacle)
.decl opened(r: receptacle) open_world

.action put(o: symbol, r: receptacle)

.default forbid put

% unless it is open
@id(closed) @because("{R} is closed: open it first")
forbid put(O, R) :- openable(R), not opened(R).

openable(fridge).

openable(drawer) :- raining, X = (1 + 2) * 3 - (4 - -5).  % last

0.72 :: forbid put(O, R) :-
    failed put(r: R),
    N = count : { at(_, R), not past put(O, R) },
    N > 9,
    not contains(lower(O), "hot é"),
    f(N + 1, N mod 2 * 3).

%% the end
"""


def test_an_untidy_text_is_printed_in_the_canonical_form() -> None:
    """The formatter gives every construct its one form, and keeps each comment."""
    untidy = UNTIDY.replace("drawer()  )", "drawer  )")
    assert print_module(parse(untidy)) == TIDY
    assert print_module(parse(TIDY)) == TIDY


@given(modules())
def test_parsing_what_was_printed_gives_the_same_tree(module: Module) -> None:
    """parse(print(m)) == m, and printing it again changes nothing."""
    text = print_module(module)
    assert parse(text) == module
    assert print_module(parse(text)) == text


@given(broken_texts())
def test_formatting_twice_is_formatting_once(text: str) -> None:
    """Whatever text parses, its formatted text parses to the same tree and is its own formatted text."""
    try:
        module = parse(text)
    except ProgramError:
        return
    once = print_module(module)
    assert parse(once) == module
    assert print_module(parse(once)) == once


@given(atoms())
def test_an_atom_alone_comes_back(atom: Atom) -> None:
    """parse_atom(print_atom(a)) == a."""
    assert parse_atom(print_atom(atom)) == atom


@given(clauses())
def test_a_clause_alone_comes_back_without_its_comments(clause: Clause) -> None:
    """parse_clause(print_clause(c)) == c but for comments; and without annotations at will."""
    back = parse_clause(print_clause(clause))
    assert (back.kind, back.head, back.body, back.effect) == (
        clause.kind,
        clause.head,
        clause.body,
        clause.effect,
    )
    assert (back.weight, back.annotations) == (clause.weight, clause.annotations)
    assert parse_clause(print_clause(clause, annotations=False)).annotations == ()


@given(st.lists(values(), max_size=3))
def test_a_row_prints_as_the_atom_that_it_is(row: list[Value]) -> None:
    """A row under a relation's name parses as the atom with these constants."""
    assert parse_atom(print_row("p", tuple(row))) == Atom("p", tuple(map(Const, row)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("fridge_1", "fridge_1"),
        ("Fridge", '"Fridge"'),
        ("not", '"not"'),
        ("contains", "contains"),
        ("", '""'),
        ('a "b" \\', '"a \\"b\\" \\\\"'),
        ("a\nb\tc\rd\0", '"a\\nb\\tc\\rd\\u0000"'),
        ("caf\u00e9 \u96ea \U0001f600", '"caf\u00e9 \u96ea \U0001f600"'),
        ("\u202e\U000e0001", '"\\u202e\\udb40\\udc01"'),
        (-3, "-3"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (-0.0, "-0.0"),
    ],
)
def test_constants_have_one_text_each(value: Value, text: str) -> None:
    """Names stand bare; keywords and all else stand quoted; numbers as short as they can."""
    assert print_value(value) == text
    assert parse_atom(f"p({text})").args == (Const(value),)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_float_that_is_not_finite_has_no_text(value: float) -> None:
    """Infinity and NaN are refused: no text means them."""
    with pytest.raises(ValueError, match="no text"):
        print_value(value)


X, Y, Z = Var("X"), Var("Y"), Var("Z")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Arithmetic("-", Arithmetic("-", X, Y), Z), "X - Y - Z"),
        (Arithmetic("-", X, Arithmetic("-", Y, Z)), "X - (Y - Z)"),
        (Arithmetic("*", Arithmetic("+", X, Y), Z), "(X + Y) * Z"),
        (Arithmetic("+", X, Arithmetic("*", Y, Z)), "X + Y * Z"),
        (Arithmetic("mod", X, Arithmetic("/", Y, Z)), "X mod (Y / Z)"),
        (Arithmetic("-", X, Const(-3)), "X - -3"),
        (Arithmetic("*", Const(-3), X), "-3 * X"),
    ],
)
def test_terms_have_the_parentheses_that_they_need(term: Term, text: str) -> None:
    """Parentheses are printed where the grouping would else change, and nowhere else."""
    assert print_term(term) == text
    assert parse_atom(f"p({text})").args == (term,)


def test_a_quoted_name_is_that_name() -> None:
    """A text that is a plain name and the bare name are one constant."""
    assert parse_atom('p("fridge_1", "true")') == parse_atom("p(fridge_1, true)")


def test_comments_stay_with_their_statement() -> None:
    """Comments before and inside a statement, behind it, and after the last one each find their place."""
    module = parse("% a\n%b  \np(x) :- %% c\n q. % d\nr. s.% e\n % f\n%")
    p, r, s = module.statements
    assert (p.comments, p.trailing) == (("a", "b", "% c"), "d")
    assert (r.comments, r.trailing) == ((), None)
    assert (s.comments, s.trailing) == ((), "e")
    assert module.comments == ("f", "")


def test_a_declaration_keeps_the_comment_behind_it() -> None:
    """A declaration has no closing mark: the comment on its line is still its own."""
    first, second = parse(".decl p(x: int) % one\n% two\n.decl q() % three\n open_world").statements
    assert (first.comments, first.trailing) == ((), "one")
    assert (second.comments, second.trailing) == (("two", "three"), None)
