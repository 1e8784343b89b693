"""The interface of every engine, and the budget that bounds an answer."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.errors import InexpressibleError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.provenance.proof import Proof, ProofRecord, RuleProof
    from mpr_logic.language.ast import Row, Span


ADMITTED, FORBIDDEN, UNPERMITTED, OPEN = 0, 1, 2, 3
"""The answers of a verdict function: no law stands; one does that no permit overrides; the action is closed
and no rule permits it; the function cannot tell, and the rules that fire must be listed."""

Fired: TypeAlias = "Sequence[tuple[Rule, float]]"
"""Rules that fire, each with the weight of its best derivation."""

Proofs: TypeAlias = "Sequence[tuple[ProofRecord, float]]"
"""Records of the proofs of rules that fire, each with the weight of its best derivation."""

VerdictFunction: TypeAlias = "Callable[[Row], int]"
"""From an action's arguments to ADMITTED, FORBIDDEN, UNPERMITTED or OPEN."""

FiredFunction: TypeAlias = "Callable[..., list[tuple[Rule, float]]]"
"""From an action's arguments, one by one, to the rules that fire."""

ProofsFunction: TypeAlias = "Callable[[Row], tuple[Proofs, Proofs]]"
"""From an action's arguments to the proofs of the rules that fire with at least theta and that no permit
overrides, and of those that fire with less."""

StoredFact: TypeAlias = "tuple[Row, float | None, Span | str]"
"""A fact of a relation: its row, its weight, None where it is retracted, and its source."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Bounds on one question: ``facts`` derived, and ``seconds`` of wall-clock time. Without seconds an
    answer does not depend on how busy the machine is. ``clock`` tells the time."""

    seconds: float = inf
    facts: int = 20_000_000
    clock: Callable[[], float] = time.perf_counter


def counted(looks: int = 20_000_000) -> Budget:
    """A budget that counts looks at the clock instead of seconds, so that its bounds do not depend on how
    busy the machine is. Between two looks lie a few hundred rows at most."""
    return Budget(seconds=looks, clock=count().__next__)


class Engine(ABC):
    """Facts in, derived facts out. The facts of the program itself are loaded at the start.

    Rows are positional and typed: the caller (the checker) has resolved and checked them. No method changes
    the program. Every method may raise :class:`~mpr_logic.errors.EvaluationError`; after an error the facts
    are as they were before the call.

    The abstract methods are what an engine must answer. The others are the fast ways of an engine that
    compiles rules to functions; what stands here is the plain answer of any other. The functions that they
    return check no bounds of their own: call them inside :meth:`bounded`, and ask for them again whenever
    :meth:`ready` gives another number.

    Attributes:
        program: the rules.
        budget: bounds each question.
        deadline: when the work on the present answer must stop, that of the caller included.
        keeps_proofs: whether :meth:`explain` and :meth:`prove` answer.
        proofs_decide: whether the proofs of the rules that fire may stand for a verdict: their weights come
            out the same whichever way they are computed.
    """

    program: Program
    budget: Budget
    deadline: Deadline
    keeps_proofs: bool = True
    proofs_decide: bool = False

    @abstractmethod
    def fork(self) -> Engine:
        """An engine of its own with the facts as they are now; what was made of the rules is shared."""

    @abstractmethod
    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact of a core relation; a fact asserted before takes the new weight and source."""

    @abstractmethod
    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""

    def change(self, relation: str, facts: Sequence[StoredFact]) -> None:
        """Assert and retract several facts of one core relation, in their order. Each has the row, the weight
        (None where it is retracted) and the source."""
        for row, weight, source in facts:
            if weight is None:
                self.remove(relation, row)
            else:
                self.add(relation, row, weight, source)

    @abstractmethod
    def source(self, relation: str, row: Row) -> Span | str:
        """The source of an asserted fact; "" where it is not asserted, or the engine does not keep it."""

    @abstractmethod
    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows of a core relation, asserted or derived, that match, each with its weight.

        For a head that speaks of an action the ``given`` leading arguments must be bound.
        """

    @abstractmethod
    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules of ``forbid a``, ``permit a`` or ``prefer a`` whose body holds for the ground
        arguments, each with the weight of its best derivation, in program order."""

    @abstractmethod
    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The best derivation of ``rule`` for a ground head; None where there is none.

        Raises:
            InexpressibleError: the engine keeps no proofs.
        """

    @abstractmethod
    def prove(self, relation: str, row: Row) -> Proof | None:
        """The strongest proof of a ground fact of a core relation; None where it does not hold.

        Raises:
            InexpressibleError: the engine keeps no proofs.
        """

    # -- limits --------------------------------------------------------------------------------

    def bounded(self) -> AbstractContextManager[None]:
        """A context for one question: the clock of the budget runs inside. An engine that compiles rules
        also turns what goes wrong in its functions into an EvaluationError."""
        return self.deadline.within(self.budget.seconds)

    # -- compiled functions --------------------------------------------------------------------

    def ready(self) -> int:
        """Tidy up between two questions. The number changes when functions that were given out before must
        not be called any more."""
        return 0

    def verdict_function(self, action: str, theta: float) -> VerdictFunction:
        """The function that decides about an action, as far as it can tell."""
        return _open

    def fired_function(self, head: str) -> FiredFunction:
        """The function behind :meth:`fired`."""
        return lambda *args: self.fired(head, args)

    def proofs_function(self, head: str, theta: float, *, soft: bool = False) -> ProofsFunction:
        """The function that records the proofs of the rules of ``forbid a`` that fire; with ``soft`` of those
        below theta alone. Without such a function it raises InexpressibleError."""
        return _no_proofs

    def may_weigh_less(self, head: str, theta: float) -> bool:
        """Whether a rule of a head could fire with a weight below theta."""
        return True

    def cheapest_first(self, action: str) -> Sequence[Rule]:
        """The forbids of an action, those first that cost least to ask; none where costs are not known."""
        return ()

    def prepare(self, action: str, theta: float, *, proofs: bool, wholly: bool) -> None:
        """Compile now what decides about an action: with ``proofs`` what proves its rejection, ``wholly``
        everything that can be asked about it.

        Raises:
            EvaluationError: a rule is too large to be compiled.
        """
        del action, theta, proofs, wholly  # nothing is compiled here


def _open(_: Row) -> int:
    return OPEN


def _no_proofs(_: Row) -> tuple[Proofs, Proofs]:
    raise InexpressibleError("this engine records no proofs while it decides")
