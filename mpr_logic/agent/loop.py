"""The loop of an agent in its world, every action under the checker: the mirror of the agent's knowledge, and
probes of laws.

What a law blocks is never tried, so nothing would ever speak against it. So an action that only learned rules
block is let through now and then: a probe. What comes of it is evidence like any other: one success against a
learned rule takes its weight below theta."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.agent.environment import InWords
from mpr_logic.agent.policies import Pass, StrongestPreference, View
from mpr_logic.agent.trajectory import Turn
from mpr_logic.checker.action import Action
from mpr_logic.checker.parsing import resolve_action
from mpr_logic.errors import StateError
from mpr_logic.memory.store import PROBES_EACH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment
    from mpr_logic.agent.guidance import Guide
    from mpr_logic.agent.policies import Policy
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.memory.store import Memory


class Mirror:
    """Keeps a checker's state equal to what an environment says that the agent knows."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._held: frozenset[str] = frozenset()

    def follow(
        self, state: AbstractSet[str], source: str | None = None
    ) -> tuple[AbstractSet[str], AbstractSet[str]]:
        """Make the checker's facts those of a state; return what was added and what was taken away.

        Raises:
            StateError: a fact does not fit the rules; the checker's state is then what it was.
        """
        add, remove = state - self._held, self._held - state
        if add or remove:
            # sets have another order in each process, and the first of several proofs or faults depends on it
            self.checker.update(add=sorted(add), remove=sorted(remove), source=source)
            self._held = frozenset(state)
        return add, remove


ATTEMPTS = 4
"""The most proposals that a policy may make in one turn; after them the safe fallback is taken."""


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
        policy: proposes the actions.
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
    """The outcome of asking a policy in one turn: the decisions about its proposals, the action that may be
    done, if there is one, whether that is a probe, and whether the policy has passed."""

    decisions: tuple[Decision, ...]
    action: Action | None = None
    probed: bool = False
    passed: bool = False


@dataclass(frozen=True, slots=True)
class _Rules:
    """The terms on which a policy is asked in a turn, as the arguments of :func:`play` set them."""

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
            if isinstance(proposed, str) and isinstance(view.world, InWords):
                proposed = view.world.meant(proposed, view.checker) or proposed
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


class Probing:
    """Asks a memory whether a rejected action may be let through.

    Granted is only what learned rules of the memory reject and nothing else does, and only where the budget
    of each of these rules allows it; the memory counts it before it is done. Made anew where the rules
    have changed.

    Args:
        memory: has the rules, and the budgets.
        budget: the most probes that a version of a rule may have.
    """

    def __init__(self, memory: Memory, budget: int = PROBES_EACH) -> None:
        self._memory = memory
        self._budget = budget
        self._spent: set[str] = set()

    def __call__(self, decision: Decision) -> bool:
        """Whether to let through what this decision rejects.

        Raises:
            StoreError: the memory cannot be read or written.
        """
        blocking = dict.fromkeys(reason.id for reason in decision.by_rule)
        if decision.verdict != "forbidden" or not blocking or None in blocking:
            return False
        ids = [id for id in blocking if id is not None]
        # where one of them has no probes left, those of the others are not to be wasted
        if not self._spent.isdisjoint(ids) or not self._learned(ids):
            return False
        for id in ids:
            if not self._memory.probe(id, str(decision.action), budget=self._budget):
                self._spent.add(id)
                return False
        return True

    def _learned(self, ids: list[str]) -> bool:
        """Whether the memory has learned all of these rules: no hand has written one."""
        found = {rule.id for rule in self._memory.rules(ids=ids) if rule.kind != "hand"}
        return found.issuperset(ids)
