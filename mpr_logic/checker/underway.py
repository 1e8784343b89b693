"""The states that can come of calls whose outcome is not known: each of them has succeeded or failed.

A call that does not bear on the question is left out. Of the states that the others can bring about, equal
ones are one, and one that is no worse than another in any respect is dropped (see
:mod:`mpr_logic.analysis.influence`). So calls that only add to a sum make one state.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.action import Action
from mpr_logic.checker.facts import HERE
from mpr_logic.checker.state import of_call, tried
from mpr_logic.checker.versions import FAR
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.influence import Influence
    from mpr_logic.checker.facts import FactBase
    from mpr_logic.checker.versions import Undone
    from mpr_logic.language.ast import Row, Span

MOST_STATES = 64
"""The most states that are looked at for one question."""

TOO_MANY = "too many calls are under way whose outcomes matter for this one: wait until one of them has ended"


OTHERS = "a call of another session"
"""The name for a model of a call that is another session's."""


@dataclass(frozen=True, slots=True, eq=False)
class UnderWay:
    """A call whose outcome is not known: its id, the action, what holds of its arguments and of the moment of
    its admission, and how a model may hear of it. One of another session changes ``only`` some relations
    here, and no history. ``number`` is that of the call; 0 where the history does not have it."""

    id: str
    action: Action
    facts: tuple[Fact, ...] = ()
    named: str = ""
    only: frozenset[str] | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Assumed:
    """An outcome that a decision assumes of a call that is under way."""

    call: UnderWay
    succeeds: bool

    def __str__(self) -> str:
        return f"{self.call.action} {'succeeds' if self.succeeds else 'fails'}"


Held: TypeAlias = "tuple[float | None, Span | str]"
"""The weight of a fact, None where it is not there, and where it comes from."""

Changes: TypeAlias = "Mapping[tuple[str, Row], tuple[Held, Held]]"
"""By core relation and row: how a fact is held in a state, and how at present."""


@dataclass(frozen=True, slots=True, eq=False)
class PossibleState:
    """A state that may come: how it differs from the present one, and the last outcome that leads there."""

    changes: Changes = field(default_factory=dict)
    last: tuple[Assumed, PossibleState] | None = None

    @property
    def assumed(self) -> tuple[Assumed, ...]:
        """The outcomes that lead there, in the order of admission."""
        found, at = [], self
        while at.last is not None:
            found.append(at.last[0])
            at = at.last[1]
        return tuple(reversed(found))


class StateMover:
    """Moves the facts of a checker to other states."""

    def __init__(self, facts: FactBase) -> None:
        self._facts = facts
        self._version = facts.version
        self._moved = 0
        self.changes: Changes = {}
        """The changes that the facts have now."""

    def go(self, changes: Changes) -> None:
        """Move to the state with these changes."""
        before = self.changes
        if changes is before:
            return
        put: list[Undone] = [(*key, *present) for key, (_, present) in before.items() if key not in changes]
        put += [(*key, *held[0]) for key, held in changes.items() if before.get(key) != held]
        self._put(put)
        self.changes = changes

    def change(self, add: Iterable[Fact], remove: Iterable[Fact], source: str) -> None:
        """Move on from the state by an update."""
        facts, before = self._facts, self._facts.version
        facts.update(add, remove, source)
        after = dict(self.changes)
        old: dict[tuple[str, Row], Held] = {}
        for relation, row, weight, where in before.undo if facts.version is not before else ():
            old.setdefault((relation, row), (weight, where))
        self._moved += len(old)
        back: list[Undone] = []
        for (relation, row), held in old.items():
            present = after.pop((relation, row), (held, held))[1]
            now = facts.held(relation, row)
            if now[0] != present[0]:
                after[relation, row] = now, present
            elif now != present:
                back.append((relation, row, *present))
        self._put(back)
        self.changes = after

    def back(self) -> None:
        """Move back to the present state."""
        if self._moved < FAR:  # else that state is not gone back to, but made again
            self._facts.go(self._version)
        else:
            self.go({})

    def _put(self, facts: list[Undone]) -> None:
        if facts:
            facts.sort(key=lambda fact: fact[2] is not None)  # what goes makes room under its key
            self._facts.put(facts)
            self._moved += len(facts)


@contextmanager
def other_states(facts: FactBase) -> Iterator[StateMover]:
    """A context in which facts can be moved to other states; afterwards they are as before."""
    moved = StateMover(facts)
    try:
        yield moved
    finally:
        moved.back()


@dataclass(slots=True)
class Frontier:
    """The states that can come of some calls; None where there are too many."""

    states: list[PossibleState] | None = field(default_factory=lambda: [PossibleState()])
    calls: list[UnderWay] = field(default_factory=list)


class PossibleStates:
    """Works out the states for the verdict about one action, and goes on as calls come.

    Args:
        facts: the present state; where it has changed, new outcomes are due.
        theta: what the end of a fact must weigh.
        influence: what can bear on the verdict.
    """

    def __init__(self, facts: FactBase, theta: float, influence: Influence) -> None:
        self._facts = facts
        self._theta = theta
        self._influence = influence
        self._frontier = Frontier()
        self.work = 0
        """The number of calls that were looked at."""

    def states(self, calls: Sequence[UnderWay], left: Callable[[], object]) -> list[PossibleState]:
        """The states that can come of these calls, in the order in which they were admitted. What was worked
        out for the first of them is not worked out again.

        Args:
            calls: whose outcome is not known.
            left: is called now and then, and may raise where there is no time left.

        Raises:
            StateError: there are too many.
            EvaluationError: what a call changes could not be derived.
        """
        frontier, actions = self._frontier, self._influence.actions
        if frontier.calls != calls[: len(frontier.calls)]:
            frontier = self._frontier = Frontier()
        new = calls[len(frontier.calls) :]
        if new and frontier.states is not None:
            with other_states(self._facts) as moved:
                for call in new:
                    if call.action.name in actions:
                        left()
                        frontier.states = self._after(frontier.states, call, moved)
                        self.work += 1
                    frontier.calls.append(call)
                    if len(frontier.states) > MOST_STATES:
                        frontier.states = None
                        break
        if frontier.states is None:
            raise StateError(TOO_MANY)
        return frontier.states

    def _after(self, states: list[PossibleState], call: UnderWay, moved: StateMover) -> list[PossibleState]:
        """The states after one more call, whatever its outcome."""
        found: list[PossibleState] = []
        for state in states:
            moved.go(state.changes)
            failed = self._ended(state, call, False, moved)
            moved.go(state.changes)
            succeeded = self._ended(state, call, True, moved)
            for each in (succeeded, failed):
                if not any(self.covers(other, each) for other in found):
                    found = [other for other in found if not self.covers(each, other)]
                    found.append(each)
        return found

    def _ended(
        self, state: PossibleState, call: UnderWay, succeeds: bool, moved: StateMover
    ) -> PossibleState:
        relations, action = self._influence.relations, call.action
        if call.only is not None:
            relations &= call.only
        ends: list[Fact] = []
        causes: list[Fact] = []
        if succeeds:
            with self._facts.assuming(call.facts):
                ends, causes = self._facts.effects(action.name, action.args, self._theta, relations)
        went = tried(action.name, action.args, succeeds)[1:]
        history = [each for each in went if each.relation in relations]
        if call.number:
            history = [of_call(each, call.number) for each in history]
        add = [Fact(*each[:3], HERE) for each in (*causes, *history)]
        if not add and not ends:
            return state
        outcome = Assumed(call, succeeds)
        moved.change(add, ends, f"if {outcome}")
        if moved.changes == state.changes:
            return state
        return PossibleState(moved.changes, (outcome, state))

    def covers(self, worse: PossibleState, other: PossibleState) -> bool:
        """Whether what is admitted in the one state is admitted in the other, now and after further calls."""
        one, two = worse.changes, other.changes
        if one is two:
            return True
        # an update may also make a fact lighter, which is neither more nor fewer rows
        ordered = self._influence.ordered and self._facts.weighted.isdisjoint(self._influence.relations)
        ups: dict[tuple[str, Row], list[float]] = {}
        downs: dict[tuple[str, Row], list[float]] = {}
        for key in {key for key, _ in one.items() ^ two.items()}:
            change = one.get(key) or two[key]
            here = one[key][0][0] if key in one else change[1][0]
            there = two[key][0][0] if key in two else change[1][0]
            if here == there:
                continue
            relation, row = key
            if not ordered:
                return False
            number = self._influence.numbers.get(relation)
            if number is not None:
                column, direction = number
                group = relation, row[:column] + row[column + 1 :]
                (ups if there is None else downs).setdefault(group, []).append(row[column] * direction)  # type: ignore[arg-type]
            elif not self._is_worse(relation, row, more=there is None):
                return False
        return ups.keys() == downs.keys() and all(
            len(values) == 1 and len(downs[group]) == 1 and values[0] >= downs[group][0]
            for group, values in ups.items()
        )

    def _is_worse(self, relation: str, row: Row, *, more: bool) -> bool:
        """Whether it is worse, or the same, that a row is there (``more``), or that it is not."""
        signs = set(self._influence.signs.get(relation, ()))
        for column, sign in self._influence.sums.get(relation, ()):
            value = row[column]
            if isinstance(value, str):
                return False
            if value:
                signs.add(sign if value > 0 else -sign)
        return signs <= {1 if more else -1}
