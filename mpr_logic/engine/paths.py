"""Proofs of linear recursion: the shortest way from the goal to a rule without recursion.

The same walk as in :mod:`mpr_logic.engine.linear`, breadth first, with the way kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.engine.codegen import Writer
from mpr_logic.engine.goals import parameters
from mpr_logic.engine.linear import goes_from_goal_to_goal, linear
from mpr_logic.engine.plan import name_anonymous
from mpr_logic.engine.proof_writer import ProofWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mpr_logic.analysis.core import Rule
    from mpr_logic.engine.goals import Goals
    from mpr_logic.engine.groups import Group
    from mpr_logic.engine.linear import Linear
    from mpr_logic.engine.proof import Proof, RuleProof
    from mpr_logic.engine.proofs import Prover
    from mpr_logic.syntax.ast import BodyItem, Row


@dataclass(frozen=True, slots=True)
class _Step:
    """A recursive rule. ``find`` goes from a row to the rows that follow, each with the values of the rule's
    variables; ``build`` goes from the rule, its row, the proof of the recursive literal and those values
    to the proof."""

    rule: Rule
    find: Callable[..., list[tuple[Row, Row]]]
    build: Callable[..., RuleProof]


class Paths:
    """Proves the facts of one relation by walking. :meth:`of` makes one where the relation is walked."""

    def __init__(self, prover: Prover, goals: Goals, exits: Iterable[Group], steps: Iterable[Linear]) -> None:
        self._prover = prover
        self._goals = goals
        self._exits = [rule for each in exits for rule in each.rules]
        self._steps = [self._step(each) for each in steps]

    @classmethod
    def of(cls, prover: Prover, goals: Goals, name: str) -> Paths | None:
        """The paths of a relation; None where its recursion is of another kind, or a table of rules."""
        parts = linear(goals, name)
        if parts is None or any(each.table is not None for each in goals.groups[name]):
            return None
        fits = goes_from_goal_to_goal(parts[1], "b" * goals.program.arity[name])
        return cls(prover, goals, *parts) if fits else None

    def prove(self, relation: str, row: Row, asserted: Callable[[str, Row], Proof | None]) -> Proof | None:
        """The proof with the fewest steps of recursion; None where the fact does not hold."""
        came: dict[Row, tuple[Row, int, Row] | None] = {row: None}  # from where, by which step, its values
        agenda = [row]
        for here in agenda:  # which grows
            self._goals.deadline.poll()
            found = asserted(relation, here) or self._exit(here)
            if found is not None:
                return self._back(relation, here, found, came)
            for i, step in enumerate(self._steps):
                for following, values in step.find(*here):
                    if following not in came:
                        came[following] = (here, i, values)
                        agenda.append(following)
        return None

    def _exit(self, row: Row) -> RuleProof | None:
        for rule in self._exits:
            found = self._prover.explain(rule, row)
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
            step = self._steps[i]
            found = step.build(step.rule, here, below, *values)
        return found

    def _step(self, step: Linear) -> _Step:
        goals, (rule,) = self._goals, step.rest.rules
        body = name_anonymous(rule.body)
        rest = replace(step.rest, body=body[: step.place] + body[step.place + 1 :])
        writer = Writer(goals.namespace, goals)
        writer.line("out = []")
        names: list[str] = []

        def emit(_: Writer, __: list[str], ___: list[str]) -> None:
            names[:] = list(writer.locals)
            following = "".join(f"{writer.term(t)}, " for t in step.atom.args)
            writer.line(f"out.append((({following}), ({''.join(writer.locals[n] + ', ' for n in names)})))")

        adornment = "b" * len(rule.args)
        goals.write_group(writer, rest, adornment, emit, keep=True, wanted=step.atom.args)
        writer.line("return out")
        find = goals.define(writer, parameters(adornment))
        return _Step(rule, find, self._builder(step, body, names))

    def _builder(
        self, step: Linear, body: tuple[BodyItem, ...], names: list[str]
    ) -> Callable[..., RuleProof]:
        writer = Writer(self._goals.namespace, self._goals)
        writer.locals = {n: f"v{i}" for i, n in enumerate(names)}
        named = [n for n in names if not n.startswith("?")]
        bindings = {self._goals.namespace.constant(n): writer.locals[n] for n in named}
        proof = ProofWriter(self._prover, self._goals, given=step.place).proof(writer, body, bindings)
        writer.line(f"return {proof}")
        return self._goals.define(writer, ["rule", "row", "given", *writer.locals.values()])
