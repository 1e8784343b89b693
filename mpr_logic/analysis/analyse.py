"""From modules to a checked program."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.annotations import check_because, explicit_id, resolve_overrides
from mpr_logic.analysis.builtin_relations import DEFINED, UNCHANGED, definition
from mpr_logic.analysis.canonical import clause_template, clause_text, fill, short_id, whole_text
from mpr_logic.analysis.desugar import Context, expand
from mpr_logic.analysis.desugar.classes import class_of, histories_read, history_rules, member_rules
from mpr_logic.analysis.desugar.placed import age_rules, ages_read
from mpr_logic.analysis.enumerations import Watched, check_constants, check_sets, enumerated_places, watched
from mpr_logic.analysis.informed import asking_rules
from mpr_logic.analysis.key_constraints import conflict, key_columns, key_text
from mpr_logic.analysis.normalise import Normaliser, apart, as_stored
from mpr_logic.analysis.occurrences import (
    CALL,
    CLASS,
    FIRST,
    LAST,
    Calls,
    end_of,
    is_history,
    numbered_read,
    split_numbered,
)
from mpr_logic.analysis.program import Fact, Program, Rule
from mpr_logic.analysis.readings import check_readings
from mpr_logic.analysis.report import DiagnosticCollector, where
from mpr_logic.analysis.resolve import FACTS_ONLY, Resolved, Resolver, resolve_clause
from mpr_logic.analysis.safety import Safety
from mpr_logic.analysis.schema import collect
from mpr_logic.analysis.shapes import clause_shape, with_placeholders
from mpr_logic.analysis.strata import Edges, dependencies, nest, stratify
from mpr_logic.analysis.tells import check_tells
from mpr_logic.analysis.terms import core_body, item_terms, names, term_vars
from mpr_logic.analysis.times import MOMENTS
from mpr_logic.analysis.types import Typing, columns_of
from mpr_logic.analysis.unchanged import (
    changing,
    class_of_changes,
    of_the_call,
    reads_unchanged,
    unchanged_clause,
)
from mpr_logic.analysis.undeclared import infer, suggest
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Atom, Const, Literal, UseDecl, Var
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import BodyItem, Clause, Module, Row, Span, Term, Value
    from mpr_logic.language.diagnostics import Diagnostic


def analyse(
    modules: Sequence[Module],
    *,
    declared: bool = True,
    inputs: Collection[str] = (),
    params: Mapping[str, object] | None = None,
    clock: bool = False,
) -> Program:
    """Check modules as one program.

    Args:
        modules: the parsed texts.
        declared: whether every relation must be declared. Where not, the types of what is not
            declared are inferred from the facts and rules; actions must be declared all the same.
        inputs: with ``declared=False``, relations whose rows come from outside: their arguments
            are of any type unless declared.
        params: the values of parameters (``.param``), by name; the others have their defaults.
        clock: with ``declared=False``, somebody tells the time of the check.

    Raises:
        ProgramError: names, types, safety or strata are wrong, or a parameter has no value or a wrong one; it
            carries every diagnostic.
        OptionError: ``params`` names what is no parameter.
    """
    report = DiagnosticCollector()
    for used in (s for m in modules for s in m.statements if isinstance(s, UseDecl)):
        help = "put the rules into a file, and load that: paths begin in the folder of the file"
        report.error("E0280", "only a file can use other files", used.span, help)
    statements = [s for m in modules for s in m.statements]
    schema = collect(statements, report, built_in=declared, params=params)
    clauses = [c for m in modules for c in m.clauses]
    if not declared:
        schema = infer(schema, clauses, inputs, report, clock=clock)
    build = _Build(schema, report, named=any("$" in m.source or not m.source for m in modules))
    for clause in clauses:
        build.add(clause)
    build.define()
    program = build.program()
    if report.unknown:
        suggest(report, schema, clauses)
    if declared:
        nest(program.strata, build.edges, report)
        check_readings(schema, program.rules, report)
    if report.broken:
        raise ProgramError(in_order(report, modules))
    return program


def in_order(report: DiagnosticCollector, modules: Sequence[Module]) -> list[Diagnostic]:
    """The findings, errors before warnings, in the order of the texts, each with its source line."""
    place = {m.file: i for i, m in reversed(list(enumerate(modules)))}
    sources: dict[str, set[str]] = {}
    for module in modules:
        sources.setdefault(module.file, set()).add(module.source)
    # two texts of one name: a line of the wrong one would mislead
    lines = {file: next(iter(texts)).split("\n") for file, texts in sources.items() if len(texts) == 1}
    told = dict.fromkeys(report.found)  # a file that is used under two prefixes says the same twice
    found = [replace(d, source_line=_line(lines.get(d.span.file, ()), d.span.line)) for d in told]
    return sorted(
        dict.fromkeys(found),
        key=lambda d: (d.severity != "error", place.get(d.span.file, 0), d.span.line, d.span.column),
    )


def _line(lines: Sequence[str], number: int) -> str | None:
    return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else None


class Name(NamedTuple):
    """The name of a rule: the one that its clause wants, the id that it gets, and its number among the rules
    of that clause."""

    wanted: str
    id: str
    part: int


class _Build:
    """The program as it grows, clause by clause."""

    def __init__(self, schema: Schema, report: DiagnosticCollector, *, named: bool = True) -> None:
        self.schema = schema
        self.report = report
        self.preparer = Preparer(schema, report, named=named)
        self.rules: list[Rule] = []
        self.facts: dict[tuple[str, Row], Fact] = {}
        self.ids: dict[str, tuple[str, Clause]] = {}  # the canonical text and clause behind an id
        self.named: dict[str, list[Rule]] = {}
        self.edges: Edges = {}
        self.lines: list[str] = []
        self.effects: dict[str, Clause] = {}  # the first clause with an effect on a relation
        self.history: list[Fact] = []
        self.numbered: set[str] = set()  # relations with numbers of calls, as rules read them
        self.ages: dict[str, None] = {}  # of calls, likewise
        self.histories: dict[str, None] = {}  # of classes, as rules read them
        self.unchanged: dict[str, None] = {}  # the actions of whose calls rules ask `failed_unchanged`

    def add(self, clause: Clause) -> None:
        """Check one clause and add its facts or rules."""
        given = explicit_id(clause, self.report) if clause.annotations else None
        prepared = self.preparer.prepare(clause)
        if prepared is None:
            return
        if clause.annotations:
            check_because(clause, prepared.bound, self.report, self.schema.constants)
        name = given or short_id(prepared.text)
        id_: str | None = None
        for number, part in enumerate(prepared.parts):
            if part.row is not None:
                if given is not None and id_ is None:
                    id_ = self._claim(given, prepared.text, clause)
                self._add_fact(clause, part, part.row)
            else:
                id_ = id_ or self._claim(name, prepared.text, clause)
                self._add_rule(clause, part, Name(name, id_, number))

    def _add_fact(self, clause: Clause, prepared: Prepared, row: Row) -> None:
        self.lines.append(f"{prepared.text} {clause.weight!r} {_annotations(clause)}")
        key = (prepared.plan.head, row)
        fact = Fact(prepared.plan.head, row, clause.weight, clause.span)
        old = self.facts.pop(key, None)  # stated again, it is the later observation
        self.facts[key] = fact if old is None or old.weight < fact.weight else old
        if is_history(fact.relation):
            self.history.append(fact)

    def _add_rule(self, clause: Clause, prepared: Prepared, name: Name) -> None:
        plan = prepared.plan
        rule = Rule(
            name.id,
            plan.head,
            prepared.args,
            prepared.body,
            clause.weight,
            plan.given,
            clause,
            name.part,
            self.schema.constants,
        )
        of = class_of(clause, self.schema)
        rules = [rule] if of is None else member_rules(rule, of, self.schema)
        if reads_unchanged(prepared.body) and self.schema.relations[UNCHANGED].builtin:
            rules = self._of_the_call(rules, new=prepared.new)
        self.rules += rules
        self.named.setdefault(name.wanted, []).extend(rules)
        self.lines.append(f"{prepared.text} {clause.weight!r} {name.id} {_annotations(clause)}")
        if prepared.new:
            if clause.effect is not None:
                self.effects.setdefault(clause.effect.name, clause)
            for used, how, span in dependencies(prepared.body):
                for each in rules:
                    self.edges.setdefault((each.head, used, how), span)
            self._read(prepared.body)

    def _read(self, body: Sequence[BodyItem]) -> None:
        """Note which relations of the history the rule with a body reads, beside the plain ones."""
        self.numbered.update(numbered_read(body))
        self.histories.update(dict.fromkeys(histories_read(body)))
        self.ages.update(dict.fromkeys(ages_read(body)))

    def _of_the_call(self, rules: list[Rule], *, new: bool) -> list[Rule]:
        """Rules that ask `failed_unchanged`, which is about the call that their heads speak of."""
        clause = rules[0].clause if rules else None
        if clause is None or clause.kind not in ("forbid", "permit", "prefer"):
            if clause is not None and new:
                self.report.error(
                    "E0294",
                    f"`{UNCHANGED}` is about the call that is proposed, and this rule is about none",
                    clause.head.span,
                    f"ask it in a rule about an action, such as `forbid any :- {UNCHANGED}`; elsewhere say "
                    "which call: `not succeeded b since failed a(X)`",
                )
            return rules
        found = [of_the_call(rule) for rule in rules]
        self.unchanged.update(dict.fromkeys(str(rule.action) for rule in found))
        for rule in found:
            for used, how, span in dependencies(rule.body):
                self.edges.setdefault((rule.head, used, how), span)
        return found

    def _add_unchanged(self) -> None:
        """Add the rules that say when a call has failed, and nothing that it depends on has changed since."""
        classes, relations = dict(self.schema.classes), dict(self.schema.relations)
        made = []
        for name in self.unchanged:
            action = self.schema.actions[name]
            of = class_of_changes(name, changing(name, self.rules, self.schema))
            clause = unchanged_clause(action, of)
            classes[of.signature.name] = of
            relations[clause.head.name] = replace(action, name=clause.head.name, span=None, builtin=True)
            made.append(clause)
        self.schema = replace(self.schema, classes=classes, relations=relations)
        self.preparer.schema = self.schema
        self.preparer.context = replace(self.preparer.context, schema=self.schema)
        for clause in made:
            self.add(clause)

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

    def define(self) -> None:
        """Add the rules of the language for the built-in relations that the program reads."""
        if self.unchanged:
            self._add_unchanged()
        for relation in self.ages:
            for rule in age_rules(relation, self.schema):
                self._add_hidden(rule)
        read = {used for _, used, _ in self.edges}
        for name in DEFINED:
            if name in read and self.schema.relations[name].builtin:
                self.add(definition(name, read))

    def program(self) -> Program:
        """Check what concerns the rules together; the program is whole only where nothing is reported."""
        self._add_histories()
        derived = dict.fromkeys(r.head for r in self.rules)
        self._check_effects(derived)
        self._check_keys()
        overrides = resolve_overrides(
            (r for r in self.rules if r.clause.annotations and r.part == 0), self.named, self.report
        )
        uncertain = self._add_asking() if self.schema.tells else frozenset()
        strata, recursive = stratify(derived, self.edges, self.report)
        return Program(
            schema=self.schema,
            rules=tuple(self.rules),
            facts=(*self.facts.values(), *self._numbered(), *self._members()),
            strata=strata,
            recursive=recursive,
            overrides=overrides,
            version=self._version(),
            arity=_arities(self.schema, self.rules, [*self.numbered, *self.histories])
            | dict.fromkeys(self.preparer.context.sets, 1),
            history=tuple(self.history),
            calls=frozenset(n.removeprefix(CALL) for n in self.numbered if n.startswith(CALL)),
            ends=frozenset(n for n in self.numbered if n.startswith((FIRST, LAST))),
            uncertain=uncertain,
        )

    def _add_histories(self) -> None:
        """Add the rules that derive the histories of classes from those of their members."""
        self.numbered = {name for name in self.numbered if not split_numbered(name)[1].startswith(CLASS)}
        for relation in self.histories:
            for rule in history_rules(relation, self.schema):
                self._add_hidden(rule)

    def _add_hidden(self, rule: Rule) -> None:
        """Add a rule that no author wrote."""
        self.rules.append(rule)
        for used, how, _ in dependencies(rule.body):
            self.edges.setdefault((rule.head, used, how), rule.clause.span)
        self._read(rule.body)

    def _add_asking(self) -> frozenset[str]:
        """Add the rules that ask to look first; returns the relations that calls tell."""
        check_tells(self.schema, self.rules, self.report)
        asking, uncertain = asking_rules(self.rules, self.schema, self.report)
        for rule in asking:
            self._add_hidden(rule)
        return uncertain

    def _numbered(self) -> Iterator[Fact]:
        """The calls that the text states and rules tell apart, and the first and last ones."""
        calls = Calls()
        ends: dict[tuple[str, Row], Fact] = {}
        for relation, row, weight, span in self.history:
            number = calls.enter(relation, row, weight)
            if CALL + relation in self.numbered:
                yield Fact(CALL + relation, (number, *row), weight, span)
            for name in (FIRST + relation, LAST + relation):
                if name in self.numbered:
                    old = ends.get((name, row))
                    ends[name, row] = end_of(old, Fact(name, (number, *row), weight, span))
        yield from ends.values()

    def _members(self) -> Iterator[Fact]:
        """The members of the sets that rules speak of."""
        for name, (values, span) in self.preparer.context.sets.items():
            for value in values:
                yield Fact(name, (value,), 1.0, span)

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
        lines += [f"values {name} {values!r}" for name, values in sorted(schema.members.items())]
        lines += [
            f"constant {name} {each.values!r} {each.type}" for name, each in sorted(schema.constants.items())
        ]
        for word, group in (("decl", schema.relations), ("action", schema.actions)):
            for name in sorted(group):
                each = group[name]
                if each.builtin:
                    continue
                params = ",".join(f"{'+' * p.bound}{p.name}{'?' * p.optional}:{p.type}" for p in each.params)
                _, *others, complete = each.attributes
                attributes = "" if tuple(others) == _PLAIN else f" {tuple(others)}"
                attributes += " complete" if complete else ""  # so that others have the version they had
                lines.append(f"{word} {name}({params}) {each.open_world}{attributes}")
        for name, of in sorted(schema.classes.items()):
            if not of.signature.builtin:
                params = ",".join(f"{p.name}:{p.type}" for p in of.signature.params[: of.shared])
                lines.append(f"class {name}({params}) {sorted(of.members)}")
        lines += [f"closed {name}" for name in sorted(schema.closed)]
        lines += ["all closed"] if schema.all_closed else []
        lines += [f"reads only {name}" for name in sorted(schema.reading)] if self.unchanged else []
        lines += sorted(f"tells {each[:4]}" for each in schema.tells)
        text = "\n".join([*lines, *sorted(self.lines)])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_PLAIN = (False, None, None, False)  # no attributes beside open_world and complete


def _annotations(clause: Clause) -> str:
    """The annotations of a clause, for the version: texts and overrides are part of a program."""
    return " ".join(f"@{a.name}{[c.value for c in a.args]}" for a in clause.annotations)


def _arities(schema: Schema, rules: Sequence[Rule], more: Iterable[str]) -> dict[str, int]:
    """The number of arguments of every core relation that can have rows."""
    found: dict[str, int] = {}
    for name, signature in schema.relations.items():
        found[name] = signature.arity
        if signature.open_world:
            found[f"not {name}"] = signature.arity
    for name, signature in schema.actions.items():
        for word in ("past", "succeeded", "failed", "forbid", "permit", "prefer"):
            found[f"{word} {name}"] = signature.arity
    for relation in more:
        found[relation] = columns_of(schema, relation).arity
    for rule in rules:
        found[rule.head] = len(rule.args)
    return found


# ---- one clause: from the tree to core relations, checked in full once for each shape

Picks = tuple[int, ...]
"""For each argument its place in the written atom; -1 is an argument left out."""


@dataclass(frozen=True, slots=True)
class LiteralRewrite:
    """The rewriting of a literal to one of a core relation: its name, its arguments where they move, and how
    many of them must be bound."""

    core: str
    negated: bool
    picks: Picks | None
    given: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShapePlan:
    """The part of the analysis that every clause of one shape shares.

    ``items`` says for each body item how it changes (None: it does not); the whole is None where
    the body is rewritten (:mod:`mpr_logic.analysis.normalise`) for every clause anew.
    """

    head: str
    given: int
    fact: bool
    stored: tuple[str, ...]  # of a fact: its columns' types, where some store a constant as another value
    picks: Picks | None
    items: tuple[LiteralRewrite | None, ...] | None
    env: Mapping[str, str]
    template: tuple[tuple[str, ...], tuple[int, ...]] | None
    bound: frozenset[str]  # what a because-text may name
    watched: tuple[Watched, ...] = ()  # the constants that an enumerated type must list


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clause without errors, resolved: ``row`` for a fact, ``args`` and ``body`` for a rule.
    ``text`` is its canonical text; ``new``: it is the first clause of its shape."""

    plan: ShapePlan
    args: tuple[Term, ...]
    body: tuple[BodyItem, ...]
    row: Row | None
    text: str
    constants: list[Value]
    new: bool


@dataclass(frozen=True, slots=True)
class PreparedClause:
    """A clause without errors: its core clauses, each resolved. ``text`` is its canonical text, ``bound``
    what its because-text may name."""

    parts: tuple[Prepared, ...]
    text: str
    bound: frozenset[str]


class Preparer:
    """Prepares the clauses of one program under one schema."""

    def __init__(self, schema: Schema, report: DiagnosticCollector, *, named: bool = True) -> None:
        self.schema = schema
        self.report = report
        self.context = Context(schema, report, named=named)
        self.plans: dict[Hashable, ShapePlan | None] = {}  # None: clauses of this shape are wrong

    def prepare(self, clause: Clause) -> PreparedClause | None:
        """The clause in core relations; None where it is wrong (reported)."""
        parts = expand(clause, self.context)
        if len(parts) == 1:
            whole = self._core(parts[0].clause)
            return None if whole is None else PreparedClause((whole,), whole.text, whole.plan.bound)
        found: dict[str, Prepared] = {}
        branches = self.report.branches()
        for part in parts:
            prepared = self._core(part.clause)
            branches.end(part.branch)
            if prepared is not None:
                found.setdefault(prepared.text, prepared)  # a branch that stands twice is one
        if not branches.name() or not found:
            return None
        bound = frozenset.intersection(*(each.plan.bound for each in found.values()))
        return PreparedClause(tuple(found.values()), whole_text(found), bound)

    def _core(self, clause: Clause) -> Prepared | None:
        key, constants = clause_shape(clause)
        plan = self.plans.get(key)
        new = plan is None
        if plan is None:
            plan = self._plan(clause)
            self.plans[key] = plan
            if plan is None:
                return None
        elif any(not place.takes(constants[number]) for number, place in plan.watched):
            self._plan(clause)  # which reports it
            return None
        if plan.fact:
            row = self._row(clause, plan)
            return Prepared(plan, (), (), row, f"{plan.head}{row!r}", constants, new)
        text = clause_text(self._resolve(clause)) if plan.template is None else fill(plan.template, constants)
        if plan.items is None:
            args, body = self._rewrite(clause, plan.env)
        else:
            args, body = _head_args(clause, plan.picks), core_body(clause)
            body = tuple(map(_change, body, plan.items)) if plan.items else body
        return Prepared(plan, args, body, None, text, constants, new)

    # -- once for each shape --------------------------------------------------------------------

    def _plan(self, clause: Clause) -> ShapePlan | None:
        before = self.report.broken
        resolved = resolve_clause(clause, Resolver(self.schema, self.report))
        if resolved is None:
            return None
        resolved = apart(resolved)
        env = Typing(self.schema, self.report, self.context.sets).check(resolved)
        Safety(resolved, self.schema, self.report).check()
        self._check_listed(resolved, env)
        if self.report.broken > before:
            return None
        fact = clause.kind in ("relation", *FACTS_ONLY) and not clause.body
        # of a relation with modes even a ground clause is a rule: nothing of it is stated
        fact = fact and not resolved.given and all(isinstance(t, Const) for t in resolved.args)
        bases = tuple(b for s in resolved.columns for b in s.bases)
        stored = fact and not {"float", *MOMENTS}.isdisjoint(bases)
        args, body = self._rewrite(clause, env)
        same = fact or (_all_same(args, resolved.args) and _all_same(body, resolved.body))
        abstract = self._resolve(with_placeholders(clause))
        return ShapePlan(
            head=resolved.head,
            given=resolved.given,
            fact=fact,
            stored=bases if stored else (),
            picks=_picks(_written(clause), resolved.args),
            items=_changes(core_body(clause), resolved.body) if same else None,
            env=env,
            template=clause_template(abstract),
            bound=frozenset(_bound(resolved)),
            watched=watched(enumerated_places(abstract, self.schema, env)),
        )

    def _check_listed(self, resolved: Resolved, env: Mapping[str, str]) -> None:
        """Report constants that are no values of an enumerated type."""
        span = resolved.clause.head.span
        check_constants(enumerated_places(resolved, self.schema, env), span, self.report)
        check_sets(resolved, self.schema, env, self.context.sets, self.report)

    def _resolve(self, clause: Clause) -> Resolved:
        resolved = resolve_clause(clause, Resolver(self.schema, DiagnosticCollector()))
        assert resolved is not None  # a clause of this shape was resolved before
        return apart(resolved)

    def _rewrite(
        self, clause: Clause, env: Mapping[str, str]
    ) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
        resolved = self._resolve(clause)
        return Normaliser(self.schema, env, self.context.sets).clause(resolved)

    # -- for each clause ------------------------------------------------------------------------

    def _row(self, clause: Clause, plan: ShapePlan) -> Row:
        args = _head_args(clause, plan.picks)
        values = [t.value for t in args if isinstance(t, Const)]
        if plan.stored:
            return tuple(map(as_stored, values, plan.stored))
        return tuple(values)


def _bound(clause: Resolved) -> set[str]:
    """The variables that have a value once the body holds: all that stand outside of braces."""
    found = names(v for t in clause.args for v in term_vars(t))
    for item in clause.body:
        found |= names(v for t in item_terms(item) for v in term_vars(t))
    return found


def _written(clause: Clause) -> tuple[Term, ...]:
    return clause.head.args if clause.effect is None else clause.head.args + clause.effect.args


def _head_args(clause: Clause, picks: Picks | None) -> tuple[Term, ...]:
    args = _written(clause)
    return args if picks is None else _pick(args, picks, clause.head.span)


def _pick(args: tuple[Term, ...], picks: Picks, span: Span) -> tuple[Term, ...]:
    return tuple([args[p] if p >= 0 else Var("_", span) for p in picks])


def _picks(written: tuple[Term, ...], placed: tuple[Term, ...]) -> Picks | None:
    if _all_same(written, placed):
        return None
    return tuple(next((i for i, w in enumerate(written) if w is t), -1) for t in placed)


def _all_same(first: Sequence[object], second: Sequence[object]) -> bool:
    return len(first) == len(second) and all(a is b or a == b for a, b in zip(first, second, strict=True))


def _changes(
    written: tuple[BodyItem, ...], resolved: tuple[BodyItem, ...]
) -> tuple[LiteralRewrite | None, ...] | None:
    """The rewriting of each item; empty where none changes, None where one changes inside its braces."""
    changes: list[LiteralRewrite | None] = []
    for old, new in zip(written, resolved, strict=True):
        if old is new:
            changes.append(None)
        elif isinstance(old, Literal) and isinstance(new, Literal):
            picks = _picks(old.atom.args, new.atom.args)
            names = new.atom.names if new.atom.name.startswith(CLASS) else ()
            changes.append(LiteralRewrite(new.atom.name, new.negated, picks, new.given, names))
        else:
            return None
    return tuple(changes) if any(changes) else ()


def _change(item: BodyItem, change: LiteralRewrite | None) -> BodyItem:
    if change is None:
        return item
    assert isinstance(item, Literal)
    atom = item.atom
    args = atom.args if change.picks is None else _pick(atom.args, change.picks, atom.span)
    atom = Atom(change.core, args, change.names, atom.span)
    return Literal(atom, change.negated, None, item.span, change.given)
