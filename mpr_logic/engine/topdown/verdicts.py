"""Compiles the rules that speak of actions into functions of an action's arguments.

The *verdict* of an action says only whether it is admitted, and stops at the first law that stands; the
function of the *fired* rules of a head lists every rule whose body holds, with its weight. In both, rules of
one shape are found through the table of their constants.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import Namespace, parameters
from mpr_logic.engine.planner import Assign, Filter, Gather, Scan, body_relations
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN, OPEN, UNPERMITTED
from mpr_logic.engine.provenance.proof import rule_of
from mpr_logic.engine.rule_groups import MEMBER
from mpr_logic.language.ast import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import FiredFunction, Proofs
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.language.ast import Row


class VerdictCompiler:
    """Compiles the functions for ``forbid a``, ``permit a`` and ``prefer a``, and keeps their names."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._fired: dict[str, str] = {}
        self._verdicts: dict[tuple[str, float], str] = {}
        self._less: dict[tuple[str, float], bool] = {}
        self.overriding: dict[str, set[str]] = defaultdict(set)  # by a law's id the ids of permits
        for permit, ids in compiler.program.overrides.items():
            for each in ids:
                self.overriding[each].add(permit)

    def fired(self, head: str) -> str:
        """The compiled function of ``forbid a`` and the like: from the action's arguments to the rules
        that fire, each with its weight."""
        found = self._fired.get(head)
        if found is None:
            found = self._fired[head] = self._compile_fired(head)
        return found

    def verdict(self, action: str, theta: float) -> str:
        """The compiled function that only decides about an action. It asks the cheapest law first and
        stops at the first that stands; those that some permit overrides come last. Rules below theta
        are not asked at all."""
        found = self._verdicts.get((action, theta))
        if found is None:
            found = self._verdicts[action, theta] = self._compile_verdict(action, theta)
        return found

    def _compile_verdict(self, action: str, theta: float) -> str:
        compiler = self._compiler
        params = parameters("b" * compiler.program.schema.actions[action].arity)
        writer = CodeWriter(compiler.namespace, compiler)
        if params:
            writer.line(f"{', '.join(params)}, = row")
        laws = []
        for group, price in self._laws(f"forbid {action}", theta):
            laws.append((self.overridden(group), price, group))
        for overridden, _, group in sorted(laws, key=lambda law: law[:2]):
            answer = f"return {FORBIDDEN}"
            if overridden:
                lifted = self.lifted(action, theta, group)
                answer = f"return {OPEN}" if lifted is None else f"if not {lifted}: {answer}"
            self._write_law(writer, group, theta, answer)
        if action in compiler.program.schema.closed:
            writer.line(f"if not {self._permitted(action, theta)}: return {UNPERMITTED}")
        writer.line(f"return {ADMITTED}")
        return compiler.define(writer, ["row"])

    def _laws(self, head: str, theta: float) -> Iterator[tuple[RuleGroup, int]]:
        """The groups of a head that can weigh theta, each with a rough price: no proof weighs more than
        its rule."""
        compiler = self._compiler
        for group in compiler.groups.get(head, ()):
            if not compiler.semiring.weighted or max(r.weight for r in group.rules) >= theta:
                draft = CodeWriter(Namespace(), compiler)
                steps = compiler.begin(draft, group, "b" * compiler.program.arity[head], "break")
                yield group, sum(map(self._price, steps))

    def cheapest_first(self, head: str) -> list[Rule]:
        """The rules of a head, by a rough price."""
        ordered = sorted(self._laws(head, 0.0), key=lambda law: law[1])
        return [rule for group, _ in ordered for rule in group.rules]

    def overridden(self, group: RuleGroup) -> bool:
        """Whether a permit can override a rule of the group."""
        return not self.overriding.keys().isdisjoint([rule.id for rule in group.rules])

    def lifted(self, action: str, theta: float, group: RuleGroup) -> str | None:
        """The source of whether a permit that fires overrides the rule of a group; None where it takes the
        permits' ids to tell."""
        if group.table is not None:
            return None
        return self._permitted(action, theta, self.overriding[group.rules[0].id])

    def _permitted(self, action: str, theta: float, ids: set[str] | None = None) -> str | None:
        """The source of whether a permit of the action fires with at least theta; only those with one of
        these ids where they are given. None where that takes their ids to tell."""
        head = f"permit {action}"
        wanted = [
            (group, price)
            for group, price in self._laws(head, theta)
            if ids is None or not ids.isdisjoint([r.id for r in group.rules])
        ]
        if ids is not None and any(group.table is not None for group, _ in wanted):
            return None
        params = parameters("b" * self._compiler.program.schema.actions[action].arity)
        writer = CodeWriter(self._compiler.namespace, self._compiler)
        for group, _ in sorted(wanted, key=lambda each: each[1]):
            self._write_law(writer, group, theta, "return True")
        writer.line("return False")
        return f"{self._compiler.define(writer, params)}({', '.join(params)})"

    def _write_law(self, writer: CodeWriter, group: RuleGroup, theta: float, answer: str) -> None:
        """Write a group; where one of its rules fires with at least theta, the answer."""
        compiler = self._compiler
        least = min(r.weight for r in group.rules) if compiler.semiring.weighted else 1.0
        bar = compiler.namespace.constant(theta)

        def emit(_: list[str], weights: list[str]) -> None:
            unsure = [w for w in weights if least < theta or w[0] not in "CM"]
            if not unsure:
                writer.line(answer)  # only the rule weighs less than 1, and it weighs enough
            elif compiler.semiring.name == "maxmin":  # the least of them decides
                writer.line(f"if {' and '.join(f'{w} >= {bar}' for w in unsure)}:")
                writer.line(f"    {answer}")
            else:
                writer.line(f"if {writer.weight(weights)} >= {bar}:")
                writer.line(f"    {answer}")

        compiler.write_group(writer, group, "b" * len(group.args), emit)

    def weighs_less(self, head: str, theta: float) -> bool:
        """Whether a rule of the head could fire with a weight below theta."""
        found = self._less.get((head, theta))
        if found is None:
            found = self._less[head, theta] = self._weighs_less(head, theta)
        return found

    def _weighs_less(self, head: str, theta: float) -> bool:
        return any(
            may_weigh_less(self._compiler, each, theta) for each in self._compiler.groups.get(head, ())
        )

    def _price(self, step: PlanStep) -> int:
        """A rough price: a look-up, a walk through a bucket, a call."""
        match step:
            case Filter(_, Literal(atom)):
                return 1 if self._compiler.stored(atom.name) is not None else 10
            case Scan(_, Literal(atom), bound):
                return (5 if bound else 10) + (0 if self._compiler.stored(atom.name) is not None else 20)
            case Gather():
                return 20
        return 1

    def _compile_fired(self, head: str) -> str:
        adornment = "b" * self._compiler.program.arity[head]
        writer = CodeWriter(self._compiler.namespace, self._compiler)
        writer.line("out = []")
        for each in self._compiler.groups.get(head, ()):
            if each.table is not None:
                self._fired_table(writer, each, adornment)
            elif not self._fired_inline(writer, each, adornment):
                self._fired_call(writer, each, adornment)
        writer.line("return out")
        return self._compiler.define(writer, parameters(adornment))

    def _entry(self, rule: Rule) -> str:
        weight = rule.weight if self._compiler.semiring.weighted else 1.0
        return self._compiler.namespace.name("L", (rule, weight), ("entry", id(rule)))

    def _fired_inline(self, writer: CodeWriter, each: RuleGroup, adornment: str) -> bool:
        """A rule that joins nothing is written where it is asked: it matches once at most. Says whether
        it is such a rule."""
        draft = CodeWriter(Namespace(), self._compiler)
        steps = self._compiler.begin(draft, each, adornment, "break")
        if not all(isinstance(s, Filter | Assign) for s in steps):
            return False

        def emit(_: list[str], weights: list[str]) -> None:
            if all(w.startswith("C") for w in weights):
                writer.line(f"out.append({self._entry(each.rules[0])})")
            else:
                rule = self._compiler.namespace.name("L", each.rules[0])
                writer.line(f"out.append(({rule}, {writer.weight(weights)}))")

        self._compiler.write_group(writer, each, adornment, emit)
        return True

    def _fired_call(self, writer: CodeWriter, each: RuleGroup, adornment: str) -> None:
        """Any other rule becomes a function of its own, which ends at the first (best) match."""
        compiler = self._compiler
        weight, rule = writer.fresh("w"), compiler.namespace.name("L", each.rules[0])
        writer.line(f"{weight} = {best_match(compiler, each, adornment)}({', '.join(parameters(adornment))})")
        writer.line(f"if {weight}: out.append(({rule}, {weight}))")

    def _fired_table(self, writer: CodeWriter, each: RuleGroup, adornment: str) -> None:
        """A group joins its table; each rule of it that matches fires, once."""
        found, rules = write_table(self._compiler, writer, each, adornment)
        writer.line(f"    for m in {found}: out.append(({rules}[m], {found}[m]))")


def standing(
    overriding: Mapping[str, Set[str]], permits: FiredFunction, theta: float, laws: Proofs, row: Row
) -> Proofs:
    """Return the laws, of those that fire, that no permit overrides, each with its proof. ``overriding`` has
    the ids of permits by that of the law, ``permits`` lists those that fire."""
    if overriding.keys().isdisjoint([rule_of(proof).id for proof, _ in laws]):
        return laws
    fired = {rule.id for rule, weight in permits(*row) if weight >= theta}
    return [each for each in laws if fired.isdisjoint(overriding.get(rule_of(each[0]).id, ()))]


def may_weigh_less(compiler: Compiler, each: RuleGroup, theta: float) -> bool:
    """Whether a rule of the group could fire with a weight below theta."""
    light = compiler.semiring.weighted and any(rule.weight < theta for rule in each.rules)
    return light or weighted_body(compiler, each)


def weighted_body(compiler: Compiler, each: RuleGroup) -> bool:
    """Whether matches of the group's body may weigh less than 1."""
    return any(compiler.weighted(name) for name in body_relations(each.body))


def best_match(compiler: Compiler, each: RuleGroup, adornment: str) -> str:
    """The name of a function from the arguments of a head to the weight of the best match of a rule."""
    body = CodeWriter(compiler.namespace, compiler)
    body.line("best = 0.0")

    def emit(_: list[str], weights: list[str]) -> None:
        weight = body.weight(weights)
        if all(w.startswith("C") for w in weights):
            body.line(f"return {weight}")
        else:
            body.line(f"if {weight} > best: best = {weight}")

    compiler.write_group(body, each, adornment, emit)
    body.line("return best")
    return compiler.define(body, parameters(adornment))


def write_table(compiler: Compiler, writer: CodeWriter, each: RuleGroup, adornment: str) -> tuple[str, str]:
    """Write the search for the rules of a table that fire, and the head of a branch for where there are any.

    Returns:
        The names of the dictionary from their places to their weights, and of the list of rules by place.
    """
    assert each.table is not None
    found = writer.fresh("found")
    writer.line(f"{found} = None")

    def emit(_: list[str], weights: list[str]) -> None:
        member, weight = writer.locals[MEMBER], writer.weight(weights)
        writer.line(f"if {found} is None: {found} = {{}}")
        writer.line(f"if {weight} > {found}.get({member}, 0.0): {found}[{member}] = {weight}")

    compiler.write_group(writer, each, adornment, emit)
    writer.line(f"if {found} is not None:")
    return found, compiler.namespace.name("L", each.rules)
