"""Counts what an episode came to: what was proposed, what reached the world, what rules foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.experiments.results import Forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.policies import Pass, Policy, View
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.decision import Decision


class Watched:
    """A policy, and beside it an eye on what the world would do when it chooses.

    ``listed`` is what the world would do in this turn; None where nobody knows.
    """

    def __init__(self, policy: Policy, possible: Callable[[], Collection[Action]] | None) -> None:
        self.name = policy.name
        self.listed: frozenset[str] | None = None
        self._policy = policy
        self._possible = possible

    def choose(self, view: View) -> Action | str | Pass | None:
        """What the policy chooses."""
        if not view.refused and self._possible is not None:
            self.listed = frozenset(map(str, self._possible()))
        return self._policy.choose(view)


class Count:
    """The figures of an episode, turn by turn; of its forecasts only those of ``rules``."""

    def __init__(self, rules: Collection[str]) -> None:
        self._rules = rules
        self._won = self._over = False
        self._steps = self._proposed = self._rejected = self._invalid = 0
        self._false = self._fallbacks = self._probes = 0
        self._forecasts: list[Forecast] = []

    def add(self, turn: Turn, listed: frozenset[str] | None) -> None:
        """Count a turn; ``listed`` is what the world would have done in it."""
        self._won = self._won or turn.observation.won
        self._over = turn.observation.over
        self._proposed += len(turn.decisions)
        self._fallbacks += turn.fallback
        self._probes += turn.probed
        done = None if turn.action is None else str(turn.action)
        if done is not None:
            self._steps += 1
            self._invalid += turn.observation.succeeded is False
        for decision in turn.decisions:
            text = str(decision.action)
            # what is done all the same, in shadow or as a probe, is not rejected
            rejected = not decision.admissible and (text != done or turn.fallback)
            self._rejected += rejected
            if listed is not None:
                self._false += rejected and text in listed
                self._foretold(decision, wrong=text not in listed)
            elif text == done and turn.observation.succeeded is not None:
                self._foretold(decision, wrong=not turn.observation.succeeded)

    def _foretold(self, decision: Decision, *, wrong: bool) -> None:
        spoken = {r.id: r.weight for r in (*decision.by_rule, *decision.advice) if r.id in self._rules}
        self._forecasts += [Forecast(str(id), weight, wrong) for id, weight in spoken.items()]

    def figures(self, *, judged: bool) -> dict[str, Any]:
        """What was counted, by the names of :class:`Result`."""
        return {
            "won": self._won,
            "steps": self._steps,
            "gave_up": not self._over,
            "proposed": self._proposed,
            "rejected": self._rejected,
            "invalid": self._invalid,
            "false_rejections": self._false if judged else None,
            "fallbacks": self._fallbacks,
            "probes": self._probes,
            "forecasts": tuple(self._forecasts),
        }
