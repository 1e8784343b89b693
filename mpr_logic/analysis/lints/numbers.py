"""Arithmetic as lints read it: which numbers a term can come to, and which comparisons hang on none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.language.ast import Arithmetic, Const

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.language.ast import Term

Range: TypeAlias = tuple[float, float]
"""The least and the greatest number that there may be."""

Linear: TypeAlias = "tuple[Mapping[Term, int], int]"
"""A sum: how often each term stands in it, and a number."""


def linear(term: Term) -> Linear:
    """A term of ints as a sum. What is no sum of others is a summand as it stands."""
    if isinstance(term, Const) and isinstance(term.value, int):
        return {}, term.value
    if isinstance(term, Arithmetic) and term.op in ("+", "-"):
        (left, first), (right, second) = linear(term.left), linear(term.right)
        sign = 1 if term.op == "+" else -1
        both = {each: left.get(each, 0) + sign * right.get(each, 0) for each in (*left, *right)}
        return {each: number for each, number in both.items() if number}, first + sign * second
    if isinstance(term, Arithmetic) and term.op == "*":
        for one, other in ((term.left, term.right), (term.right, term.left)):
            (counts, number), (factors, factor) = linear(one), linear(other)
            if not factors:
                return {each: n * factor for each, n in counts.items() if n * factor}, number * factor
    return {term: 1}, 0


def unsolvable(form: Linear, op: str) -> bool:
    """Whether no ints make a sum compare so with 0."""
    counts, number = form
    if not counts:
        holds = {"=": number == 0, "!=": number != 0, "<": number < 0, "<=": number <= 0}
        return not {**holds, ">": number > 0, ">=": number >= 0}[op]
    return op == "=" and number % math.gcd(*counts.values()) != 0


def quotient(left: Range, right: Range, whole: bool) -> Range:
    """The range of a quotient by a constant; that of two ints is truncated toward zero."""
    if right[0] != right[1] or not right[0]:
        return -math.inf, math.inf
    ends = sorted(each / right[0] for each in left)
    if whole:
        ends = [math.trunc(each) if math.isfinite(each) else each for each in ends]
    return ends[0], ends[1]


def remainder(left: Range, right: Range, whole: bool) -> Range:
    """The range of a remainder, which has the sign of the left side and is nearer to 0 than the right one."""
    most = max(map(abs, right))
    if whole and math.isfinite(most):
        most = max(most - 1, 0)
    return (max(-most, left[0]) if left[0] < 0 else 0), (min(most, left[1]) if left[1] > 0 else 0)
