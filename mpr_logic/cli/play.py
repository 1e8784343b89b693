"""``mpr play``: an agent in its world, under the checker."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mpr_logic.agent.environment import Episode, Worlds
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.model_policy import ModelPolicy
    from mpr_logic.agent.policies import Policy, View
    from mpr_logic.agent.trajectory import Recorder, Turn
    from mpr_logic.agent.transcript import Score
    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Module
    from mpr_logic.models.clients import Client

KEY = "OPENAI_API_KEY"
EXAMPLE = "mpr play --policy preferences --seed 3"


class PlayPolicy(StrEnum):
    """The policy that plays an episode: a person, a script, the rules' preferences, or a model."""

    person = "person"
    preferences = "preferences"
    walkthrough = "walkthrough"
    forgetful = "forgetful"
    absent_minded = "absent-minded"
    model = "model"


class StyleName(StrEnum):
    """The style of a model's answers: the action alone, or a thought before it."""

    act = "act"
    react = "react"


class DisclosureName(StrEnum):
    """The detail in which a model is told of a rejection."""

    bare = "bare"
    reason = "reason"
    repair = "repair"


class GuideName(StrEnum):
    """The guide of a policy, which tells it rules before it chooses."""

    retrieved = "retrieved"
    whole = "whole"
    none = "none"


KeyEnv = Annotated[
    str, typer.Option(metavar="NAME", help="The environment variable that holds the server's key.")
]
Admitted = Annotated[
    bool, typer.Option("--admitted", help="The model chooses only among what the rules admit.")
]
StyleOption = Annotated[StyleName, typer.Option(help="The action alone, or a thought before it.")]
DiscloseOption = Annotated[
    DisclosureName,
    typer.Option(help="What the model is told of a rejection; no more than its author allows."),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="STORE",
        help="A memory: its rules are told beforehand, and its laws checked too.",
        show_default=False,
    ),
]
GuideOption = Annotated[
    GuideName | None,
    typer.Option(
        help="Which rules are told beforehand: those that matter now, all, or none. Of the memory if there "
        "is one, else of the files. By default `retrieved` with a memory, and `none` without.",
        show_default=False,
    ),
]


def play(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES", help="Rule files and folders; by default the environment's."),
    ] = None,
    env: Annotated[str, typer.Option(metavar="NAME", help="The environment.")] = "alfworld",
    policy: Annotated[
        PlayPolicy,
        typer.Option(
            help="Who plays: you; the rules' strongest preference; the episode's own walkthrough; a scripted "
            "person who knows it and forgets half of the little steps, and mends that as a repair says "
            "(forgetful), or when reminded by a rule (absent-minded); or a language model."
        ),
    ] = PlayPolicy.person,
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
    memory: MemoryOption = None,
    guide: GuideOption = None,
    model: o.ModelOption = None,
    base_url: o.BaseUrlOption = None,
    key_env: KeyEnv = KEY,
    local: o.LocalOption = None,
    cache: o.CacheOption = None,
    choose: o.ChooseOption = o.ChooseName.writing,
    admitted: Admitted = False,
    style: StyleOption = StyleName.act,
    disclose: DiscloseOption = DisclosureName.reason,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the trajectories there (docs/reference/trajectory.md)."),
    ] = None,
    theta: o.ThetaOption = 0.9,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show what came of it alone.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Play episodes under the rules, and show each decision.

    A decision is shown with its reasons, repair and advice.

    Exit status: 0 all were won, 1 some were not, 2 it could not be played.
    """
    asked = ModelOptions(model, base_url, key_env, local, cache, choose, admitted, style, disclose)

    def say(text: str) -> None:
        if not (json or quiet):
            write(text, sys.stdout, no_color=no_color)

    def work() -> Answer:
        o.check_theta(theta)
        if asked.named and policy is not PlayPolicy.model:
            raise o.UsageError(f"a model is named, and --policy is {policy.value}: give --policy model")
        from mpr_logic.agent.environment import remarks_of, worlds
        from mpr_logic.agent.trajectory import Recorder
        from mpr_logic.analysis import analyse
        from mpr_logic.checker.loading import load_modules

        world = worlds(env)
        modules, ids = load_modules(rules or [world.rules]), None
        if memory is None:
            program = analyse(modules)
        else:
            program, ids = remembered(modules, memory, theta)
        found = list(islice(world.episodes(split, kind, seed), episodes))
        if not found:
            raise o.UsageError(f"there is no such episode from number {seed} on: take a smaller --seed")
        with ExitStack() as stack:
            stream = None if record is None else stack.enter_context(record.open("w", encoding="utf-8"))
            runner = EpisodeRunner(
                world, program, theta, shadow, steps or world.steps, say, guide_of(guide, ids), asked
            )
            runner.recorder = None if stream is None else Recorder(stream)
            runner.client = stack.enter_context(asked.opened()) if policy is PlayPolicy.model else None
            scores = [runner.play(each, policy, seed + i) for i, each in enumerate(found)]
        won = sum(score.won for score in scores)
        text = "\n".join(score.text() for score in scores) if quiet else ""
        if len(scores) > 1:
            text += f"\n{won} of {len(scores)} episodes won"
        if (usage := runner.usage()) is not None:
            text += "\n" + ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in usage.items())
        content = {
            "policy": policy.value,
            "shadow": shadow,
            "guide": "none" if runner.guide is None else (guide or GuideName.retrieved).value,
            "usage": usage,
            "rules": program.version,
            "episodes": [score.content() for score in scores],
        }
        remarks = [
            f"only {len(found)} of {episodes} episodes: the split ends there"
            if len(found) < episodes
            else "",
            runner.failed(),
            *remarks_of(world, split),
        ]
        remark = "\n".join(filter(None, remarks))
        return Answer(YES if won == len(scores) else NO, text.strip(), content, remark=remark)

    reply("play", work, json=json, no_color=no_color)


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """The options that name the model that acts, and say how it is asked."""

    model: str | None = None
    base_url: str | None = None
    key_env: str = KEY
    local: Path | None = None
    cache: Path | None = None
    choose: o.ChooseName = o.ChooseName.writing
    admitted: bool = False
    style: StyleName = StyleName.act
    disclose: DisclosureName = DisclosureName.reason

    @property
    def named(self) -> bool:
        """Whether a model was named on the command line."""
        return bool(self.model or self.base_url or self.local)

    @contextmanager
    def opened(self) -> Iterator[Client]:
        """The model, ready to be asked.

        Raises:
            UsageError: the options contradict each other, or the key is not there.
            ModelError: no model is named, or it cannot be loaded.
        """
        if self.local is not None:
            if self.base_url:
                raise o.UsageError(
                    "--local serves the model here, and --base-url names a server: give one of them"
                )
            from mpr_logic.models.local import served

            with served(self.local, self.model, cache=self.cache) as client:
                yield client
            return
        from mpr_logic.models.clients import Cache, Client

        cache = None if self.cache is None else Cache(self.cache)
        yield Client(self.model, base_url=self.base_url, api_key=self._key(), cache=cache)

    def _key(self) -> str | None:
        key = os.environ.get(self.key_env)
        if not key and self.key_env != KEY:
            raise o.UsageError(
                f"--key-env names ${self.key_env}, which is not set: set it to the server's key"
            )
        return key

    def policy(self, client: Client, lessons: Sequence[str] = ()) -> ModelPolicy:
        """The model as the policy of an episode."""
        from mpr_logic.agent.model_policy import ModelPolicy
        from mpr_logic.models.scoring import LlamaScorer

        return ModelPolicy(
            client,
            choose=self.choose.value,
            admitted=self.admitted,
            style=self.style.value,
            disclose=self.disclose.value,
            lessons=lessons,
            scorer=LlamaScorer(client) if self.choose is o.ChooseName.score else None,
        )


@dataclass(slots=True)
class EpisodeRunner:
    """Plays episodes one after the other, each under a checker of its own."""

    world: Worlds
    program: Program
    theta: float
    shadow: bool
    steps: int
    say: Callable[[str], None]
    guide: Guide | None = None
    acting: ModelOptions = field(default_factory=ModelOptions)
    client: Client | None = None
    recorder: Recorder | None = None
    failures: list[str] = field(default_factory=list)

    def usage(self) -> dict[str, int] | None:
        """The counts of the requests to the model and of their tokens; None where no model plays."""
        if self.client is None:
            return None
        used = self.client.usage
        names = ("requests", "cached", "prompt_tokens", "completion_tokens")
        return {name: getattr(used, name) for name in names}

    def failed(self) -> str:
        """The remark on the turns in which the model gave no usable answer; empty where there are none."""
        if not self.failures:
            return ""
        return f"{len(self.failures)} turns were left to the fallback, the last since {self.failures[-1]}"

    def play(self, episode: Episode, who: PlayPolicy, seed: int) -> Score:
        """Play one episode; return its score."""
        from mpr_logic.agent.loop import play as turns_of
        from mpr_logic.agent.model_policy import ModelPolicy
        from mpr_logic.agent.trajectory import heading
        from mpr_logic.agent.transcript import Score
        from mpr_logic.checker.checker import Checker

        checker = Checker(self.program, theta=self.theta)
        policy = self._policy(who, episode, seed)
        score = Score(episode.id, episode.kind)
        version, group = self.program.version, episode.group
        self._record(heading(episode.id, episode.kind, policy.name, version, shadow=self.shadow, group=group))
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
        from mpr_logic.agent.trajectory import turn_json
        from mpr_logic.agent.transcript import turn_text

        score.count(turn)
        shown = policy.shown if isinstance(policy, PersonPolicy) else 0
        self.say(turn_text(turn, policy.name, shadow=self.shadow, shown=shown))
        self._record(turn_json(turn))

    def _record(self, line: dict[str, Any]) -> None:
        if self.recorder is not None:
            self.recorder.write(line)

    def _policy(self, who: PlayPolicy, episode: Episode, seed: int) -> Policy:
        from mpr_logic.agent.policies import Forgetful, Planned, Reminded, StrongestPreference

        if (
            who in (PlayPolicy.walkthrough, PlayPolicy.forgetful, PlayPolicy.absent_minded)
            and not episode.plan
        ):
            raise o.UsageError(f"{episode.id} has no walkthrough: choose another --policy")
        match who:
            case PlayPolicy.person:
                return PersonPolicy(self.say)
            case PlayPolicy.preferences:
                return StrongestPreference()
            case PlayPolicy.walkthrough:
                return Planned(episode.plan)
            case PlayPolicy.forgetful:
                return Forgetful(episode.plan, forgets=self.world.forgets, seed=seed)
            case PlayPolicy.absent_minded:
                return Reminded(episode.plan, forgets=self.world.forgets, seed=seed)
            case PlayPolicy.model:
                assert self.client is not None
                return self.acting.policy(self.client)


def remembered(modules: Sequence[Module], store: str, theta: float) -> tuple[Program, frozenset[str]]:
    """The program of some modules and of the rules that a memory holds; and the ids of the memory's. A rule
    that the modules have too is theirs.

    Raises:
        StoreError: the memory cannot be read.
        ProgramError: its rules do not fit the modules.
    """
    from mpr_logic.agent.guidance import disclosed
    from mpr_logic.analysis import analyse
    from mpr_logic.language.parser import parse
    from mpr_logic.memory.records import ACTIVE
    from mpr_logic.memory.store import Memory

    there = {rule.id for rule in analyse(modules).rules}
    with Memory.open(store, theta=theta, create=False) as memory:
        ids = {rule.id for rule in memory.rules(ACTIVE)} - there
        text = memory.export(ids=ids)
    program = analyse([*modules, disclosed(parse(text, f"<memory {store}>"))])
    return program, frozenset(ids)


def guide_of(told: GuideName | None, ids: frozenset[str] | None) -> Guide | None:
    """The guide that tells rules beforehand: those of a memory, by their ids, or, without a memory, those of
    the files. None where no rules are told."""
    from mpr_logic.agent.guidance import Retrieval, WholeMemory

    match told:
        case GuideName.whole:
            return WholeMemory(ids)
        case GuideName.none:
            return None
        case None if ids is None:
            return None
        case _:
            return Retrieval(ids)


class Quit(Exception):
    """The person ends the episode, without a fallback."""

    def __init__(self, view: View) -> None:
        super().__init__("the person ends the episode")
        self._view = view

    def turn(self, number: int) -> Turn:
        """The turn that ends it."""
        from mpr_logic.agent.trajectory import Turn

        return Turn(number, self._view.refused, None, self._view.observation)


class PersonPolicy:
    """Asks on the terminal. ``shown`` counts the rejections of this turn that were shown already."""

    name = "you"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.shown = 0

    def choose(self, view: View) -> str:
        """Return the action that the person types; ``?`` lists the actions that could be done.

        Raises:
            Quit: that was ``q``, or there is nothing more to read.
            StateError: what was typed is no text.
        """
        from mpr_logic.agent.transcript import decision_lines

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
