"""Laws that let pass what lies in a folder, by how its path begins: `..` leads out of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.letting import letting_pass, relying
from mpr_logic.analysis.lints.text_tests import holds
from mpr_logic.analysis.lints.texts import constant_text, tests_in
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import Aggregate, Var

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Test

FOLDER = re.compile(r"(?:file://|~|/|\.\.?/|[A-Za-z]:[\\/]).*[^/\\~.:]", re.DOTALL)
"""A path that is longer than that of a root, without what stands behind the name of its last folder."""

_RELATIVE = re.compile(r"[\w.-]+(?:/[\w.-]+)*/")
"""A path that begins with the name of a folder, and ends with a slash."""

_WRITTEN = re.compile(r"(?<![\w.-])(?:~|/)[\w./-]*\w[\w./-]*")
"""A path of a folder in a regular expression, without its escapes."""

_ESCAPED = re.compile(r"\\([./-])|\[([./])\]")
_ENDING = re.compile(r"\.\w+(?=\$$)")

PATH_WORDS = frozenset(
    "path paths file files filename filepath folder folders dir dirs directory directories cwd".split()
)
"""Words in the name of an argument, a type or an action that make a text a path."""

MOST_FOLDERS = 20
"""Of a relation with more folders than this only so many are looked at."""


def check_climbing(subject: Subject, report: DiagnosticCollector) -> None:
    """Report tests for a folder that let a path pass, where neither the law nor another that forbids its
    action looks for `..`: an error where the text is a path for certain."""
    told = set()
    for rule, test in letting_pass(subject.program):
        path = _path_of(rule, test, subject.program)
        for folder in _folders(rule, test, path is not None, subject):
            if test.span in told or not _climbs(rule, test, folder, subject.program):
                continue
            told.add(test.span)
            say, code = (report.warn, "W0615") if path is None else (report.error, "E0615")
            has = "has in it" if test.name == "contains" else "begins with"
            passing = f'"{_climbed(folder, test)}" passes this test'
            say(
                code,
                f'`..` leads out of what {has} "{folder}": {passing}',
                test.span,
                'forbid paths that climb too: matches(P, "(^|/)\\\\.\\\\.(/|$)")',
            )


def _path_of(rule: Rule, test: Test, program: Program) -> str | None:
    """The argument of the call that a test looks at, where its name, its type or its action says that it is
    a path; None else."""
    if rule.action is None or test.args[0] not in rule.args[: rule.given]:
        return None
    return path_argument(rule, rule.args.index(test.args[0]), program)


def path_argument(rule: Rule, place: int, program: Program) -> str | None:
    """The name of an argument of a rule's action, where it, its type or the action says that it is a path;
    None else."""
    if rule.action is None:
        return None
    param = program.schema.actions[rule.action].params[place]
    words = {word for name in (param.name, param.type, rule.action) for word in name.lower().split("_")}
    return param.name if words & PATH_WORDS else None


def _folders(rule: Rule, test: Test, is_path: bool, subject: Subject) -> Iterator[str]:
    """The folders that a test looks for at the beginning of a text."""
    for text in _texts(rule, test, subject):
        if test.name == "matches":
            yield from _WRITTEN.findall(_ESCAPED.sub(r"\1\2", text))
        elif test.name in ("starts_with", "contains") and (
            FOLDER.fullmatch(text.rstrip("/\\")) or (is_path and _RELATIVE.fullmatch(text))
        ):
            yield text


def _texts(rule: Rule, test: Test, subject: Subject) -> list[str]:
    """The texts that a test looks for: a constant, or the values that facts give a variable."""
    text, part = constant_text(test), test.args[1]
    if text is not None or not isinstance(part, Var) or test.name != "starts_with":
        return [] if text is None else [text]
    domains = subject.domains.of(rule) or {}
    inside = next((i for i in rule.body if isinstance(i, Aggregate) and test in i.body), None)
    if inside is not None:
        domains = subject.domains.within(domains, inside.body) or {}
    values = [each for each in domains.get(part.name, ()) if isinstance(each, str)]
    return sorted(values)[:MOST_FOLDERS]


def _climbed(folder: str, test: Test) -> str:
    """A path that begins with a folder and leads out of it, such as an expression may ask for."""
    slash = "\\" if "\\" in folder else "/"
    text = _ESCAPED.sub(r"\1\2", constant_text(test) or "") if test.name == "matches" else ""
    ending = _ENDING.search(text)
    return f"{folder.rstrip(slash)}{slash}..{slash}etc{slash}passwd{ending[0] if ending else ''}"


def _climbs(rule: Rule, test: Test, folder: str, program: Program) -> bool:
    """Whether a path that climbs out of a folder passes a test, and no law looks for that."""
    sample = _climbed(folder, test)
    if test.name == "matches":
        text = str(constant_text(test))
        if not holds(sample, "matches", text) or holds("/elsewhere/passwd", "matches", text):
            return False
    wary = _wary(program, sample)
    barred = {
        each.action for each in program.rules if each.clause.kind == "forbid" and _looks(each, wary, sample)
    }

    def is_open(each: Rule) -> bool:
        return not _looks(each, wary, sample) and (each.action is None or each.action not in barred)

    return is_open(rule) and (
        rule.clause.kind != "relation"
        or any(is_open(law) for denied in (False, True) for law in relying(program, rule.head, denied=denied))
    )


def _wary(program: Program, sample: str) -> set[str]:
    """The relations with a rule that looks for `..`, itself or by another relation."""
    wary: set[str] = set()
    while True:
        found = {rule.head for rule in program.rules if rule.action is None and _looks(rule, wary, sample)}
        if found <= wary:
            return wary
        wary |= found


def _looks(rule: Rule, wary: set[str], sample: str) -> bool:
    """Whether a rule finds the `..` of a path, itself or by a relation that does."""
    for test in tests_in(rule.body):
        text = constant_text(test)
        if text and ".." in _ESCAPED.sub(r"\1\2", text) and holds(sample, test.name, text):
            return True
    return any(each.atom.name in wary for each in literals(rule.body))
