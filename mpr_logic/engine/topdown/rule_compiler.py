"""Compiles one group of rules, asked with some columns of its head bound: unify, plan, write.

The head's bound columns are parameters of the function, and their values pass into the body as it is planned:
sideways information passing (Beeri and Ramakrishnan 1991). What is built of such groups, functions of
relations, walks of recursions, verdicts and proofs, is in the modules above.
"""

from __future__ import annotations

from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Protocol, Self

from mpr_logic.engine.access import Access
from mpr_logic.engine.namespace import Namespace, parameters
from mpr_logic.engine.planner import UNKNOWN_SIZE, forget_singletons, name_anonymous, plan, term_variables
from mpr_logic.engine.rule_groups import MEMBER
from mpr_logic.language.ast import Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mpr_logic.engine.codegen import CodeWriter
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.engine.store import Relation
    from mpr_logic.engine.topdown.ruleset import RuleSet
    from mpr_logic.language.ast import Term


class StoredRelations(Protocol):
    """The session that something is compiled for."""

    def relation_of(self, name: str) -> Relation:
        """The stored relation of that name."""


class RuleCompiler(Access):
    """Writes groups of rules, for all sessions whose weighted relations (``light``), and derived relations
    with ``asserted`` rows, are the same. It keeps no state: what a session has of its own, its code finds
    there.

    While it works it looks at the sizes in the state of one session, the one that it is :meth:`working` for,
    to choose the order of joins."""

    def __init__(self, rules: RuleSet, light: frozenset[str], asserted: frozenset[str]) -> None:
        self.rules = rules
        self.program = rules.program
        self.semiring = rules.semiring
        self.groups = rules.groups
        self.reduction = rules.reduction
        self.component = rules.component
        self.namespace = Namespace()
        self._light = light
        self._asserted = asserted
        self._weighted: dict[str, bool] = {}
        self._sessions: list[StoredRelations] = []

    @contextmanager
    def working(self, session: StoredRelations) -> Iterator[Self]:
        """A context that compiles for a session, one thread at a time."""
        with self.rules.lock:
            self._sessions.append(session)
            try:
                yield self
            finally:
                self._sessions.pop()

    # -- what is known of relations ------------------------------------------------------------

    def relation(self, name: str) -> Relation:
        """The stored rows of a core relation in the session's state; of a derived one those asserted."""
        return self._sessions[-1].relation_of(self.rules.stored_name(name))

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

    def alternatives(self, name: str) -> list[RuleGroup]:
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

    def rare(self, name: str) -> bool:
        """See Access: of a table of rules that is reduced, hardly any rule can fire."""
        return name in self.reduction.reduced

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access. What derived relations answer with, and reduced tables, may grow at any time."""
        relation = self.stored(name)
        if relation is None or not bound or self.rare(name):
            return inf
        return relation.largest_bucket(bound) or inf

    # -- groups of rules -----------------------------------------------------------------------

    def define(self, writer: CodeWriter, params: Sequence[str]) -> str:
        """Compile what was written as a function of these parameters; its name."""
        return self.namespace.define(params, writer.lines)

    def write_group(
        self,
        writer: CodeWriter,
        each: RuleGroup,
        adornment: str,
        emit: Callable[[list[str], list[str]], None],
        *,
        keep: bool = False,
        preset: Mapping[str, str] | None = None,
        wanted: Sequence[Term] = (),
    ) -> None:
        """Write one group.

        Args:
            writer: where to.
            each: the group.
            adornment: a letter for each column of its head: see Access.
            emit: writes what happens for a match, given the sources of the f columns and of the weights (the
                rule's included).
            keep: whether every variable is bound, those that nobody reads included.
            preset: the variables that other names hold already.
            wanted: the terms that are read besides the head.
        """

        def attempt(fail: str) -> None:
            steps = self.begin(writer, each, adornment, fail, keep=keep, preset=preset, wanted=wanted)

            def done(weights: list[str]) -> None:
                found = [writer.term(t) for t, a in zip(each.args, adornment, strict=True) if a == "f"]
                emit(found, [*weights, *self._rule_weight(writer, each)])

            writer.steps(steps, fail, [], done)

        writer.alternative(attempt)

    def begin(
        self,
        writer: CodeWriter,
        each: RuleGroup,
        adornment: str,
        fail: str,
        *,
        keep: bool = False,
        preset: Mapping[str, str] | None = None,
        wanted: Sequence[Term] = (),
    ) -> tuple[PlanStep, ...]:
        """Unify the head with the parameters, and plan the body. ``fail`` is the statement for where they do
        not unify; see :meth:`write_group` for the rest."""
        writer.locals, writer.answers = dict(preset or {}), {}
        preset_terms = [Var(n) for n in preset or ()]
        params = iter(parameters(adornment))
        for term, letter in zip(each.args, adornment, strict=True):
            if letter == "b":
                writer.match(term, next(params), fail)
        if each.table is not None and self.rare(each.table.name):
            writer.support.read(each.table.name, (), [])
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
            recursive=self.component,
        )

    def _rule_weight(self, writer: CodeWriter, each: RuleGroup) -> list[str]:
        """The source of the weight of the group's rule, if it is not 1."""
        if not each.weighs or not self.semiring.weighted:
            return []
        if each.table is None:
            return [self.namespace.constant(each.rules[0].weight)]
        weights = self.namespace.name("M", [r.weight for r in each.rules], ("weights", id(each)))
        return [f"{weights}[{writer.locals[MEMBER]}]"]
