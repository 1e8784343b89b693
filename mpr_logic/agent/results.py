"""What came of one episode of an experiment: the record that all reports are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Phase = Literal["train", "test"]

VERSION = 1
"""The version of a line: ``{"mpr_result": 1, ...}``; docs/reference/results.md has the keys."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A rule spoke against a proposal: its weight then, and whether the action was indeed one that comes
    to nothing. Known where it was tried, or where the world's own judge was asked."""

    rule: str
    weight: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One episode: who played what, and what came of it.

    ``round`` counts the training rounds from 1; of a test it is how many went before. ``proposed`` are all
    actions that the policy proposed, ``rejected`` those that the checker did not let through; ``invalid``
    are the actions that reached the world and came to nothing. ``false_rejections`` are those that the
    world would have done, None where nobody can tell. ``rules`` were in force, ``laws`` of them at theta
    or above. Tokens and cost (US dollars) are those that the server counted; ``seconds`` is wall time.
    """

    method: str
    model: str
    seed: int
    phase: Phase
    round: int
    split: str
    task: str
    kind: str
    won: bool
    steps: int
    gave_up: bool = False
    proposed: int = 0
    rejected: int = 0
    invalid: int = 0
    false_rejections: int | None = None
    fallbacks: int = 0
    probes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    rules: int = 0
    laws: int = 0
    forecasts: tuple[Forecast, ...] = ()


def result_json(result: Result) -> dict[str, Any]:
    """The line of a result."""
    return {"mpr_result": VERSION, **asdict(result)}
