"""The operators and functions by which the verifier works a proof out; none of it is the engine's."""

import math
import operator as op
import re
import unicodedata
from typing import Any

import re2


def _group(text: str, regex: str, which: int | str) -> Any:
    found = re2.search(regex, text)
    try:
        return found and found[which]
    except (IndexError, KeyError):
        return None


def _part(text: str, separator: str, at: int) -> str | None:
    pieces = dict(enumerate(text.split(separator))) if separator else {}
    return pieces.get(int(at) if at >= 0 else len(pieces) + int(at))


def _substring(text: str, start: int, *size: int) -> str | None:
    start, end = int(start), int(min([start + each for each in size] or [len(text)]))
    return text[start:end] if 0 <= start <= min(len(text), end) else None


def _number(pattern: str, kind: Any) -> Any:
    def read(text: str) -> Any:
        value = kind(text) if len(text) <= 1000 and re.fullmatch(pattern, text) else math.inf
        return None if value in (math.inf, -math.inf) else value

    return read


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, str):
        return kind in ("symbol", "any") or (kind == "bool" and value in ("true", "false"))
    if isinstance(value, int | float):
        return kind in ("float", "any") or (kind == "int" and not value % 1)
    return kind in (value.type_, "any")


def _to_text(value: Any) -> str:
    return str(int(value) if isinstance(value, int | float) and value % 1 == 0 else value)


OPERATORS: dict[str, Any] = {
    **{"=": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge, "contains": op.contains},
    **{"+": lambda a, b: +a + +b, "-": op.sub, "*": lambda a, b: +a * +b},  # the signs refuse text
    "/": lambda a, b: a / b if float in (type(a), type(b)) else abs(a) // abs(b) * (1 if a * b > 0 else -1),
    "mod": lambda a, b: math.fmod(a, b) if float in (type(a), type(b)) else a - b * OPERATORS["/"](a, b),
    **{"lower": str.lower, "upper": str.upper, "casefold": str.casefold, "trim": str.strip, "length": len},
    **{"starts_with": str.startswith, "ends_with": str.endswith, "is": _is, "part": _part, "group": _group},
    "matches": lambda text, regex: bool(re2.search(regex, text)),
    **{"concat": lambda *texts: "".join(texts), "replace": lambda t, a, b: b.join(t.split(a)) if a else t},
    **{form: lambda text, form=form: unicodedata.normalize(form.upper(), text) for form in ("nfc", "nfkc")},
    **{"substring": _substring, "to_int": _number("[+-]?[0-9]+", int)},
    "to_float": _number(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", float),
    "to_text": _to_text,
    **{"count": len, "min": min, "max": max},
    "sum": lambda values: math.fsum(values) if float in map(type, values) else sum(values),
    **{"maxmin": min, "product": lambda ws: round(math.prod(ws), 12), "boolean": lambda ws: float(all(ws))},
}
"""By name: comparisons, arithmetic, functions and tests of texts, aggregates, semirings. None is no value."""
