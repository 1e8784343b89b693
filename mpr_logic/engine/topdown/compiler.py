"""Goal-directed evaluation, compiled: a question becomes the call of a function for what it binds.

For each derived relation and each way of asking for it (its *adornment*: b bound, f wanted, d of no
matter) one Python function is compiled, when it is first called. Its arguments are the bound columns:
a candidate action's arguments are parameters, not facts, so nothing is derived that the action
cannot match. Recursive relations go through :mod:`mpr_logic.engine.topdown.tabling`.
(Bancilhon, Maier, Sagiv, Ullman 1986: adornments and magic sets; here without the sets.)
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Protocol

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.groups import MEMBER, Group
from mpr_logic.engine.namespace import Access, Condition, Goal, Namespace, key, parameters
from mpr_logic.engine.planner import (
    forget_singletons,
    name_anonymous,
    plan,
    term_variables,
)
from mpr_logic.engine.provenance.explainer import Explainer
from mpr_logic.engine.topdown.checks import Checks
from mpr_logic.engine.topdown.firing import Firings
from mpr_logic.engine.topdown.linear import Walk, walk, walked_from
from mpr_logic.engine.topdown.noting import Inside, Noting
from mpr_logic.engine.topdown.shortcuts import binding_is_useless, condition
from mpr_logic.language.ast import Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mpr_logic.engine.planner import Step
    from mpr_logic.engine.store import Relation
    from mpr_logic.engine.topdown.rules import RuleSet
    from mpr_logic.language.ast import Term

LIGHT = 8
"""What takes no more lookups than this is not kept: to keep an answer, and to forget it, takes as long."""

NESTED = 10
"""The most relations that are compiled one inside the other."""

UNKNOWN_SIZE = 50.0
"""Rows expected of a relation that is still empty, or of a derived one, when no column is bound."""


class User(Protocol):
    """The session that something is compiled for."""

    def relation_of(self, name: str) -> Relation:
        """The stored relation of that name."""


class Compiler(Access):
    """Compiles the functions of one program, for all sessions whose weighted relations, and derived relations
    with asserted rows, are the same. It keeps no state: what a session has of its own, its code finds there.

    While it works it looks at the sizes in the state of one session, the one that it is
    :meth:`working` for, to choose the order of joins. What is not kept notes nothing."""

    def __init__(self, rules: RuleSet, light: frozenset[str], asserted: frozenset[str]) -> None:
        self.rules = rules
        self.program = rules.program
        self.semiring = rules.semiring
        self.groups = rules.groups
        self.live = rules.live
        self.component = rules.component
        self.namespace = Namespace()
        self.conditions: dict[tuple[str, str], Condition | None] = {}
        self.kept: dict[tuple[str, str], str] = {}
        self.direct: dict[tuple[str, str], str] = {}
        self.bodies: dict[str, str] = {}
        self.checks = Checks(self)
        self.explainer = Explainer(self)
        self.firings = Firings(self)
        self._light = light
        self._asserted = asserted
        self._weighted: dict[str, bool] = {}
        self._work: dict[tuple[str, str], float] = {}  # what asking what is not kept costs, in lookups
        self._walks: dict[tuple[str, str], Walk | None] = {}
        self._users: list[User] = []
        self._nested = 0

    @contextmanager
    def working(self, user: User) -> Iterator[Compiler]:
        """A context that compiles for a session, one thread at a time."""
        with self.rules.lock:
            self._users.append(user)
            try:
                yield self
            finally:
                self._users.pop()

    # -- what is known of relations ------------------------------------------------------------

    def relation(self, name: str) -> Relation:
        """The stored rows of a core relation in the session's state; of a derived one those asserted."""
        return self._users[-1].relation_of(self.rules.stored_name(name))

    def stored(self, name: str) -> Relation | None:
        """The relation, where no rule derives it."""
        return None if name in self.groups else self.relation(name)

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""
        known = self._weighted.get(name)
        if known is None:
            known = self._weighted[name] = self.semiring.weighted and any(
                self.rules.stored_name(n) in self._light or any(g.weighs for g in self.groups.get(n, ()))
                for n in self.rules.below.get(name, (name,))
            )
        return known

    def alternatives(self, name: str) -> list[Group]:
        """The groups that derive a relation: its rules, and its asserted rows where there are any."""
        copy = self.rules.copies[name]
        return [copy, *self.groups[name]] if copy and name in self._asserted else self.groups[name]

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

    def function(self, name: str, adornment: str) -> None:
        """Compile the function for a derived relation: called with the values of its b columns.

        It returns whether (with what weight) there is a match when no column is f; else a collection of the
        keys of the f columns: a dictionary to weights if the relation is weighted. One that takes few lookups
        is in ``direct``; of any other the answers are kept, in tables or as ``kept`` has them.
        """
        asked = name, adornment
        if asked in self.direct or asked in self.kept or self.by_tables(name, adornment):
            return
        if name not in self.component:
            writer = Writer(self.namespace, self)
            self._direct(writer, name, adornment)
            if writer.work <= LIGHT:
                self._work[asked] = writer.work
                self.direct[asked] = self.define(writer, parameters(adornment))
                return
        self.keep(name, adornment)

    def keep(self, name: str, adornment: str) -> str:
        """Compile the function whose answers are kept until what they were made from changes; its name."""
        found = self.kept.get((name, adornment))
        if found is None:
            write = self._walk(name, adornment) if name in self.component else None
            writer = Writer(self.namespace, Noting(self))
            if write is not None:
                write(writer)
            else:
                self._direct(writer, name, adornment)
            found = self.kept[name, adornment] = self.define(writer, [*parameters(adornment), "me"])
        return found

    @contextmanager
    def deeper(self) -> Iterator[bool]:
        """A context in which what a function asks is compiled; whether that is not nested too deeply."""
        self._nested += 1
        try:
            yield self._nested <= NESTED
        finally:
            self._nested -= 1

    def goal(self, name: str, adornment: str, *, noted: bool = False) -> Goal:
        """See Access: outside any recursion. With ``noted`` what answers keeps its answers, so that
        their readers can be noted. What is nested deeply is compiled when a session first needs it, and its
        answers are kept."""
        with self.deeper() as now:
            if now or name in self.component:
                return self._goal(name, adornment, noted=noted)
            return self._kept_goal(name, adornment, noted=noted)

    def _goal(self, name: str, adornment: str, *, noted: bool) -> Goal:
        enough = condition(self, name, adornment)
        if enough is not None and enough.whole:
            return Goal(tests=enough, work=sum(len(each.reads) for each in enough.alternatives))
        by = self._asked_by(name, adornment)
        if by is not None:
            wider = "".join("b" if i in by else "f" for i in range(len(adornment)))
            return replace(self.goal(name, wider, noted=noted), by=by)
        self.function(name, adornment)
        own, asked = self.namespace.own, (name, adornment)
        called = own("F", asked, lambda user: user.function(*asked))
        if self.by_tables(name, adornment):
            tables = own("X", self.component[name], lambda user: user.tables(name).readers)
            label = self.namespace.constant(f"{name} {adornment}")
            return Goal(called, readers=tables if noted else None, label=label, work=inf)
        if not noted and asked not in self.kept:
            return Goal(called, enough=enough, work=self._work[asked])
        self.keep(name, adornment)
        return replace(self._kept_goal(name, adornment, noted=noted), enough=enough)

    def _kept_goal(self, name: str, adornment: str, *, noted: bool) -> Goal:
        own, asked = self.namespace.own, (name, adornment)
        called = own("F", asked, lambda user: user.function(*asked))
        kept = own("H", asked, lambda user: user.kept(*asked))
        readers = own("X", asked, lambda user: user.kept(*asked).readers) if noted else None
        return Goal(called, kept, readers=readers)

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

    def define(self, writer: Writer, params: Sequence[str]) -> str:
        """Compile what was written as a function of these parameters; its name."""
        return self.namespace.define(params, writer.lines)

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
            writer.notes.read(each.table.name, (), [])
            writer.line(f"if not {self.namespace.rows(each.table)}: {fail}")
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

    def rare(self, name: str) -> bool:
        """See Access: of a table of rules that follows the state, hardly any rule can fire."""
        return name in self.live.tables

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access. What derived relations answer with, and tables of live rules, may grow at any time."""
        relation = self.stored(name)
        if relation is None or not bound or self.rare(name):
            return inf
        return relation.largest_bucket(bound) or inf

    def noted(self, relation: str, positions: tuple[int, ...]) -> str | None:
        """The name of the dictionary for who reads a stored relation by these columns; None for one that
        never changes."""
        if relation in self.live.fixed:
            return None
        return self.namespace.own(
            "X",
            (relation, positions),
            lambda user: user.dependencies.watch(user.relation_of(relation), positions),
        )

    def by_tables(self, name: str, adornment: str) -> bool:
        """Whether the relation is recursive, and not to be walked."""
        return name in self.component and self._walk(name, adornment) is None

    def _walk(self, name: str, adornment: str) -> Walk | None:
        if (name, adornment) not in self._walks:
            self._walks[name, adornment] = walk(self, name, adornment)
        return self._walks[name, adornment]

    def body(self, label: str) -> str:
        """Compile the goal function of a recursion, which writes every match into ``out``, with the rule and
        the bindings behind it; its name. The label is the relation and the adornment."""
        found = self.bodies.get(label)
        if found is None:
            name, _, adornment = label.rpartition(" ")
            found = self.bodies[label] = self._body(name, adornment)
        return found

    def _body(self, name: str, adornment: str) -> str:
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
