"""Evidence is held against the record, and what was tried over and over is one trial."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.errors import StoreError
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import Memory
from tests.helpers.examples import at_most
from tests.helpers.stores import SHUT, episode, memory_at

ACTIONS = ["take(b1)", "take(b2)", "open(b1)", None, "take(", "fly(b1)"]
TURNS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from([True, False, None])), min_size=1, max_size=8
)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """An empty memory."""
    with memory_at("sqlite://") as found:
        yield found


def recorded(
    memory: Memory, turns: list[tuple[str | None, bool | None]], task: str = "t", group: str = ""
) -> int:
    """An episode of these turns."""
    lines = [
        {"line": "turn", "number": n, "action": action, "succeeded": succeeded}
        for n, (action, succeeded) in enumerate(turns, 1)
    ]
    heading = {"mpr_trajectory": 1, "line": "episode", "task": task, "group": group}
    return memory.add_episode([heading, *lines])


@pytest.mark.heavy
@settings(max_examples=at_most(60))
@given(turns=TURNS, number=st.integers(-2, 11), wrong=st.booleans())
def test_only_what_the_record_bears_out_counts(
    turns: list[tuple[str | None, bool | None]], number: int, wrong: bool
) -> None:
    """An observation is taken where the turn is there, its action is the rule's, and it went so; else it is
    refused, the message names turn and rule, and nothing is written."""
    with memory_at("sqlite://") as memory:
        taught = recorded(memory, turns)
        rule = memory.put(SHUT, episodes=[taught])
        before = memory.stats()
        there = 1 <= number <= len(turns)
        action, succeeded = turns[number - 1] if there else (None, None)
        if action in ("take(b1)", "take(b2)") and succeeded is not None and succeeded is not wrong:
            assert memory.observe([RuleOutcome(rule.id, taught, number, wrong)]) == 1
            return
        with pytest.raises(StoreError, match=f"no evidence of `{rule.id}`.*turn {number}"):
            memory.observe([RuleOutcome(rule.id, taught, number, wrong)])
        assert memory.stats() == before


@pytest.mark.heavy
@settings(max_examples=at_most(60))
@given(turns=TURNS, batches=st.integers(1, 3))
def test_a_trial_is_counted_once(turns: list[tuple[str | None, bool | None]], batches: int) -> None:
    """A rule's record has one observation for each action and outcome in an episode, however often the action
    is tried and however often that is told; and one trial for each outcome in a group."""
    with memory_at("sqlite://") as memory:
        taught = recorded(memory, turns)
        rule = memory.put(SHUT, episodes=[taught])
        fitting = [
            (n, action, succeeded)
            for n, (action, succeeded) in enumerate(turns, 1)
            if action in ("take(b1)", "take(b2)") and succeeded is not None
        ]
        for _ in range(batches):
            memory.observe([RuleOutcome(rule.id, taught, n, not succeeded) for n, _, succeeded in fitting])
        found = memory.get(rule.id)
        assert found.trials == len({(action, succeeded) for _, action, succeeded in fitting})
        assert found.wrong == any(not succeeded for *_, succeeded in fitting)
        assert found.right == any(succeeded for *_, succeeded in fitting)


def test_one_bad_observation_spoils_its_batch(memory: Memory) -> None:
    """A batch is taken as a whole, or not at all."""
    taught = memory.add_episode(episode(tries=3))
    rule = memory.put(SHUT, episodes=[taught])
    rows = [RuleOutcome(rule.id, taught, n, wrong=True) for n in (1, 2, 3, 4)]
    with pytest.raises(StoreError, match="its turns are 1 to 3"):
        memory.observe(rows)
    assert memory.get(rule.id).wrong == 0
    assert memory.observe(rows[:3]) == 3


def test_the_arguments_of_the_head_must_fit(memory: Memory) -> None:
    """A rule about one box has no evidence in a turn about another; arguments may be named."""
    taught = memory.add_episode(episode(tries=2))
    rule = memory.put("forbid take(box_2) :- shut(box_2).", episodes=[taught])
    named = memory.put("forbid take(b: box_2) :- heavy(box_2).", episodes=[taught])
    for each in (rule, named):
        with pytest.raises(StoreError, match="`take\\(box_1\\)` was tried"):
            memory.observe([RuleOutcome(each.id, taught, 1, wrong=True)])
        assert memory.observe([RuleOutcome(each.id, taught, 2, wrong=True)]) == 1


def test_a_recording_that_counts_anew(memory: Memory) -> None:
    """Either turn may bear an observation out if two turns of an episode have its number."""
    first, second = episode()[1], episode(action="open")[1]
    taught = memory.add_episode([episode()[0], first, second])
    rules = [memory.put(text, episodes=[taught]) for text in (SHUT, "forbid open(B) :- shut(B).")]
    for rule in rules:
        assert memory.observe([RuleOutcome(rule.id, taught, 1, wrong=True)]) == 1


def test_twenty_five_tasks_make_a_law(memory: Memory) -> None:
    """Failures in tasks of their own are trials of their own; over and over in one task they are one."""
    rule = memory.put(SHUT)
    for _ in range(25):
        again = recorded(memory, [("take(b1)", False), ("take(b2)", False)])
        memory.observe([RuleOutcome(rule.id, again, n, wrong=True) for n in (1, 2)])
    assert (memory.get(rule.id).wrong, memory.get(rule.id).status) == (1, "advice")
    assert memory.get(rule.id).trials == 50
    for number in range(24):
        each = recorded(memory, [("take(b1)", False)], f"t{number}")
        memory.observe([RuleOutcome(rule.id, each, 1, wrong=True)])
    assert (memory.get(rule.id).wrong, memory.get(rule.id).status) == (25, "law")


def test_the_author_of_a_world_says_what_a_group_is(memory: Memory) -> None:
    """Tasks of one group are one trial, and a success in one of them contradicts the rule; a forgotten
    episode takes its part of the group along, and its name."""
    rule = memory.put(SHUT)
    scenes = [recorded(memory, [("take(b1)", False)], f"t{n}", f"kitchen {n % 3}") for n in range(30)]
    memory.observe([RuleOutcome(rule.id, each, 1, wrong=True) for each in scenes])
    found = memory.get(rule.id)
    assert (found.wrong, found.right, found.trials, found.status) == (3, 0, 30, "advice")
    assert {each.group for each in memory.episodes()} == {"kitchen 0", "kitchen 1", "kitchen 2"}
    good = recorded(memory, [("take(b1)", True)], "won", "attic 7")
    memory.observe([RuleOutcome(rule.id, good, 1, wrong=False)])
    assert (memory.get(rule.id).right, memory.get(rule.id).contradicted) == (1, True)
    memory.hold({rule.id: "all that speaks for it happened in `attic 7`"})
    memory.forget(good)
    assert (memory.get(rule.id).right, memory.get(rule.id).held) == (0, "forgotten")
    for each in scenes[::3]:
        memory.forget(each)
    assert memory.get(rule.id).wrong == 2
    assert "attic" not in str([memory.episodes(), memory.log(), memory.rules("advice")])


def test_a_rule_that_is_held_back_is_advice(memory: Memory) -> None:
    """With evidence enough for a law it weighs less than theta, until it is let go; both stand in the log,
    and its export comes back as it was."""
    rule = memory.put(SHUT)
    episodes = [recorded(memory, [("take(b1)", False)], f"t{n}") for n in range(40)]
    memory.observe([RuleOutcome(rule.id, each, 1, wrong=True) for each in episodes])
    assert memory.get(rule.id).status == "law"
    memory.hold({rule.id: "one group says it"})
    held = memory.get(rule.id)
    assert (held.status, held.held) == ("advice", "one group says it")
    assert held.belief > memory.theta > held.weight
    revision = memory.stats()["revision"]
    memory.hold({rule.id: "one group says it"})
    assert memory.stats()["revision"] == revision
    text = memory.export()
    assert memory.import_(text).unchanged == (rule.id,)
    memory.hold({rule.id: ""})
    assert (memory.get(rule.id).status, memory.get(rule.id).held) == ("law", "")
    assert memory.import_(text).unchanged == (rule.id,)
    assert [c.kind for c in memory.log(rule.id)][-4:] == ["hold", "demote", "release", "promote"]
    memory.rollback(revision)
    assert memory.get(rule.id).status == "advice"
    with pytest.raises(StoreError, match="no rule"):
        memory.hold({"nobody": "?"})
    memory.put(f"@id(mine) {SHUT}", kind="hand")
    with pytest.raises(StoreError, match="hand-written"):
        memory.hold({"mine": "?"})
