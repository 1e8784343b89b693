"""Writes the source that builds a rule's proof where its variables have their values, or that records what
the proof can be written down from later, when the state may have changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.namespace import key, parameters
from mpr_logic.engine.planner import body_relations
from mpr_logic.engine.provenance.proof import AbsenceStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.language.ast import Aggregate, Literal, Term, Var

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.language.ast import BodyItem


_LASTING = re.compile(r"None|C\d+|[pk]\d+")
"""Sources that mean the same at any time: constants, an action's arguments, a rule's constants."""


class ProofWriter:
    """Writes down, in a writer whose locals hold the variables of a body, the source of its proof.

    The function has ``rule`` and ``row``; ``given``, where it is set, is the place of a body item whose proof
    the function has under that name.
    """

    def __init__(self, compiler: Compiler, given: int | None = None) -> None:
        self._compiler = compiler
        self._names = compiler.namespace
        self._given = given
        self._crisp = True
        self._recorded: dict[str, str] | None = None  # by its source, what holds it in the later function

    def proof(self, writer: Writer, body: Sequence[BodyItem], bindings: Mapping[str, str]) -> str:
        """The source of the rule's proof. ``bindings`` are the sources of the names of its variables, and
        the locals that hold their values."""
        self._crisp = True
        steps = "".join(f"{self.step(writer, i, item)}, " for i, item in enumerate(body))
        pairs = "{" + ", ".join(f"{name}: {self._now(value)}" for name, value in bindings.items()) + "}"
        if not self._crisp:
            assemble = self._names.own("U", "assemble", lambda user: user.prover.assemble)
            return f"{assemble}(rule, row, {pairs}, ({steps}))"
        weight = "rule.weight" if self._compiler.semiring.weighted else "1.0"
        return f"{self._name('U', RuleProof)}(rule.head, row, {weight}, rule, {pairs}, ({steps}))"

    def recorded(
        self,
        writer: Writer,
        body: Sequence[BodyItem],
        bindings: Mapping[str, str],
        label: str,
        arity: int,
        own: Sequence[str] = (),
    ) -> str:
        """The source of a record from which the proof is written down: see
        :data:`~mpr_logic.engine.provenance.proof.Recorded`. ``label`` is the source of
        the rule; the names ``own`` come from a row of that name."""
        self._recorded = {}
        later = Writer(self._names, self._compiler)
        proof = self.proof(writer, body, bindings)
        if arity:
            later.line(f"{', '.join(parameters('b' * arity))}, = row")
        if own:
            later.line(f"{', '.join(own)}, = own")
        later.line(f"return {proof}")
        given = {"own": "own"} if own else {}
        given |= self._recorded
        self._recorded = None
        function = self._compiler.define(later, ["rule", "row", *given.values()])
        return f"({', '.join([function, label, 'row', *given])})"

    def _now(self, source: str) -> str:
        """What holds a value of the present state where the proof is written down: the same source, if that
        is here; else what is recorded of it. Constants, arguments and the rule's own values do not change."""
        if self._recorded is None or _LASTING.fullmatch(source):
            return source
        return self._recorded.setdefault(source, f"now{len(self._recorded)}")

    def _name(self, kind: str, thing: Any) -> str:
        return self._names.name(kind, thing, ("proof", getattr(thing, "__qualname__", thing)))

    def step(self, writer: Writer, index: int, item: BodyItem) -> str:
        """The source of one step."""
        if index == self._given:
            return "given"
        if isinstance(item, Aggregate):
            weighted = any(self._compiler.weighted(n) for n in body_relations([item]))
            self._crisp = self._crisp and not weighted
            function, outer = self._compiler.explainer.inner(index, item, writer.locals)
            values = ", ".join([writer.term(item.target), *map(writer.locals.__getitem__, outer)])
            return self._now(f"{function}({values})")
        if not isinstance(item, Literal):
            return self._names.name("B", BuiltinStep(index), ("builtin", index))
        relation = item.atom.name
        label = self._names.constant(relation)
        parts = [self._part(writer, t) for t in item.atom.args]
        row = f"({''.join(p + ', ' for p in parts)})"
        lasting = f"({''.join(self._now(p) + ', ' for p in parts)})"
        weighted = self._compiler.weighted(relation)
        self._crisp = self._crisp and not weighted
        if item.negated:
            if weighted:
                absence = self._names.own("U", "absence", lambda user: user.prover.absence)
                return self._now(f"{absence}({label}, {row})")
            return f"{self._name('U', AbsenceStep)}({label}, {lasting}, 1.0)"
        stored = self._compiler.stored(relation)
        if stored is None:
            proved = self._names.own("P", relation, lambda user: user.prover.proved(relation))
            return self._now(f"{proved}[{row}]")
        where = key(parts) if parts else "()"
        weight = self._now(f"{self._names.weights(stored)}[{where}]") if weighted else "1.0"
        source = self._now(f"{self._names.rows(stored)}[{where}]")
        return f"{self._name('U', FactProof)}({label}, {lasting}, {weight}, {source} or '')"

    @staticmethod
    def _part(writer: Writer, term: Term) -> str:
        return "None" if isinstance(term, Var) and term.anonymous else writer.term(term)
