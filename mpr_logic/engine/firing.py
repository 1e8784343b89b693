"""The rules that fire, with their proofs: for each head one function that finds and proves at once.

A rule that joins nothing is written out, and its proof where its tests have held. Any other is asked
by the function that explains it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.engine.checks import Proofs, best_match, may_weigh_less, weighted_body, write_table
from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import parameters
from mpr_logic.engine.groups import variables_in_order
from mpr_logic.engine.namespace import Namespace
from mpr_logic.engine.plan import Assign, Filter, name_anonymous
from mpr_logic.engine.proof_writer import ProofWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.checks import Checks
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.proofs import Prover
    from mpr_logic.syntax.ast import Row

Firing: TypeAlias = "Callable[[Row], tuple[Proofs, Proofs]]"
"""From an action's arguments to the proofs of the rules that fire with at least theta and that no permit
overrides, and of those that fire with less."""


class Firings:
    """Compiles and keeps these functions for ``forbid a`` and the like."""

    def __init__(self, goals: Goals, checks: Checks, prover: Prover) -> None:
        self._goals = goals
        self._checks = checks
        self._prover = prover
        self._compiled: dict[tuple[str, float, bool], Firing] = {}

    def reset(self) -> None:
        """Forget compiled code."""
        self._compiled.clear()

    def function(self, head: str, theta: float, *, soft: bool = False) -> Firing:
        """The compiled function of a head; with ``soft`` of what fires with less than theta alone."""
        found = self._compiled.get((head, theta, soft))
        if found is None:
            firing = _Firing(self._goals, self._checks, self._prover, head, theta, soft)
            found = self._compiled[head, theta, soft] = firing.compiled()
        return found


class _Firing:
    """Writes one such function."""

    def __init__(
        self, goals: Goals, checks: Checks, prover: Prover, head: str, theta: float, soft: bool
    ) -> None:
        self._goals = goals
        self._checks = checks
        self._prover = prover
        self._head = head
        self._action = head.partition(" ")[2]
        self._laws = "laws"
        self._open = False  # whether it takes the ids of permits to tell which laws stand
        self._theta = theta
        self._soft = soft
        self._writer = Writer(goals.namespace, goals)

    def compiled(self) -> Firing:
        """The function."""
        goals, writer, head = self._goals, self._writer, self._head
        adornment = "b" * goals.program.arity[head]
        if adornment:
            writer.line(f"{', '.join(parameters(adornment))}, = row")
        writer.line("laws, soft = [], []")
        for each in goals.groups.get(head, ()):
            if self._soft and not may_weigh_less(goals, each, self._theta):
                continue
            self._laws = self._into(each)
            if each.table is not None:
                self._table(each, adornment)
            elif not self._inline(each, adornment):
                self._call(each, adornment)
        laws = "laws"
        if self._open:
            standing = partial(self._checks.standing, self._action, self._theta)
            named = goals.namespace.name("U", standing, ("standing", self._action, self._theta))
            laws = f"{named}(laws, row)"
        writer.line(f"return {laws}, soft")
        return goals.define(writer, ["row"])

    def _into(self, each: Group) -> str:
        """The source of the list for the laws of a group."""
        if self._soft or not self._checks.overridden(each):
            return "laws"
        lifted = self._checks.lifted(self._action, self._theta, each)
        if lifted is None:
            self._open = True
            return "laws"
        self._writer.line("overridden = []")
        return f"(overridden if {lifted} else laws)"

    def _fires(self, proof: str, weight: str, *, given: float | None = None) -> str:
        """The source that enters a proof; ``given`` is the weight where it is known by now."""
        theta = self._goals.namespace.constant(self._theta)
        if given is not None:
            into = self._laws if given >= self._theta else "soft"
        else:
            into = "soft" if self._soft else f"({self._laws} if {weight} >= {theta} else soft)"
        return f"{into}.append(({proof}, {weight}))"

    def _weight(self, rule: Rule) -> float:
        return rule.weight if self._goals.semiring.weighted else 1.0

    def _table(self, each: Group, adornment: str) -> None:
        found, rules = write_table(self._goals, self._writer, each, adornment)
        explain = self._goals.namespace.name("U", self._prover.explained, "explained")
        self._writer.line(f"    for m, w in {found}.items():")
        if self._soft:
            self._writer.line(f"        if w >= {self._goals.namespace.constant(self._theta)}: continue")
        self._writer.line(f"        {self._fires(f'{explain}({rules}[m], row)', 'w')}")

    def _inline(self, each: Group, adornment: str) -> bool:
        """Write out a rule that joins nothing: it matches once at most. Says whether it is such a rule."""
        goals, writer, (rule,) = self._goals, self._writer, each.rules
        draft = Writer(Namespace(), goals)
        steps = goals.begin(draft, each, adornment, "", keep=True)
        if not all(isinstance(s, Filter | Assign) for s in steps):
            return False
        body = name_anonymous(rule.body)

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            weight, given = writer.weight(weights), None
            if not weighted_body(goals, each):
                given = self._weight(rule)
            elif self._soft:
                writer.line(f"if {weight} >= {goals.namespace.constant(self._theta)}: break")
            named = [n for n in variables_in_order(rule.args, body) if n in writer.locals and n[0] != "?"]
            bindings = {goals.namespace.constant(n): writer.locals[n] for n in named}
            label, arity = goals.namespace.name("L", rule), len(rule.args)
            proof = ProofWriter(self._prover, goals).recorded(writer, body, bindings, label, arity)
            writer.line(self._fires(proof, weight, given=given))

        goals.write_group(writer, each, adornment, emit, keep=True)
        return True

    def _call(self, each: Group, adornment: str) -> None:
        """Ask the function that explains a rule; where matches have weights, after that of the best."""
        goals, writer, (rule,) = self._goals, self._writer, each.rules
        names = goals.namespace
        label = names.name("L", rule)
        if weighted_body(goals, each):
            weight = writer.fresh("w")
            best = best_match(goals, each, adornment)
            writer.line(f"{weight} = {best}({', '.join(parameters(adornment))})")
            explain = names.name("U", self._prover.explained, "explained")
            bar = f" and {weight} < {names.constant(self._theta)}" if self._soft else ""
            writer.line(f"if {weight}{bar}: {self._fires(f'{explain}({label}, row)', weight)}")
            return
        function, own = self._prover.compiled(rule)
        found = writer.fresh("found")
        writer.line(f"{found} = {names.name('K', function)}({label}, row, {names.name('O', own)})")
        given = self._weight(rule)
        writer.line(f"if {found} is not None: {self._fires(found, names.constant(given), given=given)}")
