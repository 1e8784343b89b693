"""What every engine offers, and the budget that bounds it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.provenance.proof import Proof, RuleProof
    from mpr_logic.language.ast import Row, Span, Value

Pattern = tuple["Value | None", ...]
"""A row in which None stands for any value."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds on one question: ``facts`` derived, and ``seconds`` of wall-clock time. Without seconds an
    answer does not depend on how busy the machine is. ``clock`` is what tells the time."""

    seconds: float = inf
    facts: int = 20_000_000
    clock: Callable[[], float] = time.perf_counter


def counted(looks: int = 20_000_000) -> Budget:
    """A budget that counts looks at the clock instead of seconds: what it bounds comes out the same however
    busy the machine is. Between two looks lie a few hundred rows at most."""
    return Budget(seconds=looks, clock=count().__next__)


class Engine(Protocol):
    """Facts in, derived facts out. The facts of the program itself are loaded at the start.

    Rows are positional and typed: the caller (the checker) has resolved and checked them. No
    method changes the program. Every method may raise :class:`~mpr_logic.errors.EvaluationError`;
    after an error the facts are as they were before the call. ``deadline`` is when the work on the present
    answer must stop, that of whoever asks included.
    """

    program: Program
    deadline: Deadline

    def fork(self) -> Engine:
        """An engine of its own with the facts as they are now; what was made of the rules is shared."""

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact of a core relation; a fact asserted before takes the new weight and source."""

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""

    def source(self, relation: str, row: Row) -> Span | str:
        """Where an asserted fact came from; "" where it is not asserted, or the engine does not keep it."""

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows of a core relation, asserted or derived, that match, each with its weight.

        For a head that speaks of an action the ``given`` leading arguments must be bound.
        """

    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules of ``forbid a``, ``permit a`` or ``prefer a`` whose body holds for the ground
        arguments, each with the weight of its best derivation, in program order."""

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of ``rule`` for a ground head; None where there is none."""

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact of a core relation; None where it does not hold."""
