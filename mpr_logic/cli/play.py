"""``mpr play``: an agent in its world, under the checker."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.policies import Policy, View
    from mpr_logic.agent.showing import Score
    from mpr_logic.agent.trajectory import Recorder
    from mpr_logic.agent.worlds import Episode, Worlds
    from mpr_logic.analysis.core import Program

EXAMPLE = "mpr play --policy preferences --seed 3"


class Who(StrEnum):
    """Who plays."""

    person = "person"
    preferences = "preferences"
    walkthrough = "walkthrough"
    forgetful = "forgetful"


def play(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES", help="Rule files and folders; by default the environment's."),
    ] = None,
    env: Annotated[str, typer.Option(metavar="NAME", help="The environment.")] = "alfworld",
    policy: Annotated[
        Who,
        typer.Option(
            help="Who plays: you; the rules' strongest preference; the episode's own walkthrough; or a "
            "scripted person who knows it and forgets half of the little steps."
        ),
    ] = Who.person,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A split of games, as $ALFWORLD_DATA has them; without one, episodes are generated.",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="TYPE", help="Only tasks of this type.")] = None,
    seed: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="The first episode: its seed, or its place in the split."),
    ] = 0,
    episodes: Annotated[int, typer.Option(metavar="N", min=1, help="How many episodes.")] = 1,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="After so many actions an episode is over.")
    ] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Decide, and block nothing.")] = False,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the trajectories there (docs/reference/trajectory.md)."),
    ] = None,
    theta: o.Theta = 0.9,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show what came of it alone.")] = False,
    json: o.Json = False,
    no_color: o.NoColor = False,
) -> None:
    """Play episodes under the rules, each decision shown with its reasons, repair and advice.

    Exit status: 0 all were won, 1 some were not, 2 it could not be played.
    """

    def work() -> Answer:
        o.check_theta(theta)
        from mpr_logic.agent.trajectory import Recorder
        from mpr_logic.agent.worlds import worlds
        from mpr_logic.checking.loading import load_program

        world = worlds(env)
        program = load_program(rules or [world.rules])
        found = list(islice(world.episodes(split, kind, seed), episodes))
        if not found:
            raise o.Usage(f"there is no such episode from number {seed} on: take a smaller --seed")

        def say(text: str) -> None:
            if not (json or quiet):
                write(text, sys.stdout, no_color=no_color)

        with ExitStack() as stack:
            stream = None if record is None else stack.enter_context(record.open("w", encoding="utf-8"))
            table = Table(world, program, theta, shadow, steps or world.steps, say)
            table.recorder = None if stream is None else Recorder(stream)
            scores = [table.play(each, policy, seed + i) for i, each in enumerate(found)]
        won = sum(score.won for score in scores)
        text = "\n".join(score.text() for score in scores) if quiet else ""
        if len(scores) > 1:
            text += f"\n{won} of {len(scores)} episodes won"
        content = {
            "policy": policy.value,
            "shadow": shadow,
            "rules": program.version,
            "episodes": [score.content() for score in scores],
        }
        few = (
            f"only {len(found)} of {episodes} episodes: the split ends there" if len(found) < episodes else ""
        )
        return Answer(YES if won == len(scores) else NO, text.strip(), content, remark=few)

    reply("play", work, json=json, no_color=no_color)


class Table:
    """Plays episodes one after the other, each under a checker of its own."""

    def __init__(
        self,
        world: Worlds,
        program: Program,
        theta: float,
        shadow: bool,
        steps: int,
        say: Callable[[str], None],
    ) -> None:
        self.world = world
        self.program = program
        self.theta = theta
        self.shadow = shadow
        self.steps = steps
        self.say = say
        self.recorder: Recorder | None = None

    def play(self, episode: Episode, who: Who, seed: int) -> Score:
        """One episode."""
        from mpr_logic.agent.play import play as turns_of
        from mpr_logic.agent.showing import Score
        from mpr_logic.agent.trajectory import heading
        from mpr_logic.checking.checker import Checker

        checker = Checker(self.program, theta=self.theta)
        policy = self._policy(who, episode, seed)
        score = Score(episode.id, episode.kind)
        self._record(heading(episode.id, episode.kind, policy.name, self.program.version, shadow=self.shadow))
        turns = turns_of(episode.make(self.steps), checker, policy, shadow=self.shadow, repairs=True)
        try:
            for turn in turns:
                if not turn.number:
                    self.say(f"{episode.id}, played by {policy.name}")
                self._take(turn, score, policy)
        except Quit as quit:
            self._take(quit.turn(score.turns + 1), score, policy)
        self.say(f"{score.text()}\n")
        return score

    def _take(self, turn: Turn, score: Score, policy: Policy) -> None:
        """Count, show and record a turn."""
        from mpr_logic.agent.showing import turn_text
        from mpr_logic.agent.trajectory import turn_json

        score.count(turn)
        shown = policy.shown if isinstance(policy, Person) else 0
        self.say(turn_text(turn, policy.name, shadow=self.shadow, shown=shown))
        self._record(turn_json(turn))

    def _record(self, line: dict[str, Any]) -> None:
        if self.recorder is not None:
            self.recorder.write(line)

    def _policy(self, who: Who, episode: Episode, seed: int) -> Policy:
        from mpr_logic.agent.policies import StrongestPreference
        from mpr_logic.agent.scripted import Forgetful, Planned

        match who:
            case Who.walkthrough | Who.forgetful if not episode.plan:
                raise o.Usage(f"{episode.id} has no walkthrough: choose another --policy")
            case Who.person:
                return Person(self.say)
            case Who.preferences:
                return StrongestPreference()
            case Who.walkthrough:
                return Planned(episode.plan)
            case Who.forgetful:
                return Forgetful(episode.plan, forgets=self.world.forgets, seed=seed)


class Quit(Exception):
    """The person ends the episode, without a fallback."""

    def __init__(self, view: View) -> None:
        super().__init__("the person ends the episode")
        self._view = view

    def turn(self, number: int) -> Turn:
        """The turn that ends it."""
        from mpr_logic.agent.play import Turn

        return Turn(number, self._view.refused, None, self._view.observation)


class Person:
    """Asks on the terminal. ``shown`` counts the rejections of this turn that were shown already."""

    name = "you"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.shown = 0

    def choose(self, view: View) -> str:
        """What is typed: an action; ``?`` lists what could be done.

        Raises:
            Quit: that was ``q``, or there is nothing more to read.
            StateError: what was typed is no text.
        """
        from mpr_logic.agent.showing import decision_lines

        if view.refused:
            self._say("\n".join(decision_lines(view.refused[-1], "    ", shadow=False)))
        self.shown = len(view.refused)
        while True:
            self._say("your action, such as go_to(fridge_1); ? for what could be done, q to end")
            line = _line()
            text = line.strip()
            if not line or text in ("q", "quit"):
                raise Quit(view)
            if text == "?":
                self._say(_choices(view))
            elif text:
                return text


def _line() -> str:
    """A line of the standard input; nothing at its end.

    Raises:
        StateError: it is not UTF-8 text.
    """
    from mpr_logic.errors import StateError

    try:
        return sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise StateError("<stdin>: what was typed is not UTF-8 text: send it as UTF-8") from None


def _choices(view: View) -> str:
    actions = view.world.candidates()
    admissible = [d.action for d in view.checker.check_all(actions) if d.admissible]
    preferred = view.checker.preferences(actions)
    lines = [f"    {weight:g} {action}: {reasons[0].text}" for action, weight, reasons in preferred[:5]]
    return "\n".join(["preferred", *lines, "admissible", f"    {', '.join(map(str, admissible))}"])
