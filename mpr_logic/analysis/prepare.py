"""From a clause to a rule or a fact: checked in full once for each key, then only filled in.

:class:`Preparer` keeps, for each :func:`~mpr_logic.analysis.keys.clause_key`, a :class:`Plan`: how a
clause of that key becomes a :class:`Rule` or a :class:`Fact`, and its canonical text. Clauses with
errors are checked one by one, so that each error names its own place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.analysis.canonical import clause_template, clause_text, fill
from mpr_logic.analysis.keys import clause_key, with_placeholders
from mpr_logic.analysis.normalise import Normaliser, apart
from mpr_logic.analysis.report import Report
from mpr_logic.analysis.resolve import FACTS_ONLY, Names, Resolved, resolve_clause
from mpr_logic.analysis.safety import Safety
from mpr_logic.analysis.terms import item_terms, names, term_vars
from mpr_logic.analysis.types import Typing
from mpr_logic.language.ast import Atom, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from mpr_logic.analysis.core import Schema
    from mpr_logic.language.ast import BodyItem, Clause, Row, Span, Term, Value

Picks = tuple[int, ...]
"""For each argument its place in the written atom; -1 is an argument left out."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a literal becomes one of a core relation: its name, and its arguments where they move."""

    core: str
    negated: bool
    picks: Picks | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of every clause of one key.

    ``items`` says for each body item how it changes (None: it does not); the whole is None where
    the body is rewritten (:mod:`mpr_logic.analysis.normalise`) for every clause anew.
    """

    head: str
    given: int
    fact: bool
    floats: tuple[bool, ...]  # of a fact: the float columns; empty where there are none
    picks: Picks | None
    items: tuple[Change | None, ...] | None
    env: Mapping[str, str]
    template: tuple[tuple[str, ...], tuple[int, ...]] | None
    bound: frozenset[str]  # what a because-text may name


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clause without errors, resolved: ``row`` for a fact, ``args`` and ``body`` for a rule.
    ``text`` is its canonical text; ``new`` says that no clause of this plan came before."""

    plan: Plan
    args: tuple[Term, ...]
    body: tuple[BodyItem, ...]
    row: Row | None
    text: str
    constants: list[Value]
    new: bool


class Preparer:
    """Prepares the clauses of one program under one schema."""

    def __init__(self, schema: Schema, report: Report) -> None:
        self.schema = schema
        self.report = report
        self.plans: dict[Hashable, Plan | None] = {}  # None: clauses of this key are wrong

    def prepare(self, clause: Clause) -> Prepared | None:
        """The clause in core relations; None where it is wrong (reported)."""
        key, constants = clause_key(clause)
        plan = self.plans.get(key)
        new = plan is None
        if plan is None:
            plan = self._plan(clause)
            self.plans[key] = plan
            if plan is None:
                return None
        if plan.fact:
            row = self._row(clause, plan)
            return Prepared(plan, (), (), row, f"{plan.head}{row!r}", constants, new)
        text = clause_text(self._resolve(clause)) if plan.template is None else fill(plan.template, constants)
        if plan.items is None:
            args, body = self._rewrite(clause, plan.env)
        else:
            args = _head_args(clause, plan.picks)
            body = tuple(map(_change, clause.body, plan.items)) if plan.items else clause.body
        return Prepared(plan, args, body, None, text, constants, new)

    # -- once for each key ----------------------------------------------------------------------

    def _plan(self, clause: Clause) -> Plan | None:
        before = self.report.broken
        resolved = resolve_clause(clause, Names(self.schema, self.report))
        if resolved is None:
            return None
        resolved = apart(resolved)
        env = Typing(self.schema, self.report).check(resolved)
        Safety(resolved, self.report).check()
        if self.report.broken > before:
            return None
        fact = clause.kind in ("relation", *FACTS_ONLY) and not clause.body
        fact = fact and all(isinstance(t, Const) for t in resolved.args)
        floats = tuple(b == "float" for s in resolved.columns for b in s.bases)
        args, body = self._rewrite(clause, env)
        same = fact or (_all_same(args, resolved.args) and _all_same(body, resolved.body))
        abstract = self._resolve(with_placeholders(clause))
        return Plan(
            head=resolved.head,
            given=resolved.given,
            fact=fact,
            floats=floats if fact and any(floats) else (),
            picks=_picks(_written(clause), resolved.args),
            items=_changes(clause.body, resolved.body) if same else None,
            env=env,
            template=clause_template(abstract),
            bound=frozenset(_bound(resolved)),
        )

    def _resolve(self, clause: Clause) -> Resolved:
        resolved = resolve_clause(clause, Names(self.schema, Report()))
        assert resolved is not None  # a clause of this key was resolved before
        return apart(resolved)

    def _rewrite(
        self, clause: Clause, env: Mapping[str, str]
    ) -> tuple[tuple[Term, ...], tuple[BodyItem, ...]]:
        resolved = self._resolve(clause)
        return Normaliser(self.schema, env).clause(resolved)

    # -- for each clause ------------------------------------------------------------------------

    def _row(self, clause: Clause, plan: Plan) -> Row:
        args = _head_args(clause, plan.picks)
        values = [t.value for t in args if isinstance(t, Const)]
        if plan.floats:
            return tuple(float(v) if f else v for v, f in zip(values, plan.floats, strict=True))
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
) -> tuple[Change | None, ...] | None:
    """How the items change; empty where none does, None where one changes inside its braces."""
    changes: list[Change | None] = []
    for old, new in zip(written, resolved, strict=True):
        if old is new:
            changes.append(None)
        elif isinstance(old, Literal) and isinstance(new, Literal):
            changes.append(Change(new.atom.name, new.negated, _picks(old.atom.args, new.atom.args)))
        else:
            return None
    return tuple(changes) if any(changes) else ()


def _change(item: BodyItem, change: Change | None) -> BodyItem:
    if change is None:
        return item
    assert isinstance(item, Literal)
    atom = item.atom
    args = atom.args if change.picks is None else _pick(atom.args, change.picks, atom.span)
    return Literal(Atom(change.core, args, (), atom.span), change.negated, None, item.span)
