"""What the checker answers: a decision with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Literal as OneOf

from mpr_logic.analysis.annotations import LEVELS
from mpr_logic.checker.candidates import action_of
from mpr_logic.checker.render import because_text
from mpr_logic.engine.provenance.proof import proof_of, rule_of
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.candidates import Candidate
    from mpr_logic.checker.reasons import Moment
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.underway import Assumed
    from mpr_logic.engine.protocol import Fired, Proofs
    from mpr_logic.engine.provenance.proof import RuleProof

Verdict = OneOf["admissible", "forbidden", "unpermitted", "undecided"]
"""``forbidden`` by a rule; ``unpermitted``: closed by default and no rule permits it; ``undecided``:
bad input, a budget that ran out, an error in the engine. All but the first are rejections."""

UNDECIDED = 3

VERDICTS: tuple[Verdict, ...] = ("admissible", "forbidden", "unpermitted", "undecided")
"""By the number that compiled code gives: see :mod:`mpr_logic.engine.protocol`."""

DISCLOSURES = LEVELS
"""What a rule's author lets a model see, by ``@disclose(...)``; each level shows more than the one before."""


class Reason:
    """One rule that fired, or what else stood against the action.

    ``weight`` is what the rule's best derivation weighs. ``rule`` is None where no rule is behind the
    reason; ``proof`` too, and where the engine keeps none. ``error`` is what went wrong where the action
    was not decided. A text may be a function that makes it, for when it is first read. ``more`` counts the
    reasons of the same rule that are not listed: the last one that is has it.
    """

    __slots__ = ("_text", "error", "more", "proof", "rule", "weight")

    def __init__(
        self,
        text: str | Callable[[], str] | None,
        weight: float = 1.0,
        rule: Rule | None = None,
        proof: RuleProof | None = None,
        *,
        error: BaseException | None = None,
    ) -> None:
        self._text = text
        self.error = error
        self.more = 0
        self.weight = weight
        self.rule = rule
        self.proof = proof

    @property
    def text(self) -> str:
        """For people: the rule's because-text with its variables filled in."""
        if self._text is None:
            assert self.rule is not None
            if self.proof is None:
                self._text = because_text(self.rule, {})
            else:
                self._text = because_text(self.rule, self.proof.bindings, self.proof.row)
        elif not isinstance(self._text, str):
            self._text = self._text()
        return self._text

    @property
    def id(self) -> str | None:
        """The id of the rule; None where no rule is behind it."""
        return self.rule.id if self.rule is not None else None

    @property
    def where(self) -> str | None:
        """The file, line and column of the rule."""
        return str(self.rule.clause.span) if self.rule is not None else None

    @property
    def disclose(self) -> str:
        """What the rule's author lets a model see: the argument of ``@disclose``, else ``because``. Of
        what went wrong it sees the faults of its own action, not what the engine says of the rules."""
        if self.error is not None and not isinstance(self.error, StateError):
            return "nothing"
        said = self.rule.clause.annotation("disclose") if self.rule is not None else ("because",)
        if said is None:
            return "because"
        # analysis refuses other words; should one have come past it, nothing is the safe reading
        return str(said[0]) if said and said[0] in DISCLOSURES else "nothing"

    def __repr__(self) -> str:
        return f"Reason({self.text!r}, weight={self.weight}, id={self.id!r})"

    def __str__(self) -> str:
        return self.text


class Worked:
    """What a decision has worked out: the rules that fired, laws and those below theta, and what is made
    of them; None where nobody has asked yet. Of ``proved``, the proofs of both, the reasons and the advice
    are made when they are first read; where the reason is that no rule permits, there are no proofs."""

    __slots__ = ("_advice", "_reasons", "advised", "fired", "proved", "repairs", "told")

    def __init__(
        self,
        fired: tuple[Fired, Fired] | None = None,
        reasons: tuple[Reason, ...] | None = None,
        advice: tuple[Reason, ...] | None = None,
        repairs: tuple[Repair, ...] | None = None,
        *,
        proved: tuple[Proofs | None, Proofs] | None = None,
    ) -> None:
        self.fired = fired
        self._reasons = reasons
        self._advice = advice
        self.repairs = repairs
        self.proved = proved
        self.told: tuple[Reason, ...] | None = None  # all that the rules say, and of the advice
        self.advised: tuple[Reason, ...] | None = None

    @property
    def reasons(self) -> tuple[Reason, ...] | None:
        """Why it is rejected."""
        if self._reasons is None and self.proved is not None and self.proved[0] is not None:
            self._reasons = _reasons(self.proved[0])
        return self._reasons

    @reasons.setter
    def reasons(self, reasons: tuple[Reason, ...]) -> None:
        self._reasons = reasons

    @property
    def advice(self) -> tuple[Reason, ...] | None:
        """The rules that forbid it with a weight below theta."""
        if self._advice is None and self.proved is not None:
            self._advice = _reasons(self.proved[1])
        return self._advice

    @advice.setter
    def advice(self, advice: tuple[Reason, ...]) -> None:
        self._advice = advice


def _reasons(proofs: Proofs) -> tuple[Reason, ...]:
    """A reason for each proof, the heaviest first."""
    ordered = sorted(proofs, key=lambda each: -each[1])
    return tuple([Reason(None, weight, rule_of(proof), proof_of(proof)) for proof, weight in ordered])


NOTHING: tuple[Fired, Fired] = ((), ())
"""No rule fired."""


class Decision:
    """The answer about one action.

    ``admissible`` says it in one word, ``verdict`` in which way. ``theta`` is the weight from which a
    forbid rejects, ``version`` identifies the rules, ``seconds`` is what the answer took.

    ``reasons``, ``advice`` and ``repairs`` speak of the state at the time. They are recorded when the
    check was made with proofs (``repairs`` never: they cost more); otherwise they are worked out when
    first asked for: if the state has changed since, the checker goes back to it for the answer.

    ``under_way`` has the outcomes of other calls that it assumes: it speaks of the state that comes of them.

    Raises:
        StaleDecisionError: by ``reasons``, ``advice`` and ``repairs``, when they were not recorded and
            too much has changed since to go back to the state.
    """

    __slots__ = ("_asked", "_moment", "_verdict", "_worked", "admissible", "seconds", "under_way")

    def __init__(
        self,
        asked: Candidate | Action | str,
        verdict: int,
        moment: Moment,
        worked: Worked | tuple[Proofs | None, Proofs] | None = None,
    ) -> None:
        self._asked = asked
        self._verdict = verdict
        self._moment = moment
        self._worked: Worked | tuple[Proofs | None, Proofs] | None = worked
        self.admissible = not verdict
        self.seconds = 0.0
        self.under_way: tuple[Assumed, ...] = ()

    @property
    def action(self) -> Action | str:
        """What was decided about; a text where it is no action of the program."""
        if isinstance(self._asked, tuple):
            self._asked = action_of(self._asked)
        return self._asked

    @property
    def verdict(self) -> Verdict:
        """In which way it was decided."""
        return VERDICTS[self._verdict]

    @property
    def worked(self) -> Worked:
        """What was worked out beyond the verdict, so far."""
        if self._worked is None:
            self._worked = Worked()
        elif isinstance(self._worked, tuple):
            self._worked = Worked(proved=self._worked)
        return self._worked

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
        return tuple(reason.id for reason in self.by_rule if reason.id is not None)

    @property
    def by_rule(self) -> tuple[Reason, ...]:
        """Why it is rejected, one reason for each rule: its best derivation."""
        known = self.worked.reasons
        if known is None:
            known = self.worked.reasons = self._moment.reasons(self)
        return known

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is rejected; empty where it is admissible. A rule that has several things to say, such as
        the names of all who stand against it, has a reason for each, up to ten."""
        worked = self.worked
        if worked.told is None:
            worked.told = self._moment.told(self, self.by_rule)
        return worked.told

    @property
    def advice(self) -> tuple[Reason, ...]:
        """What the rules say that forbid it with a weight below theta: heed them, or not."""
        worked = self.worked
        if worked.advised is None:
            known = worked.advice
            if known is None:
                known = worked.advice = self._moment.advice(self)
            worked.advised = self._moment.told(self, known)
        return worked.advised

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The smallest changes of facts that would admit it, and the actions that bring them about."""
        worked = self.worked
        if worked.repairs is None:
            worked.repairs = self._moment.repairs(self)
        return worked.repairs

    def __str__(self) -> str:
        if self.admissible:
            return f"{self.action}: admissible"
        return f"{self.action}: rejected ({self.verdict})"
