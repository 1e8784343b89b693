"""Replay: recorded episodes read back, and where rules would have fired."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Planned
from mpr_logic.agent.trajectory import heading, turn_json
from mpr_logic.checker.action import Action
from mpr_logic.checker.checker import Checker
from mpr_logic.errors import BudgetError, StateError
from mpr_logic.language.ast import Clause
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.replay import (
    RecordedEpisode,
    RecordedStep,
    Replay,
    bits,
    episode_of,
    independent_parts,
    mask,
    read_episodes,
)
from tests.helpers.boxes import Boxes
from tests.helpers.doors import BODIES, DECLARATIONS, episodes, modules, replay, rule, unlock


def naive(clause: Clause, found: list[RecordedEpisode], stated: str = "") -> set[tuple[str, int]]:
    """The episodes and turns in which a rule forbids, each state made anew for a checker of its own."""
    fired = set()
    text = f"{DECLARATIONS}{stated}\n{print_clause(clause)}"
    for episode in found:
        facts: dict[str, None] = {}
        history: list[tuple[str, bool | None]] = []
        for step in episode.steps:
            if step.action is not None and step.succeeded is not None:
                checker = Checker.from_text(text)
                checker.update(add=facts)
                for action, succeeded in history:
                    checker.record(action, succeeded)
                if not checker.check(step.action).admissible:
                    fired.add((episode.id, step.turn))
            if step.action is not None:
                history.append((step.action, step.succeeded))
            for fact in step.removed:
                facts.pop(fact, None)
            facts.update(dict.fromkeys(step.added))
    return fired


@given(BODIES, st.integers(0, 3))
def test_replay_agrees_with_a_checker_made_anew_for_each_state(body: list[str], seed: int) -> None:
    """A walk by differences says of each trial what a new checker says in the same state."""
    found = episodes(seed, 2, 8)
    walked = Replay(modules(), found)
    covered = walked.chosen(walked.covers([unlock(body)])[0])
    assert {(trial.episode, trial.turn) for trial in covered} == naive(unlock(body), found)


COUNTING = (
    ["N = count : { past unlock(_, _) }", "N > 1"],
    ["N = count : { failed unlock(D, K) }", "N > 1"],
    ["N = count : { past unlock(D, K), not failed unlock(D, K) }", "N > 0"],
    ["N = count : { past wait() }", "M = count : { succeeded enter(_) }", "N > M"],
)


@pytest.mark.heavy
@pytest.mark.parametrize("stated", ["", "past wait(). past wait(). past unlock(d1, k1)."])
@pytest.mark.parametrize("body", COUNTING)
@pytest.mark.parametrize("seed", range(3))
def test_replay_counts_the_calls_of_each_episode(seed: int, body: list[str], stated: str) -> None:
    """Equal calls of an episode are several; those of another are none, and what the rules themselves state
    is there in each."""
    found = episodes(seed, 3, 10)
    walked = Replay(modules(stated), found)
    covered = walked.chosen(walked.covers([unlock(body)])[0])
    assert {(trial.episode, trial.turn) for trial in covered} == naive(unlock(body), found, stated)


@given(st.lists(BODIES, min_size=1, max_size=4))
def test_a_body_holds_where_each_of_its_parts_does(bodies: list[list[str]]) -> None:
    """A rule covers exactly the trials that each of its independent parts covers."""
    rules = [unlock(body) for body in bodies]
    whole = [mask(found) for found in replay().weights(rules)]
    assert replay().covers(rules) == whole


def test_parts_share_no_variable_but_those_of_the_head() -> None:
    """A new variable ties items together; the action's own do not."""
    found = independent_parts(
        rule("forbid unlock(D, K) :- holds(K), colour(D, C), raining, fits(K, C), not opened(D).")
    )
    assert {print_clause(each).partition(" :- ")[2] for each in found} == {
        "holds(K).",
        "colour(D, C), fits(K, C).",
        "raining.",
        "not opened(D).",
    }


def test_only_what_was_seen_to_end_counts() -> None:
    """An action without an outcome is no trial, and is history all the same."""
    steps = (
        RecordedStep(0, None, None, (), ("colour(d1, red)",)),
        RecordedStep(1, "enter(d1)", None),
        RecordedStep(2, "enter(d1)", False),
    )
    found = Replay(modules(), [RecordedEpisode("one", steps, "one")])
    assert [(trial.turn, trial.succeeded) for trial in found.trials] == [(2, False)]
    assert found.covers([rule("forbid enter(D) :- past enter(D).")]) == [1]
    assert found.covers([rule("forbid enter(D) :- failed enter(D).")]) == [0]


def test_a_state_ends_with_its_episode() -> None:
    """Nothing that was seen or done in an episode holds in the next."""
    steps = (
        RecordedStep(0, None, None, (), ("raining", "not opened(d1)")),
        RecordedStep(1, "enter(d1)", False),
    )
    other = (RecordedStep(0, None, None, (), ()), RecordedStep(1, "enter(d1)", True))
    found = Replay(modules(), [RecordedEpisode("one", steps, "one"), RecordedEpisode("two", other, "two")])
    asked = ["raining", "not opened(D)", "past enter(D)"]
    assert found.covers([rule(f"forbid enter(D) :- {body}.") for body in asked]) == [1, 1, 0]


def test_a_fact_that_the_rules_state_comes_back_with_the_next_episode() -> None:
    """A fact of the rules that an episode took away holds again at the start of the next."""
    steps = (
        RecordedStep(0, None, None, ("fits(k9, red)",), ("raining",)),
        RecordedStep(1, "enter(d1)", False),
    )
    other = (RecordedStep(0, None, None, (), ("raining",)), RecordedStep(1, "enter(d1)", False))
    stated = modules("fits(k9, red).")
    found = Replay(stated, [RecordedEpisode("one", steps, "one"), RecordedEpisode("two", other, "two")])
    assert found.covers([rule("forbid enter(_) :- fits(k9, red).")]) == [2]


def test_the_weight_of_a_body_is_told() -> None:
    """A rule that reads what is only probable holds with that weight, its own weight left out."""
    steps = (RecordedStep(0, None, None, (), ("0.4 :: holds(k1)",)), RecordedStep(1, "enter(d1)", False))
    found = Replay(modules(), [RecordedEpisode("one", steps, "one")])
    assert found.weights([rule("0.5 :: forbid enter(_) :- holds(_).")]) == [{0: 0.4}]


def test_a_walk_ends_when_its_time_is_over() -> None:
    """A replay is bounded."""
    with pytest.raises(BudgetError, match="longer than"):
        Replay(modules(), episodes(0)).covers([rule("forbid enter(D) :- opened(D).")], seconds=-1)


def test_what_was_recorded_is_what_was_played() -> None:
    """The lines of a recording and the turns themselves make one episode."""
    checker = Checker.from_text(Boxes.declarations)
    plan = [Action("open", "box_1"), Action("take", "box_1"), Action("wait")]
    turns = list(play(Boxes(), checker, Planned(plan)))
    lines = [heading("boxes", "coin", "a plan", checker.program.version, shadow=False)]
    texts = [json.dumps(line) for line in [*lines, *map(turn_json, turns)]]
    assert read_episodes(texts) == [episode_of("boxes", turns)]
    again = read_episodes([*texts, *texts])
    assert [(each.id, each.task) for each in again] == [("boxes", "boxes"), ("boxes#2", "boxes")]
    assert again[0] == replace(again[1], id="boxes")


def test_a_line_that_was_cut_off_is_left_out() -> None:
    """A recording that ends in the middle of a line is read up to there."""
    first = '{"mpr_trajectory": 1, "line": "episode", "task": "t"}'
    turn = '{"line": "turn", "number": 1, "action": "wait", "succeeded": true}'
    assert read_episodes([first, turn, turn[:20]]) == [
        RecordedEpisode("t", (RecordedStep(1, "wait", True),), "t")
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["{", "{}"], "f:1: this is not JSON"),
        (["[]"], "f:1: a line of a recording is a JSON object"),
        (['{"line": "turn", "number": 1}'], "f:1: a turn stands before"),
        (['{"line": "other"}'], "`line` is 'other'"),
        (['{"line": "episode"}'], "f:1: `task` is a text"),
        (['{"line": "episode", "task": "t"}', '{"line": "turn", "number": "x"}'], "f:2: `number`"),
        (['{"line": "episode", "task": "t"}', '{"line": "turn", "number": 1, "added": 3}'], "`added`"),
        (
            ['{"line": "episode", "task": "t"}', '{"line": "turn", "number": 1, "succeeded": 3}'],
            "`succeeded`",
        ),
    ],
)
def test_a_broken_recording_is_said_to_be_one(lines: list[str], said: str) -> None:
    """A text that is no recording ends in an error that names the line."""
    with pytest.raises(StateError, match=said.replace("[", r"\[")):
        read_episodes(lines, "f")


def test_an_episode_of_another_world_is_refused() -> None:
    """Actions and facts that are not declared are no part of a replay."""
    with pytest.raises(StateError):
        Replay(modules(), [RecordedEpisode("one", (RecordedStep(1, "fly(d1)", True),), "one")])
    with pytest.raises(StateError):
        Replay(
            modules(), [RecordedEpisode("one", (RecordedStep(0, None, None, (), ("flying(d1)",)),), "one")]
        )


@given(st.sets(st.integers(0, 200)))
def test_masks_are_sets(numbers: set[int]) -> None:
    """A mask holds the numbers that went in."""
    assert list(bits(mask(numbers))) == sorted(numbers)
