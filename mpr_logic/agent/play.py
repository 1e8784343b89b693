"""The loop of an agent in its world, every action under the checker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.agent.mirror import Mirror
from mpr_logic.agent.policies import Pass, StrongestPreference, View
from mpr_logic.checker.action import Action
from mpr_logic.checker.parsing import resolve_action
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.policies import Policy
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision

ATTEMPTS = 4
"""So often a policy may propose in one turn; then the safe fallback is taken."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was proposed, what was done, what came of it.

    ``decisions`` are about the proposals in their order, their reasons recorded; all but the last were
    rejected. ``action`` is what was tried in the world, None where the agent gave up; ``fallback`` says
    that it was not the policy's own. ``probed`` says that it was rejected and let through all the same, to
    try the rules. ``added`` and ``removed`` are the changes of what the agent knows.
    """

    number: int
    decisions: tuple[Decision, ...]
    action: Action | None
    observation: Observation
    added: AbstractSet[str] = frozenset()
    removed: AbstractSet[str] = frozenset()
    fallback: bool = False
    probed: bool = False


def play(
    world: Environment,
    checker: Checker,
    policy: Policy,
    *,
    shadow: bool = False,
    attempts: int = ATTEMPTS,
    repairs: bool = False,
    guide: Guide | None = None,
    probe: Callable[[Decision], bool] | None = None,
) -> Iterator[Turn]:
    """Play one episode; yield its turns, the first of them numbered 0: what the agent sees at the start.

    Before it chooses, the policy is told the rules that the guide finds. A rejected proposal is not done: the
    policy is asked again, at most ``attempts`` times a turn, until it has no other. Then the safe fallback is
    taken, the strongest admissible preference of the rules; where there is none, or the policy proposes
    nothing at all, the episode ends. (Meta-Policy Reflexion, Algorithm 1b; with ``shadow`` and a guide 1a.)

    Args:
        world: the environment; it is reset first.
        checker: a checker with rules for it, and no facts yet.
        policy: who chooses.
        shadow: decide and block nothing; only what is no action of the rules cannot be done.
        attempts: how often the policy may propose in one turn.
        repairs: work out the repairs of each rejection while its state is there.
        guide: what the policy is told of the rules beforehand: nothing without one.
        probe: whether to let a rejected proposal through all the same, which is asked once for each.

    Raises:
        StateError: the world states what does not fit the rules.
        EvaluationError: the engine could not finish, where the fallback was sought.
    """
    mirror = Mirror(checker)
    observation = world.reset()
    added, removed = mirror.follow(world.state(), "the start")
    checker.prepare()
    history = [Turn(0, (), None, observation, added, removed)]
    yield history[-1]
    rules = _Rules(shadow, attempts, repairs, probe)
    while not observation.over:
        number = len(history)
        guidance = () if guide is None else guide.find(checker, world.candidates())
        guided = not shadow or guide is not None
        view = View(observation, world, checker, guided, guidance=guidance, history=tuple(history))
        asked = rules.ask(policy, view)
        decisions, action = asked.decisions, asked.action
        fallback = action is None and (bool(decisions) or asked.passed)
        if fallback:
            action = StrongestPreference().choose(view)
        if action is None:
            yield Turn(number, decisions, None, observation)
            return
        observation = world.step(action)
        checker.record(action, observation.succeeded, effects=False)
        added, removed = mirror.follow(world.state(), f"turn {number}")
        history.append(Turn(number, decisions, action, observation, added, removed, fallback, asked.probed))
        yield history[-1]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a policy was asked in a turn came to: the action that may be done, if there is one; whether it
    is a probe; whether the policy has passed."""

    decisions: tuple[Decision, ...]
    action: Action | None = None
    probed: bool = False
    passed: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """By which a policy is asked: arguments of :func:`play`."""

    shadow: bool
    attempts: int
    repairs: bool
    probe: Callable[[Decision], bool] | None

    def ask(self, policy: Policy, view: View) -> _Asked:
        """Ask until something may be done."""
        decisions: tuple[Decision, ...] = ()
        while len(decisions) < self.attempts:
            proposed = policy.choose(replace(view, refused=decisions))
            if proposed is None or isinstance(proposed, Pass):
                return _Asked(decisions, passed=proposed is not None)
            decision = view.checker.check(proposed)
            if self.repairs:
                decision.record_repairs()
            decisions = (*decisions, decision)
            rejected = not (decision.admissible or self.shadow)
            if rejected and self.probe is None:
                continue
            action = _meant(decision, view.checker)
            if action is not None and (not rejected or (self.probe is not None and self.probe(decision))):
                return _Asked(decisions, action, probed=rejected)
        return _Asked(decisions)


def _meant(decision: Decision, checker: Checker) -> Action | None:
    """The action that a decision is about; None where it is about no action of the rules."""
    if any(isinstance(reason.error, StateError) for reason in decision.by_rule):
        return None
    name, args = resolve_action(checker.program, decision.action)
    return Action(name, *args)
