"""The state that a checker holds: facts that come and go, in the engine and in a plain copy."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis import effect_head
from mpr_logic.analysis.core import Fact
from mpr_logic.analysis.occurrences import CALL, HISTORY, Calls
from mpr_logic.checking.plain import PlainAtoms
from mpr_logic.checking.state import fact_of
from mpr_logic.errors import StateError
from mpr_logic.syntax.ast import Row, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.core import Program
    from mpr_logic.engine.base import Engine, Pattern

CACHED = 100_000
"""So many texts of facts are kept parsed; then the cache begins anew."""

HERE = Span("", 0, 0, 0, 0)
"""The span of a fact that no file holds."""

Before: TypeAlias = "tuple[str, Row, float | None, int | None]"
"""A relation and a row, the weight that it had, None for none; of the history the call that was assumed."""


class Facts:
    """The asserted facts of one engine. ``rows`` has for each core relation its rows and weights, and
    ``calls`` each call of the history, also where no rule tells equal calls apart: other rules may come;
    ``number`` counts the updates: what was decided under another number speaks of a state that is gone.
    ``names`` are for :class:`PlainAtoms`."""

    def __init__(self, program: Program, engine: Engine, names: dict[str, str] | None = None) -> None:
        self._program = program
        self._engine = engine
        self._parsed: dict[str, Fact] = {}
        self._plain = PlainAtoms(program.schema.relations, names)
        open_world = [n for n, signature in program.schema.relations.items() if signature.open_world]
        self._opposites = {n: f"not {n}" for n in open_world} | {f"not {n}": n for n in open_world}
        self.rows: dict[str, dict[Row, float]] = defaultdict(dict)
        self.number = 0
        self.calls = Calls()
        self._history = frozenset(f"{word} {name}" for name in program.schema.actions for word in HISTORY)
        for relation, row, weight, _ in program.history:
            self.calls.enter(relation, row, weight)
        for fact in program.facts:  # the engine holds them already
            self.rows[fact.relation][fact.row] = fact.weight
        for fact in program.facts:
            if fact.relation in self._opposites and fact.row in self.rows[fact.relation]:
                self._drop(self._opposites[fact.relation], fact.row)

    def update(
        self, add: Iterable[str | Fact], remove: Iterable[str | Fact], source: str | None = None
    ) -> None:
        """Retract, then assert: see :meth:`Checker.update`.

        Raises:
            StateError: a fact does not fit the program; nothing has changed then.
        """
        known = self._parsed.get
        going = [(known(f) if type(f) is str else None) or self.fact(f) for f in remove]
        coming = [(known(f) if type(f) is str else None) or self.fact(f) for f in add]
        self.number += 1
        label = source or f"update {self.number}"
        rows, opposites, history, assert_ = self.rows, self._opposites, self._history, self._engine.add
        for relation, row, _, _ in going:
            self._drop(relation, row)
        for relation, row, weight, span in coming:
            if relation in opposites:
                self._drop(opposites[relation], row)  # of an open-world relation what was observed last holds
            where = label if source or not span.file else span
            assert_(relation, row, weight, where)
            rows[relation][row] = weight
            if relation in history:
                number = self.calls.enter(relation, row, weight)
                if relation in self._program.calls:
                    self._hold(CALL + relation, (number, *row), weight, where)

    def _hold(self, relation: str, row: Row, weight: float, source: Span | str) -> None:
        self._engine.add(relation, row, weight, source)
        self.rows[relation][row] = weight

    def _drop(self, relation: str, row: Row) -> None:
        """A fact goes; one of the history with all of its calls."""
        if self.rows[relation].pop(row, None) is None:
            return
        self._engine.remove(relation, row)
        if relation in self._history:
            self._unhold(relation, self.calls.take_out(relation, row), row)

    def _unhold(self, relation: str, numbers: Iterable[int], row: Row) -> None:
        if relation in self._program.calls:
            for number in numbers:
                self._drop(CALL + relation, (number, *row))

    def assume(self, facts: Iterable[Fact]) -> list[Before]:
        """Assert facts for a while; returns what was there before, for :meth:`restore`."""
        before: list[Before] = []
        for fact in facts:
            relation, row = fact.relation, fact.row
            touched = filter(None, (relation, self._opposites.get(relation)))
            before += [(name, row, self.rows[name].get(row), None) for name in touched]
            self.update([fact], ())
            if relation in self._history:
                before[-1] = (*before[-1][:3], self.calls.last(relation, row))
        return before

    def restore(self, before: list[Before]) -> None:
        """Put back what was there before facts were assumed."""
        for relation, row, weight, number in reversed(before):
            if number is not None:
                self._unhold(relation, self.calls.take_out(relation, row, number), row)
            if self.rows[relation].pop(row, None) is not None:
                self._engine.remove(relation, row)
            if weight is not None:
                self._hold(relation, row, weight, "as before")
        self.number += 1

    def gathered(self) -> list[tuple[str, Row, float]]:
        """The facts of the calls beside those that the program states: see :meth:`Checker.history`."""
        stated = Counter((fact.relation, fact.row) for fact in self._program.history)
        found = []
        for relation, row, weight in self.calls:
            if stated[relation, row]:
                stated[relation, row] -= 1
            else:
                found.append((relation, row, weight))
        return found

    def fact(self, given: str | Fact) -> Fact:
        """The fact that a text states; texts are kept parsed.

        Raises:
            StateError: it is not a fact of the program.
        """
        if not isinstance(given, str):
            if isinstance(given, Fact):
                return given
            raise StateError(f"a fact is a text, not {type(given).__name__}")
        found = self._parsed.get(given)
        if found is None:
            plain = self._plain.read(given)
            if plain is not None:
                found = Fact(plain[0], plain[1], 1.0, HERE)
            else:
                read = fact_of(self._program, given)
                found = Fact(read.relation, read.row, read.weight, HERE)
            if len(self._parsed) >= CACHED:
                self._parsed.clear()
            self._parsed[given] = found
        return found

    def effects(self, action: str, args: Row, theta: float) -> tuple[list[Fact], list[Fact]]:
        """What an action ends and what it causes in the present state, by its declared effects. What it
        ends must weigh theta; what it causes is as sure as the rule.

        Raises:
            EvaluationError: they could not be derived.
        """
        found: dict[str, list[Fact]] = {"ends": [], "causes": []}
        for kind, facts in found.items():
            for relation, signature in self._program.schema.relations.items():
                head = effect_head(kind, relation, action)
                if not self._program.rules_for(head):
                    continue
                pattern: Pattern = (*args, *(None,) * signature.arity)
                for row, weight in sorted(self._engine.query(head, pattern).items(), key=str):
                    if kind == "causes" or weight >= theta:
                        facts.append(Fact(relation, row[len(args) :], weight, HERE))
        return found["ends"], found["causes"]
