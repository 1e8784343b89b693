"""The worlds that the step benchmark goes through."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tests.bench.household import BASE_FACTS, BASE_RULES, household

if TYPE_CHECKING:
    from tests.bench.household import World

SEED = 1

STEPS = 2_400
"""The most steps of a world's stream."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A world. ``facts`` and ``rules`` are the sizes of the made-up household; with 0 it is AlfWorld's."""

    facts: int = 0
    rules: int = 0

    @property
    def name(self) -> str:
        """Its name in the tables."""
        if not self.rules:
            return "AlfWorld, a generated kitchen under rules/alfworld"
        return f"{self.rules:,} rules, {self.facts:,} facts"

    def missing(self) -> str | None:
        """The extra that is not installed; None where all are."""
        if not self.rules and find_spec("textworld") is None:
            return "the alfworld extra is not installed"
        return None

    def world(self, steps: int = STEPS) -> World:
        """The world, at its start; AlfWorld's is played for so many steps."""
        if self.rules:
            return household(SEED, facts=self.facts, rules=self.rules)
        from tests.bench.alfworld import household as alfworld

        return alfworld(SEED, steps)


ALFWORLD = Scene()
SCENES = (
    Scene(BASE_FACTS, BASE_RULES),
    ALFWORLD,
    Scene(11_400, BASE_RULES),
    Scene(BASE_FACTS, 10_000),
    Scene(10_400, 10_000),
)
