"""A body may be as long as the language allows, on every path to an answer."""

from __future__ import annotations

import itertools

import pytest

from mpr_logic.checker.checker import Checker
from mpr_logic.checker.verifier import verify
from mpr_logic.engine.bottomup.evaluate import evaluate
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard

DECLARED = ".decl step(a: int, b: int) .action go(a: int) .action jump(a: int, b: int) "
ROWS = " ".join(f"step({n}, {n + 1})." for n in range(260))
PATIENT = Budget(seconds=60)


def joins(count: int, first: str = "X0") -> str:
    """Return a chain of ``count`` literals, from ``first`` on."""
    names = [first, *(f"X{n}" for n in range(1, count + 1))]
    return ", ".join(f"step({a}, {b})" for a, b in itertools.pairwise(names))


@pytest.mark.parametrize("count", [16, 17, 18, 19, 41, pytest.param(200, marks=pytest.mark.slow)])
def test_a_law_that_joins_so_many_literals_decides(count: int) -> None:
    """A law with a long body rejects what it matches, with a proof of every step, and admits all else; its
    reasons, why-not and the repairs are there too."""
    checker = Checker.from_text(
        f'{DECLARED} {ROWS} @because("far") forbid go(X0) :- {joins(count)}.', budget=PATIENT
    )
    near, far = checker.check(f"go({260 - count})"), checker.check(f"go({261 - count})")
    assert (near.verdict, far.verdict) == ("forbidden", "admissible")
    proof = near.reasons[0].proof
    assert proof is not None
    assert [step.row for step in proof.steps] == [(n, n + 1) for n in range(260 - count, 260)]  # type: ignore[union-attr]
    assert verify(proof, checker.program, checker.facts()) == []
    attempt = checker.why_not(f"go({261 - count})").attempts[0]
    assert attempt.index == count - 1
    assert isinstance(near.repairs, tuple)


def test_a_guard_goes_on_past_such_a_permit() -> None:
    """A closed action with one long permit is decided, in a guard too."""
    guard = Guard(
        text=f"{DECLARED} .default forbid go. {ROWS} permit go(X0) :- {joins(18)}.".replace("go.", "go"),
        strict=False,
        timeout=60,
    )
    assert guard.check("go", {"a": 3}).runs
    assert not guard.check("go", {"a": 250}).runs


@pytest.mark.parametrize("count", [18, 40])
def test_effects_aggregates_and_derived_relations_may_be_as_long(count: int) -> None:
    """A long body is read in an effect, in the braces of an aggregate, and in a rule that derives a relation
    which is itself recursive."""
    checker = Checker.from_text(
        f"{DECLARED} .decl far(a: int, b: int) .decl been(a: int) {ROWS} "
        f"far(X0, X{count}) :- {joins(count)}. far(X, Z) :- far(X, Y), far(Y, Z). "
        f"jump(A, B) causes been(B) :- {joins(count, 'A')}, X{count} = B. "
        f"forbid go(A) :- N = count : {{ {joins(count, 'A')} }}, N > 0.",
        budget=PATIENT,
    )
    assert checker.check("go(0)").verdict == "forbidden"
    assert checker.check("go(255)").verdict == "admissible"
    assert set(checker.query(f"far(0, {2 * count})")) == {(0, 2 * count)}
    assert checker.why(f"far(0, {2 * count})") is not None
    checker.record(f"jump(1, {count + 1})", True)
    assert checker.facts()["been"] == {(count + 1,): 1.0}


def test_bottom_up_and_the_second_engine_agree() -> None:
    """The same rows from the facts up, by whole sets or row by row, and from pyDatalog."""
    rules = f"far(X0, X20) :- {joins(20)}. far(X, Z) :- far(X, Y), step(Y, Z), {joins(18, 'Z')}."
    rows = [(n, n + 1) for n in range(45)]
    assert evaluate(rules, {"step": rows}, engine="both")["far"] == {
        (a, b) for a in range(45) for b in range(46) if b == a + 20 or (b > a + 20 and b + 18 <= 45)
    }


def test_what_is_too_long_is_refused_when_it_is_read() -> None:
    """More items than the language has room for are an error of the text, not of a check."""
    with pytest.raises(ProgramError):
        Checker.from_text(f"{DECLARED} forbid go(X0) :- {joins(300)}.")
