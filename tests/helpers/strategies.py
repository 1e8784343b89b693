"""Hypothesis strategies: arbitrary trees that are valid as syntax (not as programs), and texts near them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from mpr_logic.language.ast import (
    ActionDecl,
    Aggregate,
    Alternatives,
    Annotation,
    Arithmetic,
    Atom,
    Call,
    ClassDecl,
    Clause,
    Comparison,
    Const,
    ConstDecl,
    DefaultDecl,
    HintDecl,
    Literal,
    Member,
    Membership,
    Module,
    Named,
    Param,
    ParamDecl,
    Placed,
    Range,
    RelationDecl,
    RuleTest,
    Sentence,
    Test,
    TypeDecl,
    Var,
    nodes,
)
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.lexer import hidden_character, keywords, reserved
from mpr_logic.language.printer import print_module
from mpr_logic.language.source import SourceText

Strategy = st.SearchStrategy[Any]


def short(make: Callable[[], Strategy]) -> Callable[[], Strategy]:
    """Build a strategy once, and hide how: Hypothesis would print it in full, at a length of pages."""
    inner = cache(make)

    @st.composite
    def draw_one(draw: st.DrawFn) -> Any:
        return draw(inner())

    return cache(draw_one)


# few and short, so that clauses share names and shapes
_PLAIN = [
    *(
        "p",
        "q",
        "raining",
        "open_1",
        "nOT",
        "x",
        "truE",
        "e1",
        "key",
        "shared",
        "complete",
        "input",
        "in",
        "is",
        "trim",
    )
]
_CHARACTERS = st.characters(exclude_categories=["Cs"])


def names() -> Strategy:
    """Names that a relation may have."""
    any_name = st.from_regex(r"[a-z][A-Za-z0-9_]{0,6}", fullmatch=True)
    return st.sampled_from(_PLAIN) | any_name.filter(lambda n: n not in keywords() | reserved())


def labels() -> Strategy:
    """Names that an argument or an annotation may have: keywords too."""
    return names() | st.sampled_from(sorted(keywords() | reserved()))


def values() -> Strategy:
    """Constants."""
    texts = st.text(_CHARACTERS, max_size=8) | st.sampled_from(
        [*sorted(keywords() | reserved()), "", "a b", "X", "é"]
    )
    ints = st.integers(-9, 9) | st.integers(-(10**999), 10**999)
    floats = st.floats(allow_nan=False, allow_infinity=False)
    return names() | texts | ints | floats


def constants() -> Strategy:
    """Constant nodes."""
    return st.builds(Const, values())


def variables() -> Strategy:
    """Variable nodes, ``_`` among them."""
    return st.builds(Var, st.sampled_from(["X", "Y", "_", "_X", "R2d2"]))


def _calls(name: str, inner: Strategy) -> Strategy:
    """Calls of a function, with each number of arguments that it takes."""
    numbers = [n for n in range(1, 5) if FUNCTIONS[name].takes_so_many(n)]
    args = st.sampled_from(numbers).flatmap(lambda n: st.tuples(*[inner] * n))
    return st.builds(Call, st.just(name), args)


def named() -> Strategy:
    """Names of constants."""
    return st.builds(Named, names())


@short
def terms() -> Strategy:
    """Terms of a few operators."""
    return st.recursive(
        variables() | constants() | named(),
        lambda inner: st.one_of(
            st.builds(Arithmetic, st.sampled_from(["+", "-", "*", "/", "mod"]), inner, inner),
            st.sampled_from(sorted(FUNCTIONS)).flatmap(lambda name: _calls(name, inner)),
        ),
        max_leaves=5,
    )


@short
def atoms() -> Strategy:
    """Atoms: without arguments, with positional ones, with named ones."""
    plain = st.builds(Atom, names(), st.lists(terms(), max_size=3).map(tuple))
    pairs = st.lists(st.tuples(labels(), terms()), min_size=1, max_size=3)
    named = st.builds(
        lambda name, given: Atom(name, tuple(t for _, t in given), tuple(n for n, _ in given)), names(), pairs
    )
    return plain | named


@short
def placed() -> Strategy:
    """Literals of the history that are placed in time."""
    tenses = st.sampled_from(["past", "succeeded", "failed"])
    literals = st.builds(Literal, atoms(), st.booleans(), tenses)
    others = st.builds(Literal, atoms(), st.just(False), tenses)
    return st.builds(Placed, literals, st.sampled_from(["at", "within"]), terms()) | st.builds(
        Placed, literals, st.sampled_from(["before", "after", "since"]), others
    )


@short
def simple_items() -> Strategy:
    """Body items other than aggregates."""
    return st.one_of(
        st.builds(Literal, atoms(), st.booleans(), st.sampled_from([None, "past", "succeeded", "failed"])),
        placed(),
        st.builds(Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), terms(), terms()),
        st.builds(
            Test,
            st.sampled_from(["contains", "starts_with", "ends_with", "matches"]),
            st.tuples(terms(), terms()),
            st.booleans(),
        ),
        st.builds(Test, st.just("is"), st.tuples(terms(), st.builds(Const, names())), st.booleans()),
        st.builds(
            Membership,
            terms(),
            st.lists(constants() | named(), min_size=1, max_size=3).map(tuple),
            st.booleans(),
        ),
    )


@short
def alternatives() -> Strategy:
    """Alternatives, one in another at times."""
    return st.recursive(
        simple_items() | aggregates(),
        lambda inner: st.builds(
            Alternatives,
            st.lists(st.lists(inner, min_size=1, max_size=2).map(tuple), min_size=2, max_size=3).map(tuple),
        ),
        max_leaves=4,
    )


@short
def aggregates() -> Strategy:
    """Aggregates of every function."""
    target = variables() | constants()
    body = st.lists(simple_items(), min_size=1, max_size=3).map(tuple)
    count = st.builds(Aggregate, target, st.just("count"), st.none(), body)
    return count | st.builds(Aggregate, target, st.sampled_from(["sum", "min", "max"]), terms(), body)


def comments() -> Strategy:
    """Texts of comments: one line, without blanks at its end."""
    seen = st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]) | st.sampled_from(
        "\t\u200d\u00a0"
    )
    text = st.text(seen.filter(lambda c: hidden_character(SourceText(c, "")) is None), max_size=12)
    return text.map(lambda t: t.rstrip(" \t\r"))


def _remarks() -> dict[str, Strategy]:
    return {
        "comments": st.lists(comments(), max_size=2).map(tuple),
        "trailing": st.none() | st.none() | comments(),
    }


@short
def clauses() -> Strategy:
    """Facts and rules of every kind."""
    items = st.lists(simple_items() | simple_items() | alternatives(), max_size=4).map(tuple)
    shared: dict[str, Strategy] = {
        "weight": st.just(1.0) | st.floats(0, 1, exclude_min=True),
        "annotations": st.lists(
            st.builds(Annotation, labels(), st.lists(constants(), max_size=2).map(tuple)), max_size=2
        ).map(tuple),
        **_remarks(),
    }
    ruled = st.sampled_from(["relation", "forbid", "permit", "prefer"])
    observed = st.sampled_from(["absent", "past", "succeeded", "failed"])
    return st.one_of(
        st.builds(Clause, ruled, atoms(), items, **shared),
        st.builds(Clause, observed, atoms(), **shared),
        st.builds(Clause, st.sampled_from(["causes", "ends"]), atoms(), items, atoms(), **shared),
    )


@short
def declarations() -> Strategy:
    """Declarations of every kind."""
    params = st.lists(st.builds(Param, labels(), names()), max_size=3).map(tuple)
    some_optional = st.lists(st.builds(Param, labels(), names(), st.booleans()), max_size=3).map(tuple)
    attributes: dict[str, Strategy] = {
        "open_world": st.booleans(),
        "input": st.booleans(),
        "key": st.none() | st.lists(labels(), max_size=2).map(tuple),
        "changed_by": st.none() | st.text(_CHARACTERS, max_size=8),
        "shared": st.booleans(),
        "complete": st.booleans(),
    }
    members = st.lists(st.builds(Member, names(), st.booleans(), st.booleans()), max_size=9).map(tuple)
    hints = st.lists(st.tuples(names(), st.booleans()), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(TypeDecl, names(), names(), **_remarks()),
        st.builds(TypeDecl, names(), names(), st.lists(constants(), max_size=3).map(tuple), **_remarks()),
        st.builds(
            ConstDecl,
            names(),
            constants() | st.lists(constants(), min_size=1, max_size=3).map(tuple),
            **_remarks(),
        ),
        st.builds(ParamDecl, names(), names(), st.none() | constants(), **_remarks()),
        st.builds(RelationDecl, names(), params, **attributes, **_remarks()),
        st.builds(RelationDecl, names(), params, **_remarks()),
        st.builds(ActionDecl, names(), some_optional, **_remarks()),
        st.builds(DefaultDecl, names() | st.just("*"), **_remarks()),
        st.builds(ClassDecl, names(), st.none() | params, members, **_remarks()),
        st.builds(HintDecl, names(), hints, **_remarks()),
    )


@short
def tests() -> Strategy:
    """Tests whose sentences have the form that their words need."""
    ground = atoms().filter(lambda atom: not any(isinstance(node, Var) for node in nodes(atom)))
    rows = st.lists(constants(), min_size=1, max_size=3).map(lambda found: tuple((each,) for each in found))
    ranges = st.just(()) | st.builds(lambda each: (Range(("Row",), each),), rows)
    ids = st.lists(st.builds(Atom, names()), min_size=1, max_size=2).map(tuple)
    told = st.text(_CHARACTERS, max_size=8).map(Const)
    facts = st.sampled_from(["relation", "absent", "past", "succeeded", "failed"])
    remarks = _remarks()
    items = st.one_of(
        st.builds(Clause, facts, ground, weight=st.just(1.0) | st.floats(0, 1, exclude_min=True), **remarks),
        st.builds(Sentence, st.just(("expect",)), ground, ranges=ranges, **remarks),
        st.builds(Sentence, st.just(("expect", "not")), ground, ranges=ranges, **remarks),
        st.builds(Sentence, st.just(("expect", "rejected")), ground, st.just("by"), ids, ranges, **remarks),
        st.builds(Sentence, st.just(("expect", "admitted")), ground, ranges=ranges, **remarks),
        st.builds(Sentence, st.just(("run",)), ground, st.just("gives"), st.tuples(told), **remarks),
        st.builds(Sentence, st.just(("user",)), told, **remarks),
        st.builds(Sentence, st.just(("param",)), st.builds(Atom, st.just("most")), st.just("="),
                  st.tuples(constants()), **remarks),
    )  # fmt: skip
    outer = st.just(()) | st.builds(lambda each: (Range(("Out",), each),), rows)
    ending = st.lists(comments(), max_size=1).map(tuple)
    title = st.text(_CHARACTERS, max_size=8)
    return st.builds(RuleTest, title, st.lists(items, max_size=3).map(tuple), outer, ending, **remarks)


@short
def modules() -> Strategy:
    """Whole modules."""
    statements = st.lists(clauses() | clauses() | declarations() | tests(), max_size=5).map(tuple)
    return st.builds(Module, statements, st.lists(comments(), max_size=2).map(tuple))


@short
def broken_texts() -> Strategy:
    """Printed modules with something cut out, doubled or put in."""
    piece = st.sampled_from(
        [
            *".,:()[]{}@%\"'\\-+*/=<>!;#~|&?",
            ":-",
            "::",
            "not ",
            "count",
            "X",
            "p",
            "\n",
            "1",
            "1.5",
            "\0",
            "é",
            ".decl ",
            ".class ",
            '.test "t" {',
            "expect ",
        ]
    ) | st.text(max_size=3)

    def spoil(text: str, at: float, length: int, put_in: str) -> str:
        place = int(at * len(text))
        return text[:place] + put_in + text[place + length :]

    places = st.floats(0, 1, exclude_max=True)
    return st.builds(spoil, modules().map(print_module), places, st.integers(0, 3), piece)
