"""A checker's state, kept equal to what an environment says that the agent knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mpr_logic.checker.checker import Checker


class Mirror:
    """Keeps a checker's state equal to what an environment says that the agent knows."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._held: frozenset[str] = frozenset()

    def follow(
        self, state: AbstractSet[str], source: str | None = None
    ) -> tuple[AbstractSet[str], AbstractSet[str]]:
        """Make the checker's facts those of a state; return what was added and what was taken away.

        Raises:
            StateError: a fact does not fit the rules; the checker's state is then what it was.
        """
        add, remove = state - self._held, self._held - state
        if add or remove:
            # sets have another order in each process, and the first of several proofs or faults depends on it
            self.checker.update(add=sorted(add), remove=sorted(remove), source=source)
            self._held = frozenset(state)
        return add, remove
