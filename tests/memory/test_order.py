"""Learned rules about the order of calls: judged by recorded trials, kept, retrieved, forgotten."""

from __future__ import annotations

import random
from functools import cache

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.checker.checker import Checker
from mpr_logic.language import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import SearchLimits
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.retrieval import Retriever
from mpr_logic.memory.store import Memory

DECLARED = """\
.type thing <: symbol
.decl here(t: thing)
.decl hot(t: thing)
.action read(t: thing)
.action send(t: thing)
.action confirm()
"""
LAW = "forbid send(T) :- not past confirm since past read(_)."
SOURCE = "reflection: ep-1"


@cache
def recorded() -> Replay:
    """Episodes in which a send fails from a read until a person confirmed, and those within an hour of a
    read of `b` by the recorded clock too."""
    found = []
    for number in range(8):
        draw = random.Random(number)
        steps = [RecordedStep(0, None, None, (), ("here(a)", "here(b)", "hot(a)", "now(0)"))]
        open_, read_at, now = False, -9999, 0
        for turn in range(1, 30):
            action = draw.choice(["read(a)", "read(b)", "send(a)", "send(b)", "confirm"])
            failed = action.startswith("send") and (open_ or now - read_at <= 3600)
            open_ = action != "confirm" and (open_ or action.startswith("read"))
            read_at = now if action == "read(b)" else read_at
            later = now + draw.choice([60, 600, 4000])
            added = (f"now({later})", f"called({turn}, {action.partition('(')[0]}, {now})")
            steps.append(RecordedStep(turn, action, not failed, (f"now({now})",), added))
            now = later
        found.append(RecordedEpisode(f"ep-{number}", tuple(steps), f"task-{number}"))
    return Replay([parse(DECLARED)], found)


def learned(gate: Gate) -> list[str]:
    """The bare rules of a gate."""
    return [print_clause(rule.clause, annotations=False) for rule in gate.rules.values()]


def test_a_rule_about_the_order_is_judged_by_the_recorded_calls() -> None:
    """The rule covers what a walk over the recorded calls finds; a literal that it does not need goes."""
    gate = Gate([parse(DECLARED)], recorded())
    outcome = gate.admit(LAW.replace(":-", ":- hot(T),"), SOURCE)
    assert outcome.verdict == "refined"
    (rule,) = outcome.rules
    assert learned(gate) == [LAW]
    assert rule.clause.annotation("because") == (
        "send({T}) has always failed where not past confirm since past read(_)",
    )
    covered = {(trial.episode, trial.turn) for trial in recorded().chosen(rule.right)}
    expected = set()
    for number in range(8):
        draw, open_ = random.Random(number), False
        for turn in range(1, 30):
            action = draw.choice(["read(a)", "read(b)", "send(a)", "send(b)", "confirm"])
            draw.choice([60, 600, 4000])
            if action.startswith("send") and open_:
                expected.add((f"ep-{number}", turn))
            open_ = action != "confirm" and (open_ or action.startswith("read"))
    assert covered == expected


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("forbid send(X) :- not past confirm since past read(_), here(X).", "merged"),
        ("forbid send(T) :- past read(b) within 1h.", "admitted"),
        ("forbid send(T) :- past confirm since past read(_).", "refused"),
        ("prefer send(T) :- past confirm after past read(_).", "admitted"),
    ],
)
def test_each_place_in_time_is_judged(text: str, verdict: str) -> None:
    """One that a rule says already is merged, one that failures speak for is let in, another is refused."""
    gate = Gate([parse(DECLARED)], recorded(), SearchLimits(steps=200, conditions=1), parse(LAW).clauses)
    outcome = gate.admit(text, SOURCE)
    assert outcome.verdict == verdict, outcome.reason
    assert not outcome.diagnostics


def test_without_a_clock_a_rule_that_asks_for_it_is_refused_for_that() -> None:
    """Where no time of a call was recorded, nothing can speak for the rule."""
    steps = (RecordedStep(1, "read(a)", True), RecordedStep(2, "send(a)", False))
    gate = Gate([parse(DECLARED)], Replay([parse(DECLARED)], [RecordedEpisode("e", steps, "e")]))
    outcome = gate.admit("forbid send(T) :- past read(_) within 1h.", SOURCE)
    assert outcome.verdict == "refused"
    assert "nobody told the time" in outcome.reason


def test_a_memory_keeps_the_authors_form() -> None:
    """The rule is stored, merged with its equals, exported, imported unchanged; its evidence is forgotten."""
    lines = [
        {"line": "episode", "task": "t", "seed": 0, "steps": 2},
        {"line": "turn", "number": 1, "action": "read(a)", "succeeded": True},
        {"line": "turn", "number": 2, "action": "send(a)", "succeeded": False},
    ]
    with Memory.open("sqlite://") as memory:
        memory.declare(parse(DECLARED))
        episode = memory.add_episode(lines)
        rule = memory.put(LAW, source=SOURCE, because="it was secret", episodes=[episode])
        assert rule.text.endswith(LAW)
        assert memory.put(LAW.replace("T", "Any")).id == rule.id
        memory.observe([RuleOutcome(rule.id, episode, 2, True)])
        text = memory.export(declarations=True)
        assert LAW in text
        analyse([parse(text)])
        done = memory.import_(text)
        assert done.unchanged == (rule.id,)
        assert not done.new
        assert memory.get(rule.id).wrong == 1
        memory.forget(episode)
        assert not [each for each in memory.rules() if each.id == rule.id and each.wrong]


def test_what_is_missing_is_told_in_the_authors_words() -> None:
    """A retrieved rule that is one literal away tells that literal as it was written."""
    rules = f"@id(order) forbid send(T) :- past read(T) before past confirm, hot(T). @id(law) {LAW}"
    checker = Checker.from_text(f"{DECLARED}{rules}")
    retriever = Retriever(checker)
    checker.update(add=["hot(a)", "past confirm"])
    checker.update(add=["past read(a)"])
    found = {each.rule.id: each.missing for each in retriever.find(["send(a)"])}
    assert found == {"law": None, "order": "past read(a) before past confirm"}
    checker.update(add=["past confirm"])
    found = {each.rule.id: each.missing for each in retriever.find(["send(a)"])}
    assert found == {"order": None, "law": "not past confirm since past read(_)"}
