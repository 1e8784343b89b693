"""Ids as AlfWorld's games write them: a kind and a position, ``Apple_bar__plus_01_dot_25_bar_...``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpr_logic.envs.alfworld.dice import Dice

CELL = 25
"""The side of a cell of the grid that the agent walks on, in centimetres."""
HEIGHT = 180

Position = tuple[int, int, int]
"""Centimetres: along the room, up, and across it."""


class Ids:
    """Draws the positions in one room, and the ids that say them; no id comes twice."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.length = dice.between(12, 28) * CELL
        self.width = dice.between(12, 28) * CELL
        self.used: set[str] = set()

    def position(self) -> Position:
        """Draw a position."""
        return self.dice.below(self.length), self.dice.below(HEIGHT), self.dice.below(self.width)

    def thing(self, kind: str, position: Position) -> str:
        """Return the id of a thing, which is moved up where there is one of its kind already."""
        along, up, across = position
        while (name := kind + "".join(f"_bar_{metres(n)}" for n in (along, up, across))) in self.used:
            up += 1
        self.used.add(name)
        return name

    def location(self, position: Position) -> str:
        """Draw the id of a location that is near a position, and that nothing has yet."""
        along, _, across = position
        while True:
            cell = (along // CELL + self.dice.between(-3, 3), across // CELL + self.dice.between(-3, 3))
            turn, tilt = self.dice.below(4), self.dice.pick((0, 15, 30, 45, 60))
            name = "loc" + "".join(f"_bar_{signed(n)}" for n in (*cell, turn, tilt))
            if name not in self.used:
                self.used.add(name)
                return name


def signed(number: int) -> str:
    """Return a whole number as ids write it: ``_minus_3``."""
    return f"_minus_{-number}" if number < 0 else str(number)


def metres(centimetres: int) -> str:
    """Return a coordinate as ids write it: ``_plus_01_dot_25``."""
    whole, part = divmod(centimetres, 100)
    return f"{'_plus_' if centimetres else ''}{whole:02}_dot_{part:02}"
