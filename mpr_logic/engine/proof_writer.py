"""Writes the source that builds a rule's proof where its variables have their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.namespace import key
from mpr_logic.engine.plan import body_relations
from mpr_logic.engine.proof import AbsenceStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.syntax.ast import Aggregate, Literal, Term, Var

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.codegen import Writer
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.proofs import Prover
    from mpr_logic.syntax.ast import BodyItem


class ProofWriter:
    """Writes down, in a writer whose locals hold the variables of a body, the source of its proof.

    ``row`` is a name that the function has, and ``rule`` too where it is not given with the name that it
    has; ``given``, where it is set, the place of a body item whose proof the function has under that name.
    """

    def __init__(
        self, prover: Prover, goals: Goals, given: int | None = None, rule: tuple[str, Rule] | None = None
    ) -> None:
        self._prover = prover
        self._goals = goals
        self._names = goals.namespace
        self._given = given
        self._rule = rule
        self._crisp = True

    def proof(self, writer: Writer, body: Sequence[BodyItem], bindings: str) -> str:
        """The source of the rule's proof; ``bindings`` is that of its named variables."""
        self._crisp = True
        steps = "".join(f"{self.step(writer, i, item)}, " for i, item in enumerate(body))
        label, head, weight = "rule", "rule.head", "rule.weight"
        if self._rule is not None:
            label, rule = self._rule
            head, weight = self._names.constant(rule.head), self._names.constant(rule.weight)
        if not self._crisp:
            return f"{self._name('U', self._prover.assemble)}({label}, row, {bindings}, ({steps}))"
        if not self._goals.semiring.weighted:
            weight = "1.0"
        return f"{self._name('U', RuleProof)}({head}, row, {weight}, {label}, {bindings}, ({steps}))"

    def _name(self, kind: str, thing: Any) -> str:
        return self._names.name(kind, thing, ("proof", getattr(thing, "__qualname__", thing)))

    def step(self, writer: Writer, index: int, item: BodyItem) -> str:
        """The source of one step."""
        if index == self._given:
            return "given"
        if isinstance(item, Aggregate):
            weighted = any(self._goals.weighted(n) for n in body_relations([item]))
            self._crisp = self._crisp and not weighted
            function, outer = self._prover.inner(index, item, writer.locals)
            values = ", ".join([writer.term(item.target), *map(writer.locals.__getitem__, outer)])
            return f"{self._names.name('U', function)}({values})"
        if not isinstance(item, Literal):
            return self._names.name("B", BuiltinStep(index), ("builtin", index))
        relation = item.atom.name
        label = self._names.constant(relation)
        parts = [self._part(writer, t) for t in item.atom.args]
        row = f"({''.join(p + ', ' for p in parts)})"
        weighted = self._goals.weighted(relation)
        self._crisp = self._crisp and not weighted
        if item.negated:
            if weighted:
                return f"{self._name('U', self._prover.absence)}({label}, {row})"
            return f"{self._name('U', AbsenceStep)}({label}, {row}, 1.0)"
        stored = self._goals.stored(relation)
        if stored is None:
            return f"{self._names.name('P', self._prover.proved(relation))}[{row}]"
        where = key(parts) if parts else "()"
        weight = f"{self._names.name('W', stored.weights)}[{where}]" if weighted else "1.0"
        source = f"{self._names.name('R', stored.rows)}[{where}] or ''"
        return f"{self._name('U', FactProof)}({label}, {row}, {weight}, {source})"

    @staticmethod
    def _part(writer: Writer, term: Term) -> str:
        return "None" if isinstance(term, Var) and term.anonymous else writer.term(term)
