"""Players of an experiment: a scripted person, or a language model behind a server or in a GGUF file; as
data, opened where they play. A model may tell itself lessons in words (Reflexion, Shinn et al. 2023)."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from mpr_logic.agent.model_policy import LONGEST_LESSON, Counted, ModelPolicy, one_line
from mpr_logic.agent.policies import Forgetful, Planned, Reminded
from mpr_logic.errors import GameError, ModelError
from mpr_logic.models.clients import Cache, Client
from mpr_logic.models.episodes import read_episode
from mpr_logic.models.local import served
from mpr_logic.models.prompts import BUDGET, CHARACTERS, DATA, episode_lines, fenced
from mpr_logic.models.scoring import LlamaScorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.environment import Episode
    from mpr_logic.agent.model_policy import Choice
    from mpr_logic.agent.policies import Policy
    from mpr_logic.experiments.methods import Method
    from mpr_logic.models.clients import Model
    from mpr_logic.models.episodes import ReflectedEpisode


Script: TypeAlias = Literal["absent-minded", "forgetful", "walkthrough"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a policy: the episode, the names of the actions that are easily forgotten in it, the seed
    of its chance, the method, and the lessons of earlier trials."""

    episode: Episode
    forgets: tuple[str, ...]
    draw: str
    method: Method
    lessons: tuple[str, ...] = ()


class Seat(Protocol):
    """A player who is there, and may be asked."""

    def policy(self, asked: Asked) -> Policy:
        """A policy for one episode.

        Raises:
            GameError: the player cannot play this episode.
        """

    def used(self) -> dict[str, Any]:
        """The calls, tokens and cost since this was asked last, by the names of a result."""

    def lesson(self, lines: list[dict[str, Any]]) -> str:
        """Return the lesson that the player draws from the trajectory of a lost episode; empty where it draws
        none.

        Raises:
            ModelError: the model cannot be reached.
        """


class Player(Protocol):
    """A player as plain data. ``reads`` says whether it understands text, and so can take a lesson."""

    @property
    def name(self) -> str:
        """The name of the player; that of a scripted one says so."""

    @property
    def reads(self) -> bool:
        """Whether it understands text."""

    def opened(self) -> contextlib.AbstractContextManager[Seat]:
        """The player, ready to be asked.

        Raises:
            ModelError: there is no such model, or a package is missing.
        """


@dataclass(frozen=True, slots=True)
class Scripted:
    """A scripted player: it knows a plan that wins, and makes known mistakes by its seed.

    ``share`` is how often it leaves a little step out; ``heeds`` how often it pays heed to guidance.
    """

    script: Script = "absent-minded"
    share: float = 0.5
    heeds: float = 0.6

    @property
    def name(self) -> str:
        """Its script, and that it is scripted."""
        return f"{self.script} (scripted)"

    @property
    def reads(self) -> bool:
        """No script reads."""
        return False

    @contextlib.contextmanager
    def opened(self) -> Iterator[Seat]:
        """Nothing is to be opened."""
        yield self

    def policy(self, asked: Asked) -> Policy:
        """See :meth:`Seat.policy`."""
        plan = asked.episode.plan
        if not plan:
            raise GameError(f"{asked.episode.id} has no walkthrough: no scripted player can play it")
        if self.script == "walkthrough":
            return Planned(plan)
        if self.script == "forgetful":
            return Forgetful(plan, forgets=asked.forgets, seed=asked.draw, share=self.share)
        return Reminded(plan, forgets=asked.forgets, seed=asked.draw, share=self.share, heeds=self.heeds)

    def used(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def lesson(self, lines: list[dict[str, Any]]) -> str:
        """None: a script learns no lesson."""
        return ""


QUESTION = """\
You acted in a world to do a task, and failed. You will try the same task again, from its beginning. Say in
one or two short sentences what went wrong, and what you will do instead."""
LESSON_TOKENS = 96


def verbal_lesson(model: Model, episode: ReflectedEpisode, budget: int = BUDGET) -> str:
    """Ask a model for its lesson from a lost episode, in one line, for ``ModelPolicy(lessons=...)``.

    Args:
        model: the model that is asked.
        episode: the episode that was lost.
        budget: the most tokens that the episode may take in the prompt.

    Raises:
        ModelError: there is no answer, or an empty one.
    """
    shown = fenced(episode_lines(episode, budget * CHARACTERS))
    prompt = "\n".join([QUESTION, "", DATA, *shown, "", "Now write the lesson."])
    (answer,) = model.complete(prompt, max_tokens=LESSON_TOKENS)
    lesson = one_line(answer.text, LONGEST_LESSON)
    if not lesson:
        raise ModelError(f"the model `{model.name}` answered with no lesson: give it another try")
    return lesson


@dataclass(frozen=True, slots=True)
class Modelled:
    """A model as plain data.

    ``local`` is a GGUF file; without one, the model is behind ``base_url``, or the server that the
    environment's variables name, where its key stands too. ``choose`` says how it chooses an action;
    ``cache`` is a folder for its answers; ``threads`` are those of a local one.
    """

    model: str
    base_url: str | None = None
    local: Path | None = None
    choose: Choice = "writing"
    threads: int | None = None
    cache: Path | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model

    @property
    def reads(self) -> bool:
        """It understands text."""
        return True

    @contextlib.contextmanager
    def opened(self) -> Iterator[Seated]:
        """See :meth:`Player.opened`."""
        if self.local is not None:
            with served(self.local, self.model, cache=self.cache, threads=self.threads) as client:
                yield Seated(self, client)
            return
        cache = None if self.cache is None else Cache(self.cache)
        yield Seated(self, Client(self.model, base_url=self.base_url, cache=cache))


class Seated:
    """A model that may be asked. ``model`` completes prompts."""

    def __init__(self, player: Modelled, client: Client) -> None:
        self.model = client
        self._player = player
        self._seen = client.usage
        # one for all trials of a task: it keeps the tokens of candidates
        self._scorer = LlamaScorer(client) if player.choose == "score" else None

    def policy(self, asked: Asked) -> Policy:
        """See :meth:`Seat.policy`."""
        method = asked.method
        return ModelPolicy(
            self.model,
            choose=self._player.choose,
            admitted=method.admitted,
            style=method.style,
            disclose=method.disclose,
            lessons=asked.lessons,
            scorer=self._scorer,
        )

    def used(self) -> dict[str, Any]:
        """See :meth:`Seat.used`."""
        before, self._seen = self._seen, self.model.usage
        more = {name: value - getattr(before, name) for name, value in asdict(self._seen).items()}
        return {
            "calls": more["requests"] + more["cached"],
            "prompt_tokens": more["prompt_tokens"],
            "completion_tokens": more["completion_tokens"],
            "cost": more["cost"],
        }

    def lesson(self, lines: list[dict[str, Any]]) -> str:
        """See :meth:`Seat.lesson`."""
        return verbal_lesson(Counted(self.model), read_episode(lines))
