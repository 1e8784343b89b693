"""Work stops in time: by a clock that goes on by one at each look, never by the machine's."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.checker import verifier
from mpr_logic.checker.checker import Checker
from mpr_logic.engine import regex
from mpr_logic.engine.bottomup.evaluate import evaluate
from mpr_logic.engine.deadline import TURNS, Deadline
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import ArithmeticFailure, BudgetError
from tests.helpers.examples import at_most

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Goes on by one at each look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return float(self.looks)


def numbers(count: int) -> str:
    """Return that many facts of one relation."""
    return " ".join(f"e({n})." for n in range(count))


DECLARED = ".decl e(a: int) .action go() "
CROSS = "e(A), e(B), e(C), e(D)"
LAWS = {
    "a count": f"forbid go :- N = count : {{ {CROSS} }}, N < 1.",
    "a sum": f"forbid go :- N = sum A : {{ {CROSS} }}, N < 0.",
    "a join": f"forbid go :- {CROSS}, A + B + C + D = -1.",
    "derived": f".decl d(a: int) d(A) :- {CROSS}, A + B + C + D = -1. forbid go :- d(_).",
    "recursion": ".decl p(a: int, b: int) p(A, B) :- e(A), e(B). p(A, C) :- p(A, B), p(B, C). "
    "forbid go :- p(A, B), A + B = -1.",
}


@pytest.mark.parametrize("law", LAWS)
def test_what_would_take_too_long_stops_after_so_many_looks(law: str) -> None:
    """A question that takes too long is undecided after the budget and a few looks more, not twice the budget
    for the reasons; the next question is decided."""
    clock = Clock()
    checker = Checker.from_text(
        f"{DECLARED} .action easy() {numbers(60)} {LAWS[law]}", budget=Budget(seconds=3_000, clock=clock)
    )
    decision = checker.check("go()")
    assert decision.verdict == "undecided"
    assert "time is over" in decision.reasons[0].text
    assert 3_000 < clock.looks < 3_600
    assert checker.check("easy()").admissible
    assert clock.looks < 3_700


def test_a_rejection_stands_when_its_reasons_take_too_long() -> None:
    """The law that costs least is named with its proof, and a note says that there may be others; repairs
    that cannot be found in time are none."""
    clock = Clock()
    checker = Checker.from_text(
        f"{DECLARED} {numbers(12)} @id(cheap) forbid go :- e(7). {LAWS['a join']}",
        budget=Budget(seconds=300, clock=clock),
    )
    decision = checker.check("go()")
    assert decision.verdict == "forbidden"
    first, note = decision.reasons
    assert (first.id, note.id) == ("cheap", None)
    assert first.proof is not None
    assert "time is over" in note.text
    assert clock.looks < 400
    assert isinstance(decision.repairs, tuple)
    assert clock.looks < 800


def test_the_time_of_several_questions_is_one() -> None:
    """Inside `until` each answer has what the ones before have left."""
    clock = Clock()
    checker = Checker.from_text(
        f"{DECLARED} {numbers(60)} {LAWS['a count']}", budget=Budget(seconds=3_000, clock=clock)
    )
    with checker.until(5_000.0):
        assert [checker.check("go()").verdict for _ in range(5)] == ["undecided"] * 5
        with pytest.raises(BudgetError):
            checker.why_not("go()")
    assert clock.looks < 5_700
    assert checker.deadline.left() == float("inf")


@pytest.mark.heavy
@settings(max_examples=at_most(25), deadline=None)
@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_no_loop_takes_many_turns_between_two_looks(sizes: list[int]) -> None:
    """However the rows are spread over the joins of a body, there is a look for every so many rows."""
    clock = Clock()
    sizes = [size * 60 if n == 0 else size for n, size in enumerate(sizes)]
    names = [f"r{n}" for n in range(len(sizes))]
    body = ", ".join(f"{name}(X{n})" for n, name in enumerate(names))
    total = " + ".join(f"X{n}" for n in range(len(names)))
    checker = Checker.from_text(
        "".join(f".decl {name}(a: int) " for name in names)
        + f".action go() forbid go :- {body}, {total} = -1.",
        budget=Budget(seconds=1e9, clock=clock),
    )
    checker.load_state({"facts": {n: [[row] for row in range(s)] for n, s in zip(names, sizes, strict=True)}})
    assert checker.check("go()").admissible
    visited = sum(itertools.accumulate(sorted(sizes), lambda a, b: a * b))
    assert clock.looks * TURNS * 2 >= visited


@pytest.mark.parametrize(
    "rules",
    [
        "p(X, Y) :- e(X, Y). p(X, Z) :- p(X, Y), p(Y, Z).",
        "p(X, Y) :- e(X, Y). p(X, Z) :- e(X, Y), p(Y, Z), X != Z.",
        "p(A, D) :- e(A, _), e(B, _), e(C, _), e(D, _), A + B + C + D > 0.",
    ],
)
def test_bottom_up_stops_too(rules: str) -> None:
    """By whole sets, row by row, and where one relation is joined with itself; without seconds it goes on to
    the end whatever the clock says."""
    chance = random.Random(3)
    edges = [(chance.randrange(60), chance.randrange(60)) for _ in range(300)]
    clock = Clock()
    with pytest.raises(BudgetError):
        evaluate(rules, {"e": edges}, budget=Budget(seconds=60, clock=clock))
    assert clock.looks < 120
    few = {"e": edges[:9]}
    assert evaluate(rules, few, budget=Budget(clock=clock)) == evaluate(rules, few)


def test_by_default_evaluate_has_no_clock() -> None:
    """The answer of a program does not depend on how busy the machine is."""
    assert Budget().seconds == float("inf")


TESTS: dict[str, Callable[[str], str]] = {
    "contains": lambda text: f'contains(T, "{text[:3]}z")',
    "starts_with": lambda text: "starts_with(T, T), contains(T, A)",
    "lower": lambda text: "lower(T) = A",
    "matches": lambda text: 'matches(T, "zz+y")',
}


@pytest.mark.parametrize("test", TESTS)
def test_long_texts_are_looked_at_between(test: str) -> None:
    """There is a look before each long text that is searched."""
    clock = Clock()
    checker = Checker.from_text(
        f".decl t(x: symbol) .action go(a: symbol) forbid go(A) :- t(T), {TESTS[test]('abc')}.",
        budget=Budget(seconds=100, clock=clock),
    )
    checker.load_state({"facts": {"t": [[f"{n} " + "ab " * 5_000] for n in range(300)]}})
    assert checker.check('go("q")').verdict == "undecided"
    assert clock.looks < 200


# -- regular expressions ---------------------------------------------------------------------------


def test_a_huge_expression_is_refused_by_what_it_compiles_to() -> None:
    """One of a rule may be larger than one that comes with a call; neither may be huge."""
    assert regex.matches("x" * 900, "x{0,1000}" * 2, written=True)
    with pytest.raises(ArithmeticFailure, match="too large"):
        regex.matches("x", "x{0,1000}" * 50, written=True)
    with pytest.raises(ArithmeticFailure):
        regex.matches("x", "x{0,1000}" * 8)
    words = "|".join(f"word{n}" for n in range(400))
    assert regex.matches("a word77 b", words, written=True)
    with pytest.raises(ArithmeticFailure, match="more than 1000 characters"):
        regex.matches("a word77 b", words)


def test_a_huge_expression_of_a_rule_is_an_error_of_the_text() -> None:
    """A huge expression of a rule is refused when the rules are read."""
    from mpr_logic.errors import ProgramError

    with pytest.raises(ProgramError, match="E0217"):
        Checker.from_text(
            f'.action go(a: symbol) forbid go(A) :- matches(A, "{"x{0,1000}" * 50}").',
        )


def test_rules_of_one_shape_may_have_large_expressions() -> None:
    """Their constants are looked up in a table, and are texts of rules all the same."""
    words = "|".join(f"word{n}" for n in range(300))
    laws = " ".join(f'forbid go(A) :- matches(A, "{words}|last{n}"), p({n}).' for n in range(6))
    checker = Checker.from_text(f".decl p(n: int) .action go(a: symbol) {laws} p(4).")
    assert checker.check('go("last4")').verdict == "forbidden"
    assert checker.check('go("last3")').admissible


def test_a_slow_search_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer does not wait for a search once its time is over, and few such searches go on at a time."""
    monkeypatch.setattr(regex, "QUICK", 10)
    deadline = Deadline()
    assert regex.matches("some text with abc in it", "abc+", deadline)
    with deadline.within(1e6):
        assert regex.matches("some text with abc in it", "abc+", deadline)
    slow = "(x|y)*x(x|y){0,900}z", "".join(random.Random(1).choice("xy") for _ in range(20_000))
    with deadline.within(-1), pytest.raises(BudgetError):
        regex.matches(slow[1], slow[0], deadline, written=True)
    with deadline.within(0.001), pytest.raises(BudgetError):
        regex.matches(slow[1], slow[0], deadline, written=True)
    assert len(deadline.strays) <= regex.STRAYS
    for each in deadline.strays:
        each.join()
    with deadline.within(1e6):
        assert regex.matches("abc and more of it", "abc+", deadline)


def test_an_expression_that_costs_too_much_over_a_text_is_refused() -> None:
    """Its size times that of the text is bounded."""
    with pytest.raises(ArithmeticFailure, match="costs too much"):
        regex.matches("x" * 2_000_000, "x{0,1000}y", written=True)


# -- the verifier ----------------------------------------------------------------------------------


def test_the_verifier_keeps_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof that it cannot check in time proves nothing."""
    checker = Checker.from_text(f"{DECLARED} {numbers(3)} forbid go :- N = count : {{ e(A), e(B) }}, N > 5.")
    proof = checker.check("go()").reasons[0].proof
    assert proof is not None
    assert verifier.verify(proof, checker.program, checker.facts()) == []
    monkeypatch.setattr(verifier, "SECONDS", -1.0)
    (fault,) = verifier.verify(proof, checker.program, checker.facts())
    assert "cannot be checked" in fault
    assert "seconds" in fault
