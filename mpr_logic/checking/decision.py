"""What the checker answers: a decision with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as OneOf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.core import Rule
    from mpr_logic.checking.action import Action
    from mpr_logic.checking.reasons import Moment
    from mpr_logic.checking.repair import Repair
    from mpr_logic.engine.proof import RuleProof

Fired: TypeAlias = "Sequence[tuple[Rule, float]]"
"""Rules that fired, each with its weight."""

Verdict = OneOf["admissible", "forbidden", "unpermitted", "undecided"]
"""``forbidden`` by a rule; ``unpermitted``: closed by default and no rule permits it; ``undecided``:
bad input, a budget that ran out, an error in the engine. All but the first are rejections."""

DISCLOSURES = ("nothing", "because", "repair", "proof")
"""What a rule's author lets a model see, by ``@disclose(...)``; each level shows more than the one before."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that fired, or what else stood against the action.

    ``text`` is for people: the rule's because-text with its variables filled in. ``weight`` is what
    the rule's best derivation weighs. ``proof`` is None where the engine keeps none, or where no rule
    is behind the reason.
    """

    text: str
    weight: float = 1.0
    rule: Rule | None = None
    proof: RuleProof | None = None
    disclose: str = "because"

    @property
    def id(self) -> str | None:
        """The id of the rule; None where no rule is behind it."""
        return self.rule.id if self.rule is not None else None

    @property
    def where(self) -> str | None:
        """The file, line and column of the rule."""
        return str(self.rule.clause.span) if self.rule is not None else None

    def __str__(self) -> str:
        return self.text


class Decision:
    """The answer about one action.

    ``admissible`` says it in one word, ``verdict`` in which way. ``theta`` is the weight from which a
    forbid rejects, ``version`` identifies the rules, ``seconds`` is what the answer took.

    ``reasons``, ``advice`` and ``repairs`` speak of the state at the time. They are recorded when the
    check was made with proofs (``repairs`` never: they cost more); otherwise they are worked out when
    first asked for, which must be before the state changes.

    Raises:
        StaleDecisionError: by ``reasons``, ``advice`` and ``repairs``, when they were not recorded and
            the state has changed since.
    """

    __slots__ = (
        "_advice",
        "_laws",
        "_moment",
        "_reasons",
        "_repairs",
        "_soft",
        "action",
        "admissible",
        "seconds",
        "verdict",
    )

    def __init__(
        self,
        action: Action | str,
        verdict: Verdict,
        seconds: float,
        moment: Moment,
        laws: Fired = (),
        soft: Fired = (),
    ) -> None:
        self.action = action
        self.verdict = verdict
        self.admissible = verdict == "admissible"
        self.seconds = seconds
        self._moment = moment
        self._laws = laws
        self._soft = soft
        self._reasons: tuple[Reason, ...] | None = None
        self._advice: tuple[Reason, ...] | None = None
        self._repairs: tuple[Repair, ...] | None = None

    @property
    def theta(self) -> float:
        """The weight from which a forbid rejects."""
        return self._moment.theta

    @property
    def version(self) -> str:
        """A hash of the rules that decided."""
        return self._moment.version

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that reject it, the heaviest first."""
        return tuple(rule.id for rule, _ in self._laws)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is rejected; empty where it is admissible."""
        if self._reasons is None:
            self._reasons = self._moment.reasons(self)
        return self._reasons

    @property
    def advice(self) -> tuple[Reason, ...]:
        """The rules that forbid it with a weight below theta: heed them, or not."""
        if self._advice is None:
            self._advice = self._moment.advice(self)
        return self._advice

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The smallest changes of facts that would admit it, and the actions that bring them about."""
        if self._repairs is None:
            self._repairs = self._moment.repairs(self)
        return self._repairs

    def __str__(self) -> str:
        if self.admissible:
            return f"{self.action}: admissible"
        return f"{self.action}: rejected ({self.verdict})"
