"""The types of time in the analysis: what arithmetic gives, which texts are values, and what messages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import names, term_span, term_vars
from mpr_logic.errors import ArithmeticFailure
from mpr_logic.language.ast import Arithmetic, Const, Var
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.moments import READERS
from mpr_logic.language.printer import print_term
from mpr_logic.language.zones import nearest_zone, zone

if TYPE_CHECKING:
    from mpr_logic.language.ast import Call, Span, Term
    from mpr_logic.language.moments import Moment

NOW = "#now"
"""The variable for the time of the check that spans of time read."""

SPANS = ("during", "within")
"""The tests of spans of time."""

UNTIMED = "unknown"
"""The age of a call of which nobody told when it was made, or of any call where there is no clock. No span of
time has it, and a question that asks for one has no answer."""

MOMENTS = ("time", "date", "duration")
"""The types of time. A declaration may give their names another meaning: there were programs before them."""

_FORMS = {
    "time": 'write it as "2026-01-31T10:00:00Z" or "2026-01-31T11:00:00+01:00"',
    "date": 'write it as "2026-01-31"',
    "duration": "write it as a number with its unit, such as `90s`, `30m`, `24h`, `7d` or `2w`",
}


def moment_type(op: str, left: str, right: str) -> str | None:
    """The type of a result where an operand is of a type of time; None where there is no result."""
    if "any" in (left, right):
        return "any"
    if op == "+" and left == "duration":
        return right if right in MOMENTS else None
    if op in "+-" and right == "duration":
        return left if left in MOMENTS else None
    if op == "-" and left == right:
        return "duration"
    return "duration" if op == "*" and {left, right} == {"duration", "int"} else None


def as_moment(value: object, wanted: str) -> Moment | None:
    """The value of a built-in type of time that a constant text stands for where that type is wanted."""
    return READERS[wanted](value) if wanted in READERS and isinstance(value, str) else None


def as_written(wanted: str) -> str:
    """Help: how a value of a type of time is written."""
    return _FORMS[wanted]


def no_moment(term: Term, kind: str, wanted: str) -> str:
    """Help where a value of a type of time is wanted, and this term, of another type, is none."""
    form = _FORMS[wanted]
    if not isinstance(term, Const):
        shown = f"({print_term(term)})" if isinstance(term, Arithmetic) else print_term(term)
        if isinstance(term, Arithmetic) and term.op == "-" and not names(term_vars(term)):
            return f"a {wanted} stands in quotes: {form}"
        if wanted == "duration" and kind == "int":
            return f"a number has no unit: multiply it by one, such as `{shown} * 1s`"
        if wanted == "time" and kind == "int":
            return (
                "the time of the check is in `now_at(T)`, those of calls in `called_at(N, A, T)`; that of a "
                f'second since 1970 is `"1970-01-01T00:00:00Z" + {shown} * 1s`'
            )
        help = f"take a {wanted}: declare the argument that `{print_term(term)}` comes from as `{wanted}`"
        return f"{help}, or read the text, `to_{wanted}({shown})`" if kind == "symbol" else help
    value = term.value
    if wanted == "duration":
        words = str(value).split()
        if len(words) == 2 and words[0].isdigit() and words[1][:1] in "smhdw" and words[1] != "months":
            return f"write `{words[0]}{words[1][0]}`"
    if wanted == "time" and isinstance(value, str):
        if value in ("now", "today", "yesterday", "tomorrow"):
            return "ask for the time of the check, `now_at(N)`, and compare with `N`, or with `N - 24h`"
        if READERS["date"](value) is not None:
            return f"a date has no time of day: {form}"
        if READERS["time"](f"{value}Z") is not None:
            return f'it names no zone: write "{value}Z" for UTC, or its offset: "{value}+01:00"'
    return form


def no_result(term: Arithmetic, left: str, right: str) -> tuple[str, Span, str]:
    """The message, place and help for arithmetic on a type of time that has no result."""
    if isinstance(term.left, Var) and term.left.name == NOW:
        return (
            f"`within` takes a time, but this is of type {right}",
            term.span,
            no_moment(term.right, right, "time"),
        )
    message = f"`{term.op}` has no result for {left} and {right}"
    if "duration" in (left, right) and {left, right} & {"int", "float"} and term.op in "+-":
        number = term.left if left != "duration" else term.right
        return (
            message,
            term.span,
            f"a number has no unit: write `{print_term(number)} * 1s`, or a duration such as `24h`",
        )
    if {left, right} & {"int", "float"} and term.op in "+-":
        return message, term.span, "add a duration, such as `24h`: a number has no unit"
    help = (
        "a time or a date is moved by a duration (`T + 24h`), two of one type are a duration apart "
        "(`T - U`), and a duration may be multiplied by an int"
    )
    return message, term.span, help


def no_argument(call: Call, term: Term, found: str, wanted: str) -> tuple[str, str, Span, str]:
    """The code, message, place and help for an argument of a function that takes a value of another type."""
    name, span, shown = call.function, term_span(term, call.span), print_term(term)
    if (found, wanted) == ("time", "date"):
        message = f"`{name}` of a time needs the zone whose calendar is meant"
        return "E0263", message, span, f'write `{name}({shown}, "Europe/Berlin")`, or "UTC"'
    message = f"`{name}` takes a {wanted}, but this is {'an' if found == 'int' else 'a'} {found}"
    if (found, wanted) == ("date", "time"):
        help = "a date has no time of day" if name != "date" else "it is a date already"
        if FUNCTIONS[name].alone:
            help = f"a date is the same in every zone: write `{name}({shown})`"
        return "E0261", message, span, help
    if isinstance(term, Const) and term.value == "now":
        return "E0261", message, span, "the time of the check is `N` in `now_at(N)`"
    if found in ("symbol", "bool"):
        help = f"read the text: `to_{wanted}({shown})`, with its zone where it names none"
        return "E0261", message, span, help
    return "E0261", message, span, no_moment(term, found, wanted)


def no_zone(term: Const, call: Call) -> tuple[str, str, Span, str] | None:
    """The code, message, place and help for a constant that names no time zone; None where it names one."""
    try:
        zone(str(term.value))
    except ArithmeticFailure as fault:
        close = nearest_zone(str(term.value))
        help = 'zones are named by places, as "America/New_York" is, or "UTC"'
        help = f'did you mean "{close}"?' if close else help
        return "E0263", str(fault), term_span(term, call.span), help
    return None
