"""Arguments that stand in each other's place: the text and the part of it that is looked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.letting import letting_pass
from mpr_logic.analysis.lints.texts import tests_in
from mpr_logic.analysis.terms import literals, names, term_vars
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal, Test

READERS = ("shell_runs", "shell_writes")
"""The built-in relations whose first argument is the text of a command, and whose second stands in it."""

_LIST = re.compile(r"[,;|\n]")
_LONGEST_WORD = 40


def check_swaps(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tests, and readers of commands, that look for an argument of the call in a word of the rules."""
    passing = {id(test) for _, test in letting_pass(subject.program)}
    for rule in subject.program.rules:
        for test in tests_in(rule.body):
            if not (id(test) in passing and _is_open(rule, test, subject, report)):
                _test(rule, test, subject, report)
        for literal in literals(rule.body):
            if literal.atom.name in READERS and subject.program.schema.relations[literal.atom.name].builtin:
                _reader(rule, literal, report)


def _is_open(rule: Rule, test: Test, subject: Subject, report: DiagnosticCollector) -> bool:
    """Whether a test lets a call pass that says itself what is looked for in texts of the rules: a list, or
    expressions."""
    text, part = test.args
    listed = test.name == "contains" and isinstance(text, Const) and _LIST.search(str(text.value))
    known = isinstance(text, Var) and bool((subject.domains.of(rule) or {}).get(text.name))
    if not (listed or (known and test.name == "matches")) or not names(term_vars(part)) & given_names(rule):
        return False
    found = '".*"' if test.name == "matches" else '""'
    report.warn(
        "W0673",
        f"the call says what is looked for: {found} is found in every text",
        test.span,
        "compare whole values: T in {ann, bob}, or a fact for each of them",
    )
    return True


def _test(rule: Rule, test: Test, subject: Subject, report: DiagnosticCollector) -> None:
    text, part = test.args
    given = given_names(rule)
    if not names(term_vars(part)):
        return
    shown = print_term(text)
    if isinstance(text, Const):
        # "ann,bob" is a list, in which a name is looked for
        if not isinstance(text.value, str) or (test.name == "contains" and _LIST.search(text.value)):
            return
        report.error(
            "E0613",
            f"`{test.name}` looks for `{print_term(part)}` in {shown}, which is always the same text",
            test.span,
            f"the text comes first: {test.name}({print_term(part)}, {shown}); to ask whether it is one of "
            "some, state them as facts",
        )
        return
    if not isinstance(text, Var) or text.name in given or not names(term_vars(part)) & given:
        return
    values = (subject.domains.of(rule) or {}).get(text.name)
    words = bool(values) and all(isinstance(v, str) and _is_word(v) for v in values or ())
    if words and test.name != "matches":
        report.warn(
            "W0624",
            f"`{test.name}` looks for `{print_term(part)}` in `{shown}`, which is always a word of the rules",
            test.span,
            f"if the word is to stand in the argument: {test.name}({print_term(part)}, {shown})",
        )


def _is_word(value: str) -> bool:
    return 0 < len(value) <= _LONGEST_WORD and len(value.split()) == 1


def _reader(rule: Rule, literal: Literal, report: DiagnosticCollector) -> None:
    command, part = literal.atom.args
    given = given_names(rule)
    swapped = isinstance(part, Var) and part.name in given and part.name not in names(term_vars(command))
    if isinstance(command, Const):
        swapped = swapped or (isinstance(command.value, str) and _is_word(command.value))
    elif isinstance(command, Var) and command.name in given:
        swapped = False
    if swapped:
        name, first, second = literal.atom.name, print_term(command), print_term(part)
        report.error(
            "E0613",
            f"the first argument of `{name}` is the command, and `{first}` is none",
            literal.span,
            f"the command comes first: {name}({second}, {first})",
        )


def given_names(rule: Rule) -> set[str]:
    """The variables that a question about the rule's action binds."""
    return {name for term in rule.args[: rule.given] for name in names(term_vars(term))}
