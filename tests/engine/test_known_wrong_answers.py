"""Wrong answers seen in engines that people trust, asked of ours: each engine gives the right one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.checker.verifier import NaiveModel, verify
from mpr_logic.engine.differential import BothEngine
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Atom, Literal
from mpr_logic.language.parser import parse

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import Row

Make = Callable[["Program"], "Engine"]


@pytest.fixture(params=[NativeEngine, PyDatalogEngine, BothEngine])
def make(request: pytest.FixtureRequest) -> Make:
    """Each engine's constructor in turn."""
    made: Make = request.param
    return made


def load(text: str) -> Program:
    """A checked program."""
    return analyse([parse(text)])


def test_facts_that_support_each_other_fall_with_their_ground(make: Make) -> None:
    """A circle of derived facts does not survive the retraction of what it stood on."""
    engine = make(
        load("""
        .decl edge(a: symbol, b: symbol)
        .decl source(a: symbol)
        .decl reached(a: symbol)
        reached(X) :- source(X).
        reached(Y) :- reached(X), edge(X, Y).
        edge(a, b). edge(b, c). edge(c, b). source(a).
        """)
    )
    assert engine.query("reached", (None,)).keys() == {("a",), ("b",), ("c",)}
    engine.remove("edge", ("a", "b"))
    assert engine.query("reached", (None,)).keys() == {("a",)}
    engine.add("edge", ("a", "c"))
    assert engine.query("reached", (None,)).keys() == {("a",), ("b",), ("c",)}
    engine.remove("source", ("a",))
    assert engine.query("reached", (None,)) == {}


def test_mutual_support_falls_too(make: Make) -> None:
    """The same through two relations that define each other, and through a negation above them."""
    engine = make(
        load("""
        .decl base(a: symbol)
        .decl even(a: symbol)
        .decl odd(a: symbol)
        .decl neither(a: symbol)
        .decl all_of(a: symbol)
        even(X) :- base(X).
        even(X) :- odd(X).
        odd(X) :- even(X).
        neither(X) :- all_of(X), not odd(X).
        all_of(a). base(a).
        """)
    )
    assert engine.query("neither", (None,)) == {}
    engine.remove("base", ("a",))
    assert engine.query("odd", (None,)) == engine.query("even", (None,)) == {}
    assert engine.query("neither", (None,)) == {("a",): 1.0}


def test_nonlinear_recursion_is_complete(make: Make) -> None:
    """A closure that joins itself finds every path, however the rule is written."""
    text = ".decl e(a: int, b: int)\n.decl p(a: int, b: int)\np(X, Y) :- e(X, Y).\n"
    rows = [(i, i + 1) for i in range(12)]
    expected = {(i, j) for i in range(13) for j in range(i + 1, 13)}
    for rule in (
        "p(X, Z) :- p(X, Y), p(Y, Z).",
        "p(X, Z) :- p(Y, Z), p(X, Y).",
        "p(X, Z) :- p(W, Z), p(X, Y), e(Y, W).\np(X, Z) :- p(X, Y), e(Y, Z).",
    ):
        engine = make(load(text + rule))
        for row in rows:
            engine.add("e", row)
        assert engine.query("p", (None, None)).keys() == expected, rule
        assert engine.query("p", (3, None)).keys() == {row for row in expected if row[0] == 3}
        assert engine.query("p", (None, 3)).keys() == {row for row in expected if row[1] == 3}


def test_an_assignment_keeps_what_a_computed_head_keeps(make: Make) -> None:
    """``D = C + 1`` in a body and ``C + 1`` in a head derive the same rows."""
    facts = ".decl e(a: symbol, b: symbol)\n.decl d(a: symbol, c: int)\ne(a, b). e(b, c). e(a, c). e(c, d).\n"
    answers = []
    for rule in (
        "d(Y, D) :- d(X, C), e(X, Y), C < 9, D = C + 1.",
        "d(Y, C + 1) :- d(X, C), e(X, Y), C < 9.",
        "d(Y, D) :- D = C + 1, C < 9, e(X, Y), d(X, C).",
    ):
        engine = make(load(facts + "d(a, 0).\n" + rule))
        answers.append(engine.query("d", (None, None)))
    expected = {("a", 0), ("b", 1), ("c", 1), ("c", 2), ("d", 2), ("d", 3)}
    assert [answer.keys() for answer in answers] == [expected] * 3


def test_an_update_rejects_what_a_full_evaluation_rejects(make: Make) -> None:
    """After each change an action is rejected exactly where a new engine rejects it."""
    program = load("""
        .decl locked(d: symbol)
        .decl behind(a: symbol, d: symbol)
        .decl inside(a: symbol, b: symbol)
        .decl blocked(a: symbol)
        .action take(a: symbol)
        blocked(A) :- behind(A, D), locked(D).
        blocked(A) :- inside(A, B), blocked(B).
        forbid take(A) :- blocked(A).
        forbid take(A) :- not behind(A, _), inside(A, _).
        """)
    steps = [
        ("add", "behind", ("box", "door")),
        ("add", "inside", ("key", "box")),
        ("add", "locked", ("door",)),
        ("add", "inside", ("box", "key")),
        ("remove", "locked", ("door",)),
        ("add", "locked", ("door",)),
        ("remove", "behind", ("box", "door")),
        ("remove", "inside", ("key", "box")),
    ]
    engine = make(program)
    facts: dict[tuple[str, tuple[str, ...]], None] = {}
    for word, relation, row in steps:
        if word == "add":
            engine.add(relation, row)
            facts[relation, row] = None
        else:
            engine.remove(relation, row)
            del facts[relation, row]
        fresh = make(program)
        for name, each in facts:
            fresh.add(name, each)
        for item in ("key", "box", "cup"):
            assert engine.fired("forbid take", (item,)) == fresh.fired("forbid take", (item,)), (
                word,
                row,
                item,
            )
    assert [rule.args for rule, _ in engine.fired("forbid take", ("box",))] == [program.rules[3].args]


@pytest.mark.parametrize(
    ("head", "args", "fires"),
    [
        ("forbid move", ("a", "a"), True),
        ("forbid move", ("a", "b"), False),
        ("forbid swap", ("a", "b"), True),
        ("forbid swap", ("a", "a"), True),
        ("forbid swap", ("b", "c"), False),
    ],
)
def test_a_variable_that_stands_twice(make: Make, head: str, args: tuple[str, str], fires: bool) -> None:
    """A repeated variable demands equality: in an action's head, in one literal, goal-directed too."""
    engine = make(
        load("""
        .decl e(a: symbol, b: symbol)
        .decl loop(a: symbol)
        .decl p(a: symbol, b: symbol)
        .action move(a: symbol, b: symbol)
        .action swap(a: symbol, b: symbol)
        p(X, Y) :- e(X, Y).
        p(X, Z) :- p(X, Y), e(Y, Z).
        loop(X) :- p(X, X).
        forbid move(X, X).
        forbid swap(X, _) :- p(X, X).
        e(a, b). e(b, a). e(c, d). e(d, c). e(b, c).
        """)
    )
    if head == "forbid swap" and args[0] == "b":
        engine.remove("e", ("b", "a"))
    assert bool(engine.fired(head, args)) is fires
    engine.add("e", ("z", "z"))
    assert ("z",) in engine.query("loop", (None,))
    assert engine.query("loop", ("z",)) == {("z",): 1.0}
    assert engine.query("p", ("z", "z")) == {("z", "z"): 1.0}


@pytest.mark.parametrize(
    "text",
    [
        ".decl p(a: symbol)\n.decl q(a: symbol)\np(X) :- not q(X).",
        ".decl p(a: symbol, b: symbol)\n.decl q(a: symbol)\np(X, Y) :- q(X).",
        ".decl p()\n.decl q()\np :- not q.\nq :- not p.",
        ".decl p(a: symbol)\n.decl e(a: symbol)\np(X) :- e(X), 0 = count : { p(_) }.",
    ],
)
def test_what_pydatalog_meets_with_silence_is_refused_before(text: str) -> None:
    """Unsafe and unstratified programs never reach an engine: they are errors of the text."""
    with pytest.raises(ProgramError):
        load(text)


def test_two_engines_in_two_threads(make: Make) -> None:
    """Engines made and asked in several threads at once, none of them the main one, do not meet."""
    program = load("""
        .decl e(a: int, b: int)
        .decl p(a: int, b: int)
        p(X, Y) :- e(X, Y).
        p(X, Z) :- p(X, Y), p(Y, Z).
        """)

    def run(number: int) -> list[int]:
        engine = make(program)
        sizes = []
        for i in range(6):
            engine.add("e", (number + i, number + i + 1))
            sizes.append(len(engine.query("p", (None, None))))
        engine.remove("e", (number, number + 1))
        return [*sizes, len(engine.query("p", (None, None)))]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(0, 80, 10)))
    assert results == [[1, 3, 6, 10, 15, 21, 15]] * 8


def test_a_sum_of_no_floats_is_a_float(make: Make) -> None:
    """Nothing sums to 0.0 where the summed column holds floats: half of that and 1 is 0.5, not 0."""
    engine = make(
        load("""
        .decl price(o: symbol, x: float)
        .decl thing(o: symbol)
        .decl total(o: symbol, x: float)
        .decl half(o: symbol, x: float)
        .decl rest(o: symbol, x: any)
        .decl whole(o: symbol, n: int)
        .decl exact(o: symbol)
        thing(a). thing(b). price(a, 3).
        total(O, S) :- thing(O), S = sum X : { price(O, X) }.
        half(O, H) :- thing(O), S = sum X : { price(O, X) }, H = (S + 1) / 2.
        rest(O, R) :- thing(O), Z = S + 7, R = Z mod 2 / 2, S = sum X * 2 : { price(O, X) }.
        whole(O, H) :- thing(O), S = sum 1 : { price(O, _) }, H = (S + 1) / 2.
        exact(O) :- thing(O), 0.0 = sum X : { price(O, X) }, 1 / 2 = 0.
        """)
    )
    found = {n: dict(engine.query(n, (None, None))) for n in ("total", "half", "rest", "whole")}
    assert {n: {(o, repr(x)) for o, x in rows} for n, rows in found.items()} == {
        "total": {("a", "3.0"), ("b", "0.0")},
        "half": {("a", "2.0"), ("b", "0.5")},
        "rest": {("a", "0.5"), ("b", "0.5")},
        "whole": {("a", "1"), ("b", "0")},
    }
    assert engine.query("exact", (None,)).keys() == {("b",)}


@pytest.mark.parametrize("body", ["Y = 4 / X, X != 0", "Y = 4 / X, not zero(X)", "Y = 9 mod X + 3, X > 0"])
def test_what_a_test_rules_out_is_not_divided(make: Make, body: str) -> None:
    """A divisor is tested first, wherever the test stands."""
    engine = make(
        load(
            f".decl n(x: int)\n.decl zero(x: int)\n.decl q(x: int, y: int)\nn(0). n(2). zero(0).\n"
            f"q(X, Y) :- n(X), {body}."
        )
    )
    assert [x for x, _ in engine.query("q", (None, None))] == [2]
    if make is NativeEngine:
        (row,) = engine.query("q", (None, None))
        proof = engine.prove("q", row)
        facts: dict[str, dict[Row, float]] = {"n": {(0,): 1.0, (2,): 1.0}, "zero": {(0,): 1.0}}
        assert proof is not None
        assert verify(proof, engine.program, facts) == []
        assert NaiveModel(engine.program, facts)._rows(Literal(Atom("q", ())), {}) == {row: 1.0}


def test_constants_of_heads_are_found_by_who_asks_for_all(make: Make) -> None:
    """A rule whose body only tests, and whose head has constants alone, gives its row to whoever asks for
    all rows: it is no mere condition there."""
    engine = make(
        load("""
        .decl lit(x: symbol) .decl power() .decl broken(x: symbol) .decl bright(x: symbol)
        power(). broken(b).
        lit(a) :- power(). lit(b) :- power().
        bright(X) :- lit(X), not broken(X).
        """)
    )
    assert engine.query("lit", (None,)).keys() == {("a",), ("b",)}
    assert engine.query("bright", (None,)).keys() == {("a",)}
    assert engine.query("bright", ("b",)) == {}


def test_a_relation_that_is_computed_whole_or_looked_up(make: Make) -> None:
    """Of two rules one must go through all rows whatever is asked, and the other is one look: both count."""
    engine = make(
        load(
            ".decl e(x: int) .decl f(x: int) .decl p(x: int) .decl q(x: int) e(1). e(2). f(7). f(9)."
            "p(X) :- e(Y), X = Y + 1. p(X) :- f(X). q(X) :- f(X), not p(X)."
        )
    )
    assert [n for n in range(10) if engine.query("p", (n,))] == [2, 3, 7, 9]
    assert engine.query("p", (None,)).keys() == {(2,), (3,), (7,), (9,)}
    assert engine.query("q", (None,)) == {}
