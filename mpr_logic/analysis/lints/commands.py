"""Beginnings of commands that let a call pass: a shell runs what stands behind them too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import SHELL
from mpr_logic.analysis.lints.letting import letting_pass, relying
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import literals
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Var

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector

NAMES = frozenset("command commands cmd shell bash sh zsh terminal".split())
"""Words in the name of an argument or an action that make a text a command for a shell."""

_BEGINNING = re.compile(r"[\w./+-]+( [^;|&<>$`\n]*)?")
_SIGNS = re.compile(r"[;|&`$<>\n]")


def check_commands(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws that let a command pass by its beginning, and ask no reader of commands."""
    program = subject.program
    found = {test.span: (rule, test) for rule, test in letting_pass(program)}
    for rule, test in found.values():
        text, term = constant_text(test) or "", test.args[0]
        if test.name != "starts_with" or not _BEGINNING.fullmatch(text) or not isinstance(term, Var):
            continue
        if _is_command(rule, term.name, program) and not _is_read(rule, term.name, program):
            first = text.split()[0]
            report.warn(
                "W0675",
                f'"{text.rstrip()} ; rm -rf ~" passes this test too: a shell runs what stands behind it',
                test.span,
                f'forbid what runs another program, `shell_runs({term.name}, P), P != "{first}"`, '
                f"and what cannot be read, `shell_opaque({term.name})`",
            )


def _is_command(rule: Rule, name: str, program: Program) -> bool:
    """Whether a variable stands where a command stands, by the names of arguments and actions; of a relation
    in the laws that ask it too."""
    words = [*_words(rule, name, program)]
    for law in relying(program, rule.head):
        for literal in literals(law.body):
            for term, own in zip(literal.atom.args, rule.args, strict=False):
                if literal.atom.name == rule.head and isinstance(term, Var) and own == Var(name):
                    words += _words(law, term.name, program)
    return any(not NAMES.isdisjoint(word.lower().split("_")) for word in words)


def _words(rule: Rule, name: str, program: Program) -> Iterator[str]:
    """The names of the arguments where a variable stands, and of the actions that have them."""
    atoms = [(rule.head, rule.args), *((each.atom.name, each.atom.args) for each in literals(rule.body))]
    for relation, args in atoms:
        signature = columns_of(program.schema, relation)
        for param, term in zip(signature.params, args, strict=False):
            if isinstance(term, Var) and term.name == name:
                yield param.name
                if signature.name in program.schema.actions:
                    yield signature.name


def _is_read(rule: Rule, name: str, program: Program) -> bool:
    """Whether the signs of a shell are looked for: by a reader of commands, of this action or in this rule,
    or by another test of the text."""
    if any(_asks_reader(each) for each in (rule, *_laws(rule, program))):
        return True
    for test in tests_in(rule.body):
        text = constant_text(test) or ""
        if not (isinstance(test.args[0], Var) and test.args[0].name == name):
            continue
        looks = test.name == "matches" or (test.name == "contains" and test.negated)
        if looks and (_SIGNS.search(text) or text.endswith("$") or (test.negated and "[^" in text)):
            return True
    return False


def _laws(rule: Rule, program: Program) -> list[Rule]:
    """The laws about the actions that a rule lets pass."""
    passing = [rule] if rule.action is not None else relying(program, rule.head)
    actions = {each.action for each in passing}
    return [each for each in program.rules if each.action in actions and each.clause.kind == "forbid"]


def _asks_reader(rule: Rule) -> bool:
    return any(each.atom.name in SHELL for each in literals(rule.body))
