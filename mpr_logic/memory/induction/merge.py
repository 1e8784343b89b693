"""Rules that say the same, rules that say less, and rules that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.analysis import canonical_text
from mpr_logic.analysis.desugar import core_clauses
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.resolve import Resolver, resolve_clause
from mpr_logic.language.ast import (
    Aggregate,
    Arithmetic,
    Call,
    Comparison,
    Const,
    Literal,
    Named,
    Test,
    Var,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import BodyItem, Clause, Term
    from mpr_logic.memory.induction.replay import Replay

STEPS = 20_000
"""The most pairs of body items that one test compares before it takes a rule not to subsume another."""

_MIRROR = {">": "<", ">=": "<="}

Substitution = dict[str, object]


def equal(schema: Schema, first: Clause, second: Clause) -> bool:
    """Whether two rules are one but for their variables' names, the order of their bodies, weights and
    annotations.

    Raises:
        ProgramError: a rule speaks of what is not declared.
    """
    return canonical_text(schema, first) == canonical_text(schema, second)


def subsumes(schema: Schema, general: Clause, special: Clause) -> bool:
    """Whether ``special`` says nothing that ``general`` does not say: the variables of ``general`` can be
    replaced so that its head is that of ``special`` and each item of its body stands in the other's
    (theta-subsumption: Plotkin 1970).

    It is a sufficient test: what it says holds, and it may miss a rule that is more general in meaning. A
    rule with an aggregate subsumes only its equals, and a search of more than :data:`STEPS` is given up.

    Raises:
        ProgramError: a rule speaks of what is not declared.
    """
    if equal(schema, general, special):
        return True
    wider, narrower = core_clauses(general, schema), core_clauses(special, schema)
    return all(any(_subsumes(schema, one, other) for one in wider) for other in narrower)


def _subsumes(schema: Schema, general: Clause, special: Clause) -> bool:
    """The same of two core clauses."""
    one = resolve_clause(general, Resolver(schema, DiagnosticCollector()))
    other = resolve_clause(special, Resolver(schema, DiagnosticCollector()))
    if one is None or other is None or one.head != other.head:
        return False
    if any(isinstance(item, Aggregate) for item in one.body):
        return False
    match = _Subsumption(other.body)
    start = match.terms(one.args, other.args, {})
    # what has most in it can stand in fewest places
    body = sorted(one.body, key=lambda item: -len(str(item)))
    return start is not None and match.items(body, start)


class _Subsumption:
    """The search for places in one body. An ``_`` of it is a thing of its own, known by its object."""

    def __init__(self, body: Sequence[BodyItem]) -> None:
        self._body = body
        self._left = STEPS

    def items(self, wanted: Sequence[BodyItem], found: Substitution) -> bool:
        """Whether all the wanted items have a place."""
        if not wanted:
            return True
        for item in self._body:
            self._left -= 1
            if self._left < 0:
                return False
            for extended in self._item(wanted[0], item, found):
                if self.items(wanted[1:], extended):
                    return True
        return False

    def _item(self, wanted: BodyItem, item: BodyItem, found: Substitution) -> Iterator[Substitution]:
        match wanted, item:
            case Literal(), Literal() if (wanted.atom.name, wanted.negated) == (item.atom.name, item.negated):
                yield from _some(self.terms(wanted.atom.args, item.atom.args, found, wanted.negated))
            case Comparison(), Comparison():
                (op, *sides), (other, *others) = _sides(wanted), _sides(item)
                if op == other:
                    yield from _some(self.terms(sides, others, found))
                    if op in ("=", "!="):
                        yield from _some(self.terms(sides, others[::-1], found))
            case Test(), Test() if (wanted.name, wanted.negated) == (item.name, item.negated):
                yield from _some(self.terms(wanted.args, item.args, found))

    def terms(
        self, wanted: Sequence[Term], terms: Sequence[Term], found: Substitution, negated: bool = False
    ) -> Substitution | None:
        """The bindings with which the wanted terms are the others; None where there are none."""
        for one, other in zip(wanted, terms, strict=True):
            extended = self._term(one, other, found, negated)
            if extended is None:
                return None
            found = extended
        return found

    def _term(self, one: Term, other: Term, found: Substitution, negated: bool) -> Substitution | None:
        match one:
            case Var(name="_"):
                # under `not` it stands for no value at all, and not for some value
                return found if not negated or (isinstance(other, Var) and other.anonymous) else None
            case Var():
                if isinstance(other, Var) and other.anonymous:
                    if negated:
                        return None
                    seen: object = id(other)
                else:
                    seen = other
                if one.name in found:
                    return found if found[one.name] == seen else None
                return {**found, one.name: seen}
            case Const() | Named():
                return found if one == other else None
            case Arithmetic():
                if not isinstance(other, Arithmetic) or one.op != other.op:
                    return None
                return self.terms((one.left, one.right), (other.left, other.right), found, negated)
            case Call():
                if not isinstance(other, Call) or one.function != other.function:
                    return None
                if len(one.args) != len(other.args):
                    return None
                return self.terms(one.args, other.args, found, negated)


def _some(found: Substitution | None) -> Iterator[Substitution]:
    if found is not None:
        yield found


def _sides(item: Comparison) -> tuple[str, Term, Term]:
    if item.op in _MIRROR:
        return _MIRROR[item.op], item.right, item.left
    return item.op, item.left, item.right


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rules of which one speaks for and the other against an action, in the same recorded states.
    ``trials`` is the mask of the trials in which both fire."""

    speaks_for: Clause
    against: Clause
    trials: int


def contradictions(replay: Replay, clauses: Sequence[Clause]) -> list[Conflict]:
    """The pairs of a ``permit`` or ``prefer`` and a ``forbid`` that fire together in recorded states.

    Raises:
        ProgramError: a rule is not valid.
        EvaluationError: the engine could not finish.
    """
    covers: Mapping[int, int] = dict(enumerate(replay.covers(clauses)))
    return [
        Conflict(one, other, covers[i] & covers[j])
        for i, one in enumerate(clauses)
        for j, other in enumerate(clauses)
        if one.kind in ("permit", "prefer") and other.kind == "forbid" and one.head.name == other.head.name
        if covers[i] & covers[j]
    ]
