"""Environments: what a world must offer so that an agent can act in it under the checker, and the plug-ins
that offer worlds' episodes by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker


@dataclass(frozen=True, slots=True)
class Observation:
    """An environment's answer to the agent after an action, and its first words at the beginning.

    ``text`` is what it reads; ``succeeded`` whether the action did what it was meant to, None where
    nobody can tell and at the beginning; ``won`` whether the task is done; ``over`` whether the episode
    has ended, won or not.
    """

    text: str
    succeeded: bool | None = None
    won: bool = False
    over: bool = False


class Environment(Protocol):
    """A world, as one agent meets it: an attribute and four methods.

    ``declarations`` is the text of the ``.dl`` declarations of the relations and actions that the world
    speaks of; rule files add to it. All that the agent may know comes out of :meth:`state`, and nothing
    that it has not seen goes in there.
    """

    declarations: str

    def reset(self) -> Observation:
        """Begin the episode anew; the text states the task."""

    def step(self, action: Action) -> Observation:
        """Try an action. One that cannot be done changes nothing and has not ``succeeded``."""

    def state(self) -> AbstractSet[str]:
        """All that the agent knows now, as facts that :meth:`Checker.update` takes: ``holding(apple_1)``,
        ``0.8 :: at(cup_1, shelf_1)``; ``not at(cup_1, shelf_1)`` where it has seen that it is not so."""

    def candidates(self) -> Sequence[Action]:
        """The actions that the agent could think of: every declared one over all that it has seen,
        whether it can be done or not."""


@runtime_checkable
class InWords(Protocol):
    """A world whose agents are told in words, and may answer in words."""

    def meant(self, line: str, checker: Checker) -> Action | None:
        """The action that a line of the agent means; None where it means none, or one of several."""

    def nearest(self, line: str, checker: Checker) -> Sequence[str]:
        """The admissible actions that are most like a line that means none, in the world's words."""


GROUP = "mpr_logic.environments"
"""The group of entry points under which a package offers its environment: a name, and a :class:`Worlds`."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A task in a world. ``kind`` is the type of the task; ``make`` makes the environment, which ends the
    episode after so many actions. Two things are privileged, for scripted policies and for judges: ``plan``
    are actions that are known to win, where any are; ``possible`` says what a world that was made here would
    do now, where anybody knows. ``group`` is what its author takes for one piece of evidence, such as a scene
    or a customer: episodes of one group count as one trial of a rule. Empty is the episode by itself."""

    id: str
    kind: str
    make: Callable[[int], Environment]
    plan: tuple[Action, ...] = field(default=(), repr=False)
    possible: Callable[[Environment], Collection[Action]] | None = None
    group: str = ""


class Worlds(Protocol):
    """An environment's episodes.

    Attributes:
        rules: the place of its rules, for :meth:`Checker.load`.
        known: those of these files that say what is known before anything is learned: declarations, tables.
        steps: the number of actions that an episode has.
        forgets: the little steps that a forgetful person leaves out.
    """

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


def remarks_of(world: Worlds, split: str | None) -> list[str]:
    """The remarks of a world about the episodes of a split, such as which are passed over; a world without a
    method ``remarks`` has none.

    Raises:
        GameError: there is no such split.
    """
    told = getattr(world, "remarks", None)
    return [] if told is None else list(told(split))


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
