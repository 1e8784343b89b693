"""TextWorld's own engine, set up as AlfWorld does: what our simulator is held against."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mpr_logic.envs.alfworld.games import Game
from mpr_logic.envs.alfworld.simulator import Simulator


class Stock:
    """A game on the stock engine."""

    def __init__(self, game: Game) -> None:
        from alfworld.agents.utils.misc import Demangler
        from textworld import EnvInfos
        from textworld.envs.pddl.pddl import PddlEnv

        self.env = PddlEnv(EnvInfos(admissible_commands=True, won=True, facts=True))
        self.env.load(game.data())
        demangler = Demangler(game_infos=self.env._entity_infos)
        for info in self.env._entity_infos.values():
            info.name = demangler.demangle_alfred_name(info.id)

    def reset(self) -> tuple[str, list[str], int]:
        """Begin anew; return the observation, the admissible commands and the score."""
        return self._seen(self.env.reset())

    def step(self, command: str) -> tuple[str, list[str], int]:
        """Carry out a command; return what :meth:`reset` does."""
        return self._seen(self.env.step(command)[0])

    def facts(self) -> set[tuple[str, ...]]:
        """Return the true facts, in the form of :meth:`Simulator.facts`."""
        return {
            (fact.name, *[each.name.strip() for each in fact.arguments])
            for fact in self.env.state["facts"]
            if not fact.name.startswith(("not_", "new-axiom"))
        }

    def _seen(self, state: Any) -> tuple[str, list[str], int]:
        return state.feedback, state["admissible_commands"], int(state["won"])


def seen(simulator: Simulator, text: str, won: bool) -> tuple[str, list[str], int]:
    """Return the same of our simulator as :meth:`Stock.reset` does of the stock engine."""
    return text, simulator.commands(), int(won)


def differences(game: Game, random_steps: int) -> Iterator[str]:
    """Play a game on both: the walkthrough, then commands by chance; yield where they differ."""
    ours, stock = Simulator(game), Stock(game)
    rng = random.Random(game.id)
    expected = stock.reset()
    if (got := seen(ours, ours.reset(), False)) != expected:
        yield f"{game.id}: at first: {got} instead of {expected}"
    done: list[str] = []
    for number in range(len(game.walkthrough) + random_steps):
        if number < len(game.walkthrough):
            command = game.walkthrough[number]
        else:
            command = any_command(rng, expected[1], ours)
        done.append(command)
        expected = stock.step(command)
        turn = ours.step(command)
        if (got := seen(ours, turn.text, turn.won)) != expected:
            yield f"{game.id}: after {done}: {got} instead of {expected}"
            return
        if number == len(game.walkthrough) - 1 and not turn.won:
            yield f"{game.id}: the walkthrough does not win"
        if (facts := hidden(ours.facts())) != hidden(stock.facts()):
            yield f"{game.id}: after {done}: facts differ: {facts ^ hidden(stock.facts())}"
            return


def hidden(facts: set[tuple[str, ...]] | frozenset[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The facts that are compared: of a switch, the stock engine lists both effects, on and off."""
    return {fact for fact in facts if fact[0] != "ison"}


def any_command(rng: random.Random, admissible: list[str], simulator: Simulator) -> str:
    """A command by chance: mostly an admissible one, each verb as likely; else of any things."""
    if rng.random() < 0.75:
        by_verb = defaultdict(list)
        for command in admissible:
            by_verb[command.partition(" ")[0]].append(command)
        return rng.choice(by_verb[rng.choice(sorted(by_verb))])
    names = sorted({fact[1] for fact in simulator.facts() if fact[0] in ("objecttype", "receptacletype")})
    form = rng.choice(
        "go to {};open {};close {};take {} from {};move {} to {};put {} in/on {};use {};heat {} with {}"
        ";clean {} with {};cool {} with {};slice {} with {};examine {};dance; look ;go to;{}".split(";")
    )
    return form.format(rng.choice(names), rng.choice(names))
