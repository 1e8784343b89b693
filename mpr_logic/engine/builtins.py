"""Arithmetic, order and text built-ins, with one meaning for all engines that call them.

Integers divide truncating toward zero and the remainder has the dividend's sign, as in C and
Souffle. What has no value (a division by zero, arithmetic on text, a number too large) raises
ArithmeticFailure: the question is then undecided, never silently false.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.times import UNTIMED
from mpr_logic.engine import calendars, regex, texts
from mpr_logic.engine.texts import look_at_clock, must_be_texts
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.moments import Duration, Instant, Moment
from mpr_logic.language.zones import schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.language.ast import Call, Term, Test, Value

MAX_BITS = 4096
"""No integer of more bits is computed: a rule could otherwise fill the memory by multiplying."""


def _numbers(op: str, a: object, b: object) -> None:
    """Refuse texts. A value of a type of time says itself with what it has a result."""
    for value in (a, b):
        if not isinstance(value, (int, float, Moment)):
            raise ArithmeticFailure(
                f"`{op}` needs two numbers, and `{value}` is a symbol: declare the argument as int or float, "
                "or test it first, `X is float`"
            )


def _bounded(op: str, value: Value) -> Value:
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise ArithmeticFailure(f"the result of `{op}` has more than {MAX_BITS} bits: bound the numbers")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ArithmeticFailure(f"the result of `{op}` is not a finite number: bound the numbers")
    return value


def _computed(op: str, operation: Callable[[Any, Any], Any], a: Value, b: Value) -> Value:
    """The result of an operation on two numbers, of whichever kinds: one bound holds for all."""
    _numbers(op, a, b)
    try:
        return _bounded(op, operation(a, b))
    except OverflowError:  # an int beyond the floats, together with a float
        raise ArithmeticFailure(f"the result of `{op}` is not a finite number: bound the numbers") from None


def add(a: Value, b: Value) -> Value:
    """a + b"""
    return _computed("+", operator.add, a, b)


def subtract(a: Value, b: Value) -> Value:
    """a - b"""
    return _computed("-", operator.sub, a, b)


def multiply(a: Value, b: Value) -> Value:
    """a * b"""
    return _computed("*", operator.mul, a, b)


def _plain(op: str, a: Value, b: Value) -> None:
    """Refuse what is no number."""
    _numbers(op, a, b)
    if isinstance(a, Moment) or isinstance(b, Moment):
        raise ArithmeticFailure(
            f"`{op}` has no result for `{a}` and `{b}`: a time or a duration is no number"
        )


def divide(a: Value, b: Value) -> Value:
    """a / b: of two ints the quotient truncated toward zero."""
    _plain("/", a, b)
    if not b:
        raise ArithmeticFailure("a number is divided by zero: test the divisor first (`X != 0`)")
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return _computed("/", operator.truediv, a, b)


def remainder(a: Value, b: Value) -> Value:
    """a mod b, with the sign of a."""
    _plain("mod", a, b)
    if not b:
        raise ArithmeticFailure("a number is divided by zero: test the divisor first (`X != 0`)")
    if isinstance(a, int) and isinstance(b, int):
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    return _computed("mod", math.fmod, a, b)


def contains(text: Value, part: Value, deadline: Deadline | None = None) -> bool:
    """Whether ``part`` stands in ``text``."""
    if not (isinstance(text, str) and isinstance(part, str)):
        must_be_texts("contains", text, part)
    look_at_clock(deadline, text)  # type: ignore[arg-type]
    return part in text  # type: ignore[operator]


def starts_with(text: Value, part: Value, deadline: Deadline | None = None) -> bool:
    """Whether ``text`` begins with ``part``."""
    if not (isinstance(text, str) and isinstance(part, str)):
        must_be_texts("starts_with", text, part)
    look_at_clock(deadline, part)  # type: ignore[arg-type]
    return text.startswith(part)  # type: ignore[union-attr,arg-type]


def ends_with(text: Value, part: Value, deadline: Deadline | None = None) -> bool:
    """Whether ``text`` ends with ``part``."""
    if not (isinstance(text, str) and isinstance(part, str)):
        must_be_texts("ends_with", text, part)
    look_at_clock(deadline, part)  # type: ignore[arg-type]
    return text.endswith(part)  # type: ignore[union-attr,arg-type]


def matches(text: Value, expression: Value, deadline: Deadline | None = None) -> bool:
    """Whether the RE2 expression, which comes from outside the rules, matches somewhere in the text."""
    must_be_texts("matches", text, expression)
    return regex.matches(text, expression, deadline)  # type: ignore[arg-type]


def matches_written(text: Value, expression: Value, deadline: Deadline | None = None) -> bool:
    """The same of an expression that a rule is written with."""
    must_be_texts("matches", text, expression)
    return regex.matches(text, expression, deadline, written=True)  # type: ignore[arg-type]


def is_of(value: Value, kind: Value, deadline: Deadline | None = None) -> bool:
    """Whether a value is of a built-in type. Equal numbers are of the same types, so ``1.0`` is an int."""
    if kind == "any":
        return True
    if isinstance(value, str):
        return kind == "symbol" or (kind == "bool" and value in ("true", "false"))
    if isinstance(value, Moment):
        return kind == value.type_
    return kind == "float" or (kind == "int" and (isinstance(value, int) or value.is_integer()))


def during(time: Value, hours: Value, deadline: Deadline | None = None) -> bool:
    """Whether a time is in the hours of a schedule."""
    if not isinstance(time, Instant):
        raise ArithmeticFailure(f"`during` needs a time, and `{time}` is none")
    if not isinstance(hours, str):
        raise ArithmeticFailure(f"`during` needs a schedule, and `{hours}` is none")
    return schedule(hours).has(time)


def within(age: Value, length: Value, deadline: Deadline | None = None) -> bool:
    """Whether an age is from none to a length."""
    if age == UNTIMED:
        raise ArithmeticFailure(
            f"whether a call was made within {length} is not known: nobody told the time, `now`, or that of "
            "the call, `called`"
        )
    if not (isinstance(age, Duration) and isinstance(length, Duration)):
        raise ArithmeticFailure(f"`within` needs two durations: `{age}` and `{length}` are not")
    return Duration(0) <= age <= length


def less(a: Value, b: Value) -> bool:
    """a < b: numbers by value, symbols by code points."""
    if isinstance(a, str) != isinstance(b, str):
        raise ArithmeticFailure(f"`{a}` and `{b}` have no order: one is a number, the other a symbol")
    return a < b  # type: ignore[operator]


def total(values: Sequence[Value]) -> Value:
    """The sum, the same in any order of the values; 0 of none."""
    for value in values:
        _numbers("sum", value, value)
    if all(isinstance(v, int) for v in values):
        return _bounded("sum", sum(values))  # type: ignore[arg-type]
    if any(isinstance(v, Moment) for v in values):
        return _whole_duration(values)
    try:
        return _bounded("sum", math.fsum(values))  # type: ignore[arg-type]
    except OverflowError:
        raise ArithmeticFailure("the result of `sum` is not a finite number: bound the numbers") from None


def _whole_duration(values: Sequence[Value]) -> Value:
    """The sum of durations."""
    wrong = next((v for v in values if not isinstance(v, Duration)), None)
    if wrong is not None:
        raise ArithmeticFailure(f"`sum` takes numbers or durations, and `{wrong}` stands among others")
    return functools.reduce(add, values)


def smallest(values: Sequence[Value]) -> Value:
    """The least of at least one value."""
    return functools.reduce(lambda a, b: b if less(b, a) else a, values)


def largest(values: Sequence[Value]) -> Value:
    """The greatest of at least one value."""
    return functools.reduce(lambda a, b: b if less(a, b) else a, values)


ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "mod": remainder,
}
FUNCTIONS = texts.FUNCTIONS | calendars.FUNCTIONS
TESTS: dict[str, Callable[..., bool]] = {
    "contains": contains,
    "starts_with": starts_with,
    "ends_with": ends_with,
    "matches": matches,
    "is": is_of,
    "during": during,
    "within": within,
}
AGGREGATES: dict[str, Callable[[Sequence[Value]], Value]] = {
    "count": len,
    "sum": total,
    "min": smallest,
    "max": largest,
}


def test_of(item: Test) -> Callable[..., bool]:
    """The function of a text test, of two values and the deadline."""
    return matches_written if item.name == "matches" and _is_written(item.args[1]) else TESTS[item.name]


def function_of(call: Call) -> tuple[Callable[..., Value | None], str]:
    """The function that a call is of, of its values and the deadline, and a name of it."""
    if call.function == "group" and _is_written(call.args[1]):
        return texts.group_written, "group_written"
    return FUNCTIONS[call.function], call.function


def _is_written(expression: Term) -> bool:
    """Whether a regular expression stands in a rule."""
    # a constant that rules of one shape differ in is a variable of theirs: see analysis.shapes
    return isinstance(expression, Const) or (isinstance(expression, Var) and expression.name[0] == "$")


def over(function: str) -> Callable[[Sequence[tuple[Any, float]]], Any]:
    """The aggregate of this name over (value, weight) pairs."""
    if function == "count":
        return len
    aggregate = AGGREGATES[function]
    return lambda rows: aggregate([value for value, _ in rows])
