"""From a failed episode to candidate rules, by a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.errors import ModelError
from mpr_logic.models.answers import LONGEST, read_answer
from mpr_logic.models.prompts import BUDGET, correction_prompt, reflection_prompt

if TYPE_CHECKING:
    from mpr_logic.models.answers import Candidate
    from mpr_logic.models.episode import Episode
    from mpr_logic.models.grammar import Grammar
    from mpr_logic.models.model import Completion, Model
    from mpr_logic.models.vocabulary import Vocabulary

SAMPLES = 4
"""So many answers are drawn: they are cheap beside an episode."""
CORRECTIONS = 2
"""So often the fault of an answer goes back to the model."""
TEMPERATURE = 0.8


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that came to no rule, or a part of one: its text, why not, after how many corrections."""

    text: str
    reason: str
    corrections: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What answers came to. ``answers`` are those drawn; ``at_once`` parsed as they were, ``parsed`` after
    corrections too; ``calls`` counts all answers of the model, with the tokens that its server counted."""

    answers: int = 0
    at_once: int = 0
    parsed: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def share(self) -> float:
        """The share of the answers that parsed as they were; 0 where there were none."""
        return self.at_once / self.answers if self.answers else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a model made of an episode. ``candidates`` are different rules, those that more answers proposed
    first; ``votes`` says for each how many did. ``constrained`` says whether a grammar was asked for."""

    candidates: tuple[Candidate, ...]
    votes: tuple[int, ...]
    refused: tuple[Refused, ...]
    tally: Tally
    constrained: bool


def reflect(
    model: Model,
    episode: Episode,
    vocabulary: Vocabulary,
    *,
    samples: int = SAMPLES,
    constrained: bool = True,
    corrections: int = CORRECTIONS,
    temperature: float = TEMPERATURE,
    budget: int = BUDGET,
    source: str | None = None,
) -> Reflection:
    """Ask a model for rules that would have prevented a failure.

    An answer that is no rule goes back to the model with what is wrong, at most ``corrections`` times; then
    its text is kept with the reason. No candidate has been held against anything but the declarations.

    Args:
        model: who is asked.
        episode: what was played.
        vocabulary: what rules may speak of.
        samples: how many answers are drawn.
        constrained: whether the answers are to be made of the specialised grammar.
        corrections: how often an answer may be corrected.
        temperature: how much chance there is in an answer.
        budget: how many tokens the episode may take in the prompt.
        source: where the rules say that they come from; ``reflection: <task> (<model>)`` where None.

    Raises:
        ModelError: the model gave no answer. Where it is a correction that is missing, the answer is refused.
    """
    prompt = reflection_prompt(episode, vocabulary, budget)
    grammar = vocabulary.grammar() if constrained else None
    source = f"reflection: {episode.task} ({model.name})" if source is None else source
    asking = _Asking(model, vocabulary, grammar, corrections, temperature, source)
    for answer in model.complete(prompt, grammar, samples, temperature=temperature):
        asking.follow(prompt, answer)
    ranked = sorted(asking.found.values(), key=lambda each: -each[1])
    return Reflection(
        tuple(candidate for candidate, _ in ranked),
        tuple(votes for _, votes in ranked),
        tuple(asking.refused),
        asking.tally,
        constrained,
    )


class _Asking:
    """One reflection as it goes on."""

    def __init__(
        self,
        model: Model,
        vocabulary: Vocabulary,
        grammar: Grammar | None,
        corrections: int,
        temperature: float,
        source: str,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.grammar = grammar
        self.corrections = corrections
        self.temperature = temperature
        self.source = source
        self.found: dict[str, tuple[Candidate, int]] = {}
        self.refused: list[Refused] = []
        self.tally = Tally()

    def follow(self, prompt: str, answer: Completion) -> None:
        """Read an answer, and have it corrected where it will not do."""
        for corrected in range(self.corrections + 1):
            read = read_answer(answer.text, self.vocabulary.schema, self.source)
            right = not read.faults
            self._count(answer, first=not corrected, right=right)
            if right or corrected == self.corrections:
                break
            asked = correction_prompt(prompt, answer.text, read.faults)
            try:
                (answer,) = self.model.complete(asked, self.grammar, temperature=self.temperature)
            except ModelError as error:  # what the other answers came to is not lost
                read = replace(read, faults=(*read.faults, f"it was not corrected: {error}"))
                break
        for candidate in read.candidates:
            known, votes = self.found.get(candidate.id, (candidate, 0))
            self.found[candidate.id] = (known, votes + 1)
        if read.faults:
            reason = "\n".join(read.faults)
            self.refused.append(Refused(answer.text[:LONGEST], reason, corrected))

    def _count(self, answer: Completion, *, first: bool, right: bool) -> None:
        self.tally += Tally(
            answers=int(first),
            at_once=int(first and right),
            parsed=int(right),
            calls=1,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )
