"""Undeclared names: their arguments and types, as the uses show them.

:func:`suggest` writes the missing declaration into the diagnostic. In plain Datalog, where relations need no
declaration, :func:`infer` makes their signatures: arities by first use, types by flow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import BUILT_IN, CLOCK
from mpr_logic.analysis.desugar import Context, expand
from mpr_logic.analysis.desugar.windows import FORMS, asks_clock
from mpr_logic.analysis.normalise import apart
from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.program import Signature
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.resolve import Resolver, resolve_clause
from mpr_logic.analysis.schema import MAX_ARGUMENTS, too_many
from mpr_logic.analysis.terms import flat, item_terms
from mpr_logic.analysis.types import UNKNOWN, Typing, base, join, value_type
from mpr_logic.language.ast import Arithmetic, Call, Comparison, Const, Literal, Param, Test, Var
from mpr_logic.language.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import Atom, Clause, Term


_UNKNOWN = "symbol"
"""The type of an argument of which the uses show nothing."""


def suggest(report: DiagnosticCollector, schema: Schema, clauses: Sequence[Clause]) -> None:
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
    """Resolver for arguments: those of the variables there, where they have one."""
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
        yield FUNCTIONS[term.function].gives
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
    for item in flat(clause.body):
        if isinstance(item, Comparison):
            for one, other in ((item.left, item.right), (item.right, item.left)):
                if isinstance(one, Var):
                    for type_ in _types(other, found):
                        found.setdefault(one.name, type_)
        elif isinstance(item, Test):
            for term in item_terms(item):
                if isinstance(term, Var):
                    found.setdefault(term.name, _kind(item))
    return found


def _kind(item: Test) -> str:
    """The type of what a test is about."""
    kind = item.args[1]
    if item.name != "is" or not isinstance(kind, Const):
        return "symbol"
    return "any" if item.negated else str(kind.value)


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
    for item in flat(clause.body):
        if isinstance(item, Literal):
            yield "action" if item.tense in HISTORY else "relation", item.atom


# ---- plain Datalog: signatures for what is not declared


def infer(
    schema: Schema,
    clauses: Sequence[Clause],
    inputs: Collection[str],
    report: DiagnosticCollector,
    *,
    clock: bool = False,
) -> Schema:
    """The schema with a signature for every relation that is used but not declared.

    An argument has the type of the constants and variables that rules put there; one that nothing
    in the text determines, or whose rows come from outside (``inputs``), is of type any. With ``clock`` the
    relations of the time of the check are there too, unless the program has its own of their names.
    """
    heads = {c.head.name if c.effect is None else c.effect.name for c in clauses}
    own = {*schema.relations, *schema.actions, *heads, *inputs}
    if clock and own.isdisjoint(CLOCK):
        schema = replace(schema, relations={**schema.relations, **{name: BUILT_IN[name] for name in CLOCK}})
        found = _used(schema, clauses, report, tests=FORMS.keys() - own)
    else:
        _see_that_nobody_asks_a_clock(clauses, own, report)
        found = _used(schema, clauses, report)
    relations = {**schema.relations, **{n: _signature(n, [UNKNOWN] * k) for n, k in found.items()}}
    rules: list[Resolved] = []
    columns: dict[str, list[str]] = {n: [UNKNOWN] * k for n, k in found.items()}
    names = Resolver(replace(schema, relations=relations), DiagnosticCollector())
    derived = {*heads, *inputs}
    for clause in clauses:
        if clause.kind != "relation" or clause.head.name not in found:
            continue
        if clause.body or not _constant(clause, columns[clause.head.name]):
            for part in expand(clause, Context(names.schema, names.report)):
                resolved = resolve_clause(part.clause, names)
                if resolved is not None:
                    rules.append(apart(resolved))
    for name in found:
        if name in inputs or name not in derived:  # its rows come from outside
            columns[name] = ["any"] * found[name]
    _flow(schema, rules, columns)
    for name, types in columns.items():
        relations[name] = _signature(name, ["any" if t == UNKNOWN else t for t in types])
    return replace(schema, relations=relations)


def _see_that_nobody_asks_a_clock(
    clauses: Iterable[Clause], own: Collection[str], report: DiagnosticCollector
) -> None:
    """Report what asks for the time of the check, where nothing tells it and no relation has its name."""
    for clause in clauses:
        for kind, atom in _atoms(clause):
            if kind == "relation" and atom.name not in own and asks_clock(atom):
                report.error(
                    "E0262",
                    f"`{atom.name}` asks for the time of the check, and nothing tells it here",
                    atom.span,
                    'say it: `evaluate(.., now="2026-01-31T10:00:00Z")`; or compare with a time of your own',
                )


def _used(
    schema: Schema, clauses: Iterable[Clause], report: DiagnosticCollector, tests: Collection[str] = ()
) -> dict[str, int]:
    """The undeclared relations and how many arguments their first use has; ``tests`` are none."""
    found: dict[str, int] = {}
    for clause in clauses:
        for kind, atom in _atoms(clause):
            if (
                kind != "relation"
                or atom.name in found
                or atom.name in tests
                or atom.name in schema.relations
                or atom.name in schema.actions
            ):
                continue
            found[atom.name] = len(atom.args)
            if len(atom.args) > MAX_ARGUMENTS:
                too_many(atom.name, len(atom.args), atom.span, report)
    return found


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
            typing = Typing(current, DiagnosticCollector())
            typing.infer((), (), rule.body)
            types = columns[rule.clause.head.name]
            for place, term in enumerate(rule.args):
                found = typing.type_of(term)
                if found is not None and found != UNKNOWN:
                    progress = _put(types, place, base(schema.types, found)) or progress
