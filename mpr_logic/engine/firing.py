"""The rules that fire, with their proofs: for each head one function that finds and proves at once.

A rule that joins nothing is written out, and its proof where its tests have held. Any other is asked
by the function that explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.engine.checks import best_match, may_weigh_less, weighted_body, write_table
from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import parameters
from mpr_logic.engine.groups import variables_in_order
from mpr_logic.engine.namespace import Namespace
from mpr_logic.engine.plan import Assign, Filter, name_anonymous
from mpr_logic.engine.proof_writer import ProofWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.proof import RuleProof
    from mpr_logic.engine.proofs import Prover
    from mpr_logic.syntax.ast import Row

Firing: TypeAlias = "Callable[[Row], list[tuple[RuleProof, float]]]"
"""From an action's arguments to the proofs of the rules that fire, each with the weight of its best match."""


class Firings:
    """Compiles and keeps these functions for ``forbid a`` and the like."""

    def __init__(self, goals: Goals, prover: Prover) -> None:
        self._goals = goals
        self._prover = prover
        self._compiled: dict[tuple[str, float | None], Firing] = {}

    def reset(self) -> None:
        """Forget compiled code."""
        self._compiled.clear()

    def function(self, head: str, below: float | None = None) -> Firing:
        """The compiled function of a head; with ``below`` of those rules alone that could weigh less."""
        found = self._compiled.get((head, below))
        if found is None:
            found = self._compiled[head, below] = self._compile(head, below)
        return found

    def _compile(self, head: str, below: float | None) -> Firing:
        goals, adornment = self._goals, "b" * self._goals.program.arity[head]
        writer = Writer(goals.namespace, goals)
        if adornment:
            writer.line(f"{', '.join(parameters(adornment))}, = row")
        writer.line("out = []")
        for each in goals.groups.get(head, ()):
            if below is not None and not may_weigh_less(goals, each, below):
                continue
            if each.table is not None:
                found, rules = write_table(goals, writer, each, adornment)
                explain = goals.namespace.name("U", self._prover.explained, "explained")
                writer.line(f"    for m in {found}: out.append(({explain}({rules}[m], row), {found}[m]))")
            elif not self._inline(writer, each, adornment):
                self._call(writer, each, adornment)
        writer.line("return out")
        return goals.define(writer, ["row"])

    def _inline(self, writer: Writer, each: Group, adornment: str) -> bool:
        """Write out a rule that joins nothing: it matches once at most. Says whether it is such a rule."""
        goals, (rule,) = self._goals, each.rules
        draft = Writer(Namespace(), goals)
        if not all(
            isinstance(s, Filter | Assign) for s in goals.begin(draft, each, adornment, "", keep=True)
        ):
            return False
        body = name_anonymous(rule.body)

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            weight = writer.weight(weights)
            named = [n for n in variables_in_order(rule.args, body) if n in writer.locals and n[0] != "?"]
            pairs = ", ".join(f"{goals.namespace.constant(n)}: {writer.locals[n]}" for n in named)
            writer.line(f"rule = {goals.namespace.name('L', rule)}")
            proof = ProofWriter(self._prover, goals).proof(writer, body, f"{{{pairs}}}")
            writer.line(f"out.append(({proof}, {weight}))")

        goals.write_group(writer, each, adornment, emit, keep=True)
        return True

    def _call(self, writer: Writer, each: Group, adornment: str) -> None:
        """Ask the function that explains a rule; where matches have weights, after that of the best."""
        goals, (rule,) = self._goals, each.rules
        names = goals.namespace
        label = names.name("L", rule)
        if weighted_body(goals, each):
            weight = writer.fresh("w")
            writer.line(
                f"{weight} = {best_match(goals, each, adornment)}({', '.join(parameters(adornment))})"
            )
            explain = names.name("U", self._prover.explained, "explained")
            writer.line(f"if {weight}: out.append(({explain}({label}, row), {weight}))")
            return
        function, own = self._prover.compiled(rule)
        found = writer.fresh("found")
        writer.line(f"{found} = {names.name('K', function)}({label}, row, {names.name('O', own)})")
        weight = names.constant(rule.weight if goals.semiring.weighted else 1.0)
        writer.line(f"if {found} is not None: out.append(({found}, {weight}))")
