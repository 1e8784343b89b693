"""Decisions: the answer about one proposed action, with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from typing import Literal as OneOf

from mpr_logic.analysis.annotations import LEVELS
from mpr_logic.analysis.terms import literals
from mpr_logic.checker.grounding import action_of
from mpr_logic.checker.render import asked_call, because_text
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    proof_of,
    rule_of,
)
from mpr_logic.errors import EvaluationError, StateError

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.grounding import GroundAction
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.underway import Assumed
    from mpr_logic.checker.versions import Version
    from mpr_logic.engine.protocol import Fired, Proofs
    from mpr_logic.engine.provenance.proof import Proof, RuleProof

VerdictName = OneOf["admissible", "forbidden", "uninformed", "unpermitted", "undecided"]
"""``forbidden`` by a rule; ``uninformed``: by a rule that hangs on something unknown, which a call tells;
``unpermitted``: closed by default and no rule permits it; ``undecided``:
bad input, a budget that ran out, an error in the engine. All but the first are rejections."""

UNDECIDED = 3

VERDICTS: tuple[VerdictName, ...] = ("admissible", "forbidden", "unpermitted", "undecided")
"""By the number that compiled code gives: see :mod:`mpr_logic.engine.protocol`."""

DISCLOSURES = LEVELS
"""The levels of ``@disclose(...)``, by which a rule's author says what a model may see. Each shows more than
the one before."""


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
    def asks(self) -> str | None:
        """The call that would tell what the rule needs to know; None where the rule rejects by what is
        known."""
        if self.rule is None or self.rule.asks is None:
            return None
        return asked_call(self.rule, self.proof.bindings if self.proof is not None else {})

    @property
    def where(self) -> str | None:
        """The file, line and column of the rule."""
        return str(self.rule.clause.span) if self.rule is not None else None

    @property
    def disclose(self) -> str:
        """The level at which a model may see the reason: the argument of ``@disclose``, else ``because``.
        Of an error it sees the faults of its own action, not what the engine says of the rules."""
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


Part = OneOf["by_rule", "advice_by_rule", "reasons", "advice", "repairs"]
"""The parts of an explanation: the reasons and the advice, one for each rule or all that the rules say, and
the repairs."""

Later: TypeAlias = "Callable[[Decision, Part], Mapping[Part, tuple[Any, ...]]]"
"""Works out a part of a decision's explanation in the state of that decision; other parts that come with it
are in the answer too."""


@dataclass(slots=True, eq=False)
class Basis:
    """The common ground of all decisions of one checker in one state: theta, the version of the rules, the
    state, the callback that explains such a decision later, and the relations that calls tell."""

    theta: float
    version: str
    state: Version
    later: Later
    uncertain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Explained:
    """The results of a check beyond its verdict: the rules that fire, laws and those below theta, the reasons
    and the advice; None for what it did not look for."""

    fired: tuple[Fired, Fired] | None = None
    reasons: tuple[Reason, ...] | None = None
    advice: tuple[Reason, ...] | None = None


CheckEvidence: TypeAlias = "Explained | tuple[Proofs | None, Proofs]"
"""The record of a check: an explanation, or the proofs of the laws that fire and of the rules below theta,
from which reasons and advice are made when they are first read. Where the reason is that no rule permits,
there are no proofs of laws."""


def _recorded(evidence: CheckEvidence, part: Part, uncertain: frozenset[str]) -> tuple[Reason, ...] | None:
    """The reasons or the advice that evidence holds. All that rules say is known only where none speaks."""
    laws, whole = part in ("by_rule", "reasons"), part in ("reasons", "advice")
    if part == "repairs":
        return None
    if isinstance(evidence, Explained):
        found = evidence.reasons if laws else evidence.advice
        return None if whole and found else found
    proofs = evidence[0 if laws else 1]
    return None if proofs is None or (whole and proofs) else _reasons(proofs, uncertain)


def _reasons(proofs: Proofs, uncertain: frozenset[str]) -> tuple[Reason, ...]:
    """A reason for each clause that has a proof, by its strongest; the heaviest first."""
    ordered = sorted(proofs, key=lambda each: -each[1])
    return one_for_each_clause(
        [Reason(None, weight, rule_of(proof), proof_of(proof)) for proof, weight in ordered], uncertain
    )


def one_for_each_clause(reasons: Sequence[Reason], uncertain: frozenset[str]) -> tuple[Reason, ...]:
    """The first reason of each clause: of its alternatives several may fire.

    Args:
        reasons: the heaviest first.
        uncertain: the relations that calls tell. Where a clause holds only since nothing is known of one of
            them, the reason that asks for the call speaks for it. Such reasons come behind the others.
    """
    if len(reasons) < 2:
        return tuple(reasons)
    if uncertain and any(each.asks for each in reasons):
        asking = {each.rule.clause.span: each for each in reasons if each.rule is not None and each.asks}
        hanging = [e for e in reasons if e.rule and e.rule.clause.span in asking and _hangs(e, uncertain)]
        reasons = sorted((e for e in reasons if e not in hanging), key=lambda each: each.asks is not None)
    found = {id(each if each.rule is None else each.rule.clause): each for each in reversed(reasons)}
    kept = set(map(id, found.values()))
    return tuple([each for each in reasons if id(each) in kept])


def _hangs(reason: Reason, uncertain: frozenset[str]) -> bool:
    """Whether a rule holds by an absence in a relation that a call tells, or by what such rows come to."""
    todo: list[Proof] = [] if reason.proof is None or reason.asks else [reason.proof]
    while todo:
        proof = todo.pop()
        if isinstance(proof, FactProof):
            continue
        for item, step in zip(proof.rule.body, proof.steps, strict=True):
            if isinstance(step, AbsenceStep | AggregateStep):
                if any(each.atom.name.removeprefix("not ") in uncertain for each in literals((item,))):
                    return True
            elif not isinstance(step, BuiltinStep):
                todo.append(step)
    return False


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

    __slots__ = ("_asked", "_basis", "_evidence", "_parts", "_verdict", "admissible", "seconds", "under_way")

    def __init__(
        self,
        asked: GroundAction | Action | str,
        verdict: int,
        basis: Basis,
        evidence: CheckEvidence | None = None,
        seconds: float = 0.0,
    ) -> None:
        self._asked = asked
        self._verdict = verdict
        self._basis = basis
        self._evidence = evidence
        self._parts: dict[Part, tuple[Any, ...]] | None = None  # of the explanation, as they are read
        self.admissible = not verdict
        self.seconds = seconds
        self.under_way: tuple[Assumed, ...] = ()

    @property
    def action(self) -> Action | str:
        """The proposed action; a text where it is no action of the program."""
        if isinstance(self._asked, tuple):
            self._asked = action_of(self._asked)
        return self._asked

    @property
    def verdict(self) -> VerdictName:
        """In which way it was decided."""
        name = VERDICTS[self._verdict]
        return "uninformed" if name == "forbidden" and self._only_asks() else name

    @property
    def asks(self) -> tuple[str, ...]:
        """The calls that would tell what the rules that reject it need to know; empty where it is forbidden
        whatever they tell."""
        if VERDICTS[self._verdict] != "forbidden" or not self._only_asks():
            return ()
        return tuple(dict.fromkeys(reason.asks for reason in self.reasons if reason.asks is not None))

    def _only_asks(self) -> bool:
        """Whether each rule that rejects it asks for a call."""
        if not self._basis.uncertain:
            return False
        try:
            return all(reason.rule is not None and reason.rule.asks for reason in self.by_rule)
        except EvaluationError:
            return False

    @property
    def code(self) -> int:
        """The number of its verdict in :data:`VERDICTS`. A call that is ``uninformed`` has the number of
        ``forbidden``: its reasons tell the rest."""
        return self._verdict

    @property
    def state(self) -> Version:
        """The state that it speaks of: a checker can be asked about it by ``Checker.at``."""
        return self._basis.state

    @property
    def theta(self) -> float:
        """The weight from which a forbid rejects."""
        return self._basis.theta

    @property
    def version(self) -> str:
        """A hash of the rules that decided."""
        return self._basis.version

    @property
    def fired(self) -> tuple[Fired, Fired] | None:
        """The rules that fire, laws and those below theta, where the check had to list them."""
        return self._evidence.fired if isinstance(self._evidence, Explained) else None

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that reject it, the heaviest first."""
        return tuple(reason.id for reason in self.by_rule if reason.id is not None)

    @property
    def by_rule(self) -> tuple[Reason, ...]:
        """The reasons for which it is rejected, one for each rule: its best derivation."""
        return self._part("by_rule")

    @property
    def advice_by_rule(self) -> tuple[Reason, ...]:
        """The advice, one piece for each rule: its best derivation."""
        return self._part("advice_by_rule")

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons for which it is rejected; empty where it is admissible. A rule that has several things
        to say, such as the names of all who stand against it, has a reason for each, up to ten."""
        return self._part("reasons")

    @property
    def advice(self) -> tuple[Reason, ...]:
        """The rules that forbid it with a weight below theta. They do not reject it."""
        return self._part("advice")

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The smallest changes of facts that would admit it, and the actions that bring them about."""
        return self._part("repairs")

    def record_repairs(self) -> None:
        """Work the repairs out now, so that they outlive the state; none where the engine keeps no proofs, or
        could not finish the search.

        Raises:
            StaleDecisionError: too much has changed since to go back to its state.
        """
        try:
            found = self.repairs
        except EvaluationError:
            found = ()
        self._parts = {**(self._parts or {}), "repairs": found}

    def recorded(self, part: Part) -> tuple[Any, ...] | None:
        """A part of the explanation as far as it is known by now; None where it is yet to be worked out."""
        parts = self._parts
        if parts is None:
            parts = self._parts = {}
        found = parts.get(part)
        if found is None and self._evidence is not None:
            found = _recorded(self._evidence, part, self._basis.uncertain)
            if found is not None:
                parts[part] = found
        return found

    def _part(self, part: Part) -> tuple[Any, ...]:
        found = self.recorded(part)
        if found is None:
            more = self._basis.later(self, part)
            found = more[part]
            self._parts = {**(self._parts or {}), **more}
        return found

    def __str__(self) -> str:
        if self.admissible:
            return f"{self.action}: admissible"
        return f"{self.action}: rejected ({self.verdict})"
