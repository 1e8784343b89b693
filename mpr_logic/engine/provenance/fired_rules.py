"""Compiles, for each head, one function that finds the rules that fire and records their proofs in one pass.

A rule that joins nothing is written out, and the record of its proof where its tests have held. Any other is
asked by the function that records its best match.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import Namespace, parameters
from mpr_logic.engine.planner import Assign, Filter, name_anonymous
from mpr_logic.engine.provenance.recorder import ProofCodeWriter, ProofCompiler
from mpr_logic.engine.rule_groups import variables_in_order
from mpr_logic.engine.topdown.verdicts import (
    VerdictCompiler,
    best_match,
    may_weigh_less,
    weighted_body,
    write_table,
)

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.engine.topdown.compiler import Compiler


class FiredRulesCompiler:
    """Compiles the proving functions of ``forbid a`` and the like, and keeps their names."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._compiled: dict[tuple[str, float, bool], str] = {}

    def function(self, head: str, theta: float, *, soft: bool = False) -> str:
        """The function of a head; with ``soft`` of what fires with less than theta alone."""
        found = self._compiled.get((head, theta, soft))
        if found is None:
            found = _FiredRulesWriter(self._compiler, head, theta, soft).compiled()
            self._compiled[head, theta, soft] = found
        return found


class _FiredRulesWriter:
    """Writes one such function."""

    def __init__(self, compiler: Compiler, head: str, theta: float, soft: bool) -> None:
        self._compiler = compiler
        self._verdicts = compiler.extension(VerdictCompiler)
        self._proofs = compiler.extension(ProofCompiler)
        self._head = head
        self._action = head.partition(" ")[2]
        self._laws = "laws"
        self._open = False  # whether it takes the ids of permits to tell which laws stand
        self._theta = theta
        self._soft = soft
        self._writer = CodeWriter(compiler.namespace, compiler)

    def compiled(self) -> str:
        """The function."""
        compiler, writer, head = self._compiler, self._writer, self._head
        adornment = "b" * compiler.program.arity[head]
        if adornment:
            writer.line(f"{', '.join(parameters(adornment))}, = row")
        writer.line("laws, soft = [], []")
        for each in compiler.groups.get(head, ()):
            if self._soft and not may_weigh_less(compiler, each, self._theta):
                continue
            self._laws = self._into(each)
            if each.table is not None:
                self._table(each, adornment)
            elif not self._inline(each, adornment):
                self._call(each, adornment)
        laws = "laws"
        if self._open:
            action, theta = self._action, self._theta
            named = compiler.namespace.own(
                "U", ("standing", action, theta), lambda session: partial(session.standing, action, theta)
            )
            laws = f"{named}(laws, row)"
        writer.line(f"return {laws}, soft")
        return compiler.define(writer, ["row"])

    def _into(self, each: RuleGroup) -> str:
        """The source of the list for the laws of a group."""
        if self._soft or not self._verdicts.overridden(each):
            return "laws"
        lifted = self._verdicts.lifted(self._action, self._theta, each)
        if lifted is None:
            self._open = True
            return "laws"
        self._writer.line("overridden = []")
        return f"(overridden if {lifted} else laws)"

    def _fires(self, proof: str, weight: str, *, given: float | None = None) -> str:
        """The source that enters a proof; ``given`` is the weight where it is known by now."""
        theta = self._compiler.namespace.constant(self._theta)
        if given is not None:
            into = self._laws if given >= self._theta else "soft"
        else:
            into = "soft" if self._soft else f"({self._laws} if {weight} >= {theta} else soft)"
        return f"{into}.append(({proof}, {weight}))"

    def _weight(self, rule: Rule) -> float:
        return rule.weight if self._compiler.semiring.weighted else 1.0

    def _table(self, each: RuleGroup, adornment: str) -> None:
        found, rules = write_table(self._compiler, self._writer, each, adornment)
        record = self._proofs.record()
        self._writer.line(f"    for m, w in {found}.items():")
        if self._soft:
            self._writer.line(f"        if w >= {self._compiler.namespace.constant(self._theta)}: continue")
        self._writer.line(f"        {self._fires(f'{record}({rules}[m], row)', 'w')}")

    def _inline(self, each: RuleGroup, adornment: str) -> bool:
        """Write out a rule that joins nothing: it matches once at most. Says whether it is such a rule."""
        compiler, writer, (rule,) = self._compiler, self._writer, each.rules
        draft = CodeWriter(Namespace(), compiler)
        steps = compiler.begin(draft, each, adornment, "", keep=True)
        if not all(isinstance(s, Filter | Assign) for s in steps):
            return False
        body = name_anonymous(rule.body)

        def emit(_: list[str], weights: list[str]) -> None:
            weight, given = writer.weight(weights), None
            if not weighted_body(compiler, each):
                given = self._weight(rule)
            elif self._soft:
                writer.line(f"if {weight} >= {compiler.namespace.constant(self._theta)}: break")
            named = [n for n in variables_in_order(rule.args, body) if n in writer.locals and n[0] != "?"]
            bindings = {compiler.namespace.constant(n): writer.locals[n] for n in named}
            label, arity = compiler.namespace.name("L", rule), len(rule.args)
            proof = ProofCodeWriter(compiler).recorded(writer, body, bindings, label, arity)
            writer.line(self._fires(proof, weight, given=given))

        compiler.write_group(writer, each, adornment, emit, keep=True)
        return True

    def _call(self, each: RuleGroup, adornment: str) -> None:
        """Ask the function that explains a rule; where matches have weights, after that of the best."""
        compiler, writer, (rule,) = self._compiler, self._writer, each.rules
        names = compiler.namespace
        label = names.name("L", rule)
        if weighted_body(compiler, each):
            weight = writer.fresh("w")
            best = best_match(compiler, each, adornment)
            writer.line(f"{weight} = {best}({', '.join(parameters(adornment))})")
            record = self._proofs.record()
            bar = f" and {weight} < {names.constant(self._theta)}" if self._soft else ""
            writer.line(f"if {weight}{bar}: {self._fires(f'{record}({label}, row)', weight)}")
            return
        function, own = self._proofs.compiled(rule)
        found = writer.fresh("found")
        writer.line(f"{found} = {function}({label}, row, {names.name('O', own)})")
        given = self._weight(rule)
        writer.line(f"if {found} is not None: {self._fires(found, names.constant(given), given=given)}")
