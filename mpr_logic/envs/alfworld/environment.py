"""AlfWorld as an environment: the agent's side of a game.

>>> from mpr_logic.envs.alfworld.games import games
>>> world = AlfWorld(games("valid_seen")[0])                # doctest: +SKIP
>>> checker = Checker.load("rules/alfworld")                # doctest: +SKIP
>>> world.reset().text; checker.update(add=world.state())   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.agent.environment import Observation
from mpr_logic.checker.action import Action
from mpr_logic.envs.alfworld.belief import Belief
from mpr_logic.envs.alfworld.commands import OLD_PUT, SAID, command_of, positional
from mpr_logic.envs.alfworld.lines import meant, nearest
from mpr_logic.envs.alfworld.simulator import Simulator
from mpr_logic.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.checker.checker import Checker
    from mpr_logic.envs.alfworld.games import Game

WORLD = "alfworld/0_world.dl"
"""The rule file that declares what the belief and the actions are made of."""

STEPS = 50
"""After so many actions an episode is over: what AlfWorld's authors and most papers give an agent."""

OLD_WORDING = '"put {o} in/on {r}"'


class AlfWorld:
    """One game, as an agent meets it; see :class:`mpr_logic.agent.environment.Environment`.

    ``belief`` holds what the agent knows. ``simulator`` knows all, and is for judges alone.

    Args:
        game: the game to play.
        steps: after how many actions the episode is over; None for never before it is won.
    """

    def __init__(self, game: Game, *, steps: int | None = STEPS) -> None:
        self.game = game
        self.declarations = (rules_folder() / WORLD).read_text(encoding="utf-8")
        self.simulator = Simulator(game)
        self.belief = Belief()
        self.steps = steps
        self._put = OLD_PUT if OLD_WORDING in game.grammar else SAID["put"]
        self._taken = 0
        self._won = False
        self._thoughts = Thoughts()

    def reset(self) -> Observation:
        """Begin the episode anew; the text states the task."""
        self.belief, self._thoughts, self._taken, self._won = Belief(), Thoughts(), 0, False
        text = self.simulator.reset()
        self.belief.observe(None, text)
        return Observation(text)

    def step(self, action: Action) -> Observation:
        """Try an action. What the games have no command for comes to nothing, as what cannot be done."""
        action = positional(action)
        turn = self.simulator.step(command_of(action, self._put))
        self._taken += 1
        self._won = self._won or turn.won
        succeeded = self.belief.observe(action, turn.text)
        over = self._won or (self.steps is not None and self._taken >= self.steps)
        return Observation(turn.text, succeeded, won=self._won, over=over)

    def state(self) -> AbstractSet[str]:
        """All that the agent knows now: a live set."""
        return self.belief.facts

    def candidates(self) -> Sequence[Action]:
        """Every action over all that was seen so far; a live list, those of what was seen first in front."""
        return self._thoughts.of(self.belief.receptacles, self.belief.objects)

    def meant(self, line: str, checker: Checker) -> Action | None:
        """The action that a line of the agent means: see :func:`mpr_logic.envs.alfworld.lines.meant`."""
        return meant(line, self.candidates(), checker)

    def nearest(self, line: str, checker: Checker) -> list[str]:
        """The admissible commands that are most like a line."""
        return nearest(line, self.candidates(), checker, self._put)


class Thoughts:
    """All actions over some things, made once each."""

    def __init__(self) -> None:
        self._found = [Action(name) for name in ("look", "inventory", "help")]
        self._receptacles: list[str] = []
        self._objects: list[str] = []

    def of(self, receptacles: Iterable[str], objects: Iterable[str]) -> list[Action]:
        """The actions over receptacles and objects, which only ever grow."""
        for place in list(receptacles)[len(self._receptacles) :]:
            self._found.extend(_over_place(place, self._objects))
            self._receptacles.append(place)
        for thing in list(objects)[len(self._objects) :]:
            self._objects.append(thing)
            self._found.extend(_over_thing(thing, self._objects, self._receptacles))
        return self._found


def _over_place(place: str, things: Sequence[str]) -> Iterator[Action]:
    for name in ("go_to", "open", "close", "examine"):
        yield Action(name, place)
    for thing in things:
        yield from _both(thing, place)


def _over_thing(thing: str, things: Sequence[str], places: Sequence[str]) -> Iterator[Action]:
    yield Action("examine", thing)
    yield Action("use", thing)
    for place in places:
        yield from _both(thing, place)
    for other in things:
        yield Action("slice", thing, other)
        if other != thing:
            yield Action("slice", other, thing)


def _both(thing: str, place: str) -> Iterator[Action]:
    for name in ("take", "put", "clean", "heat", "cool"):
        yield Action(name, thing, place)
