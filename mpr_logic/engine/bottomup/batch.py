"""The relations of one bottom-up run, all of them stored, and the bounds on what is derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.access import Access, Goal
from mpr_logic.engine.bottomup.interned import DerivedRelation, Interner, RowSet
from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.namespace import Frame, Namespace
from mpr_logic.engine.planner import UNKNOWN_SIZE
from mpr_logic.engine.store import Relation
from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.bottomup.interned import Map, Numbers
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import Row


class Batch(Access):
    """The relations of one run, derived ones included, and the code that is compiled for it.

    ``growing`` are the rows that a rule is deriving now."""

    def __init__(self, program: Program, semiring: Semiring, budget: Budget) -> None:
        self.program = program
        self.semiring = semiring
        self.budget = budget
        self.relations: dict[str, Relation] = {}
        self.growing: Any = ()
        self.deadline = Deadline(budget.clock)
        self.namespace = Namespace()
        self.frame = Frame(self.namespace, self, self.deadline)
        self.frame.known["now"] = self._now
        self.interner = Interner(self.deadline)
        self._maps: dict[tuple[str, int], Map] = {}
        self._derived = 0

    # -- access --------------------------------------------------------------------------------

    def stored(self, name: str) -> Relation:
        """The relation of that name."""
        found = self.relations.get(name)
        if found is None:
            found = self.relations[name] = Relation(name, self.program.arity[name])
        return found

    def hand_over(self, relation: Relation) -> None:
        """Keep a relation that was derived elsewhere. Functions that are made from now on read it."""
        self.relations[relation.name] = relation
        for column in (0, 1):
            self._maps.pop((relation.name, column), None)
        self.frame.drop(relation.name)

    def relation_of(self, name: str) -> Relation:
        """The relation that generated code reads."""
        return self.stored(name)

    def interned_map(self, name: str, column: int) -> Map:
        """The map of a binary relation, of the numbers of its values, whose keys are that column."""
        relation = self.stored(name)
        if isinstance(relation, DerivedRelation):
            return relation.interned.map(column)
        found = self._maps.get((name, column))
        if found is None:
            found = self._maps[name, column] = self.interner.map(relation, column)
        return found

    def interned_set(self, name: str) -> Numbers:
        """The numbers of the values of a unary relation."""
        return self.interner.numbers(map(self.interner.number, self.stored(name).rows))

    def rows(self, name: str) -> Set[Row]:
        """The rows of a relation."""
        relation = self.stored(name)
        if isinstance(relation, DerivedRelation):
            return RowSet(relation.interned)
        if relation.arity == 1:
            return {(k,) for k in self.deadline.polled(relation.rows)}
        return set(self.deadline.polled(relation))

    def weighted(self, name: str) -> bool:
        """Whether a row of the relation may weigh less than 1."""
        return self.semiring.weighted and self.stored(name).weighted

    def has_floats(self, name: str) -> bool:
        """Whether a column of the relation is of floats."""
        signature = self.program.schema.relations.get(name)
        return signature is not None and "float" in signature.bases

    def goal(self, name: str, adornment: str) -> Goal:
        """Never asked: every relation is stored."""
        raise AssertionError(name, adornment)

    def cost(self, name: str, bound: tuple[int, ...]) -> float:
        """Rows to expect of a relation for each key at the bound positions."""
        size = self.stored(name).bucket_size(bound)
        return (2.0 if bound else UNKNOWN_SIZE) if size is None else size

    # -- facts ---------------------------------------------------------------------------------

    def load(self, facts: Iterable[tuple[str, Row, float]]) -> None:
        """Enter the facts to begin with."""
        for name, row, weight in facts:
            self.stored(name).add(row, weight if self.semiring.weighted else 1.0)

    def load_rows(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Enter rows that all weigh 1, relation by relation."""
        for name, some in rows.items():
            self.stored(name).extend(r[0] if len(r) == 1 else r for r in some)

    # -- bounds --------------------------------------------------------------------------------

    def count(self, more: int) -> None:
        """Count facts that were derived.

        Raises:
            BudgetError: they are too many, or the time is over.
        """
        self._derived += more
        if self._derived > self.budget.facts:
            self._too_many()
        self.deadline.poll()

    def _now(self) -> float:
        if len(self.growing) > self.budget.facts:
            self._too_many()
        return self.deadline.clock()

    def _too_many(self) -> None:
        raise BudgetError(f"more than {self.budget.facts} facts were derived: bound the recursion")
