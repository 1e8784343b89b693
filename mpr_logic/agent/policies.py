"""Policies decide what an agent does next: the protocol, what a policy sees, the rules' own policy, and
scripted ones, which follow a plan that is known to win and make known mistakes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mpr_logic.checker.disclosure import repairs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.agent.trajectory import Turn
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.memory.retrieval import Retrieved


@dataclass(slots=True)
class View:
    """The situation of a turn, from which a policy chooses its proposal.

    ``guided`` says whether it is told anything of the rules, by guidance or by rejections. ``guidance`` are
    the rules that it is told before it chooses. ``refused`` are the decisions about what it has proposed in
    this turn already, all of them rejections: the state is still the same. ``history`` are the turns so
    far, that of the beginning too.
    """

    observation: Observation
    world: Environment
    checker: Checker
    guided: bool = True
    refused: tuple[Decision, ...] = ()
    guidance: Sequence[Retrieved] = ()
    history: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Pass:
    """The answer of a policy that cannot propose anything in this turn, and would go on with the next: the
    turn is left to the safe fallback. ``reason`` says why."""

    reason: str


class Policy(Protocol):
    """Proposes actions. ``name`` says what it is; a scripted one says so."""

    name: str

    def choose(self, view: View) -> Action | str | Pass | None:
        """The action to propose, as an Action or as its text; None where there is no other.

        What is rejected is not done: the policy is asked again, with the rejection in the view. None after
        a rejection, or a Pass, leaves the turn to the safe fallback; None as the first answer of a turn
        gives up.
        """


class StrongestPreference:
    """Does what the strongest ``prefer`` speaks for among the actions that the checker admits: no model,
    no search. Of several that are equally strong it takes the first by name."""

    name = "the strongest preference"

    def choose(self, view: View) -> Action | None:
        """The next action; None where no ``prefer`` speaks for any that is admissible.

        Raises:
            EvaluationError: the engine could not finish.
        """
        preferred = view.checker.preferences(view.world.candidates())
        return preferred[0][0] if preferred else None


class Planned:
    """Does what a plan says, one action after the other, whatever happens."""

    name = "the walkthrough"

    def __init__(self, plan: Sequence[Action]) -> None:
        self._plan = iter(plan)

    def choose(self, view: View) -> Action | None:
        """The next action of the plan; None at its end."""
        return next(self._plan, None)


class Forgetful:
    """Scripted: a person who knows what to do and forgets half of the little steps.

    It has a plan that works, and leaves each of its ``forgets`` actions out with a probability. Told why
    what it proposes will not do, it does first what the repair names, and then what it had proposed. What
    comes to nothing it tries once more; then it does what the rules prefer, and tries again. Where the
    rules are not told, it goes on with its plan.

    Args:
        plan: actions that win.
        forgets: the names of the actions that it forgets.
        seed: for what it forgets.
        share: how often.
    """

    name = "forgetful (scripted)"

    def __init__(
        self, plan: Sequence[Action], *, forgets: Sequence[str], seed: int | str, share: float = 0.5
    ) -> None:
        draw = random.Random(seed)
        kept = [a for a in plan if not (a.name in forgets and draw.random() < share)]
        self._plan = iter(kept)
        self._wanted: Action | None = None
        self._proposed: Action | str | None = None
        self._failures = 0

    def choose(self, view: View) -> Action | str | None:
        """Return the next action that a repair names, after a rejection; else the next one of the plan."""
        if view.refused:
            tried = {str(decision.action) for decision in view.refused}
            self._proposed = next((text for text in _mending(view.refused[-1]) if text not in tried), None)
        elif self._proposed is not self._wanted:  # that came first; now for what it was good for
            self._proposed = self._wanted
        else:
            self._proposed = self._next(view)
        return self._proposed

    def _next(self, view: View) -> Action | None:
        """Return the action that follows the one last wanted: that one again after its first failure, the
        strongest preference after more of them where the rules are told, else the next one of the plan."""
        self._failures = self._failures + 1 if view.observation.succeeded is False else 0
        if self._failures == 1 or (self._failures and view.guided):
            return StrongestPreference().choose(view) if self._failures > 1 else self._wanted
        self._failures = 0
        self._wanted = next(self._plan, None)
        return self._wanted


class Reminded:
    """Scripted: an absent-minded person who remembers a little step that was forgotten when a rule says that
    it is missing. It needs no preferences and no effects: whatever it does is in its plan.

    It has a plan that works, and leaves each of its ``forgets`` actions out with a probability. Alone it
    goes on with its plan: what comes to nothing it tries once more, and then the next. Where it was told a
    rule that forbids, in the present state, the very action that it is about to propose, it heeds that with
    a probability: it does first the earliest step that it has forgotten before this place of its plan. Of a
    rejection it always takes heed: it does that step. Where nothing was forgotten and the action is still
    rejected, it has no other.

    Args:
        plan: actions that win.
        forgets: the names of the actions that it forgets.
        seed: for what it forgets and what it heeds; what it forgets does not depend on what it is told.
        share: how often it forgets.
        heeds: how often it heeds a rule that it was told.
    """

    name = "absent-minded (scripted)"

    def __init__(
        self,
        plan: Sequence[Action],
        *,
        forgets: Sequence[str],
        seed: int | str,
        share: float = 0.5,
        heeds: float = 0.6,
    ) -> None:
        draw = random.Random(seed)
        self._plan = tuple(plan)
        self._forgotten = {
            i for i, action in enumerate(self._plan) if action.name in forgets and draw.random() < share
        }
        self._heeds = heeds
        self._draw = random.Random(f"{seed} heeds")
        self._at = -1
        self._failures = 0
        self._go_on()

    def choose(self, view: View) -> Action | str | None:
        """The next of the plan; or what was forgotten before it, where a rule has reminded it."""
        if view.refused:
            return self._instead(view.refused)
        self._note(view)
        if self._at >= len(self._plan):
            return None
        wanted = self._plan[self._at]
        missing = self._missing()
        if missing and _told(view, wanted) and self._draw.random() < self._heeds:
            return self._plan[missing[0]]
        return wanted

    def _instead(self, refused: Sequence[Decision]) -> Action | str | None:
        """Return the earliest forgotten step that was not rejected in this turn; None where there is none."""
        tried = {str(decision.action) for decision in refused}
        return next((self._plan[i] for i in self._missing() if str(self._plan[i]) not in tried), None)

    def _note(self, view: View) -> None:
        """Take note of the last turn: count a failure, go on with the plan, or cross off a forgotten step
        that was done."""
        last = view.history[-1] if view.history else None
        if last is None or last.action is None:
            return
        if not last.fallback and self._at < len(self._plan) and last.action == self._plan[self._at]:
            self._failures = self._failures + 1 if view.observation.succeeded is False else 0
            if self._failures != 1:
                self._go_on()
            return
        self._failures = 0
        done = next((i for i in self._missing() if self._plan[i] == last.action), None)
        self._forgotten.discard(-1 if done is None else done)

    def _go_on(self) -> None:
        """Go on to the next step that was not forgotten."""
        self._failures = 0
        self._at += 1
        while self._at in self._forgotten:
            self._at += 1

    def _missing(self) -> list[int]:
        """The places of what was forgotten before this one, the earliest first."""
        return sorted(i for i in self._forgotten if i < self._at)


def _told(view: View, action: Action) -> bool:
    """Whether a rule that was told forbids this very action now."""
    told = {each.rule.id for each in view.guidance if each.rule.clause.kind == "forbid"}
    if not told:
        return False
    decision = view.checker.check(action, proofs=False)
    return any(reason.id in told for reason in (*decision.by_rule, *decision.advice))


def _mending(decision: Decision) -> Iterator[str]:
    """The actions that the repairs of a rejection name."""
    for repair in repairs_of(decision):
        yield from repair.actions
