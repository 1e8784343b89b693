"""Goal-directed evaluation: a question becomes the call of a function compiled for what it binds.

For each derived relation and each way of asking for it (its *adornment*: b bound, f wanted, d of no
matter) one Python function is compiled, when it is first called. Its arguments are the bound columns:
a candidate action's arguments are parameters, not facts, so nothing is derived that the action
cannot match. Recursive relations go through :mod:`mpr_logic.engine.tables`.
(Bancilhon, Maier, Sagiv, Ullman 1986: adornments and magic sets; here without the sets.)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.dependencies import Dependencies
from mpr_logic.engine.groups import MEMBER, Group, asserted, copy_asserted, group, relations_below
from mpr_logic.engine.kept import Kept
from mpr_logic.engine.linear import Walk, walk, walked_from
from mpr_logic.engine.live import Live
from mpr_logic.engine.namespace import Access, Condition, Goal, Namespace, key
from mpr_logic.engine.noting import Inside, Noting
from mpr_logic.engine.plan import (
    forget_singletons,
    name_anonymous,
    plan,
    term_variables,
)
from mpr_logic.engine.shortcuts import binding_is_useless, condition
from mpr_logic.engine.store import Relation
from mpr_logic.engine.tables import Tables
from mpr_logic.syntax.ast import Var

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mpr_logic.analysis.core import Program, Rule
    from mpr_logic.engine.base import Budget
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.plan import Step
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.syntax.ast import Term

LIGHT = 8
"""What takes no more lookups than this is not kept: to keep an answer, and to forget it, takes as long."""

UNKNOWN_SIZE = 50.0
"""Rows expected of a relation that is still empty, or of a derived one, when no column is bound."""


class Goals(Access):
    """Compiles and keeps the functions of one program over its relations. What is not kept notes nothing."""

    def __init__(self, program: Program, semiring: Semiring, budget: Budget, deadline: Deadline) -> None:
        self.program = program
        self.semiring = semiring
        self.deadline = deadline
        self.relations: dict[str, Relation] = {}
        self.budget = budget
        heads: dict[str, list[Rule]] = defaultdict(list)
        for rule in program.rules:
            heads[rule.head].append(rule)
        self.groups: dict[str, list[Group]] = {}
        self._copies: dict[str, Group | None] = {}
        self.asserted: set[str] = set()  # derived relations that had asserted rows at some time
        for head, rules in heads.items():
            plain = rules[0].given == 0 and " " not in head
            self._copies[head] = copy_asserted(head, program.arity[head]) if plain else None
            self.groups[head] = group(rules, head)
            for each in self.groups[head]:
                if each.table is not None:
                    self.relations[each.table.name] = each.table
        self.live = Live()
        for each in [g for groups in self.groups.values() for g in groups]:
            if each.table is not None:
                self.live.enter(each.table, each.body, self.stored)
        self.component = {n: s for s in program.strata for n in s if n in program.recursive}
        self.below = relations_below(program, self.groups)
        self.reset()

    def reset(self) -> None:
        """Forget all compiled code: a relation has begun to be weighted."""
        self._weighted: dict[str, bool] = {}
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._tables: dict[tuple[str, ...], Tables] = {}
        self._kept: dict[tuple[str, str], Kept] = {}
        self._work: dict[tuple[str, str], float] = {}  # what asking what is not kept costs, in lookups
        self._walks: dict[tuple[str, str], Walk | None] = {}
        self.conditions: dict[tuple[str, str], Condition | None] = {}
        self.dependencies = Dependencies()
        for relation in self.relations.values():
            relation.watches.clear()
        self.namespace = Namespace(self.deadline)

    # -- what is known of relations ------------------------------------------------------------

    def relation(self, name: str) -> Relation:
        """The stored rows of a core relation; of a derived one, those that were asserted."""
        stored = self.stored_name(name)
        found = self.relations.get(stored)
        if found is None:
            arity = self.program.arity[name.removesuffix(" asserted")]
            found = self.relations[stored] = Relation(stored, arity)
        return found

    def stored_name(self, name: str) -> str:
        """The name of a core relation's stored rows."""
        return asserted(name) if name in self.groups else name

    def stored(self, name: str) -> Relation | None:
        """The relation, where no rule derives it."""
        return None if name in self.groups else self.relation(name)

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""
        known = self._weighted.get(name)
        if known is None:
            known = self._weighted[name] = self.semiring.weighted and any(
                self.relation(n).weighted or any(g.weighs for g in self.groups.get(n, ()))
                for n in self.below.get(name, (name,))
            )
        return known

    def alternatives(self, name: str) -> list[Group]:
        """The groups that derive a relation: its rules, and its asserted rows where there are any."""
        copy = self._copies[name]
        return [copy, *self.groups[name]] if copy and name in self.asserted else self.groups[name]

    def cost(self, name: str, bound: tuple[int, ...]) -> float:
        """Rows to expect of a relation for each key at the bound positions."""
        if name in self.groups:
            return UNKNOWN_SIZE / 10 if bound else UNKNOWN_SIZE * 4
        relation = self.relation(name)
        if bound and self.rare(name):
            return 0.1
        size = relation.bucket_size(bound)
        return (2.0 if bound else UNKNOWN_SIZE) if size is None else size

    # -- functions -----------------------------------------------------------------------------

    def function(self, name: str, adornment: str) -> Callable[..., Any]:
        """The compiled function for a derived relation: called with the values of its b columns.

        It returns whether (with what weight) there is a match when no column is f; else a
        collection of the keys of the f columns: a dictionary to weights if the relation is weighted.
        """
        found = self._functions.get((name, adornment))
        if found is None:
            found = self._functions[name, adornment] = self._make(name, adornment)
        return found

    def _make(self, name: str, adornment: str) -> Callable[..., Any]:
        if self._by_tables(name, adornment):
            return self._recursive(name, adornment)
        if name not in self.component:
            writer = Writer(self.namespace, self)
            self._direct(writer, name, adornment)
            if writer.work <= LIGHT:
                self._work[name, adornment] = writer.work
                return self.define(writer, parameters(adornment))
        kept = self.kept(name, adornment)
        if adornment.count("b") == 1:
            return kept.__getitem__
        return lambda *args: kept[args]

    def kept(self, name: str, adornment: str) -> Kept:
        """The answers of the function, kept until what they were made from changes."""
        found = self._kept.get((name, adornment))
        if found is None:
            write = self._walk(name, adornment) if name in self.component else None
            writer = Writer(self.namespace, Noting(self))
            if write is not None:
                write(writer)
            else:
                self._direct(writer, name, adornment)
            function = self.define(writer, [*parameters(adornment), "me"])
            found = Kept(function, adornment.count("b"), self.dependencies, self.budget, self.deadline)
            self._kept[name, adornment] = found
        return found

    def goal(self, name: str, adornment: str, *, noted: bool = False) -> Goal:
        """See Access: outside any recursion. With ``noted`` what answers keeps its answers, so that
        their readers can be noted."""
        enough = condition(self, name, adornment)
        if enough is not None and enough.whole:
            return Goal(tests=enough, work=sum(len(each.reads) for each in enough.alternatives))
        by = self._asked_by(name, adornment)
        if by is not None:
            wider = "".join("b" if i in by else "f" for i in range(len(adornment)))
            return replace(self.goal(name, wider, noted=noted), by=by)
        called = self.namespace.name("F", self.function(name, adornment))
        if self._by_tables(name, adornment):
            readers = self.namespace.name("X", self.tables(name).readers) if noted else None
            label = self.namespace.constant(f"{name} {adornment}")
            return Goal(called, readers=readers, label=label, work=inf)
        if not noted and (name, adornment) not in self._kept:
            return Goal(called, enough=enough, work=self._work[name, adornment])
        kept = self.kept(name, adornment)
        readers = self.namespace.name("X", kept.readers) if noted else None
        return Goal(called, self.namespace.name("H", kept), enough=enough, readers=readers)

    def _asked_by(self, name: str, adornment: str) -> tuple[int, ...] | None:
        """The columns whose binding saves something, where every column is bound and some save nothing."""
        if name in self.component:
            return walked_from(self, name, adornment)
        return () if binding_is_useless(self, name, adornment) else None

    def _direct(self, writer: Writer, name: str, adornment: str) -> None:
        """Write the body of the function of a relation that is not recursive."""
        wanted, weighted = "f" in adornment, self.weighted(name)

        def emit(_: Writer, found: list[str], weights: list[str]) -> None:
            if not weighted:
                writer.line(f"out.add({key(found)})" if wanted else "return True")
                return
            weight = writer.weight(weights)
            if wanted:
                writer.line(f"if {weight} > out.get({key(found)}, 0.0): out[{key(found)}] = {weight}")
            else:
                writer.line(f"if {weight} > out: out = {weight}")

        writer.line(
            f"out = {('{}' if weighted else 'set()') if wanted else ('0.0' if weighted else 'False')}"
        )
        for each in self.alternatives(name):
            self.write_group(writer, each, adornment, emit)
        writer.line("return out")

    def define(self, writer: Writer, params: Sequence[str]) -> Callable[..., Any]:
        """Compile what was written as a function of these parameters."""
        name = f"def{len(self.namespace)}"
        return self.namespace.define(name, [f"def {name}({', '.join(params)}):", *writer.lines])  # type: ignore[no-any-return]

    def write_group(
        self,
        writer: Writer,
        each: Group,
        adornment: str,
        emit: Callable[[Writer, list[str], list[str]], None],
        *,
        keep: bool = False,
        preset: Mapping[str, str] | None = None,
        wanted: Sequence[Term] = (),
    ) -> None:
        """Write one group: ``emit`` writes what happens for a match, given the sources of the f
        columns and of the weights (the rule's included). ``keep`` binds every variable."""

        def attempt(fail: str) -> None:
            steps = self.begin(writer, each, adornment, fail, keep=keep, preset=preset, wanted=wanted)

            def done(weights: list[str]) -> None:
                found = [writer.term(t) for t, a in zip(each.args, adornment, strict=True) if a == "f"]
                emit(writer, found, [*weights, *self.rule_weight(writer, each)])

            writer.steps(steps, fail, [], done)

        writer.alternative(attempt)

    def begin(
        self,
        writer: Writer,
        each: Group,
        adornment: str,
        fail: str,
        *,
        keep: bool = False,
        preset: Mapping[str, str] | None = None,
        wanted: Sequence[Term] = (),
    ) -> tuple[Step, ...]:
        """Unify the head with the parameters and plan the body. ``preset`` are variables that other
        names hold already, ``wanted`` terms that are read besides the head."""
        writer.locals, writer.nodes = dict(preset or {}), {}
        preset_terms = [Var(n) for n in preset or ()]
        params = iter(parameters(adornment))
        for term, letter in zip(each.args, adornment, strict=True):
            if letter == "b":
                writer.match(term, next(params), fail)
        if each.table is not None and each.table.name in self.live.tables:
            writer.notes.read(each.table, (), [])
            writer.line(f"if not {self.namespace.name('R', each.table.rows)}: {fail}")
        needed = [*wanted, *preset_terms]
        needed += [t for t, letter in zip(each.args, adornment, strict=True) if letter != "d"]
        if each.table is not None:
            needed.append(Var(MEMBER))
        body = name_anonymous(each.body) if keep else forget_singletons(needed, each.body)
        return plan(
            body,
            writer.locals,
            self.cost,
            head={n for t in each.args for n in term_variables(t)},
            # what the left-out literal of a recursion binds counts as bound, as if it stood there
            given={n for t in (*each.args[: each.given], *wanted, *preset_terms) for n in term_variables(t)},
        )

    def rule_weight(self, writer: Writer, each: Group) -> list[str]:
        """The source of the weight of the group's rule, if it is not 1."""
        if not each.weighs or not self.semiring.weighted:
            return []
        if each.table is None:
            return [self.namespace.constant(each.rules[0].weight)]
        weights = self.namespace.name("M", [r.weight for r in each.rules], ("weights", id(each)))
        return [f"{weights}[{writer.locals[MEMBER]}]"]

    # -- recursion -----------------------------------------------------------------------------

    def tables(self, name: str) -> Tables:
        """The tables of the recursion that a relation takes part in."""
        component = self.component[name]
        found = self._tables.get(component)
        if found is None:
            found = self._tables[component] = Tables(self.dependencies, self.budget, self.deadline)
        return found

    def rare(self, name: str) -> bool:
        """See Access: of a table of rules that follows the state, hardly any rule can fire."""
        return name in self.live.tables

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access. What derived relations answer with, and tables of live rules, may grow at any time."""
        relation = self.stored(name)
        if relation is None or not bound or self.rare(name):
            return inf
        return relation.largest_bucket(bound) or inf

    def noted(self, relation: Relation, positions: tuple[int, ...]) -> str | None:
        """The name of the dictionary for who reads a relation by these columns; None for one that never
        changes."""
        if relation.name in self.live.fixed:
            return None
        return self.namespace.name("X", self.dependencies.watch(relation, positions))

    def _by_tables(self, name: str, adornment: str) -> bool:
        """Whether the relation is recursive, and not to be walked."""
        return name in self.component and self._walk(name, adornment) is None

    def _walk(self, name: str, adornment: str) -> Walk | None:
        if (name, adornment) not in self._walks:
            self._walks[name, adornment] = walk(self, name, adornment)
        return self._walks[name, adornment]

    def _recursive(self, name: str, adornment: str) -> Callable[..., Any]:
        label = self.table_body(name, adornment)
        answers = self.tables(name).answers
        if "f" in adornment:
            return lambda *args: answers(label, args)
        if self.weighted(name):
            return lambda *args: answers(label, args).get((), 0.0)
        return lambda *args: () in answers(label, args)

    def table_body(self, name: str, adornment: str) -> str:
        """The label of a goal function of a recursion, which is compiled when it is first run."""
        label = f"{name} {adornment}"
        bodies = self.tables(name).bodies

        def first(*args: Any) -> None:
            bodies[label] = self._body(name, adornment)
            bodies[label](*args)

        bodies.setdefault(label, first)
        return label

    def _body(self, name: str, adornment: str) -> Callable[..., None]:
        """Write every match into ``out``, with the rule and the bindings behind it."""
        weighted = self.weighted(name)
        writer = Writer(self.namespace, Inside(self, self.component[name]))
        writer.reruns = True
        for index, each in enumerate(self.alternatives(name)):

            def emit(_: Writer, found: list[str], weights: list[str], index: int = index) -> None:
                if weighted:
                    weight = writer.weight(weights)
                    writer.line(f"if {weight} > out.get({key(found)}, 0.0):")
                else:
                    weight = "1.0"
                    writer.line(f"if {key(found)} not in out:")
                values = ", ".join(f"{self.namespace.constant(n)}: {v}" for n, v in writer.locals.items())
                writer.line(f"    out[{key(found)}] = {weight}; out.grown = True")
                nodes = ", ".join(f"{i}: {n}" for i, n in writer.nodes.items())
                writer.line(f"    out.why[{key(found)}] = ({index}, {{{values}}}, {{{nodes}}})")

            self.write_group(writer, each, adornment, emit, keep=True)
        return self.define(writer, [*parameters(adornment), "out"])


def parameters(adornment: str) -> list[str]:
    """The names of a function's parameters: one for each b."""
    return [f"p{i}" for i in range(adornment.count("b"))]
