"""Relations that rules read and nothing can ever fill, and constants that can never stand there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.report import declaration, did_you_mean, where
from mpr_logic.analysis.terms import literals, term_span
from mpr_logic.analysis.types import columns_of
from mpr_logic.analysis.vetting.filling import literals_outside
from mpr_logic.analysis.vetting.likeness import like
from mpr_logic.language.ast import Const
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import Report
    from mpr_logic.analysis.vetting.filling import Filling
    from mpr_logic.analysis.vetting.known import Known
    from mpr_logic.language.ast import Literal, Span, Value


SHELL = "shell_runs"


def check_filled(filling: Filling, report: Report) -> None:
    """Report each relation that rules read, and that is empty for ever since nothing fills it."""
    program = filling.program
    for name, literal in _read(program).items():
        if name in filling.columns or name.startswith("not "):
            continue
        word, _, action = name.rpartition(" ")
        if word in HISTORY:
            report.error(
                "E0601",
                f"`{action}` is no tool, so no call of it was ever made",
                literal.span,
                "name the action of a tool",
            )
        elif not filling.sources(name):
            signature = program.schema.relations[name]
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: no fact, no rule, no effect",
                literal.span,
                f"if the host fills it, say so: .decl {declaration(signature)} input; "
                f"else state facts of it{_declared(signature.span)}",
            )
        elif _circular(filling, name):
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: each of its rules needs it already",
                program.rules_for(name)[0].clause.head.span,
                "add a fact, or a rule, that it begins with",
            )
        elif effects := _continuing(filling, name):
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: what causes it needs it already",
                effects[0].clause.head.span,
                f"add the fact that it begins with, or, if the host fills it, say so: .decl "
                f"{declaration(program.schema.relations[name])} input",
            )


def _declared(span: Span | None) -> str:
    return f"; it is declared{where(span)}" if span is not None else ""


def _read(program: Program) -> dict[str, Literal]:
    """The core relations that bodies read, each with the first literal that does."""
    found: dict[str, Literal] = {}
    for rule in program.rules:
        for literal in literals(rule.body):
            found.setdefault(literal.atom.name, literal)
    return found


def _circular(filling: Filling, name: str) -> bool:
    """Whether every rule of a relation needs one that is filled by nothing but its own circle."""
    circle = next(
        (group for group in filling.program.strata if name in group and name in filling.program.recursive), ()
    )
    return bool(circle) and all(
        any(
            not literal.negated and literal.atom.name in circle and literal.atom.name not in filling.columns
            for literal in literals(rule.body)
        )
        for relation in circle
        for rule in filling.program.rules_for(relation)
    )


def _continuing(filling: Filling, name: str) -> list[Rule]:
    """The effects that fill a relation, where nothing else does and each of them needs it already."""
    effects = filling.effects.get(name, [])
    needed = [
        {item.atom.name for item in literals_outside(each.body) if not item.negated} for each in effects
    ]
    return effects if not filling.program.rules_for(name) and all(name in each for each in needed) else []


def check_constants(filling: Filling, known: Known, report: Report) -> None:
    """Report constants where no fact, rule or schema ever has them, and those that look like others."""
    seen = _Seen(filling, known)
    for rule in filling.program.rules:
        for name, place, constant, span in _constants(rule):
            columns = filling.columns.get(name)
            if name.startswith("called ") or columns is None or place >= len(columns):
                continue
            domain = columns[place]
            if domain is not None:
                if constant.value not in domain:
                    _unknown(filling.program, name, place, constant, span, domain, report)
            else:
                seen.add(name, place, constant, span)
    _called(filling, report)
    _programs(filling.program, report)
    seen.report(report)


def _constants(rule: Rule) -> Iterator[tuple[str, int, Const, Span]]:
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
    report: Report,
) -> None:
    signature = columns_of(program.schema, name)
    shown = [print_value(value) for value in sorted(domain, key=lambda v: (isinstance(v, str), v))]
    listed = ", ".join(f"`{each}`" for each in shown[:6]) + (", ..." if len(shown) > 6 else "")
    text = print_value(constant.value)
    report.error(
        "E0605",
        f"`{text}` never stands in argument `{signature.params[place].name}` of `{signature.name}`",
        span,
        did_you_mean(text, shown, f"there it is always {'one of ' if len(shown) > 1 else ''}{listed}")
        + ("" if name.partition(" ")[0] in HISTORY else "; if the host fills it too, declare it `input`"),
    )


def _called(filling: Filling, report: Report) -> None:
    """Constants in ``called(number, action, second)`` that are no action."""
    if "called" not in filling.columns or filling.program.arity.get("called") != 3:
        return
    for rule in filling.program.rules:
        for literal in literals(rule.body):
            if literal.atom.name != "called":
                continue
            term = literal.atom.args[1]
            if isinstance(term, Const) and term.value not in filling.actions:
                report.error(
                    "E0601",
                    f"`{term.value}` is no action, so no call of it was ever made",
                    term_span(term, literal.span),
                    did_you_mean(str(term.value), filling.actions, "name the action of a tool"),
                )


def _programs(program: Program, report: Report) -> None:
    """Constants in ``shell_runs(command, program)`` that are more than the name of a program."""
    for rule in program.rules:
        for name, place, constant, span in _in_body(rule):
            value = constant.value
            if name != SHELL or place != 1 or not isinstance(value, str) or "/" in value:
                continue
            if len(value.split()) != 1:
                report.error(
                    "E0605",
                    f"`{print_value(value)}` never stands in argument `program` of `{SHELL}`",
                    span,
                    "a program stands there by its name alone: look for its arguments in the command",
                )


class _Seen:
    """The constants that rules, facts and the state use in columns that the host fills."""

    def __init__(self, filling: Filling, known: Known) -> None:
        self._filling = filling
        self._stated: dict[tuple[str, int], set[str]] = {}
        self._used: dict[tuple[str, int], dict[str, list[Span]]] = {}
        for fact in (*filling.program.facts, *known.facts):
            for place, value in enumerate(fact.row):
                if isinstance(value, str):
                    self._stated.setdefault((fact.relation, place), set()).add(value)

    def add(self, name: str, place: int, constant: Const, span: Span) -> None:
        """Note a constant that a rule uses."""
        if isinstance(constant.value, str) and name.partition(" ")[0] not in HISTORY and name != "called":
            self._used.setdefault((name, place), {}).setdefault(constant.value, []).append(span)

    def report(self, report: Report) -> None:
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

    def _warn(self, name: str, place: int, value: str, other: str, span: Span, report: Report) -> None:
        signature = columns_of(self._filling.program.schema, name)
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


def check_lower_case(program: Program, report: Report) -> None:
    """Report lower-case words that are most likely meant to be variables."""
    stated = {value for fact in program.facts for value in fact.row}
    uses: dict[Value, set[int]] = {}
    for number, rule in enumerate(program.rules):
        for _, _, constant, _ in _constants(rule):
            uses.setdefault(constant.value, set()).add(number)
    for rule in program.rules:
        _lower_case(rule, program, stated, uses, report)


def _lower_case(
    rule: Rule, program: Program, stated: set[Value], uses: Mapping[Value, set[int]], report: Report
) -> None:
    inside = {constant.value for _, _, constant, _ in _in_body(rule)}
    for name, place, constant, span in _in_head(rule):
        value = constant.value
        if not isinstance(value, str) or value in _WORDS or value in stated or len(uses[value]) > 1:
            continue
        if not value.isidentifier() or span.end_column - span.column != len(value):  # in quotes
            continue
        own = columns_of(program.schema, name).params[place].name == value
        letter = len(value.rstrip("0123456789")) <= 1 and (value in inside or bool(rule.variables))
        if not (own or letter or value in inside):
            continue
        message = f"`{value}` is a constant here: the rule speaks of that one value alone"
        variable = value[:1].upper() + value[1:]
        help = f"a variable begins with a capital letter: `{variable}`"
        if own or letter:
            report.error("E0606", message, span, help)
        else:
            report.warn("W0606", message, span, help)
