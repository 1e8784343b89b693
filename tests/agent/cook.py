"""A kitchen to act in, for tests: its laws are those of rules/kitchen, and food belongs into the fridge."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from mpr_logic.agent.environment import Observation
from mpr_logic.checker.action import Action
from tests.helpers.command import TOP

RULES = TOP / "rules" / "kitchen"
PLACES = ("counter_1", "fridge_1")


class Kitchen:
    """Some food on the counter, and a fridge that is shut. The task is done when all of it is in the fridge;
    the fridge falls shut behind each. ``done`` is all that was tried."""

    declarations = (RULES / "1_world.dl").read_text(encoding="utf-8")

    def __init__(self, number: int = 1, *, steps: int = 30) -> None:
        self.food = [f"milk_{i + 1}" for i in range(number)]
        self.steps = steps
        self.reset()

    def reset(self) -> Observation:
        self.at = dict.fromkeys(self.food, "counter_1")
        self.held: str | None = None
        self.opened = False
        self.done: list[Action] = []
        return Observation(f"Put {', '.join(self.food)} into the fridge.")

    def step(self, action: Action) -> Observation:
        self.done.append(action)
        thing, place = [*map(str, action.args), "", ""][:2]
        succeeded = True
        match action.name:
            case "open" if thing == "fridge_1" and not self.opened:
                self.opened = True
            case "take" if self.held is None and self.at.get(thing) == place and self._reached(place):
                self.held = thing
                del self.at[thing]
            case "put" if thing == self.held and place in PLACES and self._reached(place):
                self.held, self.at[thing], self.opened = None, place, False
            case _:
                succeeded = False
        won = all(self.at.get(food) == "fridge_1" for food in self.food)
        text = f"You {action.name} it." if succeeded else "Nothing happens."
        return Observation(text, succeeded, won=won, over=won or len(self.done) >= self.steps)

    def _reached(self, place: str) -> bool:
        return place == "counter_1" or self.opened

    def state(self) -> set[str]:
        found = {"openable(fridge_1)", "cold(fridge_1)", *(f"perishable({food})" for food in self.food)}
        found |= {f"at({food}, {place})" for food, place in self.at.items()}
        found |= {f"holding({self.held})"} if self.held else set()
        return found | ({"opened(fridge_1)"} if self.opened else set())

    def candidates(self) -> Sequence[Action]:
        moves = product(("take", "put"), self.food, PLACES)
        return [Action("open", "fridge_1"), *(Action(*each) for each in moves)]

    def plan(self) -> list[Action]:
        """The actions that win: take each food, open the fridge, and put the food into it."""
        steps = []
        for food in self.food:
            steps += [Action("take", food, "counter_1"), Action("open", "fridge_1")]
            steps.append(Action("put", food, "fridge_1"))
        return steps
