"""The rules that speak of actions: for each head one function from an action's arguments to the rules
that fire.

A rule of tests alone becomes one condition in it; a rule that joins becomes a function that ends at
the first match; rules of one shape are found through the table of their constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import parameters
from mpr_logic.engine.groups import MEMBER
from mpr_logic.engine.plan import Filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.groups import Group

Check: TypeAlias = "Callable[..., list[tuple[Rule, float]]]"
"""From an action's arguments to the rules that fire, each with the weight of its best match."""


class Checks:
    """Compiles and keeps the functions for ``forbid a``, ``permit a`` and ``prefer a``."""

    def __init__(self, goals: Goals) -> None:
        self._goals = goals
        self._compiled: dict[str, Check] = {}

    def reset(self) -> None:
        """Forget compiled code."""
        self._compiled.clear()

    def function(self, head: str) -> Check:
        """The compiled function of ``forbid a`` and the like: from the action's arguments to the rules
        that fire, each with its weight."""
        found = self._compiled.get(head)
        if found is None:
            found = self._compiled[head] = self._compile(head)
        return found

    def _compile(self, head: str) -> Check:
        adornment = "b" * self._goals.program.arity[head]
        writer = Writer(self._goals.namespace, self._goals)
        writer.line("out = []")
        for each in self._goals.groups.get(head, ()):
            if each.table is not None:
                self._check_table(writer, each, adornment)
            elif not self._check_inline(writer, each, adornment):
                self._check_call(writer, each, adornment)
        writer.line("return out")
        return self._goals.define(writer, parameters(adornment))

    def _entry(self, rule: Rule) -> str:
        weight = rule.weight if self._goals.semiring.weighted else 1.0
        return self._goals.namespace.name("L", (rule, weight), ("entry", id(rule)))

    def _check_inline(self, writer: Writer, each: Group, adornment: str) -> bool:
        """A rule of tests alone becomes one condition; says whether it is such a rule."""
        draft = Writer(self._goals.namespace, self._goals)
        steps = self._goals.begin(draft, each, adornment, "break")
        if draft.lines or not all(isinstance(s, Filter) for s in steps):
            return False
        conditions = [draft.condition(s.item) for s in steps if isinstance(s, Filter)]
        if any(weighted for _, weighted in conditions):
            return False
        test = " and ".join(f"({source})" for source, _ in conditions) or "True"
        writer.line(f"if {test}: out.append({self._entry(each.rules[0])})")
        return True

    def _check_call(self, writer: Writer, each: Group, adornment: str) -> None:
        """Any other rule becomes a function of its own, which ends at the first (best) match."""
        params = parameters(adornment)
        body = Writer(self._goals.namespace, self._goals)
        body.line("best = 0.0")

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            weight = body.weight(weights)
            if all(w.startswith("C") for w in weights):
                body.line(f"return {weight}")
            else:
                body.line(f"if {weight} > best: best = {weight}")

        self._goals.write_group(body, each, adornment, emit)
        body.line("return best")
        function = self._goals.namespace.name("K", self._goals.define(body, params))
        weight, rule = writer.fresh("w"), self._goals.namespace.name("L", each.rules[0])
        writer.line(f"{weight} = {function}({', '.join(params)})")
        writer.line(f"if {weight}: out.append(({rule}, {weight}))")

    def _check_table(self, writer: Writer, each: Group, adornment: str) -> None:
        """A group joins its table; each rule of it that matches fires, once."""
        assert each.table is not None
        found = writer.fresh("found")
        writer.line(f"{found} = None")

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            member, weight = writer.locals[MEMBER], writer.weight(weights)
            writer.line(f"if {found} is None: {found} = {{}}")
            writer.line(f"if {weight} > {found}.get({member}, 0.0): {found}[{member}] = {weight}")

        rules = self._goals.namespace.name("L", each.rules)
        self._goals.write_group(writer, each, adornment, emit)
        writer.line(f"if {found} is not None:")
        writer.line(f"    for m in {found}: out.append(({rules}[m], {found}[m]))")
