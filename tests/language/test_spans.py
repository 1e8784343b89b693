"""Spans point at the text that a node came from; clauses of one shape are no exception."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mpr_logic.errors import ProgramError
from mpr_logic.language import parse, parse_atom, print_atom, print_statement, print_term
from mpr_logic.language.ast import Atom, Clause, Const, Module, Span, Var, nodes
from mpr_logic.language.fast_clauses import Templates
from mpr_logic.language.printer import print_item
from mpr_logic.language.source import SourceText
from tests.helpers.strategies import broken_texts, clauses, constants, modules


def spans(module: Module) -> list[object]:
    """Return every span of a tree, in order."""
    return [node for node in nodes(module) if isinstance(node, Span)]


def cut(text: str, span: Span) -> str:
    """Return the stretch of a text that a span points at."""
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def test_each_node_points_at_its_own_text() -> None:
    """Cutting the text at a node's span gives the node back."""
    text = (
        "@id(a)\n0.5 :: forbid put(O, -3) :-\n"
        '\tp("caf\u00e9", (X + 1)), not past q(to: X),\n N = count : { r(_) }.'
    )
    (clause,) = parse(text).clauses
    assert cut(text, clause.span) == text.removeprefix("@id(a)\n")
    assert cut(text, clause.annotations[0].span) == "@id(a)"
    assert cut(text, clause.head.span) == "put(O, -3)"
    assert [cut(text, arg.span) for arg in clause.head.args] == ["O", "-3"]
    assert [cut(text, item.span) for item in clause.body] == [
        'p("caf\u00e9", (X + 1))',
        "not past q(to: X)",
        "N = count : { r(_) }",
    ]


@given(clauses())
def test_spans_cut_out_what_parses_to_the_node(clause: Clause) -> None:
    """The text under the span of an atom, a variable or a constant is that atom, variable or constant."""
    text = print_statement(clause)
    for node in nodes(parse(text).clauses[0]):
        if isinstance(node, Atom):
            assert parse_atom(cut(text, node.span)) == node
        elif isinstance(node, Var | Const):
            assert cut(text, node.span) == print_term(node)


def outcome(text: str, templates: bool) -> object:
    """Return what comes of a text: its tree with every span, or what is wrong with it."""
    try:
        module = parse(text, templates=templates)
    except ProgramError as error:
        return str(error)
    return module, spans(module)


@st.composite
def repeated(draw: st.DrawFn) -> str:
    """Draw a text in which clauses come again with other constants, between line ends and comments."""
    shapes = draw(st.lists(clauses(), min_size=1, max_size=3))
    gaps = st.sampled_from([" ", "\n", "\n\n  ", "\t", "", " % c\n", "\n% c\n", "\r\n"])
    texts = []
    for shape in draw(st.lists(st.sampled_from(shapes), min_size=3, max_size=8)):
        text = print_statement(shape)
        for node in nodes(shape):
            if isinstance(node, Const) and draw(st.booleans()):
                text = text.replace(print_term(node), print_term(draw(constants())), 1)
        texts.append(text + draw(gaps))
        if "%" in texts[-1]:
            texts.append("\n")
    return "".join(texts)


@pytest.mark.heavy
@given(repeated())
@example("p :- p not in {p}. p :- p not p {p}.")  # only the word `in` can come
@example('p :- X is q. p :- X is q. p :- X is "".')  # a type is a name
@example("p(a).\np(bcd).\n  p(-17). p(e,\n f). p(gg,\n h). p(i,\n jjj).p( k ,l).")
@example("0.5 :: p :- q.\n0.25 :: p :- q.\n 1.0 :: p :- q. 1e-3 :: p :- q. 1 :: p :- q.")
@example("0.5 :: p :- q.\n0.25 :: p :- q.\n 2 :: p :- q. x :: p :- q. 0 :: p :- q.")
@example("p :- rain, X = a1.5.\np :- sun, X = a1.5. p :- snow, X = 2.5. p :- rain, X = 3.5.")
@example('p(X) :- X = "a\\u0041". p(X) :- X = "b\\n". p(X) :- X = "\\q".')
@example("p(X) :- X = 1 - 2. p(X) :- X = 1 - -2. p(X) :- X = a -3. p(X) :- X = -3. p(X) :- X = -4.")
@example("forbid f(a: x) :- g. forbid f(a: y) :- g. forbid f(a : zz) :- h. forbid f(a : z) :- h.")
@example(
    '@id(a)\n@because("b") p(c) :-\n  q(d). @id(aa)\n@because("") p(cc) :-\n  q(dd).'
    "@id(3)\n@because(c) p(e) :-\n  q(f)."
)
def test_clauses_of_one_shape_come_out_as_the_plain_parser_makes_them(text: str) -> None:
    """A clause made from a template equals the one parsed the plain way, every span included."""
    assert outcome(text, templates=True) == outcome(text, templates=False)


def test_the_third_clause_of_a_shape_comes_from_a_template() -> None:
    """The first two are parsed; from then on there is a template, unless a constant does not fit."""
    text = "0.5 :: p(a). 0.25 :: p(bb).\n 0.125 :: p(-3). 7 :: p(c)."
    templates = Templates(SourceText(text, "a.dl"))
    made = []
    at = 0
    for clause in parse(text.replace("7 ::", "0.7 ::"), "a.dl").clauses:
        split = templates.split(at)
        assert split is not None
        end, parts = split
        made.append(templates.make(at, parts))
        templates.learn(at, parts, clause)
        at = end + len(text[end:]) - len(text[end:].lstrip())
    assert made[:2] == [None, None]
    assert made[2] == Clause("relation", Atom("p", (Const(-3),)), weight=0.125)
    assert str(made[2].span) == "a.dl:2:2"
    assert made[3] is None


@pytest.mark.heavy
@given(st.lists(broken_texts(), min_size=1, max_size=2), st.integers(2, 3))
def test_broken_texts_are_refused_alike(texts: list[str], times: int) -> None:
    """Of a broken text both ways report the same errors at the same places."""
    text = "\n".join(texts * times)
    assert outcome(text, templates=True) == outcome(text, templates=False)


@given(modules())
def test_items_print_as_they_stand_in_their_clause(module: Module) -> None:
    """Each body item of a parsed module prints to text that its clause's text contains."""
    for clause in module.clauses:
        text = print_statement(clause)
        assert all(print_item(item) in text for item in clause.body)
        assert print_atom(clause.head) in text
