"""Recorded episodes of AlfWorld: what the hand-written rules say of them, and what would reach the game.

``python -m tests.envs.alfworld_recorded FOLDER [--games FOLDER] [--rules RULES] [--every N] [--json FILE]``
prints the figures of docs/reference/alfworld-rules.md. FOLDER holds transcripts, in any of the forms that
``mpr replay`` reads. With ``--games``, the folder of AlfWorld's data, the games that the transcripts name are
played along, and so it is told whether what a repair names could have been done.

Each proposal is decided in the state that the agent knew, and the recorded outcome is then learned from,
whatever was decided: what an agent would have done after a rejection nobody can tell.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic import Action, Checker
from mpr_logic.agent.loop import Mirror
from mpr_logic.envs.alfworld.belief import Belief
from mpr_logic.envs.alfworld.commands import OLD_PUT, SAID, action_of, command_of
from mpr_logic.envs.alfworld.environment import Thoughts
from mpr_logic.envs.alfworld.games import GAME_FILE, Game
from mpr_logic.envs.alfworld.hidden import Truth
from mpr_logic.envs.alfworld.lines import meant
from mpr_logic.envs.alfworld.recorded import NO_COMMAND
from mpr_logic.envs.alfworld.simulator import Simulator
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Recording
from tests.helpers.command import TOP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.decision import Decision

RULES = str(TOP / "rules/alfworld")
KINDS = {"clean": "cleanable", "heat": "heatable", "cool": "coolable"}


class Played:
    """The game of an episode, played along."""

    def __init__(self, game: Game) -> None:
        self.simulator = Simulator(game)
        self.simulator.reset()
        self._put = OLD_PUT if '"put {o} in/on {r}"' in game.grammar else SAID["put"]

    def step(self, said: str) -> None:
        """Do what was said, if it is a command."""
        action = action_of(said)
        self.simulator.step(said if action is None else self.command(action))

    def command(self, action: Action) -> str:
        """The command for an action, as the game says it."""
        return command_of(action, self._put)

    def executable(self, action: Action) -> bool:
        """Whether an action could be done now."""
        return self.command(action) in self.simulator.commands()

    def possible(self, action: Action) -> bool:
        """Whether an action can be done at some time: the things are there, and of kinds that allow it."""
        truth = Truth(self.simulator.facts())
        names = [str(arg) for arg in action.args]
        if any(name not in truth.kind and name not in truth.receptacle for name in names):
            return False
        match action.name, names:
            case "take", [thing, place] if thing in truth.kind and place in truth.receptacle:
                there = thing in truth.contents(place)
                return truth.has("pickupable", thing) and (there or truth.fits(thing, place))
            case "put", [thing, place] if thing in truth.kind and place in truth.receptacle:
                return truth.has("pickupable", thing) and truth.fits(thing, place)
            case (("open" | "close"), [place]):
                return truth.has("openable", place)
            case (("clean" | "heat" | "cool"), [thing, place]):
                where = {"clean": "sinkbasin", "heat": "microwave", "cool": "fridge"}[action.name]
                return truth.has(KINDS[action.name], thing) and truth.receptacle.get(place) == where
            case "use", [thing]:
                return truth.has("toggleable", thing)
        return True


def measure(recordings: Iterable[Recording], program: Program, games: Path | None = None) -> Counter[str]:
    """Count what came of the proposals of some episodes."""
    found: Counter[str] = Counter()
    for recording in recordings:
        found["episodes"] += 1
        _Episode(recording, program, found, _game(recording, games)).count()
    return found


def _game(recording: Recording, games: Path | None) -> Played | None:
    if games is None:
        return None
    name = recording.name.rpartition(" ")[2]
    file = next(iter(games.glob(f"json_2.1.1/*/{name}/{GAME_FILE}")), None)
    return None if file is None else Played(Game.read(file))


class _Episode:
    """One episode, proposal by proposal."""

    def __init__(
        self, recording: Recording, program: Program, found: Counter[str], game: Played | None
    ) -> None:
        self._recording, self._found, self._game = recording, found, game
        self._checker = Checker(program)
        self._mirror = Mirror(self._checker)
        self._belief = Belief()
        self._thoughts = Thoughts()
        self._failed: set[tuple[Action, frozenset[str]]] = set()

    def count(self) -> None:
        """Count its proposals."""
        messages = self._recording.messages
        self._learn(None, messages[0].text)
        for place, message in enumerate(messages):
            for call in message.calls:
                behind = messages[place + 1] if place + 1 < len(messages) else None
                text = "" if behind is None or behind.calls else str(behind.content or behind.text)
                error = behind is not None and behind.role == "tool" and behind.error
                self._proposal(call.tool, [str(each) for each in call.arguments.values()], text, error)

    def _proposal(self, tool: str, args: list[str], text: str, error: bool) -> None:
        found = self._found
        found["proposals"] += 1
        found["in vain" if error else "effective"] += 1
        action = None if tool == NO_COMMAND else Action(tool, *args)
        if action is None:
            self._no_command(args[0])
        else:
            self._decide(action, error)
        if self._game is not None:
            said = args[0] if action is None else self._game.command(action)
            self._game.step(said)
        self._learn(action, text)

    def _no_command(self, line: str) -> None:
        self._found["no command"] += 1
        candidates = self._thoughts.of(self._belief.receptacles, self._belief.objects)
        action = meant(line, candidates, self._checker)
        if action is None:
            self._found["no command: the nearest are named"] += 1
        elif not self._checker.check(action).admissible:
            self._found["no command: put right, and rejected"] += 1
        else:
            self._found["no command: put right"] += 1
            if self._game is not None:
                self._found[f"no command: put right, possible: {self._game.executable(action)}"] += 1

    def _decide(self, action: Action, error: bool) -> None:
        found, state = self._found, (action, frozenset(self._belief.facts))
        decision = self._checker.check(action)
        repeat = state in self._failed
        found["repeats in an equal state"] += repeat
        if decision.admissible:
            found["in vain to the game"] += error
            found["repeats to the game"] += repeat
        else:
            found["rejected in vain" if error else "rejected effective"] += 1
            self._repairs(action, decision)
        if error:
            self._failed.add(state)

    def _repairs(self, action: Action, decision: Decision) -> None:
        found = self._found
        first = next((each.actions[0] for each in decision.repairs if each.actions), None)
        seen = {*self._belief.objects, *self._belief.receptacles}
        repairs = [step for each in decision.repairs for step in each.actions]
        named = {str(arg) for step in repairs for arg in _parsed(step).args}
        found["repairs"] += first is not None
        found["repairs with what was not seen"] += not named <= seen
        if self._game is None:
            return
        possible = self._game.possible(action) and seen.issuperset(map(str, action.args))
        found["rejected: possible at some time, with what was seen"] += possible
        if first is not None:
            executable = self._game.executable(_parsed(first))
            found["repairs that could be done"] += executable
            found["repairs that could be done, of what is possible"] += executable and possible

    def _learn(self, action: Action | None, text: str) -> None:
        if not text:
            return
        succeeded = self._belief.observe(action, text)
        if action is not None:
            self._checker.record(action, succeeded, effects=False)
        self._mirror.follow(self._belief.facts)


def _parsed(text: str) -> Action:
    """The action in a repair's text: ``take(mug_1, desk_1)``."""
    name, _, args = text.rstrip(")").partition("(")
    return Action(name, *[each.strip() for each in args.split(",") if each])


def lines(found: Counter[str]) -> list[str]:
    """The figures as lines."""
    reached = found["effective"] - found["rejected effective"] + found["in vain to the game"]
    told = [f"{number:>8,} {name}" for name, number in sorted(found.items())]
    share = found["in vain"] / max(found["proposals"], 1)
    told += [f"{share:>8.1%} of what reaches the game is in vain, without the rules"]
    told += [f"{found['in vain to the game'] / max(reached, 1):>8.1%} with them"]
    possible = found["rejected: possible at some time, with what was seen"]
    if possible:
        could = found["repairs that could be done, of what is possible"] / possible
        told.append(f"{could:>8.1%} of what is possible, and rejected, has a repair that could be done")
    return told


def main() -> None:
    """Print the figures of a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--games", type=Path)
    parser.add_argument("--rules", default=RULES)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    recordings = (
        each
        for number, each in recordings_in([options.folder])
        if isinstance(each, Recording) and not (number - 1) % options.every
    )
    found = measure(recordings, Checker.load(options.rules).program, options.games)
    print("\n".join(lines(found)))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
