"""Declarations for what a program leaves undeclared: arities by first use, types by flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.core import Signature
from mpr_logic.analysis.lattice import UNKNOWN, base, join, value_type
from mpr_logic.analysis.normalise import apart
from mpr_logic.analysis.report import Report
from mpr_logic.analysis.resolve import Names, resolve_clause
from mpr_logic.analysis.schema import MAX_ARGUMENTS, too_many
from mpr_logic.analysis.types import Typing, literals
from mpr_logic.language.ast import Const, Param

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from mpr_logic.analysis.core import Schema
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import Atom, Clause


def infer(schema: Schema, clauses: Sequence[Clause], inputs: Collection[str], report: Report) -> Schema:
    """The schema with a signature for every relation that is used but not declared.

    An argument has the type of the constants and variables that rules put there; one that nothing
    in the text determines, or whose rows come from outside (``inputs``), is of type any.
    """
    found = _used(schema, clauses, report)
    relations = {**schema.relations, **{n: _signature(n, [UNKNOWN] * k) for n, k in found.items()}}
    rules: list[Resolved] = []
    columns: dict[str, list[str]] = {n: [UNKNOWN] * k for n, k in found.items()}
    names = Names(replace(schema, relations=relations), Report())
    derived = set(inputs)
    for clause in clauses:
        derived.add(clause.head.name if clause.effect is None else clause.effect.name)
        if clause.kind != "relation" or clause.head.name not in found:
            continue
        if clause.body or not _constant(clause, columns[clause.head.name]):
            resolved = resolve_clause(clause, names)
            if resolved is not None:
                rules.append(apart(resolved))
    for name in found:
        if name in inputs or name not in derived:  # its rows come from outside
            columns[name] = ["any"] * found[name]
    _flow(schema, rules, columns)
    for name, types in columns.items():
        relations[name] = _signature(name, ["any" if t == UNKNOWN else t for t in types])
    return replace(schema, relations=relations)


def _used(schema: Schema, clauses: Iterable[Clause], report: Report) -> dict[str, int]:
    """The undeclared relations and how many arguments their first use has."""
    found: dict[str, int] = {}
    for clause in clauses:
        for atom in _atoms(clause):
            if atom.name in found or atom.name in schema.relations or atom.name in schema.actions:
                continue
            found[atom.name] = len(atom.args)
            if len(atom.args) > MAX_ARGUMENTS:
                too_many(atom.name, len(atom.args), atom.span, report)
    return found


def _atoms(clause: Clause) -> Iterator[Atom]:
    if clause.kind in ("relation", "absent"):
        yield clause.head
    if clause.effect is not None:
        yield clause.effect
    for literal in literals(clause.body):
        if literal.tense is None:
            yield literal.atom


def _signature(name: str, types: list[str]) -> Signature:
    params = tuple(Param(f"#{i + 1}", t) for i, t in enumerate(types))
    return Signature(name, params, tuple(types))


def _constant(clause: Clause, types: list[str]) -> bool:
    """Take the types of a fact's constants; whether it was a fact of constants."""
    args = clause.head.args
    if len(args) != len(types):
        return True  # an error that is reported later
    for place, term in enumerate(args):
        if not isinstance(term, Const):
            return False
        _put(types, place, value_type(term.value))
    return True


def _put(types: list[str], place: int, type_: str) -> bool:
    new = type_ if types[place] == UNKNOWN else join(types[place], type_)
    changed = new != types[place]
    types[place] = new
    return changed


def _flow(schema: Schema, rules: list[Resolved], columns: dict[str, list[str]]) -> None:
    """Carry types from bodies to heads until nothing changes."""
    progress = True
    while progress:
        progress = False
        relations = {**schema.relations, **{n: _signature(n, t) for n, t in columns.items()}}
        current = replace(schema, relations=relations)
        for rule in rules:
            typing = Typing(current, Report())
            typing.infer((), (), rule.body)
            types = columns[rule.clause.head.name]
            for place, term in enumerate(rule.args):
                found = typing.type_of(term)
                if found is not None and found != UNKNOWN:
                    progress = _put(types, place, base(schema.types, found)) or progress
