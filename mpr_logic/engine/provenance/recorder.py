"""Compiles the recording of proofs. Nothing is recorded until a rule fires, and then its own proof alone.

For the shape of a rule there is a function that records its best match, for an aggregate one that proves each
row that it counts. A *record* is what the proof can be written down from later, when the state may have
changed.
(Why-provenance of one derivation: Buneman, Khanna and Tan 2001; weights combine in a semiring: Green,
Karvounarakis and Tannen 2007.)
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.shapes import abstract, rule_shape
from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import key, parameters
from mpr_logic.engine.planner import body_relations, inner_variables, item_variables, name_anonymous
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, BuiltinStep, FactProof, RuleProof
from mpr_logic.engine.rule_groups import RuleGroup, variables_in_order
from mpr_logic.language.ast import Aggregate, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.language.ast import BodyItem, Row, Term


class ProofCompiler:
    """Compiles the recording functions, and keeps their names."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._shapes: dict[object, tuple[str, list[str]]] = {}
        self._rules: dict[Rule, tuple[str, Row]] = {}
        self._inner: dict[object, tuple[str, list[str]]] = {}

    def record(self) -> str:
        """The name of the callback that records the best match of a rule that is known to fire."""
        return callback(self._compiler, "record")

    def compiled(self, rule: Rule) -> tuple[str, Row]:
        """The function of a rule's shape, and what the rule fills it with: its constants, and its names for
        the variables."""
        found = self._rules.get(rule)
        if found is not None:
            return found
        shape, constants = rule_shape(rule)
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
        unweighted = replace(rule, weight=1.0)  # rules of one shape differ in their weights
        preset = {f"${i}": f"k{i}" for i in range(constants)}
        params = parameters("b" * len(args))
        names = [n for n in variables_in_order(args, body) if not n.startswith("?")]
        writer = CodeWriter(compiler.namespace, compiler)
        code = ProofCodeWriter(compiler)
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
            return code.recorded(writer, body, bindings, "rule", len(args), filled)

        def emit(_: list[str], weights: list[str]) -> None:
            if not weights:  # every match weighs the same: the first will do
                writer.line(f"return {proof()}")
                return
            weight = writer.weight(weights)
            held[:] = [[n for n in writer.locals if n not in preset]]
            values = "".join(f"{writer.locals[n]}, " for n in held[0])
            writer.line(f"if {weight} > best: best, found = {weight}, ({values})")

        compiler.write_group(
            writer, RuleGroup(args, body, (unweighted,)), "b" * len(args), emit, keep=True, preset=preset
        )
        if held:
            writer.line("if found is None: return None")
            writer.locals = {n: f"h{i}" for i, n in enumerate(held[0])} | preset
            if held[0]:
                writer.line(f"{', '.join(writer.locals[n] for n in held[0])}, = found")
            writer.line(f"return {proof()}")
        return compiler.define(writer, ["rule", "row", "own"]), names

    def inner(self, index: int, item: Aggregate, known: Iterable[str]) -> tuple[str, list[str]]:
        """The name of a function for the step of an aggregate at this place of a body, and the variables
        around it. The function takes the aggregate's value and theirs. The step has the proofs of the
        positive literals in the braces, for each distinct binding."""
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
        writer = CodeWriter(compiler.namespace, compiler)
        code = ProofCodeWriter(compiler)
        writer.line("out, weights = [], []")

        def emit(_: list[str], weights: list[str]) -> None:
            proofs = "".join(f"{code.step(writer, i, literal)}, " for i, literal in enumerate(literals))
            writer.line(f"out.append(({proofs}))")
            if weights:
                writer.line(f"weights.append({writer.weight(weights)})")

        columns = tuple(Var(n) for n in (*outer, *inner))
        compiler.write_group(writer, RuleGroup(columns, body), adornment, emit)
        together = compiler.namespace.name("U", compiler.semiring.all, "all")
        step = compiler.namespace.name("U", AggregateStep, "aggregate step")
        writer.line(f"return {step}({index}, value, {together}(weights) if weights else 1.0, (*out,))")
        defined = compiler.define(writer, ["value", *parameters(adornment)])
        self._inner[index, item, known] = defined, outer
        return defined, outer


_LASTING = re.compile(r"None|C\d+|[pk]\d+")
"""Sources that mean the same at any time: constants, an action's arguments, a rule's constants."""


class ProofCodeWriter:
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

    def proof(self, writer: CodeWriter, body: Sequence[BodyItem], bindings: Mapping[str, str]) -> str:
        """The source of the rule's proof. ``bindings`` are the sources of the names of its variables, and
        the locals that hold their values."""
        self._crisp = True
        steps = "".join(f"{self.step(writer, i, item)}, " for i, item in enumerate(body))
        pairs = "{" + ", ".join(f"{name}: {self._now(value)}" for name, value in bindings.items()) + "}"
        if not self._crisp:
            assemble = callback(self._compiler, "assemble")
            return f"{assemble}(rule, row, {pairs}, ({steps}))"
        weight = "rule.weight" if self._compiler.semiring.weighted else "1.0"
        return f"{self._name('U', RuleProof)}(rule.head, row, {weight}, rule, {pairs}, ({steps}))"

    def recorded(
        self,
        writer: CodeWriter,
        body: Sequence[BodyItem],
        bindings: Mapping[str, str],
        label: str,
        arity: int,
        own: Sequence[str] = (),
    ) -> str:
        """The source of a record from which the proof is written down: see
        :data:`~mpr_logic.engine.provenance.proof.ProofRecord`. ``label`` is the source of
        the rule; the names ``own`` come from a row of that name."""
        self._recorded = {}
        later = CodeWriter(self._names, self._compiler)
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
        """The source of a value of the present state where the proof is written down: the same source, if
        that is here; else the name under which it is recorded. Constants, arguments and the rule's own values
        do not change."""
        if self._recorded is None or _LASTING.fullmatch(source):
            return source
        return self._recorded.setdefault(source, f"now{len(self._recorded)}")

    def _name(self, kind: str, thing: Any) -> str:
        return self._names.name(kind, thing, ("proof", getattr(thing, "__qualname__", thing)))

    def step(self, writer: CodeWriter, index: int, item: BodyItem) -> str:
        """The source of one step."""
        if index == self._given:
            return "given"
        if isinstance(item, Aggregate):
            weighted = any(self._compiler.weighted(n) for n in body_relations([item]))
            self._crisp = self._crisp and not weighted
            function, outer = self._compiler.extension(ProofCompiler).inner(index, item, writer.locals)
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
                absence = callback(self._compiler, "absence")
                return self._now(f"{absence}({label}, {row})")
            return f"{self._name('U', AbsenceStep)}({label}, {lasting}, 1.0)"
        stored = self._compiler.stored(relation)
        if stored is None:
            proofs = self._names.own("P", relation, lambda session: session.callbacks["proofs_of"](relation))
            return self._now(f"{proofs}[{row}]")
        where = key(parts) if parts else "()"
        weight = self._now(f"{self._names.weights(stored)}[{where}]") if weighted else "1.0"
        source = self._now(f"{self._names.rows(stored)}[{where}]")
        return f"{self._name('U', FactProof)}({label}, {lasting}, {weight}, {source} or '')"

    @staticmethod
    def _part(writer: CodeWriter, term: Term) -> str:
        return "None" if isinstance(term, Var) and term.anonymous else writer.term(term)


def callback(compiler: Compiler, name: str) -> str:
    """The name of a function that compiled code calls back in a session: see
    :class:`~mpr_logic.engine.topdown.evaluator.Evaluator`."""
    return compiler.namespace.own("U", name, lambda session: session.callbacks[name])
