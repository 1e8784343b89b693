"""Lists and objects that a rule compares with a text or a number, as if they were one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.enumerations import NULL
from mpr_logic.analysis.lints.constants import constants_of
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.terms import flat, literals, term_span
from mpr_logic.language.ast import Comparison, Const, Literal, Test, Var
from mpr_logic.language.printer import print_value
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Span, Term, Value

SIGNS = {"array": ("[", "]"), "object": ("{", "}")}
"""The first and the last sign of the texts that stand for lists and objects."""


class _Compared(NamedTuple):
    """An argument of an action that a rule holds against a value. ``how`` is ``starts_with``, ``ends_with``,
    or ``=`` for the whole."""

    action: str
    place: int
    value: Value
    span: Span
    how: str = "="


def check_structures(subject: Subject, report: DiagnosticCollector) -> None:
    """Report a text or a number that an argument is compared with, where the tool's schema says that it is a
    list or an object."""
    kinds = {
        (action, place): found
        for action, places in subject.tool_names.kinds().items()
        for place, found in enumerate(places)
        # where only some values are let in, constants are held against these
        if found and found <= SIGNS.keys() and subject.actions[action][place] is None
    }
    told: set[tuple[str, int, Span]] = set()  # of the members of a set one is enough
    for rule in subject.program.rules if kinds else ():
        for each in _compared(rule, subject.program):
            found, key = kinds.get((each.action, each.place)), (each.action, each.place, each.span)
            if found and key not in told and not _may_be(each, found):
                told.add(key)
                name = subject.program.schema.actions[each.action].params[each.place].name
                _report(name, each, found, report)


def _may_be(each: _Compared, kinds: frozenset[str]) -> bool:
    """Whether a list or an object may be this, or begin or end so; or it may be left out."""
    value = each.value
    if not isinstance(value, str):
        return False
    if each.how == "=" and value == NULL:
        return True
    signs = [SIGNS[kind] for kind in kinds]
    begins = each.how == "ends_with" or any(value.startswith(first) for first, _ in signs)
    ends = each.how == "starts_with" or any(value.endswith(last) for _, last in signs)
    return begins and ends


def _compared(rule: Rule, program: Program) -> Iterator[_Compared]:
    """All that a rule holds arguments of actions against."""
    for name, place, constant, span in constants_of(rule):
        word, _, action = name.partition(" ")
        if word in HISTORY:
            yield _Compared(action, place, constant.value, span)
    stands: dict[Term, list[tuple[str, int]]] = {}
    for action, args in _atoms(rule):
        for place, term in enumerate(args):
            if isinstance(term, Var) and term.name != "_":
                stands.setdefault(term, []).append((action, place))
    for item in flat(rule.body) if stands else ():
        for term, value, span, how in _held(item, program):
            for action, place in stands.get(term, ()):
                yield _Compared(action, place, value, span, how)


def _atoms(rule: Rule) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """The actions in a rule with their arguments: that of its head, and those of the history."""
    if rule.action is not None:
        yield rule.action, rule.args[: rule.given]
    for literal in literals(rule.body):
        word, _, action = literal.atom.name.partition(" ")
        if word in HISTORY:
            yield action, literal.atom.args


def _held(item: BodyItem, program: Program) -> Iterator[tuple[Term, Value, Span, str]]:
    """The terms that an item holds against constants, with these."""
    if isinstance(item, Comparison):
        for one, other in ((item.left, item.right), (item.right, item.left)):
            if isinstance(other, Const):
                yield one, other.value, term_span(other, item.span), "="
    elif isinstance(item, Test) and item.name in ("starts_with", "ends_with"):
        first, second = item.args
        if isinstance(second, Const):
            yield first, second.value, term_span(second, item.span), item.name
    elif isinstance(item, Literal) and is_set(item.atom.name):
        for fact in program.facts:
            if fact.relation == item.atom.name:
                yield item.atom.args[0], fact.row[0], item.span, "="


def _report(name: str, each: _Compared, kinds: frozenset[str], report: DiagnosticCollector) -> None:
    kind = "a list" if "array" in kinds else "an object"
    value = print_value(each.value)
    said = {"=": "is never", "starts_with": "never begins with", "ends_with": "never ends with"}[each.how]
    help = f"ask for an item of it: item({name[:1].upper()}{name[1:]}, _, X), and compare X"
    if "array" not in kinds:
        help = f'ask for a field of it: field({name[:1].upper()}{name[1:]}, "name", X), and compare X'
    message = f"argument `{name}` of `{each.action}` is {kind} by the tool's schema, so it {said} `{value}`"
    report.error("E0642", message, each.span, help)
