"""The interface of a peer of the step benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.household import Action, Step, World


class Peer(Protocol):
    """One engine holding one household. ``name`` is what the tables call it."""

    name: str

    def __init__(self, world: World) -> None:
        """Load the rules and the facts at the start."""

    def step(self, step: Step) -> list[bool]:
        """Apply the changes, then say of each action whether it is rejected."""

    def close(self) -> None:
        """Give back what a module keeps for the whole process."""


def candidates(actions: Sequence[Action]) -> dict[str, set[tuple[str, ...]]]:
    """The proposed actions by name, for peers that take them as facts."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for name, args in actions:
        found.setdefault(name, set()).add(args)
    return found
