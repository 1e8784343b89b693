"""A language model as a player in experiments, behind a server or in a GGUF file."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.actor import Counted, ModelPolicy
from mpr_logic.experiments.lessons import verbal_lesson
from mpr_logic.models.clients import Cache, Client
from mpr_logic.models.local import served
from mpr_logic.models.reflection import read_episode
from mpr_logic.models.scoring import LlamaScorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.agent.actor import Choice
    from mpr_logic.agent.policies import Policy
    from mpr_logic.experiments.players import Asked


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
