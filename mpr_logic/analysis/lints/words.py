"""Texts of rules and facts that hardly ever are what a call has: with a blank at the end, in one case of two,
a number in quotes, a date where seconds are asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.constants import constants_of
from mpr_logic.analysis.lints.regex import folds
from mpr_logic.analysis.lints.texts import constant_text, lowered_in, tests_in
from mpr_logic.analysis.terms import flat, item_terms, literals, term_span
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Comparison, Const, Test, Var
from mpr_logic.language.printer import print_item, print_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Term, Value

PROGRAMS = frozenset(
    "bash cat chmod chown cp curl dd docker echo env find git grep kill kubectl ls mkdir mkfs mv nc node npm "
    "perl pip python python3 rm rmdir scp sed sh shutdown ssh sudo su tee touch wget xargs zsh".split()
)
"""Programs whose names are in lower case."""

SQL = re.compile(
    r"(?:drop|truncate|alter|create)\s+(?:table|database|schema|index|view|user|role)|delete\s+from|"
    r"insert\s+into|union\s+(?:all\s+)?select|(?:grant|revoke)\s+all",
    re.IGNORECASE,
)
"""Words of SQL, where case is no matter."""

SQL_WORD = re.compile(r"\b(?:drop|truncate|delete|alter|grant|revoke|insert|update)\b", re.IGNORECASE)
"""Words of SQL by which alone a statement is known, where a text is one by its name."""

SQL_NAMES = frozenset("sql query queries statement statements db database".split())
"""Words in the name of an argument or an action that make a text a statement of SQL."""

DATES = range(19000101, 21001232)
"""Numbers that are read as a year, a month and a day."""

MOST_SECONDS = 10**11
"""A time in seconds is less: this is the year 5138. One in milliseconds is more, since 1973."""


def check_words(subject: Subject, report: DiagnosticCollector) -> None:
    """Report constants with a blank or a quote at an end, words in one case of two, numbers in quotes that
    are put in order, and times in another unit than seconds."""
    _ends(subject, report)
    known = {
        text.strip().lower() if text == text.lower() else text.strip()
        for rule in subject.program.rules
        for test in tests_in(rule.body)
        for text in [constant_text(test)]
        if text
    }
    for rule in subject.program.rules:
        _programs(rule, subject.program, report)
        _ordered(rule, report)
        _times(rule, report)
        if rule.clause.kind in ("forbid", "relation"):
            _cases(rule, known, subject.program, report)


_WORD = re.compile(r"[\w.@+-]+")
_LIST = re.compile(r"[\w.@+-]+(?:\s*[,;|]\s*[\w.@+-]+)+")


# -- what stands at the ends -------------------------------------------------------------------------


def _untidy(value: Value) -> str:
    """The text that was most likely meant, where one has a blank, or quotes, at its ends; else ""."""
    if not isinstance(value, str):
        return ""
    bare = value.strip()
    if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "'\"" and bare[0] not in bare[1:-1]:
        bare = bare[1:-1].strip()
    return bare if bare != value else ""


def _ends(subject: Subject, report: DiagnosticCollector) -> None:
    columns: dict[tuple[str, int], dict[str, Span]] = {}
    for name, place, value, span in _stated(subject):
        if isinstance(value, str):
            columns.setdefault((name, place), {}).setdefault(value, span)
    for (name, place), values in columns.items():
        signature = columns_of(subject.program.schema, name)
        here = f" in argument `{signature.params[place].name}` of `{signature.name}`"
        odd = [value for value in values if _untidy(value)]
        if len(odd) == 1:
            _warn_of_ends(odd[0], _untidy(odd[0]), here, values[odd[0]], report)
        lists = [value for value in values if _LIST.fullmatch(value)]
        if len(lists) == 1 and len(values) > 1 and all(_WORD.fullmatch(v) for v in values if v != lists[0]):
            report.warn(
                "W0634",
                f"{_quoted(lists[0])} is one text{here}, where all others are single words",
                values[lists[0]],
                "state a fact for each of them",
            )
    for rule in subject.program.rules:
        for item in flat(rule.body):
            for term in item_terms(item) if isinstance(item, Comparison) and item.op in ("=", "!=") else ():
                if isinstance(term, Const) and _untidy(term.value):
                    _warn_of_ends(
                        str(term.value), _untidy(term.value), "", term_span(term, item.span), report
                    )
            if isinstance(item, Test) and (text := constant_text(item)):
                _test_ends(item, text, report)


def _stated(subject: Subject) -> Iterator[tuple[str, int, Value, Span]]:
    for fact in subject.program.facts:
        for place, value in enumerate(fact.row):
            yield fact.relation, place, value, fact.span
    for rule in subject.program.rules:
        for name, place, constant, span in constants_of(rule):
            yield name, place, constant.value, span


def _test_ends(test: Test, text: str, report: DiagnosticCollector) -> None:
    """A blank where the text itself begins or ends; in the midst of one it tells words apart."""
    if (test.name == "starts_with" and text[0].isspace()) or (
        test.name == "ends_with" and text[-1].isspace()
    ):
        _warn_of_ends(text, text.strip(), "", term_span(test.args[1], test.span), report)
    elif test.name == "contains" and not test.negated and text != text.strip() and len(text.split()) == 1:
        report.warn(
            "W0625",
            f"{_quoted(text)} does not stand where `{text.strip()}` is the "
            f"{'first' if text[0].isspace() else 'last'} word of the text, or a tab is the blank",
            term_span(test.args[1], test.span),
            f'for a whole word, matches(..., "\\\\b{re.escape(text.strip())}\\\\b")',
        )


def _warn_of_ends(value: str, meant: str, here: str, span: Span, report: DiagnosticCollector) -> None:
    what = "a blank" if value != value.strip() else "quotes"
    report.warn(
        "W0625",
        f"{_quoted(value)} has {what} at its end{here}: it is another constant than {_quoted(meant)}",
        span,
        f"did you mean {_quoted(meant)}?",
    )


def _quoted(value: str) -> str:
    return f"`{print_value(value)}`"


# -- case --------------------------------------------------------------------------------------------


def _programs(rule: Rule, program: Program, report: DiagnosticCollector) -> None:
    for literal in literals(rule.body):
        if literal.atom.name != "shell_runs" or not program.schema.relations["shell_runs"].builtin:
            continue
        term = literal.atom.args[1]
        value = term.value if isinstance(term, Const) else None
        if isinstance(value, str) and value not in PROGRAMS and value.lower() in PROGRAMS:
            report.warn(
                "W0605",
                f"`{value}` is another program than `{value.lower()}`: case matters in their names",
                term_span(term, literal.span),
                f"did you mean `{value.lower()}`?",
            )


def _is_sql(rule: Rule, term: Term, program: Program) -> bool:
    """Whether the name of an argument, or of its action, says that it is a statement."""
    if rule.action is None or term not in rule.args[: rule.given]:
        return False
    param = program.schema.actions[rule.action].params[rule.args.index(term)]
    return not SQL_NAMES.isdisjoint(f"{param.name}_{rule.action}".lower().split("_"))


def _cases(rule: Rule, known: Iterable[str], program: Program, report: DiagnosticCollector) -> None:
    lowered = lowered_in(rule.body)
    for test in tests_in(rule.body):
        text = constant_text(test)
        if text is None or test.negated or test.args[0] in lowered or not isinstance(test.args[0], Var):
            continue
        if test.name == "matches" and folds(text):
            continue
        found = SQL.search(text)
        if found is None and _is_sql(rule, test.args[0], program):
            found = SQL_WORD.search(text)
        word = found[0] if found is not None else ""
        if not (word.isupper() or word.islower()):  # in mixed case it is somebody's own name
            continue
        other = text.strip().lower() if word.isupper() else text.strip().upper()
        if other in known or "[" in text:
            continue
        flag = "(?i)" if test.name == "matches" else ""
        report.warn(
            "W0623",
            f"`{word.swapcase()}` gets around this test: case is no matter in SQL, and here it is",
            term_span(test.args[1], test.span),
            "begin it with (?i)"
            if flag or test.name == "matches"
            else f"test the text in lower case: {test.name}(lower(...), {_quoted(text.lower())[1:-1]})",
        )


# -- numbers and times ---------------------------------------------------------------------------------


def _ordered(rule: Rule, report: DiagnosticCollector) -> None:
    for item in flat(rule.body):
        if not (isinstance(item, Comparison) and item.op in ("<", "<=", ">", ">=")):
            continue
        for term in item_terms(item):
            if (
                isinstance(term, Const)
                and isinstance(term.value, str)
                and re.fullmatch(r"[+-]?\d+(\.\d+)?", term.value)
            ):
                report.warn(
                    "W0629",
                    f'`{print_item(item)}` compares texts letter by letter: "9" comes behind "10"',
                    item.span,
                    "declare the argument as a number, and write the number without quotes",
                )


TIMES = {"now": 0, "called": 2}
"""The built-in relations with a time, and its place."""


def _times(rule: Rule, report: DiagnosticCollector) -> None:
    times = {
        literal.atom.args[place]
        for literal in literals(rule.body)
        for place in [TIMES.get(literal.atom.name)]
        if place is not None and place < len(literal.atom.args)
    }
    for item in flat(rule.body):
        if not isinstance(item, Comparison):
            continue
        for term, other in ((item.left, item.right), (item.right, item.left)):
            value = other.value if isinstance(other, Const) else None
            if term not in times or not isinstance(term, Var) or isinstance(value, str) or value is None:
                continue
            if value in DATES or value >= MOST_SECONDS:
                what = "a date" if value in DATES else "milliseconds"
                report.warn(
                    "W0630",
                    f"`{value}` looks like {what}, and `{term.name}` is in seconds since 1970",
                    term_span(other, item.span),
                    "write the number of seconds: 2026-01-01 begins at 1767225600",
                )
