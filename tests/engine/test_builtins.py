"""Built-in functions: what each gives, where a small slip would go unseen by engines that share it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.checker.checker import Checker
from mpr_logic.engine.builtins import MAX_BITS, add, divide, multiply, remainder
from mpr_logic.engine.semiring import SEMIRINGS
from mpr_logic.errors import ArithmeticFailure

INTS = st.integers(-12, 12) | st.integers(-(10**30), 10**30)


@given(INTS, INTS.filter(bool))
def test_ints_are_divided_toward_zero(a: int, b: int) -> None:
    """Quotient and rest are ints that make up the dividend; the rest has its sign and is less than the
    divisor."""
    quotient, rest = divide(a, b), remainder(a, b)
    assert isinstance(quotient, int)
    assert isinstance(rest, int)
    assert quotient * b + rest == a
    assert abs(rest) < abs(b)
    assert not rest or (rest < 0) == (a < 0)


@pytest.mark.parametrize(
    ("test", "texts"),
    [
        ("starts_with", {"a.c": True, "a.cd": True, "abc": False, "xa.c": False}),
        ("ends_with", {"a.c": True, "xa.c": True, "abc": False, "a.cd": False}),
        ("contains", {"a.c": True, "xa.cd": True, "abc": False, "xabcd": False}),
        ("matches", {"a.c": True, "abc": True, "xabcd": True, "ac": False}),
    ],
)
def test_a_written_text_is_an_expression_for_matches_alone(test: str, texts: dict[str, bool]) -> None:
    """A text in a rule is taken letter by letter, except by ``matches``."""
    checker = Checker.from_text(f'.action say(t: symbol)\nforbid say(T) :- {test}(T, "a.c").')
    said = {text: not checker.check(f'say("{text}")').admissible for text in texts}
    assert said == texts


def test_without_weights_what_is_absent_is_certain() -> None:
    """In the boolean semiring a negation holds wholly, or not at all."""
    boolean = SEMIRINGS["boolean"]
    assert [boolean.complement(each) for each in (0.0, 0.1, 1.0)] == [1.0, 0.0, 0.0]


def test_the_largest_int_is_computed_and_no_larger_one() -> None:
    """The bound is the number of bits that the message names, for either sign."""
    largest = 2**MAX_BITS - 1
    assert add(largest - 1, 1) == largest
    assert multiply(-1, largest) == -largest
    for operation, a, b in ((add, largest, 1), (add, -largest, -1), (multiply, largest, 2)):
        with pytest.raises(ArithmeticFailure, match=f"more than {MAX_BITS} bits"):
            operation(a, b)
