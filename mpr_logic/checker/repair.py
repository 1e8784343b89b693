"""Repairs: short plans that would admit a rejected action.

A repair is a short sequence of steps. A step is an action that the rules say brings a change about, and that
is itself admissible when its turn comes; or a change of a relation whose declaration says who may change it.
The search goes by growing length. In each supposed state one reason is taken, and what deals with it is
looked for; an action that is not admissible yet may have steps of its own before it. What is found has been
tried: each step was made, with all its declared effects, and the action was checked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, groupby, islice
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.program import Fact
from mpr_logic.checker.abduction import AchieverFinder, SubgoalFinder
from mpr_logic.checker.facts import HERE
from mpr_logic.checker.state import tried
from mpr_logic.errors import BudgetError, EvaluationError, StateError
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mpr_logic.checker.abduction import Abducibles, RepairSubgoal
    from mpr_logic.checker.facts import FactBase
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import Row

    Admissible: TypeAlias = Callable[[str, Row], bool]
    """Whether an action, by its name and arguments, would be admitted in the present state."""

SOURCE = "supposed"


@dataclass(frozen=True, slots=True)
class RepairLimits:
    """Bounds of the search: ``size`` steps in one repair, ``found`` repairs, ``checks`` supposed states,
    ``tries`` of arguments for an action that brings a change about, ``subgoals`` that are followed in one
    state. The engine's deadline bounds the time."""

    size: int = 3
    found: int = 5
    checks: int = 200
    tries: int = 40
    subgoals: int = 40


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One step: the ``action`` that is done, or else the fact that comes to hold or ceases to by ``who``.
    ``relation``, ``row`` and ``comes`` are that fact; of an action the one that it was looked for."""

    relation: str
    row: Row
    comes: bool
    who: str = ""
    action: tuple[str, Row] | None = None

    @property
    def change(self) -> str:
        """The text of the change."""
        return f"{'' if self.comes else 'not '}{print_row(self.relation, self.row)}"


@dataclass(frozen=True, slots=True)
class Repair:
    """A plan that would admit the action, step by step.

    ``actions`` are texts of actions in their order, the first admissible now and each later one when the
    steps before it are made. ``add`` and ``remove`` are the facts that come to hold and cease to, each a
    relation and a row. ``left`` are the changes that no action brings about, ``who`` for each of them who
    may make it.
    """

    add: tuple[tuple[str, Row], ...]
    remove: tuple[tuple[str, Row], ...]
    actions: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    text: str = ""

    @property
    def reachable(self) -> bool:
        """Whether the actions alone achieve it."""
        return not self.left

    def __str__(self) -> str:
        return self.text


def repair_of(steps: Sequence[RepairStep]) -> Repair:
    """The repair that some steps make."""
    named = [s for s in steps if " " not in s.relation.removeprefix("not ")]  # what is done is not history
    left = [s for s in steps if s.action is None]
    text = ""
    for who, same in groupby(steps, key=lambda s: s.who):
        group = list(same)
        if who:
            joint = ", and " if text.startswith("if ") else ", then "
            part = f"if {who} says: {', '.join(s.change for s in group)}"
        else:
            joint, part = ", then ", f"after {', '.join(_action(s) for s in group)}"
        text += f"{joint}{part}" if text else part
    if not left and named:
        text += f": {', '.join(dict.fromkeys(s.change for s in named))}"
    return Repair(
        tuple(dict.fromkeys((s.relation, s.row) for s in named if s.comes)),
        tuple(dict.fromkeys((s.relation, s.row) for s in named if not s.comes)),
        tuple(_action(s) for s in steps if s.action is not None),
        tuple(s.change for s in left),
        tuple(s.who for s in left),
        text,
    )


def _action(step: RepairStep) -> str:
    assert step.action is not None
    return print_row(*step.action)


def repairs(
    engine: Engine,
    facts: FactBase,
    abducibles: Abducibles,
    action: str,
    args: Row,
    *,
    theta: float,
    admissible: Admissible,
    limits: RepairLimits = RepairLimits(),
) -> tuple[Repair, ...]:
    """The repairs of a rejected action: those that actions alone achieve first, then the shortest.

    The facts are changed while steps are tried, and are as before when this returns or raises. Where the
    time is over, what was found by then is returned.

    Args:
        engine: holds the facts; it must keep proofs.
        facts: the asserted facts.
        abducibles: who can change what.
        action: the rejected action.
        args: its arguments.
        theta: the weight from which a rule counts.
        admissible: checks an action in the present state of the engine.
        limits: bounds of the search.

    Raises:
        EvaluationError: the present state could not be evaluated.
    """
    search = _RepairSearch(engine, facts, abducibles, action, args, theta, admissible, limits)
    found = [repair_of(steps) for steps in search.run()]
    return tuple(sorted(found, key=lambda each: (not each.reachable, len(each.actions) + len(each.left))))


@dataclass(frozen=True, slots=True)
class _SearchNode:
    """Steps that can be made, and the actions that are to be admissible then: the proposed one, and before it
    those that are to become steps, each with the change it is for."""

    steps: tuple[RepairStep, ...]
    goals: tuple[RepairStep, ...]

    @property
    def size(self) -> int:
        return len(self.steps) + len(self.goals) - 1


class _RepairSearch:
    def __init__(
        self,
        engine: Engine,
        facts: FactBase,
        abducibles: Abducibles,
        action: str,
        args: Row,
        theta: float,
        admissible: Admissible,
        limits: RepairLimits,
    ) -> None:
        self.engine = engine
        self.facts = facts
        self.abducibles = abducibles
        self.theta = theta
        self.admissible = admissible
        self.limits = limits
        self.checks = 0
        self.proposed = RepairStep("", (), comes=True, action=(action, args))
        self.achievers = AchieverFinder(engine, facts.rows, abducibles, action, args, theta, limits.tries)

    def run(self) -> list[tuple[RepairStep, ...]]:
        """The steps of each repair, the shortest first."""
        found: list[tuple[RepairStep, ...]] = []
        start = _SearchNode((), (self.proposed,))
        seen = {start}
        buckets: list[list[_SearchNode]] = [[] for _ in range(self.limits.size + 1)]
        buckets[0].append(start)
        for bucket in buckets:
            for node in bucket:  # grows while it is read
                if self._over() or len(found) >= self.limits.found:
                    return found
                if any(set(each) <= set(node.steps) for each in found):
                    continue
                for more in self._followed(node):
                    if not more.goals:
                        shortest = self._shortest(more.steps)
                        if shortest not in found:
                            found.append(shortest)
                    elif more not in seen and more.size <= self.limits.size:
                        seen.add(more)
                        buckets[more.size].append(more)
        return found

    def _over(self) -> bool:
        return self.checks >= self.limits.checks or self.engine.deadline.over()

    def _followed(self, node: _SearchNode) -> list[_SearchNode]:
        """The nodes after one: none has goals left where the proposed action is admitted."""
        self.checks += 1
        goal = node.goals[-1]
        assert goal.action is not None
        try:
            with self.facts.at(self.facts.version):
                for step in node.steps:
                    self._make(step)
                if self.admissible(*goal.action):
                    done = (*node.steps, goal) if len(node.goals) > 1 else node.steps
                    return [_SearchNode(done, node.goals[:-1])]
                return list(self._nodes(node)) if node.size < self.limits.size else []
        except BudgetError:
            if not node.steps:
                raise
            return []  # the time is over: what was found stands
        except (EvaluationError, StateError):
            if not node.steps:
                raise
            return []  # what cannot be evaluated is no repair

    def _nodes(self, node: _SearchNode) -> Iterator[_SearchNode]:
        """The nodes that deal with the first obstacle to a node's last goal."""
        goal = node.goals[-1]
        assert goal.action is not None
        room = self.limits.size - node.size
        subgoals = SubgoalFinder(self.engine, self.abducibles, self.theta, room).against(*goal.action)
        later: list[_SearchNode] = []
        for subgoal in islice(dict.fromkeys(subgoals), self.limits.subgoals):
            for name, args in self.achievers.actions(subgoal):
                step = RepairStep(*_meant(subgoal, name, args), action=(name, args))
                if any(step.action == other.action for other in (*node.steps, *node.goals)):
                    continue
                if self.admissible(name, args):
                    yield _SearchNode((*node.steps, step), node.goals)
                elif len(node.goals) == 1:
                    later.append(_SearchNode(node.steps, (*node.goals, step)))
            for row in self.achievers.changes(subgoal):
                step = RepairStep(subgoal.relation, row, subgoal.comes, self.abducibles.who[subgoal.relation])
                yield _SearchNode((*node.steps, step), node.goals)
        yield from later

    def _make(self, step: RepairStep) -> None:
        """Make a step: an action with all its declared effects, as one that succeeded."""
        if step.action is None:
            fact = Fact(step.relation, step.row, 1.0, HERE)
            opposite = Fact(f"not {step.relation}", step.row, 1.0, HERE)
            if step.comes:
                self.facts.update([fact], (), SOURCE)
            elif self.engine.program.schema.relations[step.relation].open_world:
                self.facts.update([opposite], (), SOURCE)
            else:
                self.facts.update((), [fact], SOURCE)
            return
        name, args = step.action
        ends, causes = self.facts.effects(name, args, self.theta)
        self.facts.update([*tried(name, args, True), *causes], ends, SOURCE)

    def _shortest(self, steps: tuple[RepairStep, ...]) -> tuple[RepairStep, ...]:
        """The shortest part of some steps that is a repair too."""
        for size in range(1, len(steps)):
            for fewer in combinations(steps, size):
                if self._repairs(fewer):
                    return fewer
        return steps

    def _repairs(self, steps: Sequence[RepairStep]) -> bool:
        """Whether each step can be made when its turn comes, and the proposed action is admitted then."""
        self.checks += 1
        assert self.proposed.action is not None
        try:
            with self.facts.at(self.facts.version):
                for step in steps:
                    if step.action is not None and not self.admissible(*step.action):
                        return False
                    self._make(step)
                return self.admissible(*self.proposed.action)
        except (EvaluationError, StateError):
            return False


def _meant(subgoal: RepairSubgoal, name: str, args: Row) -> tuple[str, Row, bool]:
    """The fact that an action is done for; where the subgoal leaves a value open, that it was done."""
    row = tuple(value for value in subgoal.row if value is not None)
    if len(row) < len(subgoal.row):
        return f"succeeded {name}", args, True
    return subgoal.relation, row, subgoal.comes
