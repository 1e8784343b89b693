"""The gate: what a candidate rule must pass before it can weigh anything.

A candidate is parsed, typed and checked for safety; it may forbid or prefer, and do nothing else. What a
rule that is there says already is merged with it. The rest is held against all recorded trials:

- A ``forbid`` that would have forbidden a step which succeeded is refined until it covers no success.
- An over-special one is generalised.
- One whose reason is wrong gets another, if the episode is known that it was written about.
- A candidate that cannot be made right is refused, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from mpr_logic.analysis import analyse, canonical_text
from mpr_logic.analysis.canonical import short_id
from mpr_logic.analysis.report import count
from mpr_logic.analysis.terms import sugar
from mpr_logic.errors import EvaluationError, ProgramError
from mpr_logic.language.ast import Clause, Module
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause, print_row
from mpr_logic.memory.induction.merge import Conflict, contradictions, subsumes
from mpr_logic.memory.induction.operators import without_literals
from mpr_logic.memory.induction.refine import Refiner, SearchLimits, annotated, reason
from mpr_logic.memory.induction.standing import holds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.memory.induction.replay import Replay

GateVerdict = Literal["admitted", "refined", "merged", "refused"]

FILE = "<candidate>"


@dataclass(frozen=True, slots=True)
class LearnedRule:
    """A rule that passed: its id, its clause, and the masks of the trials that speak for and against it. Of
    a ``forbid`` the failures that it covers speak for it, of a ``prefer`` the successes."""

    id: str
    clause: Clause
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The verdict of the gate on a candidate, with its reason and its effects.

    ``rules`` are new; ``merged`` and ``superseded`` are ids of rules that were there: those that say
    already what the candidate says, and learned ones that it makes needless. ``reason`` is a sentence;
    ``diagnostics`` are the faults of a text that is no valid rule; ``contradictions`` are for a person.
    """

    text: str
    source: str
    verdict: GateVerdict
    reason: str
    rules: tuple[LearnedRule, ...] = ()
    merged: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    contradictions: tuple[Conflict, ...] = ()


class _Refused(Exception):
    """A candidate is refused: with a reason, and the faults of its text."""

    def __init__(self, reason: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.diagnostics = tuple(diagnostics)


@dataclass(slots=True)
class _Entry:
    """The effects of a candidate so far, while its rules enter one after the other."""

    rules: list[LearnedRule] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)


class Gate:
    """Lets rules in, one candidate after the other. The same candidates in the same order come to the same.

    Args:
        background: the modules of the declarations and of all hand-written rules.
        replay: the recorded trials, over the same declarations.
        limits: what the refinement of one candidate may cost.
        learned: rules that were let in before.
        refine: whether a roughly right rule is made right; else it is refused.

    Raises:
        ProgramError: the background is not valid, or a learned rule is not.
    """

    def __init__(
        self,
        background: Sequence[Module],
        replay: Replay,
        limits: SearchLimits | None = None,
        learned: Iterable[Clause] = (),
        *,
        refine: bool = True,
    ) -> None:
        self.replay = replay
        self._refine = refine
        self._modules = tuple(background)
        self.program = analyse(self._modules)
        self._schema = self.program.schema
        self._refiner = Refiner(replay, limits)
        self._written = {rule.id: rule.clause for rule in self.program.rules if rule.action is not None}
        self.rules: dict[str, LearnedRule] = {}
        """The learned rules, by id."""
        for clause in learned:
            admitted = self._admitted(clause)
            self.rules[admitted.id] = admitted

    @property
    def cuts(self) -> dict[str, None]:
        """The searches that the limits cut short: an action, and the reason."""
        return self._refiner.cuts

    def admit(
        self, text: str, source: str, episode: str | None = None, *, searched: bool = False
    ) -> GateOutcome:
        """Hold a candidate against all that is known; let in what it comes to.

        Args:
            text: one clause; a weight and an ``@id`` that it carries count for nothing.
            source: who says so, and from which episode: ``reflection: ep-12``.
            episode: the recorded episode that it was written about. Where its action failed there, a rule
                whose reason is wrong is not refused at once: its reasons are taken out one after the other,
                and what is left is refined, until it covers a failure of that episode.
            searched: whether the search over the same trials has found it. Then it is as wide as it may be.
        """
        try:
            clause = self._valid(text, source)
            known = self._known(clause)
            if known is not None:
                return GateOutcome(
                    text, source, "merged", f"the rule `{known}` says this already", merged=(known,)
                )
            return self._held_against_trials(text, source, clause, episode, searched=searched)
        except _Refused as refusal:
            return GateOutcome(text, source, "refused", refusal.reason, diagnostics=refusal.diagnostics)
        except EvaluationError as error:
            return GateOutcome(text, source, "refused", f"it could not be replayed: {error}")

    def holds(self) -> dict[str, str]:
        """For each learned ``forbid``, by its id, what keeps it from being law whatever its evidence; empty
        where nothing does. See :mod:`mpr_logic.memory.induction.standing`.

        Raises:
            EvaluationError: the engine could not finish.
        """
        forbids = {id: rule.clause for id, rule in self.rules.items() if rule.clause.kind == "forbid"}
        return dict(zip(forbids, holds(self._refiner, list(forbids.values())), strict=True))

    # -- inside --------------------------------------------------------------------------------

    def _valid(self, text: str, source: str) -> Clause:
        """The clause of a candidate, in the form in which it may enter."""
        try:
            statements = parse(text, FILE).statements
            if len(statements) != 1 or not isinstance(statements[0], Clause):
                raise _Refused("a candidate is one rule, and this is not")
            clause = statements[0]
            self._allowed(clause)
            kept = tuple(a for a in clause.annotations if a.name not in ("id", "source"))
            clause = replace(clause, weight=1.0, annotations=kept, comments=(), trailing=None)
            analyse([*self._modules, Module((clause,), file=FILE, source=text)])
        except ProgramError as error:
            raise _Refused(f"it is no valid rule: {error.summary}", error.diagnostics) from None
        return annotated(clause, source=source)

    def _allowed(self, clause: Clause) -> None:
        """Refuse what a learned rule may not do."""
        if clause.kind not in ("forbid", "prefer"):
            kind = {"permit": "permits"}.get(clause.kind, f"has a head of the kind `{clause.kind}`")
            raise _Refused(f"a learned rule forbids or prefers, and this one {kind}: write it by hand")
        if clause.annotation("overrides") is not None:
            raise _Refused("a learned rule overrides none: write it by hand")
        if (more := sugar(clause)) is not None:
            raise _Refused(f"a learned rule has no {more}: write it by hand")
        if clause.head.name in self._schema.classes and clause.head.name not in self._schema.actions:
            raise _Refused(
                f"a learned rule is of one action, and `{clause.head.name}` is a class: write it by hand"
            )
        if not clause.body:
            raise _Refused(f"it speaks of every `{clause.head.name}`, whatever the state: write it by hand")

    def _known(self, clause: Clause) -> str | None:
        """The id of a rule that says already what this one says."""
        for id, other in [*self._written.items(), *((r.id, r.clause) for r in self.rules.values())]:
            same = other.kind == clause.kind and other.head.name == clause.head.name and other.weight == 1
            if same and subsumes(self._schema, other, clause):
                return id
        return None

    def _held_against_trials(
        self, text: str, source: str, clause: Clause, episode: str | None, *, searched: bool
    ) -> GateOutcome:
        tried = self._admitted(clause)
        verdict: GateVerdict = "admitted"
        rules = [clause]
        if clause.kind == "prefer":
            why = f"{tried.right.bit_count()} of the recorded steps that it prefers succeeded"
        else:
            try:
                rules, why = self._corrected(tried, searched=searched)
            except _Refused as refusal:
                rules = self._rebuilt(clause, episode)
                if not rules:
                    raise
                why = f"its reason is wrong ({refusal.reason}), and another covers what failed there"
            verdict = "admitted" if rules == [clause] else "refined"
        entry = _Entry()
        for rule in rules:
            self._enter(rule, source, entry)
        if not entry.rules:
            verdict, why = "merged", f"{why}; made right, `{entry.merged[0]}` says it already"
        return GateOutcome(
            text,
            source,
            verdict,
            why,
            tuple(entry.rules),
            tuple(entry.merged),
            tuple(entry.superseded),
            contradictions=tuple(self._contradictions(entry.rules)),
        )

    def _corrected(self, tried: LearnedRule, *, searched: bool = False) -> tuple[list[Clause], str]:
        """The rules that a candidate comes to, and why."""
        if tried.wrong:
            why = f"as it was, it would have forbidden {_count(tried.wrong, 'step')} that succeeded"
            return self._refined(tried), why
        if not tried.right:
            raise _Refused("no recorded failure fits it: nothing speaks for it")
        widens = self._refine and not searched
        wider = self._refiner.generalise(tried.clause) if widens else tried.clause
        why = f"it covers {_count(tried.right, 'recorded failure')} and no success"
        return [wider], why if wider is tried.clause else f"it holds more widely than it says: {why}"

    def _rebuilt(self, clause: Clause, episode: str | None) -> list[Clause]:
        """Rules that cover a failure of the episode which a candidate was written about, and keep as many of
        its items as they can; none where its action did not fail there, or nothing tells why. What was said
        for the candidate is not said for them."""
        failed = self.replay.of(clause.head.name) & self.replay.failed & self.replay.within(episode)
        # there are as many ways to take items out as a set has subsets: a longer body is refused as it is
        if not failed or not self._refine or len(clause.body) > self._refiner.limits.literals:
            return []
        silent = replace(clause, annotations=tuple(a for a in clause.annotations if a.name != "because"))
        for looser in without_literals(silent):
            if not self.replay.valid(looser):
                continue  # what was taken out bound a variable
            tried = self._admitted(looser)
            if not tried.right & failed or not (looser.body or tried.wrong):
                continue
            try:
                found, _ = self._corrected(tried)
            except _Refused:
                continue
            covers = self.replay.covers(found)
            if covering := [rule for rule, mask in zip(found, covers, strict=True) if mask & failed]:
                return covering
        return []

    def _refined(self, tried: LearnedRule) -> list[Clause]:
        """The rules that a roughly right one becomes."""
        first = next(iter(self.replay.chosen(tried.wrong)))
        what = (
            f"it would have forbidden {_count(tried.wrong, 'step')} that succeeded, the first of them"
            f" {print_row(first.action, first.args)} in turn {first.turn} of {first.episode}"
        )
        if not tried.right:
            raise _Refused(f"{what}, and it covers no failure")
        if not self._refine:
            raise _Refused(what)
        found = self._refiner.refine(tried.clause)
        if not found:
            raise _Refused(f"{what}, and nothing tells its {_count(tried.right, 'failure')} from them")
        return found

    def _enter(self, clause: Clause, source: str, entry: _Entry) -> None:
        """Let a rule in, unless one says it already; what it makes needless goes."""
        known = self._known(clause)
        if known is not None:
            entry.merged.append(known)
            return
        admitted = self._admitted(self._explained(annotated(clause, source=source)))
        for id, other in list(self.rules.items()):
            same = other.clause.kind == clause.kind and other.clause.head.name == clause.head.name
            if same and subsumes(self._schema, clause, other.clause):
                del self.rules[id]
                entry.superseded.append(id)
        self.rules[admitted.id] = admitted
        entry.rules.append(admitted)

    def _explained(self, clause: Clause) -> Clause:
        """The rule with a because-text that fits it."""
        if clause.annotation("because") is not None:
            try:
                analyse([*self._modules, Module((clause,), file=FILE)])
            except ProgramError:
                pass  # it names a variable that the refined rule does not have
            else:
                return clause
        return clause if clause.kind == "prefer" else annotated(clause, because=reason(clause))

    def _admitted(self, clause: Clause) -> LearnedRule:
        covered = self.replay.covers([clause], self._refiner.limits.seconds)[0]
        failed, succeeded = covered & self.replay.failed, covered & self.replay.succeeded
        right, wrong = (succeeded, failed) if clause.kind == "prefer" else (failed, succeeded)
        return LearnedRule(short_id(canonical_text(self._schema, clause)), clause, right, wrong)

    def _contradictions(self, rules: Sequence[LearnedRule]) -> list[Conflict]:
        """The contradictions between the new rules and the hand-written or learned ones."""
        new = {id(rule.clause) for rule in rules}
        heads = {rule.clause.head.name for rule in rules}
        others = [*self._written.values(), *(r.clause for r in self.rules.values())]
        asked = [c for c in others if c.kind in ("forbid", "permit", "prefer") and c.head.name in heads]
        found = contradictions(self.replay, asked)
        return [each for each in found if {id(each.speaks_for), id(each.against)} & new]


def print_rules(rules: Iterable[LearnedRule]) -> str:
    """Rules as a ``.dl`` text, each with its annotations."""
    return "\n\n".join(print_clause(rule.clause) for rule in rules) + "\n"


def _count(trials: int, thing: str) -> str:
    return count(trials.bit_count(), thing)
