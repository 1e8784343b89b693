"""The rules that speak of actions: for each head one function from an action's arguments to the rules
that fire.

Two functions for a head: the *verdict* says only whether some law fires, and stops there; the *check*
lists every rule that fires, with its weight. In both, rules of one shape are found through the table
of their constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import body_relations, parameters
from mpr_logic.engine.groups import MEMBER
from mpr_logic.engine.namespace import Namespace
from mpr_logic.engine.plan import Filter, Gather, Scan
from mpr_logic.syntax.ast import Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.plan import Step

NONE, SOME, OPEN = 0, 1, 2
"""What a verdict says: no law fires; one fires that nothing overrides; one fires that may be overridden."""

Verdict: TypeAlias = "Callable[..., int]"
"""From an action's arguments to NONE, SOME or OPEN."""

Check: TypeAlias = "Callable[..., list[tuple[Rule, float]]]"
"""From an action's arguments to the rules that fire, each with the weight of its best match."""


class Checks:
    """Compiles and keeps the functions for ``forbid a``, ``permit a`` and ``prefer a``."""

    def __init__(self, goals: Goals) -> None:
        self._goals = goals
        self._compiled: dict[str, Check] = {}
        self._verdicts: dict[tuple[str, float], Verdict] = {}

    def reset(self) -> None:
        """Forget compiled code."""
        self._compiled.clear()
        self._verdicts.clear()

    def function(self, head: str) -> Check:
        """The compiled function of ``forbid a`` and the like: from the action's arguments to the rules
        that fire, each with its weight."""
        found = self._compiled.get(head)
        if found is None:
            found = self._compiled[head] = self._compile(head)
        return found

    def verdict(self, head: str, theta: float, overridden: frozenset[str]) -> Verdict:
        """The compiled function that only decides: whether a rule of the head fires with at least
        theta. It asks the cheapest rule first and stops at the first that fires; those whose ids are
        ``overridden`` by some permit come last. Rules below theta are not asked at all."""
        found = self._verdicts.get((head, theta))
        if found is None:
            found = self._verdicts[head, theta] = self._compile_verdict(head, theta, overridden)
        return found

    def _compile_verdict(self, head: str, theta: float, overridden: frozenset[str]) -> Verdict:
        goals = self._goals
        adornment = "b" * goals.program.arity[head]
        writer = Writer(goals.namespace, goals)
        bar = goals.namespace.constant(theta)
        ranked = []
        for place, each in enumerate(goals.groups.get(head, ())):
            weights = [r.weight if goals.semiring.weighted else 1.0 for r in each.rules]
            if max(weights) >= theta:  # no proof weighs more than its rule
                last = any(r.id in overridden for r in each.rules)
                steps = goals.begin(Writer(Namespace(), goals), each, adornment, "break")
                ranked.append((last, sum(map(self._price, steps)), place, each, min(weights)))
        for last, _, _, each, least in sorted(ranked, key=lambda r: r[:3]):
            answer = f"return {OPEN if last else SOME}"

            def emit(
                _: Writer, __: Any, weights: list[str], answer: str = answer, least: float = least
            ) -> None:
                if least >= theta and all(w[0] in "CM" for w in weights):
                    writer.line(answer)  # only the rule weighs less than 1, and it weighs enough
                else:
                    writer.line(f"if {writer.weight(weights)} >= {bar}: {answer}")

            goals.write_group(writer, each, adornment, emit)
        writer.line(f"return {NONE}")
        return goals.define(writer, parameters(adornment))

    def weighs_less(self, head: str, theta: float) -> bool:
        """Whether a rule of the head could fire with a weight below theta."""
        return any(
            any(rule.weight < theta for rule in each.rules)
            or any(self._goals.weighted(name) for name in body_relations(each.body))
            for each in self._goals.groups.get(head, ())
        )

    def _price(self, step: Step) -> int:
        """A rough price: a look-up, a walk through a bucket, a call."""
        match step:
            case Filter(_, Literal(atom)):
                return 1 if self._goals.stored(atom.name) is not None else 10
            case Scan(_, Literal(atom), bound):
                return (5 if bound else 10) + (0 if self._goals.stored(atom.name) is not None else 20)
            case Gather():
                return 20
        return 1

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
