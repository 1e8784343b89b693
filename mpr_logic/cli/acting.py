"""What the commands that let somebody act have in common: which model is asked, and what it is told."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli.options import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.agent.actor import ModelPolicy
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Module
    from mpr_logic.models.client import Client

KEY = "OPENAI_API_KEY"


class Choose(StrEnum):
    """How a model chooses an action."""

    writing = "writing"
    grammar = "grammar"
    score = "score"


class Style(StrEnum):
    """What a model answers with."""

    act = "act"
    react = "react"


class Disclose(StrEnum):
    """What a model is told of a rejection."""

    bare = "bare"
    reason = "reason"
    repair = "repair"


class Told(StrEnum):
    """Which rules a policy is told before it chooses."""

    retrieved = "retrieved"
    whole = "whole"
    none = "none"


ModelName = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model; else that of $MPR_MODEL.")
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Its server, up to and with /v1; else $OPENAI_BASE_URL, else OpenAI's."),
]
KeyEnv = Annotated[
    str, typer.Option(metavar="NAME", help="The environment variable that holds the server's key.")
]
Local = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A model in a GGUF file, served here, instead of a server."),
]
Cached = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FOLDER", help="Keep the model's answers there, and ask nothing twice."),
]
ChooseOption = Annotated[
    Choose,
    typer.Option(
        help="How the model chooses: it writes freely, it can write nothing but an action, or the likeliest "
        "is taken (on llama.cpp's server alone)."
    ),
]
Admitted = Annotated[
    bool, typer.Option("--admitted", help="The model chooses only among what the rules admit.")
]
StyleOption = Annotated[Style, typer.Option(help="The action alone, or a thought before it.")]
DiscloseOption = Annotated[
    Disclose, typer.Option(help="What the model is told of a rejection; no more than its author allows.")
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
    Told | None,
    typer.Option(
        help="Which rules are told beforehand: those that matter now, all, or none. Of the memory if there "
        "is one, else of the files. By default `retrieved` with a memory, and `none` without.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Acting:
    """Which model acts, and how it is asked."""

    model: str | None = None
    base_url: str | None = None
    key_env: str = KEY
    local: Path | None = None
    cache: Path | None = None
    choose: Choose = Choose.writing
    admitted: bool = False
    style: Style = Style.act
    disclose: Disclose = Disclose.reason

    @property
    def named(self) -> bool:
        """Whether a model was named on the command line."""
        return bool(self.model or self.base_url or self.local)

    @contextmanager
    def opened(self) -> Iterator[Client]:
        """The model, ready to be asked.

        Raises:
            Usage: the options contradict each other, or the key is not there.
            ModelError: no model is named, or it cannot be loaded.
        """
        if self.local is not None:
            if self.base_url:
                raise Usage("--local serves the model here, and --base-url names a server: give one of them")
            from mpr_logic.models.local import served

            with served(self.local, self.model, cache=self.cache) as client:
                yield client
            return
        from mpr_logic.models.cache import Cache
        from mpr_logic.models.client import Client

        cache = None if self.cache is None else Cache(self.cache)
        yield Client(self.model, base_url=self.base_url, api_key=self._key(), cache=cache)

    def _key(self) -> str | None:
        key = os.environ.get(self.key_env)
        if not key and self.key_env != KEY:
            raise Usage(f"--key-env names ${self.key_env}, which is not set: set it to the server's key")
        return key

    def policy(self, client: Client, lessons: Sequence[str] = ()) -> ModelPolicy:
        """The model as the policy of an episode."""
        from mpr_logic.agent.actor import ModelPolicy
        from mpr_logic.models.llama import LlamaScorer

        return ModelPolicy(
            client,
            choose=self.choose.value,
            admitted=self.admitted,
            style=self.style.value,
            disclose=self.disclose.value,
            lessons=lessons,
            scorer=LlamaScorer(client) if self.choose is Choose.score else None,
        )


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


def guide_of(told: Told | None, ids: frozenset[str] | None) -> Guide | None:
    """What tells rules beforehand: those of a memory, by their ids, or, where there is none, of the files."""
    from mpr_logic.agent.guidance import Retrieval, WholeMemory

    match told:
        case Told.whole:
            return WholeMemory(ids)
        case Told.none:
            return None
        case None if ids is None:
            return None
        case _:
            return Retrieval(ids)
