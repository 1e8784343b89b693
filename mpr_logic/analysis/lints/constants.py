"""Constants that can never stand where a rule has them, are misspelt, or were meant as variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.bodies import LEAST, contradicts_itself
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.analysis.terms import flat, item_terms, literals, term_span
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Comparison, Const, Test, Var
from mpr_logic.language.moments import Moment
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Value


SHELL = "shell_runs"


def check_constants(subject: Subject, report: DiagnosticCollector) -> None:
    """Report constants where no fact, rule or schema ever has them, and those that look like others."""
    program, seen = subject.program, _Seen(subject)
    for rule in program.rules:
        for name, place, constant, span in constants_of(rule):
            columns = subject.domains.columns.get(name)
            if name.startswith("called ") or columns is None or place >= len(columns):
                continue
            domain = columns[place]
            if domain is not None:
                if constant.value not in domain:
                    _unknown(program, name, place, constant, span, domain, report)
            else:
                seen.add(name, place, constant, span)
    _called(subject, report)
    _programs(program, report)
    _numbers(program, report)
    seen.report(report)


def constants_of(rule: Rule) -> Iterator[tuple[str, int, Const, Span]]:
    """The constants in the atoms of a rule: the core relation, the place, the constant and its span. Those of
    the action in its head stand in the relation of what was tried."""
    yield from _in_head(rule)
    yield from _in_body(rule)


def _in_head(rule: Rule) -> Iterator[tuple[str, int, Const, Span]]:
    if rule.action is not None:
        for place, term in enumerate(rule.args[: rule.given]):
            if isinstance(term, Const):
                yield f"past {rule.action}", place, term, term_span(term, rule.clause.head.span)


def _in_body(rule: Rule) -> Iterator[tuple[str, int, Const, Span]]:
    for literal in literals(rule.body):
        for place, term in enumerate(literal.atom.args):
            if isinstance(term, Const):
                yield literal.atom.name, place, term, term_span(term, literal.span)


def _unknown(
    program: Program,
    name: str,
    place: int,
    constant: Const,
    span: Span,
    domain: frozenset[Value],
    report: DiagnosticCollector,
) -> None:
    signature = columns_of(program.schema, name)
    shown = [print_value(value) for value in sorted(domain, key=_order)]
    listed = ", ".join(f"`{each}`" for each in shown[:6]) + (", ..." if len(shown) > 6 else "")
    text = print_value(constant.value)
    report.error(
        "E0605",
        f"`{text}` never stands in argument `{signature.params[place].name}` of `{signature.name}`",
        span,
        did_you_mean(text, shown, f"there it is always {'one of ' if len(shown) > 1 else ''}{listed}")
        + ("" if name.partition(" ")[0] in HISTORY else "; if the host fills it too, declare it `input`"),
    )


def _called(subject: Subject, report: DiagnosticCollector) -> None:
    """Constants in ``called(number, action, second)``, or ``called_at``, that are no action."""
    if "called" not in subject.domains.columns or subject.program.arity.get("called") != 3:
        return
    relations = subject.program.schema.relations
    asked = {name for name in ("called", "called_at") if name in relations and relations[name].builtin}
    for rule in subject.program.rules:
        for literal in literals(rule.body):
            if literal.atom.name not in asked:
                continue
            term = literal.atom.args[1]
            if isinstance(term, Const) and term.value not in subject.actions:
                report.error(
                    "E0601",
                    f"`{term.value}` is no action, so no call of it was ever made",
                    term_span(term, literal.span),
                    did_you_mean(str(term.value), subject.actions, "name the action of a tool"),
                )


_NO_PROGRAM = re.compile(r"^-|[\s|&;<>*,$]|^$")
"""The signs of a text that is no name of a program: an option, some words, a list, a pattern."""


def _programs(program: Program, report: DiagnosticCollector) -> None:
    """Constants in ``shell_runs(command, program)`` that are more than the name of a program."""
    for rule in program.rules:
        for name, place, constant, span in _in_body(rule):
            value = constant.value
            if name != SHELL or place != 1 or not isinstance(value, str) or "/" in value:
                continue
            if _NO_PROGRAM.search(value):
                report.error(
                    "E0605",
                    f"`{print_value(value)}` never stands in argument `program` of `{SHELL}`",
                    span,
                    "a program stands there by its name alone: look for its arguments in the command",
                )


def _numbers(program: Program, report: DiagnosticCollector) -> None:
    """Constants below the first number of a built-in relation: calls and positions begin at 1."""
    for rule in program.rules:
        for name, place, constant, span in _in_body(rule):
            first = LEAST.get(name, {}).get(place)
            value = constant.value
            if first is None or isinstance(value, str) or value >= first:
                continue
            signature = columns_of(program.schema, name)
            if signature.builtin:
                report.error(
                    "E0605",
                    f"`{value}` never stands in argument `{signature.params[place].name}` of `{name}`",
                    span,
                    f"numbers begin at {first} there",
                )


class _Seen:
    """The constants that rules, facts and the state use in columns that the host fills."""

    def __init__(self, subject: Subject) -> None:
        self._schema = subject.program.schema
        self._stated: dict[tuple[str, int], set[str]] = {}
        self._used: dict[tuple[str, int], dict[str, list[Span]]] = {}
        for fact in (*subject.program.facts, *subject.deployment.facts):
            for place, value in enumerate(fact.row):
                if isinstance(value, str):
                    self._stated.setdefault((fact.relation, place), set()).add(value)

    def add(self, name: str, place: int, constant: Const, span: Span) -> None:
        """Note a constant that a rule uses."""
        if isinstance(constant.value, str) and name.partition(" ")[0] not in HISTORY and name != "called":
            self._used.setdefault((name, place), {}).setdefault(constant.value, []).append(span)

    def report(self, report: DiagnosticCollector) -> None:
        """Report what is used once, is stated nowhere, and looks like another constant of its column."""
        for (name, place), used in self._used.items():
            stated = self._stated.get((name, place), set())
            if len(used) + len(stated) > MOST_CONSTANTS:
                continue
            for value, spans in used.items():
                if value in stated or len(spans) > 1:
                    continue
                other = like(value, [*stated, *(v for v in used if v != value)])
                if other is not None and (other in stated or len(used[other]) > 1 or value > other):
                    self._warn(name, place, value, other, spans[0], report)

    def _warn(
        self, name: str, place: int, value: str, other: str, span: Span, report: DiagnosticCollector
    ) -> None:
        signature = columns_of(self._schema, name)
        report.warn(
            "W0605",
            f"`{print_value(value)}` stands nowhere else in argument `{signature.params[place].name}` of "
            f"`{signature.name}`, and looks like `{print_value(other)}`",
            span,
            f"did you mean `{print_value(other)}`?",
        )


MOST_CONSTANTS = 500
"""A column with more constants than this is data, and is not searched for likenesses."""


_WORDS = ("true", "false", "null")


def check_lower_case(subject: Subject, report: DiagnosticCollector) -> None:
    """Report lower-case words that are most likely meant to be variables."""
    program = subject.program
    stated = {value for fact in program.facts for value in fact.row}
    uses: dict[Value, set[int]] = {}
    for number, rule in enumerate(program.rules):
        for constant in (*(each for _, _, each, _ in constants_of(rule)), *_tested(rule)):
            uses.setdefault(constant.value, set()).add(number)
    for domain in (each for columns in subject.actions.values() for each in columns):
        stated |= domain or frozenset()
    for rule in program.rules:
        _lower_case(rule, program, stated, uses, report)
        _lower_case_inside(rule, subject, stated, uses, report)


def _lower_case(
    rule: Rule,
    program: Program,
    stated: set[Value],
    uses: Mapping[Value, set[int]],
    report: DiagnosticCollector,
) -> None:
    inside = {constant.value for _, _, constant, _ in _in_body(rule)}
    for name, place, constant, span in _in_head(rule):
        value = constant.value
        if not _is_word(constant, span) or value in stated or len(uses[value]) > 1:
            continue
        assert isinstance(value, str)
        own = columns_of(program.schema, name).params[place].name == value
        letter = len(value.rstrip("0123456789")) <= 1 and (value in inside or bool(rule.variables))
        if not (own or letter or value in inside):
            continue
        message, help = _constant_here(value)
        if own or letter:
            report.error("E0606", message, span, help)
        else:
            report.warn("W0606", message, span, help)


def _constant_here(value: str) -> tuple[str, str]:
    variable = value[:1].upper() + value[1:]
    return (
        f"`{value}` is a constant here: the rule speaks of that one value alone",
        f"a variable begins with a capital letter: `{variable}`",
    )


def _is_word(constant: Const, span: Span) -> bool:
    """Whether a constant is written as a name, without quotes."""
    value = constant.value
    return (
        isinstance(value, str)
        and value not in _WORDS
        and value.isidentifier()
        and span.end_column - span.column == len(value)
    )


def _tested(rule: Rule) -> Iterator[Const]:
    """The constants in the comparisons and text tests of a rule."""
    for item in flat(rule.body):
        if isinstance(item, (Comparison, Test)):
            yield from (term for term in item_terms(item) if isinstance(term, Const))


def _lower_case_inside(
    rule: Rule,
    subject: Subject,
    stated: set[Value],
    uses: Mapping[Value, set[int]],
    report: DiagnosticCollector,
) -> None:
    """Report words of a body that are a variable of the rule but for the first letter; and in a comparison
    those of one letter, or with the name of the argument that they are compared with."""
    places = [(term, term.span, "") for term in _tested(rule)]
    places += [(each, span, name) for name, _, each, span in _in_body(rule)]
    names = _columns_named(rule, subject.program)
    for constant, span, relation in places:
        value = constant.value
        if not isinstance(value, str) or not _is_word(constant, span) or value in stated:
            continue
        if len(uses[value]) > 1 or any(subject.domains.columns.get(relation, ())):
            continue  # what never stands in a column is told by the column
        variable = value[:1].upper() + value[1:]
        compared = not relation and (value in names or len(value.rstrip("0123456789")) <= 1)
        if (variable in rule.variables or compared) and not contradicts_itself(rule, subject):
            report.error("E0606", *_in_place(value, span))


def _in_place(value: str, span: Span) -> tuple[str, Span, str]:
    message, help = _constant_here(value)
    return message, span, f'{help}; if the text is meant, write it in quotes: `"{value}"`'


def _columns_named(rule: Rule, program: Program) -> set[str]:
    """The names of the arguments that variables of a rule stand in."""
    found: set[str] = set()
    if rule.action is not None:
        params = program.schema.actions[rule.action].params
        found |= {
            p.name for p, t in zip(params, rule.args, strict=False) if isinstance(t, Var) and t.name != "_"
        }
    for literal in literals(rule.body):
        params = columns_of(program.schema, literal.atom.name).params
        args = zip(params, literal.atom.args, strict=True)
        found |= {p.name for p, t in args if isinstance(t, Var) and t.name != "_"}
    return found


# -- words that are most likely one word, once misspelt ---------------------------------------------

SHORTEST = 3
"""Of words with fewer letters than this, one letter makes another word."""


def like(word: str, others: Iterable[str]) -> str | None:
    """One of the others that differs in one letter: left out, put in, another one, or two in turn."""
    if len(word) < SHORTEST:
        return None
    return next((other for other in others if len(other) >= SHORTEST and _one_off(word, other)), None)


def _one_off(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    first, second = one[start:], other[start:]
    changed = first[:1] + second[:1]
    if re.search(r"[\d_]", changed):  # two things that are numbered, not one that is misspelt
        return False
    if len(one) == len(other):
        return first[1:] == second[1:] or (first[:2] == second[1::-1] and first[2:] == second[2:])
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return longer[1:] == shorter


def _order(value: Value) -> tuple[bool, str, Value]:
    return isinstance(value, str), value.type_ if isinstance(value, Moment) else "", value
