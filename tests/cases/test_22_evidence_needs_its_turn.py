"""Evidence for turns that an episode does not have makes no law."""

from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.errors import StoreError
from mpr_logic.language.parser import parse
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import Memory

HEADING = {"mpr_trajectory": 1, "line": "episode", "task": "doors"}


def lines(*actions: str) -> list[dict[str, object]]:
    """An episode in which these actions failed."""
    turns = [
        {"line": "turn", "number": n, "action": action, "succeeded": False}
        for n, action in enumerate(actions, 1)
    ]
    return [HEADING, *turns]


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (range(4, 40), "has no turn 4"),
        (range(0, 1), "has no turn 0"),
        ([-1], "has no turn -1"),
        ([3], "the rule speaks of `unlock`"),
    ],
)
def test_turns_that_are_not_there(turns: list[int], said: str) -> None:
    """Evidence about a turn that is not there is refused by name, and the rule stays a candidate."""
    with Memory.open("sqlite://") as memory:
        memory.declare(parse(".decl barred(d: symbol)\n.action unlock(d: symbol)\n.action knock(d: symbol)"))
        episode = memory.add_episode(lines("unlock(d1)", "unlock(d2)", "knock(d1)"))
        rule = memory.put("forbid unlock(D) :- barred(D).", kind="model", episodes=[episode])
        rows = [RuleOutcome(rule.id, episode, n, wrong=True) for n in turns if n not in (1, 2)]
        with pytest.raises(StoreError, match=said):
            memory.observe(rows)
        assert memory.get(rule.id).status == "candidate"


def test_one_failing_action_over_and_over() -> None:
    """Thirty repeats in one episode are one trial."""
    with Memory.open("sqlite://") as memory:
        memory.declare(parse(".decl barred(d: symbol)\n.action unlock(d: symbol)"))
        episode = memory.add_episode(lines(*["unlock(d1)"] * 30))
        rule = memory.put("forbid unlock(D) :- barred(D).", kind="model", episodes=[episode])
        assert memory.observe([RuleOutcome(rule.id, episode, n, wrong=True) for n in range(1, 31)]) == 1
        assert (memory.get(rule.id).wrong, memory.get(rule.id).status) == (1, "advice")
