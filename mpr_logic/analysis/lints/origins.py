"""Lints about where values come from: sources, places and kinds that no value has, and values that are no
part of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import KINDS, PLACES, SOURCES, TRACED
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Call, Comparison, Const, Var
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal, Span

_SOURCES = {
    **dict.fromkeys(("human", "customer", "person", "client", "prompt", "me"), "user"),
    **dict.fromkeys(("developer", "operator", "instructions"), "system"),
    **dict.fromkeys(("tool", "tools", "function", "output", "web", "email", "document"), "result"),
    **dict.fromkeys(("assistant", "agent", "llm", "ai", "nowhere", "unknown", "none"), "model"),
}
_PLACES = {
    **dict.fromkeys(("column", "value", "record", "cell", "whole", "exact"), "field"),
    **dict.fromkeys(("body", "free", "free_text", "inside", "substring", "part"), "text"),
    **dict.fromkeys(("key", "header"), "name"),
    **dict.fromkeys(("message", "user", "said"), "words"),
    **dict.fromkeys(("label",), "labelled"),
    **dict.fromkeys(("mixed", "combined", "composed"), "piece"),
}
_KINDS = {
    **dict.fromkeys(("url", "uri", "href", "website"), "link"),
    **dict.fromkeys(("mail", "address", "email_address"), "email"),
    **dict.fromkeys(("iban", "card", "account_number", "bank_account"), "account"),
    **dict.fromkeys(("domain", "site", "server"), "host"),
    **dict.fromkeys(("file", "filename", "folder"), "path"),
    **dict.fromkeys(("int", "float", "amount", "digit"), "number"),
    **dict.fromkeys(("person", "who"), "name"),
    **dict.fromkeys(("tel", "telephone", "phone_number"), "phone"),
    **dict.fromkeys(("token",), "word"),
}


def check_origins(subject: Subject, report: DiagnosticCollector) -> None:
    """Report what a rule asks of the origin of a value and no value has."""
    relations = subject.program.schema.relations
    for rule in subject.program.rules:
        for literal in literals(rule.body):
            name = literal.atom.name
            if name not in TRACED or not relations[name].builtin:
                continue
            if name == "mentions":
                _word(literal, 1, "E0662", "a part of a text", KINDS, _KINDS, report)
            elif name != "selected_by":
                _word(literal, 1, "E0660", "a source of values", SOURCES, _SOURCES, report)
                _word(literal, 4, "E0661", "a place where a value stands", PLACES, _PLACES, report)
            if name != "selected_by":
                _computed(rule, literal, report)


def _word(
    literal: Literal,
    place: int,
    code: str,
    what: str,
    known: Sequence[str],
    meant: Mapping[str, str],
    report: DiagnosticCollector,
) -> None:
    """Report a constant that is none of the words of its column."""
    term = literal.atom.args[place]
    if not isinstance(term, Const) or term.value in known:
        return
    said = str(term.value).lower()
    word = said if said in known else meant.get(said)
    words = [each for each in known if each]
    help = f"write `{word}`" if word else did_you_mean(said, words, f"it is one of {', '.join(words)}")
    report.error(code, f"`{print_value(term.value)}` is not {what}", term_span(term, literal.span), help)


def _computed(rule: Rule, literal: Literal, report: DiagnosticCollector) -> None:
    """Report a value that a function makes: it is no value of the call, so nothing is known of it."""
    term = literal.atom.args[0]
    if not isinstance(term, Var):
        return
    for item in rule.body:
        if isinstance(item, Comparison) and item.op == "=":
            sides = (item.left, item.right)
            if term in sides and any(isinstance(each, Call) for each in sides):
                _tell_computed(literal, term_span(term, literal.span), report)
                return


def _tell_computed(literal: Literal, span: Span, report: DiagnosticCollector) -> None:
    name = literal.atom.name
    report.warn(
        "W0660",
        f"`{name}` knows the values of the call and their parts, and this one is computed",
        span,
        "ask about the argument itself: case and spelling make no difference there; a part of it is in "
        "mentions(Argument, Kind, Part)",
    )
