"""Plays one AlfWorld game: what the agent reads, and behind it, for judges alone, what is hidden.

Observations, scores and admissible commands are those of TextWorld's own engine, which translates the PDDL
anew at every reset and parses every command's template at every step. Here a game is read once.

Simulators share nothing that changes: any number of them run in one process, and in forked or spawned ones.
Only the making of one is not for two threads at once, since TextWorld's parser is shared. What a simulator
does depends on its game and the commands alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import cycle, product
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.grammar import Context, Entity, Wording, read_grammar
from mpr_logic.envs.alfworld.pddl import NOT, Operator, Problem, World
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.envs.alfworld.games import Game
    from mpr_logic.envs.alfworld.plans import Fact, Step

NOTHING = "Nothing happens."
"""The answer to every command that cannot be carried out."""

SAID = re.compile(r"\[?\{(\w+)(?:\.name)?\s*(?:\|[^}]*)?\}\]?")
"""Matches a placeholder in a command's template: ``{o}``, or ``[{r.name | a query}]``."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of a command: the text that the agent reads, and whether the game is won now.

    ``done`` says whether the episode has ended: here, when it is won. ``score`` is 1 then, and else 0.
    """

    text: str
    won: bool

    @property
    def done(self) -> bool:
        """Whether the episode has ended. The simulator goes on all the same, as TextWorld's does."""
        return self.won

    @property
    def score(self) -> int:
        """1 when the game is won, else 0."""
        return int(self.won)


@dataclass(frozen=True, slots=True)
class Verb:
    """An operator with its wording; ``pattern`` finds what a command names, for the parameters ``said``, and
    ``plan`` is for the precondition when those are known."""

    operator: Operator
    wording: Wording
    pattern: re.Pattern[str]
    said: tuple[str, ...]
    plan: tuple[Step, ...]


class Simulator:
    """One game, being played. It begins at its first state, as after :meth:`reset`.

    The agent may have what :meth:`reset` and :meth:`step` return, and nothing else. **Privileged**, only for
    judges, tests and baselines that say so: :meth:`commands`, :meth:`facts`, :attr:`walkthrough`.

    Raises GameError where the game's PDDL or grammar cannot be read.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self._grammar = read_grammar(game.grammar).with_text("task", f"Your task is to: {game.goal}")
        self._problem = Problem(game.domain, game.problem)
        seen = sorted({thing for fact in self._problem.initial if fact[0] != "=" for thing in fact[1:]})
        names = human_names(seen)
        self._entities = {
            thing: Entity(id=thing, type=kind, name=names.get(thing, thing))
            for thing, kind in self._problem.types.items()
        }
        self._named: dict[str, list[str]] = defaultdict(list)
        for thing in seen:
            self._named[names[thing]].append(thing)
        self._verbs = tuple(self._verb(operator) for operator in self._problem.operators.values())
        self._world = World(self._problem)
        self._commands: tuple[str, ...] | None = None

    def reset(self) -> str:
        """Begin anew; return the first observation, which states the task."""
        self._world = World(self._problem)
        self._commands = None
        return self._grammar.say("intro", Context(self._world.facts, self._entities, {}))

    def step(self, command: str) -> Turn:
        """Carry out a command, such as ``take apple 1 from fridge 1``.

        One that is not admissible now changes nothing, and its text is exactly :data:`NOTHING`.
        """
        found = self._find(command.strip())
        if found is None:
            return Turn(NOTHING, self._world.won())
        verb, args = found
        self._world.apply(verb.operator, args)
        self._commands = None
        text = self._grammar.join(verb.wording.feedback, self._context(verb.operator, args))
        return Turn(text, self._world.won())

    @property
    def walkthrough(self) -> tuple[str, ...]:
        """Privileged: commands that win, as the game states them."""
        return self.game.walkthrough

    def commands(self) -> list[str]:
        """Privileged: the admissible commands, sorted. They are worked out when asked for, once a state."""
        if self._commands is None:
            self._commands = tuple(sorted(set(self._admissible())))
        return list(self._commands)

    def facts(self) -> frozenset[Fact]:
        """Privileged: all that is true, the predicate first and in lower case, things by the names one reads.

        For example ``("inreceptacle", "apple 1", "fridge 1")``, ``("opened", "fridge 1")``,
        ``("atlocation", "agent1", "loc 3")``, ``("objecttype", "apple 1", "appletype")``.
        """
        return frozenset(
            (fact[0], *[self._entities[thing].name.strip() for thing in fact[1:]])
            for fact in self._world.facts
            if fact[0] != "=" and not fact[0].startswith(NOT)
        )

    def _admissible(self) -> Iterator[str]:
        for verb in self._verbs:
            for args in set(self._world.applicable(verb.operator, verb.operator.plan)):
                yield self._called(verb, args)

    def _find(self, command: str) -> tuple[Verb, tuple[str, ...]] | None:
        """The operator and arguments that a command names, where it is admissible."""
        for verb in self._verbs:
            said = verb.pattern.fullmatch(command)
            if said is None:
                continue
            meant = [self._named.get(name, ()) for name in said.groups()]
            for things in product(*meant):
                known = dict(zip(verb.said, things, strict=True))
                for args in sorted(set(self._world.applicable(verb.operator, verb.plan, known))):
                    if self._called(verb, args) == command:
                        return verb, args
        return None

    def _called(self, verb: Verb, args: Sequence[str]) -> str:
        return self._grammar.join(verb.wording.template, self._context(verb.operator, args))

    def _context(self, operator: Operator, args: Sequence[str]) -> Context:
        places = [
            (name.removeprefix("?"), kind)
            for name, kind in zip(operator.parameters, operator.types, strict=True)
        ]
        return Context(self._world.facts, self._entities, dict(zip(places, args, strict=True)))

    def _verb(self, operator: Operator) -> Verb:
        wording = self._grammar.wordings.get(operator.name)
        if wording is None:
            raise GameError(f"{self.game.id}: the grammar has no command for the action {operator.name}")
        pieces = SAID.split(wording.source)
        said = tuple(f"?{name}" for name in pieces[1::2])
        if not set(said) <= set(operator.parameters):
            raise GameError(f"{self.game.id}: the command {wording.source!r} names what is no parameter")
        pattern = "".join("(.+)" if odd else re.escape(piece) for odd, piece in zip(cycle((0, 1)), pieces))
        types = dict(zip(operator.parameters, operator.types, strict=True))
        plan = self._problem.planner.plan(operator.precondition, types, bound=said)
        return Verb(operator, wording, re.compile(pattern), said, plan)


def human_names(ids: Iterable[str]) -> dict[str, str]:
    """Return AlfWorld's name of each thing, by its id: ``apple_bar_1`` of two apples is ``apple 2``.

    ``ids`` are those of all things that initial facts speak of, in lower case as the parser makes them. The
    numbers of a kind go down: the first id gets the highest. What has no ``_bar_`` in its id keeps the id,
    and a blank comes after it.
    """
    kinds = {thing: _kind(thing) for thing in sorted(ids)}
    left = Counter(kinds.values())
    names = {}
    for thing, kind in kinds.items():
        names[thing] = f"{kind} {left[kind]}" if kind else f"{thing} "
        left[kind] -= 1
    return names


def _kind(thing: str) -> str:
    kind, bar, _ = thing.partition("_bar_")
    return (kind + "basin" if "basin" in thing else kind) if bar else ""
