"""``mpr play``: an agent in its world, under the checker."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import acting as a
from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply, write
from mpr_logic.cli.person import Person, Quit

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.policies import Policy
    from mpr_logic.agent.showing import Score
    from mpr_logic.agent.trajectory import Recorder
    from mpr_logic.agent.worlds import Episode, Worlds
    from mpr_logic.analysis.program import Program
    from mpr_logic.models.client import Client

EXAMPLE = "mpr play --policy preferences --seed 3"


class Who(StrEnum):
    """Who plays."""

    person = "person"
    preferences = "preferences"
    walkthrough = "walkthrough"
    forgetful = "forgetful"
    absent_minded = "absent-minded"
    model = "model"


def play(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES", help="Rule files and folders; by default the environment's."),
    ] = None,
    env: Annotated[str, typer.Option(metavar="NAME", help="The environment.")] = "alfworld",
    policy: Annotated[
        Who,
        typer.Option(
            help="Who plays: you; the rules' strongest preference; the episode's own walkthrough; a scripted "
            "person who knows it and forgets half of the little steps, and mends that as a repair says "
            "(forgetful), or when reminded by a rule (absent-minded); or a language model."
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
    memory: a.MemoryOption = None,
    guide: a.GuideOption = None,
    model: a.ModelName = None,
    base_url: a.BaseUrl = None,
    key_env: a.KeyEnv = a.KEY,
    local: a.Local = None,
    cache: a.Cached = None,
    choose: a.ChooseOption = a.Choose.writing,
    admitted: a.Admitted = False,
    style: a.StyleOption = a.Style.act,
    disclose: a.DiscloseOption = a.Disclose.reason,
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
    asked = a.Acting(model, base_url, key_env, local, cache, choose, admitted, style, disclose)

    def say(text: str) -> None:
        if not (json or quiet):
            write(text, sys.stdout, no_color=no_color)

    def work() -> Answer:
        o.check_theta(theta)
        if asked.named and policy is not Who.model:
            raise o.Usage(f"a model is named, and --policy is {policy.value}: give --policy model")
        from mpr_logic.agent.trajectory import Recorder
        from mpr_logic.agent.worlds import worlds
        from mpr_logic.analysis import analyse
        from mpr_logic.checker.loading import load_modules

        world = worlds(env)
        modules, ids = load_modules(rules or [world.rules]), None
        if memory is None:
            program = analyse(modules)
        else:
            program, ids = a.remembered(modules, memory, theta)
        found = list(islice(world.episodes(split, kind, seed), episodes))
        if not found:
            raise o.Usage(f"there is no such episode from number {seed} on: take a smaller --seed")
        with ExitStack() as stack:
            stream = None if record is None else stack.enter_context(record.open("w", encoding="utf-8"))
            table = Table(
                world, program, theta, shadow, steps or world.steps, say, a.guide_of(guide, ids), asked
            )
            table.recorder = None if stream is None else Recorder(stream)
            table.client = stack.enter_context(asked.opened()) if policy is Who.model else None
            scores = [table.play(each, policy, seed + i) for i, each in enumerate(found)]
        won = sum(score.won for score in scores)
        text = "\n".join(score.text() for score in scores) if quiet else ""
        if len(scores) > 1:
            text += f"\n{won} of {len(scores)} episodes won"
        if (usage := table.usage()) is not None:
            text += "\n" + ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in usage.items())
        content = {
            "policy": policy.value,
            "shadow": shadow,
            "guide": "none" if table.guide is None else (guide or a.Told.retrieved).value,
            "usage": usage,
            "rules": program.version,
            "episodes": [score.content() for score in scores],
        }
        remarks = [
            f"only {len(found)} of {episodes} episodes: the split ends there"
            if len(found) < episodes
            else "",
            table.failed(),
        ]
        remark = "\n".join(filter(None, remarks))
        return Answer(YES if won == len(scores) else NO, text.strip(), content, remark=remark)

    reply("play", work, json=json, no_color=no_color)


@dataclass(slots=True)
class Table:
    """Plays episodes one after the other, each under a checker of its own."""

    world: Worlds
    program: Program
    theta: float
    shadow: bool
    steps: int
    say: Callable[[str], None]
    guide: Guide | None = None
    acting: a.Acting = field(default_factory=a.Acting)
    client: Client | None = None
    recorder: Recorder | None = None
    failures: list[str] = field(default_factory=list)

    def usage(self) -> dict[str, int] | None:
        """What was asked of a model; None where none plays."""
        if self.client is None:
            return None
        used = self.client.usage
        names = ("requests", "cached", "prompt_tokens", "completion_tokens")
        return {name: getattr(used, name) for name in names}

    def failed(self) -> str:
        """What to say of the turns in which the model gave no usable answer."""
        if not self.failures:
            return ""
        return f"{len(self.failures)} turns were left to the fallback, the last since {self.failures[-1]}"

    def play(self, episode: Episode, who: Who, seed: int) -> Score:
        """One episode."""
        from mpr_logic.agent.actor import ModelPolicy
        from mpr_logic.agent.play import play as turns_of
        from mpr_logic.agent.showing import Score
        from mpr_logic.agent.trajectory import heading
        from mpr_logic.checker.checker import Checker

        checker = Checker(self.program, theta=self.theta)
        policy = self._policy(who, episode, seed)
        score = Score(episode.id, episode.kind)
        self._record(heading(episode.id, episode.kind, policy.name, self.program.version, shadow=self.shadow))
        world = episode.make(self.steps)
        turns = turns_of(world, checker, policy, shadow=self.shadow, repairs=True, guide=self.guide)
        try:
            for turn in turns:
                if not turn.number:
                    self.say(f"{episode.id}, played by {policy.name}")
                self._take(turn, score, policy)
        except Quit as quit:
            self._take(quit.turn(score.turns + 1), score, policy)
        if isinstance(policy, ModelPolicy):
            self.failures += policy.failures
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
        from mpr_logic.agent.scripted import Forgetful, Planned, Reminded

        if who in (Who.walkthrough, Who.forgetful, Who.absent_minded) and not episode.plan:
            raise o.Usage(f"{episode.id} has no walkthrough: choose another --policy")
        match who:
            case Who.person:
                return Person(self.say)
            case Who.preferences:
                return StrongestPreference()
            case Who.walkthrough:
                return Planned(episode.plan)
            case Who.forgetful:
                return Forgetful(episode.plan, forgets=self.world.forgets, seed=seed)
            case Who.absent_minded:
                return Reminded(episode.plan, forgets=self.world.forgets, seed=seed)
            case Who.model:
                assert self.client is not None
                return self.acting.policy(self.client)
