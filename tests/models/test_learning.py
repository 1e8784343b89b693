"""Learning into a memory: episodes come in, rules with their evidence and their teachers come out."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from mpr_logic.language.parser import parse

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.memory.store import Memory
from mpr_logic.models.learning import learn

DOORS = """
.type door <: symbol
.type key <: symbol
.type colour <: symbol
.decl colour(d: door, c: colour)
.decl holds(k: key)
.decl fits(k: key, c: colour)
.action unlock(d: door, k: key)
"""
COLOURS = ("red", "green", "blue")
HEADING = {"mpr_trajectory": 1, "line": "episode", "kind": "doors", "policy": "scripted", "rules": ""}


def tries(rooms: int) -> list[list[dict[str, Any]]]:
    """Episodes of one try each: a key opens a door where it is held and fits the colour."""
    found = []
    for door, key, held, room in product(COLOURS, COLOURS, (True, False), range(rooms)):
        added = [f"colour(door_1, {door})", f"fits(key_1, {key})", *["holds(key_1)"] * held]
        start = {"line": "turn", "number": 0, "decisions": [], "action": None, "added": added}
        tried = {"line": "turn", "number": 1, "decisions": [], "action": "unlock(door_1, key_1)"}
        heading = HEADING | {"task": f"{door}-{key}-{held}-{room}", "shadow": True}
        found.append([heading, start, tried | {"succeeded": held and door == key}])
    return found


def memory_of(rooms: int) -> Memory:
    """A memory of these episodes."""
    memory = Memory.open("sqlite://")
    for lines in tries(rooms):
        memory.add_episode(lines)
    return memory


def test_laws_are_learned_with_their_teachers() -> None:
    """The two laws of the doors are found; each leads back to episodes of failures, and says why."""
    with memory_of(10) as memory:
        lesson = learn(memory, [parse(DOORS)])
        assert (lesson.episodes, lesson.trials, lesson.failures) == (180, 180, 150)
        rules = {rule.text.rsplit("\n", 1)[-1]: rule for rule in memory.rules()}
        assert set(rules) == {
            "forbid unlock(D, K) :- not holds(K).",
            "forbid unlock(D, K) :- colour(D, C), not fits(K, C).",
        }
        tasks = {episode.id: episode.task for episode in memory.episodes()}
        for rule in rules.values():
            assert (rule.kind, rule.status, rule.right) == ("induced", "law", 0)
            assert rule.wrong >= 10
            assert rule.episodes
            for taught in rule.episodes:
                door, key, held, _ = tasks[taught].split("-")
                assert held == "False" or door != key
        assert "has always failed where not holds({K})" in memory.export()


def test_learning_again_changes_nothing() -> None:
    """Learning once more counts no trial twice, and merges each candidate with the rule that is known."""
    with memory_of(10) as memory:
        learn(memory, [parse(DOORS)])
        before = memory.export()
        again = learn(memory, [parse(DOORS)])
        assert {outcome.verdict for outcome in again.outcomes} == {"merged"}
        assert memory.export() == before


def test_a_success_that_comes_later_takes_the_law_down() -> None:
    """A law that a new episode contradicts is advice from then on."""
    with memory_of(10) as memory:
        learn(memory, [parse(DOORS)])
        lines = next(lines for lines in tries(1) if lines[2]["succeeded"])
        lines[1]["added"] = [fact for fact in lines[1]["added"] if not fact.startswith("holds")]
        memory.add_episode(lines)
        learn(memory, [parse(DOORS)])
        (rule,) = [rule for rule in memory.rules() if rule.text.endswith(":- not holds(K).")]
        assert (rule.status, rule.right) == ("advice", 1)


def test_nothing_is_learned_of_nothing() -> None:
    """Without failures there are no rules."""
    with Memory.open("sqlite://") as memory:
        lesson = learn(memory, [parse(DOORS)])
        assert (lesson.trials, lesson.outcomes, lesson.rules) == (0, (), {})
        assert memory.rules() == []
