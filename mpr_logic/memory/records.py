"""The records that a memory answers with: rules, episodes, changes, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as OneOf

from mpr_logic import moved

Kind: TypeAlias = OneOf["hand", "model", "induced"]
"""The author of a rule: a person, a language model, or the search over recorded episodes."""

Status: TypeAlias = OneOf["candidate", "advice", "law", "superseded", "forgotten"]
"""The standing of a rule, which says how it counts. ``candidate``: learned, and never seen to apply. ``law``:
it weighs theta or more. ``superseded`` and ``forgotten`` rules are kept, and count for nothing."""

ACTIVE: tuple[Status, ...] = ("candidate", "advice", "law")
"""The statuses of rules that count."""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it stands. ``text`` is its newest version without weight and id. ``wrong`` and ``right``
    count the groups of episodes in which its body held, the action was tried, and it went so; ``trials`` is
    the number of observations behind them. ``key`` is equal for equal rules. ``episodes`` taught it; ``by``
    is the rule that supersedes it. ``belief`` is the weight that the evidence alone would give, which is the
    ``weight`` but of a rule that a person wrote, and of one that is held back: ``held`` says why it is no
    law, whatever its evidence; empty where nothing holds it back."""

    id: str
    version: int
    revision: int
    key: str
    text: str
    kind: Kind
    head: str
    literals: int
    weight: float
    belief: float
    status: Status
    wrong: int
    right: int
    episodes: tuple[int, ...]
    by: str | None = None
    trials: int = 0
    held: str = ""

    @property
    def contradicted(self) -> bool:
        """Whether some recorded success contradicts it (of a ``prefer``: some failure)."""
        return bool(self.wrong if self.head == "prefer" else self.right)


@dataclass(frozen=True, slots=True)
class StoredEpisode:
    """An episode. ``rules`` is the version of the rules that decided; episodes of one ``group`` are one trial
    of a rule; of an episode that is ``forgotten`` only this row is left."""

    id: int
    revision: int
    task: str
    kind: str
    policy: str
    rules: str
    won: bool
    turns: int
    forgotten: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """In a turn of an episode the body of a rule held and its action was tried: it went ``wrong``, or not."""

    rule: str
    episode: int
    turn: int
    wrong: bool


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A recorded episode that cannot be learned from. ``turn`` is the turn that is at fault, None where it is
    not one turn; ``reason`` says what is wrong."""

    episode: str
    task: str
    turn: int | None
    reason: str

    def __str__(self) -> str:
        place = "" if self.turn is None else f", turn {self.turn}"
        return f"episode {self.episode} ({self.task}){place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Change:
    """One revision. ``at`` is UTC in ISO 8601; ``live`` is False where a rollback took it back."""

    revision: int
    at: str
    kind: str
    rule: str | None
    episode: int | None
    to: str | None
    cause: str
    live: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that was refused, whatever its text is, and why."""

    id: int
    revision: int
    text: str
    reason: str
    kind: Kind
    episode: int | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two rules that say opposite things, and where that was seen."""

    rule: str
    other: str
    cause: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A decision that named a rule: as a reason of a rejection (``law``), or as advice."""

    episode: int
    turn: int
    rule: str
    action: str
    law: bool
    weight: float


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: ids of rules that are ``new``, ``changed``, ``unchanged`` and ``removed``."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


if not TYPE_CHECKING:
    __getattr__ = moved.names(__name__, Observation="memory.records.RuleOutcome")
