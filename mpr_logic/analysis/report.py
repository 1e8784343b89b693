"""Collects the diagnostics of one analysis, and finds the declared name that was meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.printer import print_param, print_value
from mpr_logic.language.sets import text_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mpr_logic.analysis.program import Signature
    from mpr_logic.language.ast import Param, Span, Value


class DiagnosticCollector:
    """The diagnostics that an analysis has found so far. ``broken`` counts the errors."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.broken = 0
        self.unknown: dict[tuple[str, str], int] = {}  # undeclared names, and where in `found` they are

    def error(self, code: str, message: str, span: Span, help: str = "", notes: tuple[str, ...] = ()) -> None:
        """Note an error: ``code`` is one of :data:`~mpr_logic.language.diagnostics.CODES`."""
        self.broken += 1
        self.found.append(Diagnostic(code, message, span, help, notes=notes))

    def undeclared(self, kind: str, name: str, span: Span, help: str) -> None:
        """Note that a relation or an action is not declared: once, however often it is used."""
        if (kind, name) in self.unknown:
            self.broken += 1
            return
        self.unknown[kind, name] = len(self.found)
        self.error("E0201", f"{kind} `{name}` is not declared", span, help)

    def branches(self) -> BranchDiagnostics:
        """Begin the rules of one clause: what is found in several of them is told once."""
        return BranchDiagnostics(self)

    def warn(self, code: str, message: str, span: Span, help: str = "") -> None:
        """Note a warning."""
        self.found.append(Diagnostic(code, message, span, help, severity="warning"))


class BranchDiagnostics:
    """The diagnostics of the rules that one clause comes to: each is told once, and what concerns some of
    them only names those."""

    def __init__(self, report: DiagnosticCollector) -> None:
        self._report = report
        self._start = self._done = len(report.found)
        self._branches = 0
        self._of: dict[Diagnostic, list[str]] = {}

    def end(self, branch: str) -> None:
        """One rule has been checked; ``branch`` is its name in messages."""
        found = self._report.found
        for each in found[self._done :]:
            self._of.setdefault(each, []).append(branch)
        self._done = len(found)
        self._branches += 1

    def name(self) -> bool:
        """Put the diagnostics of all rules together; whether there are none."""
        report, start = self._report, self._start
        if len(report.found) == start:
            return True
        places = {each: start + i for i, each in enumerate(self._of)}
        for key, index in report.unknown.items():
            if index >= start:
                report.unknown[key] = places[report.found[index]]
        report.found[start:] = [self._named(each, names) for each, names in self._of.items()]
        return False

    def _named(self, found: Diagnostic, branches: list[str]) -> Diagnostic:
        if len(branches) == self._branches or found.code == "E0201":
            return found
        return replace(found, message=f"{found.message} (in the alternative {branches[0]})")


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most like ``name``; None where none is like it."""
    import difflib  # only an error needs it

    close = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """A help line that names the nearest known name, or else says something else."""
    close = nearest(name, known)
    return f"did you mean `{close}`?" if close else otherwise


LISTED = 8
"""The most values of a type that a message lists."""


def outside(value: Value, type_: str, values: Collection[Value]) -> tuple[str, str]:
    """The message about a value that its type does not list, and the help: what it lists instead."""
    text = print_value(value)
    close = nearest(text, map(print_value, values))
    if close is None and len(text) > 1:  # `fri` was meant for friday
        longer = [each for each in map(print_value, values) if each.startswith(text.lower())]
        close = longer[0] if len(longer) == 1 else None
    some = some_of(values)
    help = f"did you mean `{close}`? It lists {some}" if close else f"it lists {some}"
    return f"{text} is no value of `{type_}`", help


def some_of(values: Collection[Value]) -> str:
    """The first of some values, in order, and how many more there are."""
    texts = sorted(map(print_value, values), key=text_order)
    more = f", and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
    return ", ".join(texts[:LISTED]) + more


def declaration(signature: Signature, word: str = "") -> str:
    """A relation or an action as its declaration prints it: ``put(o: object, r: receptacle)``."""
    params = ", ".join(map(print_param, signature.params))
    text = f"{signature.name}({params})"
    return f"{word} {text}" if word else text


def declared_as(signature: Signature, word: str = "") -> str:
    """The end of a help line: how a relation or an action is declared, or that it is not."""
    if signature.builtin:
        return f"it is built in as {declaration(signature, word)}"
    if signature.span is None:
        return (
            f"`{signature.name}` is not declared, and its first use has {count(signature.arity, 'argument')}"
        )
    return f"it is declared as {declaration(signature, word)}"


def argument(param: Param) -> str:
    """An argument in a message: its name, or its place where the relation is not declared."""
    return f"argument {param.name[1:]}" if param.name.startswith("#") else f"argument `{param.name}`"


def count(number: int, thing: str) -> str:
    """``1 argument``, ``2 arguments``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def where(span: Span | None) -> str:
    """`` at file:line:column``, or nothing where it was written nowhere."""
    return f" at {span}" if span is not None and span.line else ""
