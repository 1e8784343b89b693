"""What a language model is to reflection and to policies: something that completes prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from mpr_logic.analysis.report import count
from mpr_logic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.models.grammar import Grammar


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. The tokens are those that the server counted, 0 where it did not count; ``finished`` is
    False where the answer was cut at a limit; ``cached`` says that nobody was asked for it now."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finished: bool = True
    cached: bool = False


class Model(Protocol):
    """Completes prompts. ``name`` says which model it is; a scripted one says so."""

    name: str

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """``n`` answers to a prompt.

        Args:
            prompt: what the model reads, as one message of the user.
            grammar: what the answer must be made of. A model that cannot be held to it answers freely.
            n: how many answers.
            temperature: how much chance there is in an answer, 0 for as little as can be.
            max_tokens: where an answer is cut.

        Raises:
            ModelError: there is no answer.
        """


@dataclass(slots=True)
class ScriptedModel:
    """Scripted: gives the answers that it was made with, one after the other, whatever it is asked.

    ``prompts`` are those that it was given, ``grammars`` what the answers were to be made of.
    """

    answers: Iterable[str]
    name: str = "scripted"
    prompts: list[str] = field(default_factory=list)
    grammars: list[Grammar | None] = field(default_factory=list)
    _left: Iterator[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._left = iter(self.answers)

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """As :meth:`Model.complete`: the next answers of the script, at its end an error."""
        self.prompts.append(prompt)
        self.grammars.append(grammar)
        found = [Completion(text) for text in islice(self._left, n)]
        if len(found) < n:
            raise ModelError(
                f"the scripted model has no more answers: it was asked {count(len(self.prompts), 'time')}"
            )
        return found
