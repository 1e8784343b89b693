"""Plays games and holds the checker's decisions, and the agent's belief, against what is true."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from mpr_logic.agent.loop import Mirror
from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import AlfWorld
from mpr_logic.envs.alfworld.hidden import Shown, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker
    from mpr_logic.envs.alfworld.games import Game

WALKTHROUGH, RANDOM, MISTAKEN = PLAYS = ("walkthrough", "random", "mistaken")
"""The ways to play a game: by the commands that win; by commands drawn from those that are admissible, half
of them to go somewhere and half any, each verb as often as others; and by those that win with a detour in
front of half of them, drawn from what is admissible or from all that the agent could think of."""

EXAMPLES = 20
"""The most mistakes that are kept as examples."""


@dataclass(slots=True)
class JudgedPlays:
    """Counts of the checker's decisions in judged plays, against the simulator's list and hidden facts.

    ``listed``: admissible commands on things that the agent has seen, by the simulator's list; ``false``:
    those of them that the checker rejects. ``rejected``: others that it rejects. ``missed``: others that it
    admits though what speaks against them has been shown; ``unknowable``: others that it admits, and nothing
    that was shown speaks against. Each by action.
    """

    games: int = 0
    states: int = 0
    listed: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    unknowable: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    steps_rejected: int = 0
    facts: int = 0
    wrong: int = 0
    unread: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: JudgedPlays) -> None:
        """Add what another has counted."""
        for name in ("games", "states", "steps", "steps_rejected", "facts", "wrong", "unread"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("listed", "false", "rejected", "missed", "unknowable"):
            getattr(self, name).update(getattr(other, name))
        self.examples = (self.examples + other.examples)[:EXAMPLES]

    def figures(self) -> dict[str, object]:
        """Return the counts as a value for JSON."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in found.items()}

    def example(self, text: str) -> None:
        """Keep an example of a mistake."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


class Judge:
    """Plays games under one checker, which must hold no facts yet."""

    def __init__(self, checker: Checker, *, steps: int, seed: int) -> None:
        self.checker = checker
        self.steps = steps
        self.seed = seed
        self._mirror = Mirror(checker)

    def play(self, game: Game, how: str) -> JudgedPlays:
        """Play a game in one of the ways of :data:`PLAYS`, and judge every state."""
        tally = JudgedPlays(games=1)
        draw = random.Random(f"{self.seed} {how} {game.id}")
        world = AlfWorld(game, steps=None)
        world.reset()
        truth = Truth(world.simulator.facts())
        shown = Shown(truth)
        actions = self._actions(world, how, draw)
        while True:
            self._judge(world, truth, shown, tally)
            action = next(actions, None)
            if action is None:
                break
            if how == WALKTHROUGH:
                tally.steps += 1
                if not self.checker.check(action, proofs=False).admissible:
                    tally.steps_rejected += 1
                    tally.example(f"{game.id}: {action}, of the walkthrough, is rejected")
            seen = world.step(action)
            truth = Truth(world.simulator.facts())
            shown.saw(action, seen.succeeded is True, truth)
        tally.unread += world.belief.unread
        return tally

    def _actions(self, world: AlfWorld, how: str, draw: random.Random) -> Iterator[Action]:
        if how == RANDOM:
            for _ in range(self.steps):
                yield self._admissible(world, draw)
            return
        for command in world.simulator.walkthrough:
            if how == MISTAKEN and draw.random() < 0.5:
                thought = draw.choice(world.candidates())
                yield thought if draw.random() < 0.5 else self._admissible(world, draw)
            step = action_of(command)
            if step is not None:
                yield step

    def _admissible(self, world: AlfWorld, draw: random.Random) -> Action:
        """Draw an admissible action."""
        listed = [action for command in world.simulator.commands() if (action := action_of(command))]
        verbs = sorted({action.name for action in listed})
        verb = "go_to" if draw.random() < 0.5 else draw.choice(verbs)
        return draw.choice([action for action in listed if action.name == verb])

    def _judge(self, world: AlfWorld, truth: Truth, shown: Shown, tally: JudgedPlays) -> None:
        """Compare decisions and belief with the truth in one state."""
        tally.states += 1
        facts = world.state()
        self._mirror.follow(facts)
        tally.facts += len(facts)
        for fact in truth.wrong(facts):
            tally.wrong += 1
            tally.example(f"{world.game.id}: the belief holds {fact}, and that is not so")
        listed = {action_of(command) for command in world.simulator.commands()}
        actions = world.candidates()
        for action, decision in zip(actions, self.checker.check_all(actions), strict=True):
            if action in listed:
                tally.listed[action.name] += 1
                if not decision.admissible:
                    tally.false[action.name] += 1
                    why = "; ".join(reason.text for reason in decision.reasons)
                    tally.example(f"{world.game.id}: {action} is admissible, and rejected: {why}")
            elif not decision.admissible:
                tally.rejected[action.name] += 1
            elif shown.knowable(action):
                tally.missed[action.name] += 1
                tally.example(f"{world.game.id}: {action} is not admissible, and not rejected")
            else:
                tally.unknowable[action.name] += 1
