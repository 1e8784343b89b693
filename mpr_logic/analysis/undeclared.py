"""What to declare for a name that is used and not declared: arguments and types, as its uses show them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.lattice import value_type
from mpr_logic.language.ast import Aggregate, Arithmetic, Call, Comparison, Const, Literal, Test, Var
from mpr_logic.language.foreign import RELATIONS, VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.analysis.core import Schema, Signature
    from mpr_logic.analysis.report import Report
    from mpr_logic.language.ast import Atom, BodyItem, Clause, Term

_UNKNOWN = "symbol"
"""The type of an argument of which the uses show nothing."""


def elsewhere(name: str) -> str:
    """What to write instead of a relation that other languages have built in; nothing for any other."""
    if name in VERDICTS:
        return f"an action is spoken of by `{VERDICTS[name]} ACTION :- body.`"
    return RELATIONS.get(name, "")


def suggest(report: Report, schema: Schema, clauses: Sequence[Clause]) -> None:
    """Write out, in the report, the declaration of each name that is not declared."""
    for (kind, name), place in report.unknown.items():
        word = ".decl" if kind == "relation" else ".action"
        declared = f"{word} {name}({_arguments(kind, name, schema, clauses)})"
        found = report.found[place]
        help = found.help.replace(f"{word} {name}(...)", declared)
        if help == found.help:
            end, article = "" if help.endswith("?") else ".", "a" if kind == "relation" else "an"
            help += f"{end} If {article} {kind} is meant, declare it: {declared}"
        report.found[place] = replace(found, help=help)


def _arguments(kind: str, name: str, schema: Schema, clauses: Iterable[Clause]) -> str:
    """The arguments of a name, each with a type, as its uses show them."""
    uses = [
        (clause, atom) for clause in clauses for of, atom in _atoms(clause) if (of, atom.name) == (kind, name)
    ]
    placed = [atom for _, atom in uses if not atom.names]
    labels = _labels(placed[0].args) if placed else dict.fromkeys(n for _, atom in uses for n in atom.names)
    types: dict[str, set[str]] = {label: set() for label in labels}
    for clause, atom in uses:
        known = _variables(clause, schema)
        named = zip(atom.names or labels, atom.args, strict=False)
        for label, term in named if atom.names or len(atom.args) == len(types) else ():
            if label in types:
                types[label].update(_types(term, known))
    return ", ".join(f"{label}: {_type(found)}" for label, found in types.items())


def _type(found: set[str]) -> str:
    if len(found) > 1 and not found <= {"bool", "symbol"}:
        return "float" if found <= {"int", "float"} else "any"
    return (found - {"bool"} or found or {_UNKNOWN}).pop()


def _labels(terms: Sequence[Term]) -> list[str]:
    """Names for arguments: those of the variables there, where they have one."""
    found: list[str] = []
    for place, term in enumerate(terms):
        label = f"x{place + 1}"
        if isinstance(term, Var) and term.name.strip("_"):
            label = term.name.strip("_")
            label = label[:1].lower() + label[1:]
        label = label if "a" <= label[:1] <= "z" else f"x{place + 1}"
        found.append(label if label not in found else f"{label}{place + 1}")
    return found


def _types(term: Term, known: dict[str, str]) -> Iterator[str]:
    if isinstance(term, Const):
        yield value_type(term.value)
    elif isinstance(term, Var) and term.name in known:
        yield known[term.name]
    elif isinstance(term, Call):
        yield "int" if term.function == "length" else "symbol"
    elif isinstance(term, Arithmetic):
        yield from {*_types(term.left, known), *_types(term.right, known)} or {"int"}


def _variables(clause: Clause, schema: Schema) -> dict[str, str]:
    """The types of the variables of a clause, as far as its other atoms, comparisons and tests show them."""
    found: dict[str, str] = {}
    for of, atom in _atoms(clause):
        signature = (schema.relations if of == "relation" else schema.actions).get(atom.name)
        for type_, term in _columns(signature, atom) if signature is not None else ():
            if isinstance(term, Var) and not term.anonymous:
                found.setdefault(term.name, type_)
    for item in _items(clause.body):
        if isinstance(item, Comparison):
            for one, other in ((item.left, item.right), (item.right, item.left)):
                if isinstance(one, Var):
                    for type_ in _types(other, found):
                        found.setdefault(one.name, type_)
        elif isinstance(item, Test):
            for term in item.args:
                if isinstance(term, Var):
                    found.setdefault(term.name, "symbol")
    return found


def _columns(signature: Signature, atom: Atom) -> Iterator[tuple[str, Term]]:
    if atom.names:
        types = {param.name: param.type for param in signature.params}
        yield from ((types[n], t) for n, t in zip(atom.names, atom.args, strict=True) if n in types)
    elif len(atom.args) == signature.arity:
        yield from zip((param.type for param in signature.params), atom.args, strict=True)


def _atoms(clause: Clause) -> Iterator[tuple[str, Atom]]:
    """The atoms of a clause, each with what its name stands for."""
    yield "relation" if clause.kind in ("relation", "absent") else "action", clause.head
    if clause.effect is not None:
        yield "relation", clause.effect
    for item in _items(clause.body):
        if isinstance(item, Literal):
            yield "relation" if item.tense is None else "action", item.atom


def _items(body: Iterable[BodyItem]) -> Iterator[BodyItem]:
    for item in body:
        yield item
        if isinstance(item, Aggregate):
            yield from item.body
