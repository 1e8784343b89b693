"""Who decides what an agent does next: policies that need no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.checking.action import Action
    from mpr_logic.checking.checker import Checker


class Mirror:
    """Keeps a checker's state equal to what an environment says that the agent knows."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._held: frozenset[str] = frozenset()

    def follow(self, state: AbstractSet[str], source: str | None = None) -> tuple[int, int]:
        """Make the checker's facts those of a state; return how many were added and taken away.

        Raises:
            StateError: a fact does not fit the rules; the checker's state is then what it was.
        """
        add, remove = state - self._held, self._held - state
        if add or remove:
            self.checker.update(add=add, remove=remove, source=source)
            self._held = frozenset(state)
        return len(add), len(remove)


class StrongestPreference:
    """Does what the strongest ``prefer`` speaks for among the actions that the checker admits: no model,
    no search. Of several that are equally strong it takes the first by name."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker

    def choose(self, candidates: Iterable[Action]) -> Action | None:
        """The next action; None where no ``prefer`` speaks for any that is admissible.

        Raises:
            EvaluationError: the engine could not finish.
        """
        preferred = self.checker.preferences(candidates)
        return preferred[0][0] if preferred else None


def follow_preferences(world: Environment, checker: Checker) -> Sequence[tuple[Action, Observation]]:
    """Play one episode by :class:`StrongestPreference`, to its end or to where nothing is preferred.

    Args:
        world: the environment; it is reset first.
        checker: a checker with rules for it, and no facts yet.

    Returns:
        Each action with what came of it.
    """
    policy, mirror = StrongestPreference(checker), Mirror(checker)
    steps: list[tuple[Action, Observation]] = []
    over = world.reset().over
    while not over:
        mirror.follow(world.state())
        action = policy.choose(world.candidates())
        if action is None:
            break
        seen = world.step(action)
        checker.record(action, seen.succeeded, effects=False)
        steps.append((action, seen))
        over = seen.over
    return steps
