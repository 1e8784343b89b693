"""Where environments come from: plug-ins that offer episodes by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mpr_logic.agent.environment import Environment
    from mpr_logic.checker.action import Action

GROUP = "mpr_logic.environments"
"""The group of entry points under which a package offers its environment: a name, and a :class:`Worlds`."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A task in a world. ``kind`` is the type of the task; ``make`` makes the environment, which ends the
    episode after so many actions. Two things are privileged, for scripted policies and for judges: ``plan``
    are actions that are known to win, where any are; ``possible`` says what a world that was made here would
    do now, where anybody knows."""

    id: str
    kind: str
    make: Callable[[int], Environment]
    plan: tuple[Action, ...] = field(default=(), repr=False)
    possible: Callable[[Environment], Collection[Action]] | None = None


class Worlds(Protocol):
    """An environment's episodes. ``rules`` is where its rules are, for :meth:`Checker.load`; ``known`` are
    those of these files that say what is known before anything is learned: declarations and tables;
    ``steps`` how many actions an episode has; ``forgets`` names the little steps that a forgetful person
    leaves out."""

    rules: str
    known: tuple[str, ...]
    steps: int
    forgets: tuple[str, ...]

    def episodes(self, split: str | None, kind: str | None, seed: int) -> Iterator[Episode]:
        """The episodes of a split, or made by seed where none is named, without end; only those of a kind
        where one is named.

        Raises:
            GameError: there is no such split or kind, or what plays it is not installed.
        """


def worlds(name: str) -> Worlds:
    """The environment of that name.

    Raises:
        GameError: there is none, or it cannot be loaded.
    """
    found = {each.name: each for each in entry_points(group=GROUP)}
    if name not in found:
        there = ", ".join(sorted(found)) or "none is installed"
        raise GameError(f"there is no environment `{name}`: choose one of {there}")
    try:
        made: Worlds = found[name].load()()
    except (ImportError, AttributeError) as error:
        raise GameError(f"the environment `{name}` cannot be loaded: {error}: install it anew") from error
    return made
