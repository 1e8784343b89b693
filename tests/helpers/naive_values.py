"""The meaning of terms and built-ins for the naive evaluator: values, variables, arithmetic, text."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mpr_logic.checker.verifier_times import during, within
from mpr_logic.language.ast import (
    Aggregate,
    Arithmetic,
    BodyItem,
    Comparison,
    Const,
    Literal,
    Named,
    Row,
    Term,
    Test,
    Var,
)
from mpr_logic.language.moments import READERS, Date, Duration, Instant, Moment

Binding = dict[str, Any]


class NoValue(Exception):
    """A division by zero, arithmetic on text, an order between a number and a text."""


def names(what: Any) -> set[str]:
    """The named variables of a term or an item, those in braces included."""
    if isinstance(what, Var):
        return {what.name} - {"_"}
    if isinstance(what, Literal):
        return {n for t in what.atom.args for n in names(t)}
    if isinstance(what, (Comparison, Arithmetic)):
        return names(what.left) | names(what.right)
    if isinstance(what, Test):
        return names(what.args[0]) | names(what.args[1])
    if isinstance(what, Aggregate):
        return names(what.target) | braces(what)
    return set() if what is None or isinstance(what, Const) else {n for t in what.args for n in names(t)}


def braces(item: Aggregate) -> set[str]:
    """The named variables in the braces of an aggregate and in its expression."""
    return {n for each in item.body for n in names(each)} | names(item.expression)


def asked(item: Literal) -> set[str]:
    """The variables that a literal needs values of before it is asked."""
    return {n for term in item.atom.args[: item.given] for n in names(term)}


def assignable(item: BodyItem, bound: Iterable[str]) -> tuple[str, Term] | None:
    """The variable that ``=`` would bind, and to what."""
    if isinstance(item, Comparison) and item.op == "=":
        for side, other in ((item.left, item.right), (item.right, item.left)):
            if isinstance(side, Var) and side.name not in set(bound) and names(other) <= set(bound):
                return side.name, other
    return None


def bound_outside(body: Iterable[BodyItem], bound: Iterable[str]) -> set[str]:
    """The variables that something other than the braces of an aggregate binds."""
    body, bound = tuple(body), set(bound)
    for item in body:
        if isinstance(item, Literal) and not item.negated and not item.given:
            bound |= names(item)
        elif isinstance(item, Aggregate):
            bound |= names(item.target)
    for _ in body:
        bound |= {found[0] for item in body if (found := assignable(item, bound))}
        for item in body:
            if isinstance(item, Literal) and not item.negated and item.given and asked(item) <= bound:
                bound |= names(item)
    return bound


def spread(item: Aggregate) -> list[BodyItem]:
    """The braces with a name for every ``_`` of a positive literal: each is a variable of its own."""
    inner: list[BodyItem] = []
    for i, each in enumerate(item.body):
        if isinstance(each, Literal) and not each.negated:
            args = (Var(f"_{i}_{j}") if t == Var("_") else t for j, t in enumerate(each.atom.args))
            inner.append(replace(each, atom=replace(each.atom, args=tuple(args))))
        else:
            inner.append(each)
    return inner


def match(terms: Iterable[Term], row: Row, binding: Binding) -> Binding | None:
    """The binding, extended so that the terms are the row; None where they cannot be."""
    binding = dict(binding)
    for term, found in zip(terms, row, strict=True):
        if isinstance(term, Const):
            if term.value != found:
                return None
        elif isinstance(term, Var) and term.name != "_" and binding.setdefault(term.name, found) != found:
            return None
    return binding


def value(term: Term, binding: Binding) -> Any:
    """The value of a term."""
    if isinstance(term, Const):
        return term.value
    if isinstance(term, Var):
        return binding[term.name]
    assert not isinstance(term, Named)  # sugar
    if not isinstance(term, Arithmetic):
        return called(term.function, [value(each, binding) for each in term.args])
    a, b = value(term.left, binding), value(term.right, binding)
    if isinstance(a, str) or isinstance(b, str) or (term.op in ("/", "mod") and b == 0):
        raise NoValue
    if isinstance(a, Moment) or isinstance(b, Moment):
        return moved(term.op, a, b)
    whole = isinstance(a, int) and isinstance(b, int)
    if term.op == "/":
        return (abs(a) // abs(b)) * (1 if a * b >= 0 else -1) if whole else a / b
    if term.op == "mod":
        return abs(a) % abs(b) * (-1 if a < 0 else 1) if whole else math.fmod(a, b)
    return a + b if term.op == "+" else a - b if term.op == "-" else a * b


def moved(op: str, a: Any, b: Any) -> Any:
    """Arithmetic on times, in Python's own datetimes where there is one."""
    if op == "+" and a == 0 and isinstance(b, Duration):  # to the sum of nothing
        return b
    one, other = pythons(a), pythons(b)
    try:
        found = one + other if op == "+" else one - other if op == "-" else one * other if op == "*" else None
    except (TypeError, OverflowError):
        raise NoValue from None
    if isinstance(found, timedelta):
        return Duration(found // timedelta(microseconds=1))
    if isinstance(found, datetime):
        return Instant.of(found)
    raise NoValue


def pythons(a: Any) -> Any:
    """Python's own value for a time or a duration."""
    if isinstance(a, Instant):
        return a.datetime
    return timedelta(microseconds=a.number) if isinstance(a, Duration) else a


def called(function: str, given: list[Any]) -> Any:
    """The value of a text function, in Python's own words; None where it has none."""
    if function == "to_text":
        (one,) = given
        if not isinstance(one, (int, float)):
            return str(one)
        return str(int(one)) if one == int(one) else str(one)
    if function in CALENDAR or function == "to_time":
        return there(function, *given)
    texts = {"replace": 3, "part": 2, "group": 2, "concat": len(given)}.get(function, 1)
    if not all(isinstance(each, str) for each in given[:texts]):
        raise NoValue
    text, *rest = given
    simple: dict[str, Any] = {
        "lower": str.lower,
        "upper": str.upper,
        "casefold": str.casefold,
        "trim": str.strip,
    }
    if function in simple:
        return simple[function](text)
    if function in ("nfc", "nfkc"):
        return unicodedata.normalize("NFC" if function == "nfc" else "NFKC", text)
    if function == "length":
        return len(text)
    if function in ("to_date", "to_duration"):
        return READERS[function[3:]](text)
    if function == "concat":
        return functools.reduce(lambda a, b: a + b, given)
    if function == "replace":
        return text.replace(*rest) if rest[0] else text
    try:
        if function == "part":
            return text.split(rest[0])[rest[1]]
        if function == "group":
            found = re.search(rest[0], text)
            return None if found is None else found.group(rest[1])
        if function == "substring":
            start, size = rest[0], rest[1] if len(rest) > 1 else len(text)
            return text[start : start + size] if 0 <= start <= len(text) and size >= 0 else None
        if not text.isascii() or not (text[-1:].isdigit() and (text[0] in "+-" or text[0].isdigit())):
            return None
        return int(text) if function == "to_int" else float(text)
    except (ValueError, IndexError):
        return None


CALENDAR = ("year", "month", "day", "weekday", "hour", "minute", "date")


def there(function: str, one: Any, place: str | None = None) -> Any:
    """The value of a function of calendars and clocks, in Python's own words; None where it has none."""
    zone = None if place is None else UTC if place == "UTC" else ZoneInfo(place)
    if function == "to_time":
        if not isinstance(one, str):
            raise NoValue
        try:
            found = datetime.fromisoformat(one) if "T" in one else None
        except ValueError:
            found = None
        if found is None or (found.tzinfo or zone) is None:
            return None
        return Instant.of(found if found.tzinfo else found.replace(tzinfo=zone))
    if not isinstance(one, Date if zone is None else Instant):
        raise NoValue
    shown: Any = one.date if isinstance(one, Date) else one.datetime.astimezone(zone)
    if function == "date":
        return Date.of(shown.date())
    return shown.strftime("%A").lower() if function == "weekday" else getattr(shown, function)


def is_of(one: Any, kind: str) -> bool:
    """Whether a value is of a built-in type."""
    if isinstance(one, str):
        return kind in ("any", "symbol") or (kind == "bool" and one in ("true", "false"))
    if isinstance(one, Instant | Duration):
        return kind in ("any", "time" if isinstance(one, Instant) else "duration")
    return kind in ("any", "float") or (kind == "int" and one == int(one))


def fold(function: str, values: list[Any]) -> Any:
    """The aggregate of values; None where it has none."""
    if function == "count":
        return len(values)
    if function == "sum":
        if any(isinstance(v, Moment) for v in values):
            return functools.reduce(lambda a, b: moved("+", a, b), values)
        return math.fsum(values) if any(isinstance(v, float) for v in values) else sum(values)
    return None if not values else min(values) if function == "min" else max(values)


def holds(item: Comparison | Test, binding: Binding) -> bool:
    """Whether a comparison or a text built-in holds; ``matches`` by Python's own expressions."""
    if isinstance(item, Comparison):
        a, b = value(item.left, binding), value(item.right, binding)
        if item.op in ("=", "!="):
            return bool((a == b) == (item.op == "="))
        if isinstance(a, str) != isinstance(b, str):
            raise NoValue
        if isinstance(a, Moment) or isinstance(b, Moment):
            if type(a) is not type(b):
                raise NoValue
            a, b = a.number, b.number
        return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[item.op])
    text, part = value(item.args[0], binding), value(item.args[1], binding)
    if item.name == "is":
        return is_of(text, part) != item.negated
    if item.name in ("during", "within"):
        try:
            return bool((during if item.name == "during" else within)(text, part) != item.negated)
        except TypeError:
            raise NoValue from None
    if not isinstance(text, str) or not isinstance(part, str):
        raise NoValue
    found = {
        "contains": part in text,
        "starts_with": text.startswith(part),
        "ends_with": text.endswith(part),
        "matches": item.name == "matches" and re.search(part, text) is not None,
    }
    return found[item.name] != item.negated
