"""Lints about what a guard hears: roles that no message has, arguments that no call has, results of no tool,
and words that are compared whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import SPEAKERS
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.language.ast import Const
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal, Span

_OTHER_WORDS = {
    **dict.fromkeys(("human", "customer", "person", "client", "me"), "user"),
    **dict.fromkeys(("agent", "model", "ai", "bot", "llm", "chatbot"), "assistant"),
    **dict.fromkeys(("developer", "operator", "instructions"), "system"),
}
_WHOLE = 20
"""The most characters of a text that may stand for a word in a message."""


def check_conversation(subject: Subject, report: DiagnosticCollector) -> None:
    """Report what a rule asks of a conversation and no conversation has."""
    for rule in subject.program.rules:
        for literal, name, constants in _heard(subject, rule):
            for place, constant in constants.items():
                span = term_span(constant, literal.span)
                if place == _ROLE.get(name) and constant.value not in SPEAKERS:
                    _role(str(constant.value), span, report)
                elif place == _TOOL.get(name) and constant.value not in ("", *subject.actions):
                    _tool(str(constant.value), subject, span, report)
                elif place == _TEXT.get(name):
                    _text(str(constant.value), span, report)
                elif name == "argument" and place == 0:
                    _argument(str(constant.value), rule, subject, span, report)


_ROLE = {"said": 1, "last_said": 0}
_TEXT = {"said": 2, "last_said": 1}
_TOOL = {"returned": 1, "refused": 1, "newest": 0, "origin": 2, "found_in": 2}


def _heard(subject: Subject, rule: Rule) -> Iterator[tuple[Literal, str, dict[int, Const]]]:
    """The literals of a body that ask what is built in, each with the constants in its places."""
    relations = subject.program.schema.relations
    for literal in literals(rule.body):
        name = literal.atom.name
        if (name in _ROLE or name in _TOOL or name == "argument") and relations[name].builtin:
            args = enumerate(literal.atom.args)
            yield literal, name, {place: term for place, term in args if isinstance(term, Const)}


def _role(role: str, span: Span, report: DiagnosticCollector) -> None:
    meant = _OTHER_WORDS.get(role.lower()) or (role.lower() if role.lower() in SPEAKERS else None)
    if role.lower() in ("tool", "function", "result"):
        help = "what a tool returned is returned(Call, Tool, Value)"
    elif meant is not None:
        help = f"write `{meant}`"
    else:
        help = did_you_mean(role, SPEAKERS, "the roles are user, assistant and system")
    report.error("E0650", f"no words are from `{print_value(role)}`", span, help)


def _argument(name: str, rule: Rule, subject: Subject, span: Span, report: DiagnosticCollector) -> None:
    actions = subject.program.schema.actions
    own = rule.action if rule.action in actions and not rule.is_hidden else None
    known = [p.name for each in ([own] if own else actions) for p in actions[each].params]
    if name not in known:
        what = f"`{own}` has no argument" if own else "no action has an argument"
        help = did_you_mean(name, dict.fromkeys(known), "an argument has the name of its declaration")
        report.error("E0651", f"{what} `{print_value(name)}`", span, help)


def _tool(tool: str, subject: Subject, span: Span, report: DiagnosticCollector) -> None:
    help = did_you_mean(tool, subject.actions, "name the action of a tool")
    report.warn(
        "W0650",
        f"`{print_value(tool)}` is no action, so only a tool that is not guarded returns anything under it",
        span,
        help,
    )


def _text(text: str, span: Span, report: DiagnosticCollector) -> None:
    if 0 < len(text) <= _WHOLE:
        word = print_value(text.lower())
        report.warn(
            "W0651",
            f"this asks for a message that is just `{print_value(text)}`, and nothing besides",
            span,
            f"take the text as a variable T, and test it: contains(lower(T), {word})",
        )
