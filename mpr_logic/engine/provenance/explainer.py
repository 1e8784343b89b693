"""Compiles what finds proofs: for the shape of a rule a function that records its best match, for an
aggregate one that proves each row that it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.shapes import abstract, shape_of
from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.groups import Group, variables_in_order
from mpr_logic.engine.namespace import parameters
from mpr_logic.engine.planner import inner_variables, item_variables, name_anonymous
from mpr_logic.engine.provenance.paths import walked_proofs
from mpr_logic.engine.provenance.proof import AggregateStep
from mpr_logic.engine.provenance.proof_writer import ProofWriter
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.provenance.paths import WalkedProofs
    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.language.ast import Aggregate, BodyItem, Row, Term


class Explainer:
    """Compiles these functions, and keeps their names."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._shapes: dict[object, tuple[str, list[str]]] = {}
        self._rules: dict[Rule, tuple[str, Row]] = {}
        self._inner: dict[object, tuple[str, list[str]]] = {}
        self._walked: dict[str, WalkedProofs | None] = {}

    def explained(self) -> str:
        """The name of what explains a rule that is known to fire."""
        return self._compiler.namespace.own("U", "explained", lambda user: user.prover.explained)

    def walked(self, relation: str) -> WalkedProofs | None:
        """What proves a relation that is walked; None for any other."""
        if relation not in self._walked:
            self._walked[relation] = walked_proofs(self._compiler, relation)
        return self._walked[relation]

    def compiled(self, rule: Rule) -> tuple[str, Row]:
        """The function of a rule's shape, and what the rule fills it with: its constants, and its names for
        the variables."""
        found = self._rules.get(rule)
        if found is not None:
            return found
        shape, constants = shape_of(rule)
        args, body = abstract(rule)
        known = self._shapes.get(shape)
        if known is None:
            known = self._shapes[shape] = self._compile(rule, args, name_anonymous(body), len(constants))
        function, abstract_names = known
        renamed = dict(
            zip(variables_in_order(args, body), variables_in_order(rule.args, rule.body), strict=True)
        )
        self._rules[rule] = (function, (*constants, *[renamed[n] for n in abstract_names]))
        return self._rules[rule]

    def _compile(
        self, rule: Rule, args: tuple[Term, ...], body: tuple[BodyItem, ...], constants: int
    ) -> tuple[str, list[str]]:
        """For a shape the function from a rule of it, the head's arguments and what the rule fills it
        with to the record of its best match; and the variables whose names it has to be filled with."""
        compiler = self._compiler
        alike = replace(rule, weight=1.0)  # rules of one shape differ in their weights
        preset = {f"${i}": f"k{i}" for i in range(constants)}
        params = parameters("b" * len(args))
        names = [n for n in variables_in_order(args, body) if not n.startswith("?")]
        writer = Writer(compiler.namespace, compiler)
        prover = ProofWriter(compiler)
        if params:
            writer.line(f"{', '.join(params)}, = row")
        filled = [*preset.values(), *(f"name{i}" for i in range(len(names)))]
        if filled:
            writer.line(f"{', '.join(filled)}, = own")
        writer.line("best, found = 0.0, None")
        held: list[list[str]] = []  # the variables of the best match, where matches have weights

        def proof() -> str:
            known = writer.locals
            bindings = {f"name{i}": known[n] for i, n in enumerate(names) if n in known}
            return prover.recorded(writer, body, bindings, "rule", len(args), filled)

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            if not weights:  # every match weighs the same: the first will do
                writer.line(f"return {proof()}")
                return
            weight = writer.weight(weights)
            held[:] = [[n for n in writer.locals if n not in preset]]
            values = "".join(f"{writer.locals[n]}, " for n in held[0])
            writer.line(f"if {weight} > best: best, found = {weight}, ({values})")

        compiler.write_group(
            writer, Group(args, body, (alike,)), "b" * len(args), emit, keep=True, preset=preset
        )
        if held:
            writer.line("if found is None: return None")
            writer.locals = {n: f"h{i}" for i, n in enumerate(held[0])} | preset
            if held[0]:
                writer.line(f"{', '.join(writer.locals[n] for n in held[0])}, = found")
            writer.line(f"return {proof()}")
        return compiler.define(writer, ["rule", "row", "own"]), names

    def inner(self, index: int, item: Aggregate, known: Iterable[str]) -> tuple[str, list[str]]:
        """For an aggregate at this place of a body a function from its value and those of the variables
        around it to its step, which has the proofs of the positive literals in the braces for each
        distinct binding; and those variables."""
        compiler = self._compiler
        known = tuple(sorted(known))
        found = self._inner.get((index, item, known))
        if found is not None:
            return found
        body = name_anonymous(item.body, f"?{index}_")
        names = sorted({n for i in body for n in item_variables(i)} | inner_variables(item))
        outer = [n for n in names if n in known]
        inner = [n for n in names if n not in known]
        literals = [i for i in body if isinstance(i, Literal) and not i.negated]
        adornment = "b" * len(outer) + "f" * len(inner)
        writer = Writer(compiler.namespace, compiler)
        prover = ProofWriter(compiler)
        writer.line("out, weights = [], []")

        def emit(_: Writer, __: list[str], weights: list[str]) -> None:
            proofs = "".join(f"{prover.step(writer, i, literal)}, " for i, literal in enumerate(literals))
            writer.line(f"out.append(({proofs}))")
            if weights:
                writer.line(f"weights.append({writer.weight(weights)})")

        columns = tuple(Var(n) for n in (*outer, *inner))
        compiler.write_group(writer, Group(columns, body), adornment, emit)
        together = compiler.namespace.name("U", compiler.semiring.all, "all")
        step = compiler.namespace.name("U", AggregateStep, "aggregate step")
        writer.line(f"return {step}({index}, value, {together}(weights) if weights else 1.0, (*out,))")
        defined = compiler.define(writer, ["value", *parameters(adornment)])
        self._inner[index, item, known] = defined, outer
        return defined, outer
