"""From modules to a checked program."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import check_because, explicit_id, resolve_overrides
from mpr_logic.analysis.canonical import short_id
from mpr_logic.analysis.core import Fact, Program, Rule
from mpr_logic.analysis.infer import infer
from mpr_logic.analysis.keyed import conflict, key_columns, key_text
from mpr_logic.analysis.occurrences import CALL, Calls, calls_read, is_history
from mpr_logic.analysis.prepare import Preparer
from mpr_logic.analysis.report import Report, where
from mpr_logic.analysis.schema import collect
from mpr_logic.analysis.strata import Edges, dependencies, nest, stratify
from mpr_logic.analysis.undeclared import suggest
from mpr_logic.errors import ProgramError
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from mpr_logic.analysis.core import Schema
    from mpr_logic.analysis.prepare import Prepared
    from mpr_logic.language.ast import Clause, Module, Row, Value
    from mpr_logic.language.diagnostics import Diagnostic


def analyse(modules: Sequence[Module], *, declared: bool = True, inputs: Collection[str] = ()) -> Program:
    """Check modules as one program.

    Args:
        modules: the parsed texts.
        declared: whether every relation must be declared. Where not, the types of what is not
            declared are inferred from the facts and rules; actions must be declared all the same.
        inputs: with ``declared=False``, relations whose rows come from outside: their arguments
            are of any type unless declared.

    Raises:
        ProgramError: names, types, safety or strata are wrong; it carries every diagnostic.
    """
    report = Report()
    schema = collect((s for m in modules for s in m.statements), report, built_in=declared)
    clauses = [c for m in modules for c in m.clauses]
    if not declared:
        schema = infer(schema, clauses, inputs, report)
    build = _Build(schema, report)
    for clause in clauses:
        build.add(clause)
    program = build.program()
    if report.unknown:
        suggest(report, schema, clauses)
    if declared:
        nest(program.strata, build.edges, report)
    if report.broken:
        raise ProgramError(in_order(report, modules))
    return program


def in_order(report: Report, modules: Sequence[Module]) -> list[Diagnostic]:
    """The findings, errors before warnings, in the order of the texts, each with its source line."""
    place = {m.file: i for i, m in reversed(list(enumerate(modules)))}
    sources: dict[str, set[str]] = {}
    for module in modules:
        sources.setdefault(module.file, set()).add(module.source)
    # two texts of one name: a line of the wrong one would mislead
    lines = {file: next(iter(texts)).split("\n") for file, texts in sources.items() if len(texts) == 1}
    found = [replace(d, source_line=_line(lines.get(d.span.file, ()), d.span.line)) for d in report.found]
    return sorted(
        found, key=lambda d: (d.severity != "error", place.get(d.span.file, 0), d.span.line, d.span.column)
    )


def _line(lines: Sequence[str], number: int) -> str | None:
    return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else None


class _Build:
    """The program as it grows, clause by clause."""

    def __init__(self, schema: Schema, report: Report) -> None:
        self.schema = schema
        self.report = report
        self.preparer = Preparer(schema, report)
        self.rules: list[Rule] = []
        self.facts: dict[tuple[str, Row], Fact] = {}
        self.ids: dict[str, tuple[str, Clause]] = {}  # the canonical text and clause behind an id
        self.named: dict[str, list[Rule]] = {}
        self.edges: Edges = {}
        self.lines: list[str] = []
        self.constants: set[Value] = set()
        self.effects: dict[str, Clause] = {}  # the first clause with an effect on a relation
        self.history: list[Fact] = []
        self.calls: set[str] = set()

    def add(self, clause: Clause) -> None:
        """Check one clause and add its fact or rule."""
        given = explicit_id(clause, self.report) if clause.annotations else None
        prepared = self.preparer.prepare(clause)
        if prepared is None:
            return
        if clause.annotations:
            check_because(clause, prepared.plan.bound, self.report)
        self.constants.update(prepared.constants)
        if prepared.row is not None:
            self._add_fact(clause, prepared, prepared.row, given)
        else:
            self._add_rule(clause, prepared, given)

    def _add_fact(self, clause: Clause, prepared: Prepared, row: Row, given: str | None) -> None:
        if given is not None:
            self._claim(given, prepared.text, clause)
        self.lines.append(f"{prepared.text} {clause.weight!r} {_written(clause)}")
        key = (prepared.plan.head, row)
        fact = Fact(prepared.plan.head, row, clause.weight, clause.span)
        old = self.facts.pop(key, None)  # stated again, it is the later observation
        self.facts[key] = fact if old is None or old.weight < fact.weight else old
        if is_history(fact.relation):
            self.history.append(fact)

    def _add_rule(self, clause: Clause, prepared: Prepared, given: str | None) -> None:
        plan = prepared.plan
        name = given or short_id(prepared.text)
        id_ = self._claim(name, prepared.text, clause)
        rule = Rule(id_, plan.head, prepared.args, prepared.body, clause.weight, plan.given, clause)
        self.rules.append(rule)
        self.named.setdefault(name, []).append(rule)
        self.lines.append(f"{prepared.text} {clause.weight!r} {id_} {_written(clause)}")
        if prepared.new:
            if clause.effect is not None:
                self.effects.setdefault(clause.effect.name, clause)
            for used, how, span in dependencies(prepared.body):
                self.edges.setdefault((plan.head, used, how), span)
            self.calls.update(calls_read(prepared.body))

    def _claim(self, name: str, text: str, clause: Clause) -> str:
        """The id for a clause that wants this name: equal clauses get a number behind it."""
        if name not in self.ids:
            self.ids[name] = (text, clause)
            return name
        other_text, other = self.ids[name]
        if other_text != text:
            annotation = next((a for a in clause.annotations if a.name == "id"), None)
            self.report.error(
                "E0213",
                f"two clauses have the id `{name}`",
                annotation.span if annotation else clause.span,
                f"the other stands{where(other.span)}: rename one of them",
            )
        number = 2
        while f"{name}-{number}" in self.ids:
            number += 1
        self.ids[f"{name}-{number}"] = (text, clause)
        return f"{name}-{number}"

    def program(self) -> Program:
        """Check what concerns the rules together; the program is whole only where nothing is reported."""
        derived = dict.fromkeys(r.head for r in self.rules)
        self._check_effects(derived)
        self._check_keys()
        overrides = resolve_overrides(
            (r for r in self.rules if r.clause.annotations), self.named, self.report
        )
        strata, recursive = stratify(derived, self.edges, self.report)
        return Program(
            schema=self.schema,
            rules=tuple(self.rules),
            facts=(*self.facts.values(), *self._numbered()),
            strata=strata,
            recursive=recursive,
            overrides=overrides,
            version=self._version(),
            arity=_arities(self.schema, self.rules, self.calls),
            constants=frozenset(self.constants),
            history=tuple(self.history),
            calls=frozenset(self.calls),
        )

    def _numbered(self) -> Iterator[Fact]:
        """The calls that the text states and aggregates tell apart."""
        calls = Calls()
        for relation, row, weight, span in self.history:
            number = calls.enter(relation, row, weight)
            if relation in self.calls:
                yield Fact(CALL + relation, (number, *row), weight, span)

    def _check_effects(self, derived: dict[str, None]) -> None:
        for relation, clause in self.effects.items():
            if relation not in derived:
                continue
            rule = next(r for r in self.rules if r.head == relation)
            span = clause.effect.span if clause.effect is not None else clause.span
            self.report.error(
                "E0220",
                f"`{relation}` is derived by rules, so no action can change it",
                span,
                f"let the action change what the rule{where(rule.clause.span)} reads",
            )

    def _check_keys(self) -> None:
        columns = key_columns(self.schema.relations)
        if not columns:
            return
        for rule in self.rules:
            if rule.head in columns:
                self.report.error(
                    "E0227",
                    f"`{rule.head}` is derived by this rule, so it cannot have a key",
                    rule.clause.head.span,
                    "take the key away, or derive another relation: which of two derived rows came later?",
                )
        found = conflict(self.facts.values(), columns)
        if found is not None:
            first, second = found
            self.report.error(
                "E0226",
                f"`{print_row(second.relation, second.row)}` has the key of "
                f"`{print_row(first.relation, first.row)}`{where(first.span)}",
                second.span,
                f"`{first.relation}` has {key_text(self.schema.relations[first.relation])}: keep one of them",
            )

    def _version(self) -> str:
        schema = self.schema
        lines = [f"type {name} {base}" for name, base in sorted(schema.types.items())]
        for word, group in (("decl", schema.relations), ("action", schema.actions)):
            for name in sorted(group):
                each = group[name]
                if each.builtin:
                    continue
                params = ",".join(f"{p.name}{'?' if p.optional else ''}:{p.type}" for p in each.params)
                attributes = "" if each.attributes[1:] == _PLAIN else f" {each.attributes[1:]}"
                lines.append(f"{word} {name}({params}) {each.open_world}{attributes}")
        lines += [f"closed {name}" for name in sorted(schema.closed)]
        lines += ["all closed"] if schema.all_closed else []
        text = "\n".join([*lines, *sorted(self.lines)])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_PLAIN = (False, None, None, False)  # no attributes beside open_world


def _written(clause: Clause) -> str:
    """The annotations of a clause, for the version: texts and overrides are part of a program."""
    return " ".join(f"@{a.name}{[c.value for c in a.args]}" for a in clause.annotations)


def _arities(schema: Schema, rules: Sequence[Rule], calls: Iterable[str]) -> dict[str, int]:
    """The number of arguments of every core relation that can have rows."""
    found: dict[str, int] = {}
    for name, signature in schema.relations.items():
        found[name] = signature.arity
        if signature.open_world:
            found[f"not {name}"] = signature.arity
    for name, signature in schema.actions.items():
        for word in ("past", "succeeded", "failed", "forbid", "permit", "prefer"):
            found[f"{word} {name}"] = signature.arity
    for relation in calls:
        found[CALL + relation] = found[relation] + 1
    for rule in rules:
        found[rule.head] = len(rule.args)
    return found
