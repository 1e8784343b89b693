"""Two engines asked the same: one answer, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget, Engine
from mpr_logic.engine.pydatalog.engine import PyDatalogEngine
from mpr_logic.errors import DisagreementError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.provenance.proof import Proof, RuleProof
    from mpr_logic.language.ast import Row, Span

TOLERANCE = 1e-9


class BothEngine(Engine):
    """Asks the native engine and pyDatalog; the native answer is given where pyDatalog agrees.

    Facts go to both. Proofs are the native engine's: pyDatalog keeps none.

    Args:
        program: a checked program.
        semiring: as for :class:`~mpr_logic.engine.pydatalog.engine.PyDatalogEngine`.
        budget: bounds a question to both engines together.

    Raises:
        InexpressibleError: pyDatalog cannot run the program.
    """

    def __init__(self, program: Program, *, semiring: str = "maxmin", budget: Budget | None = None) -> None:
        self.program = program
        self.budget = budget or Budget()
        self.deadline = Deadline(self.budget.clock)
        both = {"semiring": semiring, "budget": self.budget, "deadline": self.deadline}
        self.second = PyDatalogEngine(program, **both)  # type: ignore[arg-type]
        self.native = NativeEngine(program, **both)  # type: ignore[arg-type]

    def fork(self) -> BothEngine:
        """Both engines forked, with the facts as they are."""
        other = BothEngine.__new__(BothEngine)
        other.program, other.budget = self.program, self.budget
        other.deadline = Deadline(self.budget.clock)
        other.second = self.second.fork(other.deadline)
        other.native = self.native.fork(other.deadline)
        return other

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact in both engines."""
        self.native.add(relation, row, weight, source)  # may refuse; the second never does
        self.second.add(relation, row, weight, source)

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact from both engines."""
        self.native.remove(relation, row)
        self.second.remove(relation, row)

    def source(self, relation: str, row: Row) -> Span | str:
        """The source of an asserted fact; "" where it is not asserted."""
        return self.native.source(relation, row)

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows that match.

        Raises:
            DisagreementError: the engines differ; the message names the first difference.
        """
        with self.deadline.within(self.budget.seconds):
            rows = self.native.query(relation, pattern)
            _compare(relation, rows, self.second.query(relation, pattern))
        return rows

    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules that fire.

        Raises:
            DisagreementError: the engines differ; the message names the first difference.
        """
        with self.deadline.within(self.budget.seconds):
            rules = self.native.fired(head, args)
            first = {_name(rule): weight for rule, weight in rules}
            second = {_name(rule): weight for rule, weight in self.second.fired(head, args)}
        _compare(f"rules of {head}{_shown(args)}", first, second)
        return rules

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """The native engine's best derivation of a rule for a ground head."""
        return self.native.explain(rule, args)

    def prove(self, relation: str, row: Row) -> Proof | None:
        """The native engine's strongest proof of a fact."""
        return self.native.prove(relation, row)


def _compare(what: str, native: Mapping[Row, float], second: Mapping[Row, float]) -> None:
    for row in sorted({*native, *second}, key=repr):
        one, two = native.get(row), second.get(row)
        if one is None or two is None or abs(one - two) > TOLERANCE:
            raise DisagreementError(
                f"the engines differ on `{what}{_shown(row)}`: weight {_weight(one)} by native, "
                f"{_weight(two)} by pyDatalog; nothing is decided"
            )


def _name(rule: Rule) -> Row:
    """A rule as a row: its id, and which of its clause's rules it is where it is not the first."""
    return (rule.id, rule.part) if rule.part else (rule.id,)


def _shown(row: Row) -> str:
    return f"({', '.join(map(str, row))})"


def _weight(weight: float | None) -> str:
    return "none" if weight is None else f"{weight:g}"
