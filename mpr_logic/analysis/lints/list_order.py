"""Orders of lists and objects: they are the texts of their JSON, so an order of them says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.structures import SIGNS
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.terms import literals
from mpr_logic.analysis.types import base, columns_of
from mpr_logic.language.ast import Aggregate, Comparison, Var
from mpr_logic.language.printer import print_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Atom, BodyItem, Span, Term

OPENED = {"item": "list", "list_length": "list", "field": "object"}
"""The relations that look into their first argument, and what it is."""


def check_list_order(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each comparison by order, and each least or greatest value, of what the rule or the schema of a
    tool says is a list or an object."""
    kinds = {
        (action, place): "object" if found == {"object"} else "list"
        for action, places in subject.tool_names.kinds().items()
        for place, found in enumerate(places)
        if found and found <= SIGNS.keys()
    }
    for rule in subject.program.rules:
        known = dict(_known(rule, subject, kinds))
        told: set[Span] = set()
        for what, span, name in _ordered(rule.body) if known else ():
            if name in known and span not in told:
                told.add(span)
                kind = "an object" if known[name] == "object" else "a list"
                report.error(
                    "E0671",
                    f"`{what}` puts in order the text of {kind}, as JSON has it",
                    span,
                    f"compare what is inside: {_inside(known[name], name)}",
                )


def _inside(kind: str, name: str) -> str:
    if kind == "object":
        return f'`field({name}, "name", X)`, and X'
    return f"`item({name}, 0, X)`, and X; or the length, `list_length({name}, N)`, and N"


def _known(rule: Rule, subject: Subject, kinds: Mapping[tuple[str, int], str]) -> Iterator[tuple[str, str]]:
    """The variables that are known to be lists or objects."""
    schema = subject.program.schema
    atoms = [each.atom for each in literals(rule.body) if not each.negated]
    numbers = {name for atom in atoms for name in _numbers(atom, subject)}
    for atom in atoms:
        kind = OPENED.get(atom.name)
        first = atom.args[0] if atom.args else None
        if kind is None or not isinstance(first, Var) or first.anonymous or first.name in numbers:
            continue
        if schema.relations[atom.name].builtin:
            yield first.name, kind
    spoken: list[tuple[str, tuple[Term, ...]]] = [
        (word_and_action[1], atom.args)
        for atom in atoms
        if (word_and_action := atom.name.split(" ", 1))[0] in HISTORY and len(word_and_action) == 2
    ]
    if rule.action is not None:
        spoken.append((rule.action, rule.args[: rule.given]))
    for action, args in spoken:
        for place, term in enumerate(args):
            if isinstance(term, Var) and not term.anonymous and (action, place) in kinds:
                yield term.name, kinds[action, place]


def _numbers(atom: Atom, subject: Subject) -> Iterator[str]:
    """The variables of an atom whose columns are of a type that no list has."""
    schema = subject.program.schema
    for param, term in zip(columns_of(schema, atom.name).params, atom.args, strict=False):
        if isinstance(term, Var) and base(schema.types, param.type) not in ("any", "symbol"):
            yield term.name


def _ordered(body: Iterable[BodyItem]) -> Iterator[tuple[str, Span, str]]:
    """The items that put variables in order: the text, the place and each variable of each."""
    for item in body:
        if isinstance(item, Comparison) and item.op in ("<", "<=", ">", ">="):
            for term in (item.left, item.right):
                if isinstance(term, Var):
                    yield print_item(item), item.span, term.name
        elif isinstance(item, Aggregate):
            yield from _ordered(item.body)
            if item.function in ("min", "max") and isinstance(item.expression, Var):
                yield f"{item.function} {item.expression.name}", item.span, item.expression.name
