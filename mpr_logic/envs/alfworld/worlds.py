"""AlfWorld's episodes: the games of a split, or generated ones."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from mpr_logic.agent.environment import Episode
from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import STEPS, AlfWorld
from mpr_logic.envs.alfworld.games import TASK_TYPES, games
from mpr_logic.envs.alfworld.recorded import TRANSCRIPTS
from mpr_logic.envs.alfworld.rooms import generate
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.environment import Environment
    from mpr_logic.checker.action import Action
    from mpr_logic.envs.alfworld.games import Game


class AlfWorlds:
    """See :class:`mpr_logic.agent.environment.Worlds`."""

    rules = "rules/alfworld"
    known: tuple[str, ...] = (
        "rules/alfworld/0_world.dl",
        "rules/alfworld/tables/kinds.dl",
        "rules/alfworld/tables/fits.dl",
    )
    steps = STEPS
    forgets: tuple[str, ...] = ("go_to", "open")
    formats = (TRANSCRIPTS,)

    def episodes(self, split: str | None, kind: str | None, seed: int) -> Iterator[Episode]:
        """The games of a split under $ALFWORLD_DATA, from the one with the number ``seed`` on; without a
        split, generated games of the seeds from ``seed`` on, of all task types in turn.

        Raises:
            GameError: there is no such split or task type, or the alfworld extra is not installed.
        """
        if kind is not None and kind not in TASK_TYPES:
            raise GameError(f"there is no task type `{kind}`: choose one of {', '.join(TASK_TYPES)}")
        if split is None:
            return (_episode(_made(number, kind)) for number in count(seed))
        found = games(split)
        return (_episode(game) for game in found[seed:] if kind in (None, game.task_type))

    def remarks(self, split: str | None) -> list[str]:
        """The games of a split that are passed over, as a line.

        Raises:
            GameError: there is no such split.
        """
        passed = () if split is None else games(split).passed
        if not passed:
            return []
        more = ", ..." if len(passed) > 1 else ""
        return [f"{len(passed)} games of {split} are passed over, which nobody can win: {passed[0]}{more}"]


def _made(number: int, kind: str | None) -> Game:
    return generate(number, kind or TASK_TYPES[number % len(TASK_TYPES)])


def _episode(game: Game) -> Episode:
    plan = tuple(action for command in game.walkthrough if (action := action_of(command)) is not None)
    return Episode(game.id, game.task_type, partial(_make, game), plan, _possible, game.scene)


def _make(game: Game, steps: int) -> AlfWorld:
    return AlfWorld(game, steps=steps)


def _possible(world: Environment) -> set[Action]:
    """Return the actions that the simulator itself lists as admissible now."""
    if not isinstance(world, AlfWorld):
        raise TypeError("this is no AlfWorld")
    return {action for each in world.simulator.commands() if (action := action_of(each)) is not None}
