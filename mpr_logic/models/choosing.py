"""Ways for a model to choose one of several actions: by writing it, under a grammar, or by their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mpr_logic.analysis.report import count
from mpr_logic.errors import ModelError
from mpr_logic.models.grammar import choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.models.model import Model


class Scorer(Protocol):
    """Says which of several texts a model is most likely to answer with."""

    def best(self, prompt: str, candidates: Sequence[str]) -> int:
        """The place of the likeliest candidate, of which there is at least one; of several, the first.

        Raises:
            ModelError: there are no scores.
        """


def by_writing(model: Model, prompt: str, *, max_tokens: int = 64) -> str:
    """The action that a model writes, whatever that is: the first line of its answer that is not empty.
    The checker says whether it is one.

    Raises:
        ModelError: there is no answer, or an empty one.
    """
    (answer,) = model.complete(prompt, max_tokens=max_tokens)
    lines = (line.strip(" \t>*`-") for line in answer.text.splitlines())
    found = next(filter(None, lines), None)
    if found is None:
        raise ModelError(f"the model `{model.name}` answered nothing: give it more tokens, or another prompt")
    return found


def under_grammar(model: Model, prompt: str, candidates: Sequence[str], *, max_tokens: int = 64) -> str:
    """The candidate that a model writes when it can write nothing else.

    Raises:
        ModelError: there is no answer, or one that is no candidate: the server does not constrain.
        ValueError: there is no candidate.
    """
    (answer,) = model.complete(prompt, choice(candidates), max_tokens=max_tokens)
    found = answer.text.strip()
    if found not in candidates:
        raise ModelError(
            f"the model `{model.name}` answered with none of the {count(len(candidates), 'candidate')}: its "
            "server does not keep to a grammar as it was told one; give the client another `constraint`"
        )
    return found


def by_score(scorer: Scorer, prompt: str, candidates: Sequence[str]) -> str:
    """The candidate that a model finds most likely; of several, the first.

    Raises:
        ModelError: there are no scores.
        ValueError: there is no candidate.
    """
    if not candidates:
        raise ValueError("a choice needs at least one text")
    return candidates[scorer.best(prompt, candidates)]
