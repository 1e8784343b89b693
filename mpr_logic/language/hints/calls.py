"""Diagnostics of calls in terms: functions that there are not, and wrong numbers of arguments."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.hints import foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.source import SourceText

    WrongCall = tuple[str, int, int, int]
    """The name, the number of arguments, where it starts and where it ends."""

_FORMS = {
    "concat": "concat(T, U)",
    "replace": "replace(T, Old, New)",
    "substring": "substring(T, From, Length)",
    "part": "part(T, Separator, Position)",
    "group": "group(T, Expression, Group)",
    "to_text": "to_text(N)",
    **{name: f'{name}(T, "Europe/Berlin")' for name in ("year", "month", "day", "weekday", "hour", "minute")},
    "date": 'date(T, "Europe/Berlin")` of a time; what a text writes is `to_date(T)',
    "to_time": 'to_time(T, "Europe/Berlin")',
}
_MOST = 10
"""The most calls of one statement that are reported."""
_COMPARED = re.compile(r"\s*(=|<|>|!=|is\b)")


def function_form(name: str) -> str:
    """The form of a function's call, as an author writes it."""
    return _FORMS.get(name, f"{name}(T)")


def refusals(calls: Sequence[WrongCall], source: SourceText) -> list[Diagnostic]:
    """The diagnostics of wrong calls; of those inside others, that of the outermost."""
    found: list[Diagnostic] = []
    behind = 0
    for call in sorted(calls, key=lambda each: each[2]):
        if call[2] >= behind and len(found) < _MOST:
            behind = call[3]
            found.append(_refusal(call, source))
    return found


def explain_call(fault: Diagnostic, calls: Sequence[WrongCall], source: SourceText) -> Diagnostic:
    """The diagnostic of a syntax error behind wrong calls: that of the first call, which tells more."""
    if not calls:
        return fault
    name, _, start, _ = calls[0]
    if fault.code == "E0104":
        help = "arguments are terms: is a `)` missing before it?"
        return source.diagnostic("E0101", f"`{name}(...)` is no term", start, start + len(name), help)
    return refusals(calls, source)[0]


def _refusal(call: WrongCall, source: SourceText) -> Diagnostic:
    name, given, start, end = call
    function = FUNCTIONS.get(name)
    place = start, start + len(name)
    if function is not None:
        message = f"`{name}` takes {function.arguments}, not {given}"
        return source.diagnostic("E0250", message, *place, f"write `{function_form(name)}`")
    verdict = _verdict(source, start)
    if verdict is not None:
        return verdict
    help = foreign.FUNCTIONS.get(name)
    if help is None:
        close = difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)
        help = f"did you mean `{close[0]}`?" if close else None
    compared = _COMPARED.match(source.text, end) is not None
    if help is not None or compared:
        help = help or "relations have no value: give it a further argument, `p(X, V)`, and compare `V`"
        return source.diagnostic("E0106", f"`{name}(...)` has no value", *place, help)
    help = "relations have no value: give it a further argument, and name it in a literal of its own"
    return source.diagnostic("E0101", f"`{name}(...)` is no term", *place, help)


def _verdict(source: SourceText, start: int) -> Diagnostic | None:
    """``allow(send(T)) :- ..``."""
    before = re.search(r"([a-z]\w*)\s*\(\s*\Z", source.text[max(0, start - 100) : start])
    meant = foreign.VERDICTS.get(before.group(1)) if before else None
    if before is None or meant is None:
        return None
    at = start - len(before.group())
    if not source.starts_line(at):
        return None
    help = f"write `{meant} ACTION`: a rule about an action begins with `forbid`, `permit` or `prefer`"
    message = f"`{before.group(1)}` is no word of this language"
    return source.diagnostic("E0106", message, at, at + len(before.group(1)), help)
