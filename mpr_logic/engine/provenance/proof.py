"""Proofs: why a fact holds or a rule fired, down to the facts.

A proof of a derived atom is the rule, its bindings, and one step for every item of the rule's body,
in the body's order. A proof of an asserted fact is the fact and where it came from. Nobody changes a
proof once it is made; that the classes do not enforce it is for speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import Row, Span, Value


@dataclass(slots=True)
class FactProof:
    """An asserted fact: the leaf of a proof. ``source`` is where it was written, or who said it."""

    relation: str
    row: Row
    weight: float
    source: Span | str


@dataclass(slots=True)
class RuleProof:
    """A rule that fired: ``bindings`` for its named variables, one step for each item of its body."""

    relation: str
    row: Row
    weight: float
    rule: Rule
    bindings: Mapping[str, Value]
    steps: tuple[ProofStep, ...]


@dataclass(slots=True)
class AbsenceStep:
    """A ``not`` that holds: no fact of the relation matches the pattern (None is any value) with
    full weight. ``weight`` is 1 - the strongest match, which ``present`` is where there is one."""

    relation: str
    pattern: tuple[Value | None, ...]
    weight: float
    present: FactProof | RuleProof | None = None


@dataclass(slots=True)
class BuiltinStep:
    """A comparison or text test that holds, its weight 1. ``index`` is its place in the body."""

    index: int
    weight: float = 1.0


@dataclass(slots=True)
class AggregateStep:
    """An aggregate: its value, and for each distinct binding of the braces the proofs of the
    positive literals inside, in their order."""

    index: int
    value: Value
    weight: float
    rows: tuple[tuple[FactProof | RuleProof, ...], ...]


ProofRecord: TypeAlias = "tuple[Any, ...]"
"""The record of a rule that fired: the function that makes the proof of it, the rule, the head's arguments,
and all that the state had a part in. See :func:`proof_of`."""


def proof_of(record: ProofRecord) -> RuleProof:
    """The proof that was recorded, at any time."""
    write, *given = record
    return write(*given)  # type: ignore[no-any-return]


def rule_of(record: ProofRecord) -> Rule:
    """The rule whose proof was recorded."""
    return record[1]  # type: ignore[no-any-return]


Proof: TypeAlias = FactProof | RuleProof
ProofStep: TypeAlias = FactProof | RuleProof | AbsenceStep | BuiltinStep | AggregateStep
