"""The loop of an agent in its world, every action under the checker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.agent.mirror import Mirror
from mpr_logic.agent.policies import StrongestPreference, View
from mpr_logic.checking.action import Action
from mpr_logic.checking.disclosure import repairs_of
from mpr_logic.checking.questions import resolve_action
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.agent.policies import Policy
    from mpr_logic.checking.checker import Checker
    from mpr_logic.checking.decision import Decision

ATTEMPTS = 4
"""So often a policy may propose in one turn; then the safe fallback is taken."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was proposed, what was done, what came of it.

    ``decisions`` are about the proposals in their order, their reasons recorded; all but the last were
    rejected. ``action`` is what was tried in the world, None where the agent gave up; ``fallback`` says
    that it was not the policy's own. ``added`` and ``removed`` are the changes of what the agent knows.
    """

    number: int
    decisions: tuple[Decision, ...]
    action: Action | None
    observation: Observation
    added: AbstractSet[str] = frozenset()
    removed: AbstractSet[str] = frozenset()
    fallback: bool = False


def play(
    world: Environment,
    checker: Checker,
    policy: Policy,
    *,
    shadow: bool = False,
    attempts: int = ATTEMPTS,
    repairs: bool = False,
) -> Iterator[Turn]:
    """Play one episode; yield its turns, the first of them numbered 0: what the agent sees at the start.

    A rejected proposal is not done: the policy is asked again, at most ``attempts`` times a turn, until it
    has no other. Then the safe fallback is taken, the strongest admissible preference of the rules; where
    there is none, or the policy proposes nothing at all, the episode ends. (Meta-Policy Reflexion,
    Algorithm 1b.)

    Args:
        world: the environment; it is reset first.
        checker: a checker with rules for it, and no facts yet.
        policy: who chooses.
        shadow: decide and block nothing; only what is no action of the rules cannot be done.
        attempts: how often the policy may propose in one turn.
        repairs: work out the repairs of each rejection while its state is there.

    Raises:
        StateError: the world states what does not fit the rules.
        EvaluationError: the engine could not finish, where the fallback was sought.
    """
    mirror = Mirror(checker)
    observation = world.reset()
    added, removed = mirror.follow(world.state(), "the start")
    checker.prepare()
    yield Turn(0, (), None, observation, added, removed)
    number = 0
    while not observation.over:
        number += 1
        view = View(observation, world, checker, guided=not shadow)
        decisions, action = _decide(view, policy, shadow=shadow, attempts=attempts, repairs=repairs)
        fallback = action is None and bool(decisions)
        if fallback:
            action = StrongestPreference().choose(view)
        if action is None:
            yield Turn(number, decisions, None, observation)
            return
        observation = world.step(action)
        checker.record(action, observation.succeeded, effects=False)
        added, removed = mirror.follow(world.state(), f"turn {number}")
        yield Turn(number, decisions, action, observation, added, removed, fallback)


def _decide(
    view: View, policy: Policy, *, shadow: bool, attempts: int, repairs: bool
) -> tuple[tuple[Decision, ...], Action | None]:
    """Ask until something may be done: the decisions, and the action if there is one."""
    decisions: tuple[Decision, ...] = ()
    while len(decisions) < attempts:
        proposed = policy.choose(replace(view, refused=decisions))
        if proposed is None:
            break
        decision = view.checker.check(proposed)
        if repairs:
            decision.worked.repairs = repairs_of(decision)
        decisions = (*decisions, decision)
        action = _meant(decision, view.checker) if decision.admissible or shadow else None
        if action is not None:
            return decisions, action
    return decisions, None


def _meant(decision: Decision, checker: Checker) -> Action | None:
    """The action that a decision is about; None where it is about no action of the rules."""
    if any(isinstance(reason.error, StateError) for reason in decision.reasons):
        return None
    name, args = resolve_action(checker.program, decision.action)
    return Action(name, *args)
