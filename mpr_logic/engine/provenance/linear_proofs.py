"""Proofs of linear recursion: the shortest path from the subgoal to a rule without recursion.

The same walk as in :mod:`mpr_logic.engine.topdown.linear`, breadth first, with the path kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import parameters
from mpr_logic.engine.planner import name_anonymous
from mpr_logic.engine.provenance.recorder import ProofCodeWriter
from mpr_logic.engine.topdown.linear import linear, right_linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.provenance.proof import Proof, RuleProof
    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.engine.topdown.evaluator import Evaluator
    from mpr_logic.engine.topdown.linear import LinearRule
    from mpr_logic.language.ast import BodyItem, Row


@dataclass(frozen=True, slots=True)
class LinearProofCode:
    """The code that proves a relation that is walked.

    Attributes:
        exits: its rules without recursion.
        steps: its recursive rules, each with the names of two functions. The first takes a row, and gives
            the rows that follow, each with the values of the rule's variables. The second takes the rule, its
            row, the proof of the recursive literal and those values, and gives the proof.
    """

    exits: tuple[Rule, ...]
    steps: tuple[tuple[Rule, str, str], ...]


class LinearProofCompiler:
    """Compiles that code, and keeps it."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._compiled: dict[str, LinearProofCode | None] = {}

    def code(self, relation: str) -> LinearProofCode | None:
        """The code of a relation; None where its recursion is of another kind, or a table of rules."""
        if relation not in self._compiled:
            self._compiled[relation] = _compile(self._compiler, relation)
        return self._compiled[relation]


def _compile(compiler: Compiler, name: str) -> LinearProofCode | None:
    parts = linear(compiler, name)
    if parts is None or any(each.table is not None for each in compiler.groups[name]):
        return None
    exits, steps = parts
    if not right_linear(steps, "b" * compiler.program.arity[name]):
        return None
    rules = tuple(rule for each in exits for rule in each.rules)
    return LinearProofCode(rules, tuple(_step(compiler, each) for each in steps))


def _step(compiler: Compiler, step: LinearRule) -> tuple[Rule, str, str]:
    (rule,) = step.rest.rules
    body = name_anonymous(rule.body)
    rest = replace(step.rest, body=body[: step.place] + body[step.place + 1 :])
    writer = CodeWriter(compiler.namespace, compiler)
    writer.line("out = []")
    names: list[str] = []

    def emit(_: list[str], __: list[str]) -> None:
        names[:] = list(writer.locals)
        following = "".join(f"{writer.term(t)}, " for t in step.atom.args)
        writer.line(f"out.append((({following}), ({''.join(writer.locals[n] + ', ' for n in names)})))")

    adornment = "b" * len(rule.args)
    compiler.write_group(writer, rest, adornment, emit, keep=True, wanted=step.atom.args)
    writer.line("return out")
    find = compiler.define(writer, parameters(adornment))
    return rule, find, _builder(compiler, step, body, names)


def _builder(compiler: Compiler, step: LinearRule, body: tuple[BodyItem, ...], names: list[str]) -> str:
    writer = CodeWriter(compiler.namespace, compiler)
    writer.locals = {n: f"v{i}" for i, n in enumerate(names)}
    named = [n for n in names if not n.startswith("?")]
    bindings = {compiler.namespace.constant(n): writer.locals[n] for n in named}
    proof = ProofCodeWriter(compiler, given=step.place).proof(writer, body, bindings)
    writer.line(f"return {proof}")
    return compiler.define(writer, ["rule", "row", "given", *writer.locals.values()])


class LinearProver:
    """Proves the facts of one relation by walking, in a session. ``explain`` proves a rule for its ground
    head."""

    def __init__(
        self, explain: Callable[[Rule, Row], RuleProof | None], evaluator: Evaluator, code: LinearProofCode
    ) -> None:
        self._explain = explain
        self._deadline = evaluator.deadline
        self._exits = code.exits
        function = evaluator.frame.function
        self._steps = [(rule, function(find), function(build)) for rule, find, build in code.steps]

    def prove(self, relation: str, row: Row, asserted: Callable[[str, Row], Proof | None]) -> Proof | None:
        """The proof with the fewest steps of recursion; None where the fact does not hold."""
        came: dict[Row, tuple[Row, int, Row] | None] = {row: None}  # from where, by which step, its values
        agenda = [row]
        for here in agenda:  # which grows
            self._deadline.poll()
            found = asserted(relation, here) or self._exit(here)
            if found is not None:
                return self._back(relation, here, found, came)
            for i, (_, find, _) in enumerate(self._steps):
                for following, values in find(*here):
                    if following not in came:
                        came[following] = (here, i, values)
                        agenda.append(following)
        return None

    def _exit(self, row: Row) -> RuleProof | None:
        for rule in self._exits:
            found = self._explain(rule, row)
            if found is not None:
                return found
        return None

    def _back(
        self, relation: str, here: Row, found: Proof, came: dict[Row, tuple[Row, int, Row] | None]
    ) -> Proof:
        """Build the proofs from the end of the way to its beginning."""
        while (back := came[here]) is not None:
            below = found
            here, i, values = back
            rule, _, build = self._steps[i]
            found = build(rule, here, below, *values)
        return found
