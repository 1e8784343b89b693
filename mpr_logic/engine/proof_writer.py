"""Writes the function that builds a rule's proof from the values of its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.namespace import key
from mpr_logic.engine.proof import AbsenceStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.syntax.ast import Aggregate, Literal, Term, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.proofs import Prover
    from mpr_logic.syntax.ast import BodyItem


class ProofWriter:
    """One shape's ``def build(rule, row, bindings, values..., constants...)``. The proof of the body's
    item at the place ``given`` is a last argument."""

    def __init__(self, prover: Prover, goals: Goals, given: int | None = None) -> None:
        self._prover = prover
        self._goals = goals
        self._names = goals.namespace
        self._given = given
        self._crisp = True

    def write(
        self,
        args: tuple[Term, ...],
        body: tuple[BodyItem, ...],
        names: Sequence[str],
        preset: Mapping[str, str],
    ) -> Callable[..., RuleProof]:
        """Compile it: ``names`` are the variables whose values come in, ``preset`` the constants' names."""
        writer = Writer(self._names, self._goals)
        writer.locals = {n: f"v{i}" for i, n in enumerate(names)} | dict(preset)
        steps = "".join(f"{self._step(writer, i, item, names)}, " for i, item in enumerate(body))
        if self._crisp:
            weight = "rule.weight" if self._goals.semiring.weighted else "1.0"
            made = self._name("U", RuleProof)
            writer.line(f"return {made}(rule.head, row, {weight}, rule, bindings, ({steps}))")
        else:
            writer.line(f"return {self._name('U', self._prover.assemble)}(rule, row, bindings, ({steps}))")
        params = ["rule", "row", "bindings", *(f"v{i}" for i in range(len(names))), *preset.values()]
        if self._given is not None:
            params.append("given")
        return self._goals.define(writer, params)

    def _name(self, kind: str, thing: Any) -> str:
        return self._names.name(kind, thing, ("proof", getattr(thing, "__qualname__", thing)))

    def _step(self, writer: Writer, index: int, item: BodyItem, names: Sequence[str]) -> str:
        """The source that makes one step."""
        if index == self._given:
            return "given"
        if isinstance(item, Aggregate):
            self._crisp = False
            # its own variables are the rule's: the bindings of the rule, and the body as it is written there
            return f"{self._name('U', self._aggregate)}(rule, {index}, bindings)"
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
            return f"{self._name('U', self._prover.proven)}({label}, {row})"
        where = key(parts) if parts else "()"
        weight = f"{self._names.name('W', stored.weights)}[{where}]" if weighted else "1.0"
        source = f"{self._names.name('R', stored.rows)}[{where}] or ''"
        return f"{self._name('U', FactProof)}({label}, {row}, {weight}, {source})"

    @staticmethod
    def _part(writer: Writer, term: Term) -> str:
        return "None" if isinstance(term, Var) and term.anonymous else writer.term(term)

    def _aggregate(self, rule: Any, index: int, bindings: dict[str, Any]) -> Any:
        item = rule.body[index]
        assert isinstance(item, Aggregate)
        return self._prover.aggregate(rule, index, item, bindings)
