"""Probes: a wrong law falls again within its budget of probes, and without them it never does."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.agent.loop import Probing, play
from mpr_logic.agent.policies import Planned
from mpr_logic.agent.trajectory import Turn, heading, turn_json
from mpr_logic.agent.transcript import turn_text
from mpr_logic.analysis import analyse
from mpr_logic.checker.checker import Checker
from mpr_logic.checker.decision import Decision
from mpr_logic.checker.loading import load_modules
from mpr_logic.language.parser import parse
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import PROBES_EACH, Memory
from mpr_logic.models.learning import learn
from tests.agent.cook import RULES, Kitchen
from tests.agent.test_play import Says

POISON = "forbid put(O, P) :- cold(P)."
"""A law that is wrong: the task needs the milk to be put into the cold."""

MODULES = load_modules([RULES])


def poisoned(folder: Path, *rules: str) -> tuple[Memory, list[str]]:
    """A memory in which these rules have become law: something looked as if they were right."""
    memory = Memory.open(folder / "memory.db")
    memory.declare(analyse(MODULES))
    turn = {"line": "turn", "number": 1, "action": "put(stone_1, chest_1)", "succeeded": False}
    rooms = [heading(f"elsewhere {n}", "kitchen", "scripted", "v0", shadow=True) for n in range(30)]
    episodes = memory.add_episodes([line for first in rooms for line in (first, turn)], many=True)
    ids = [memory.put(text, kind="model", episodes=episodes).id for text in rules or [POISON]]
    for id in ids:
        memory.observe(RuleOutcome(id, episode, 1, wrong=True) for episode in episodes)
        assert memory.get(id).status == "law"
    return memory, ids


def checker_of(memory: Memory) -> Checker:
    """The kitchen's own rules, and those of the memory."""
    return Checker(analyse([*MODULES, parse(memory.export(), "<memory>")]))


def played(memory: Memory, *, probing: bool, task: str) -> list[Turn]:
    """An episode by the walkthrough, entered into the memory with all that it teaches."""
    world, checker = Kitchen(), checker_of(memory)
    policy = Planned(world.plan())
    probe = Probing(memory) if probing else None
    turns = list(play(world, checker, policy, repairs=True, probe=probe))
    first = heading(task, "kitchen", policy.name, checker.program.version, shadow=False)
    memory.add_episode([first, *map(turn_json, turns)])
    learn(memory, MODULES, induced=False)
    return turns


def test_a_wrong_law_falls(tmp_path: Path) -> None:
    """Within its budget of probes, here with the first, a law that forbids what the task needs is law no
    more; from then on nothing has to be probed."""
    memory, (id,) = poisoned(tmp_path)
    with memory:
        found = []
        for number in range(PROBES_EACH):
            found.append(played(memory, probing=True, task=f"kitchen/{number}"))
            if memory.get(id).status != "law":
                break
        probed = [turn for turns in found for turn in turns if turn.probed]
        assert 1 <= len(probed) <= PROBES_EACH
        assert str(probed[0].action) == "put(milk_1, fridge_1)"
        assert not probed[0].decisions[-1].admissible
        rule = memory.get(id)
        assert (rule.status, rule.right, rule.contradicted) == ("advice", 1, True)
        assert any(change.kind == "demote" for change in memory.log(id))
        after = played(memory, probing=False, task="kitchen/after")
        assert after[-1].observation.won
        assert not any(turn.probed for turn in after)


def test_without_probes_it_stays(tmp_path: Path) -> None:
    """Without probes a wrong law stays: what it blocks is never tried, so the task is never done."""
    memory, (id,) = poisoned(tmp_path)
    with memory:
        for number in range(PROBES_EACH + 2):
            turns = played(memory, probing=False, task=f"kitchen/{number}")
            assert not any(turn.observation.won or turn.probed for turn in turns)
        assert (memory.get(id).status, memory.get(id).right) == ("law", 0)


def test_the_budget(tmp_path: Path) -> None:
    """A rule has no more probes than its budget, whoever asks; then it blocks again."""
    memory, _ = poisoned(tmp_path)
    with memory:
        granted = 0
        for _ in range(3):
            probing = Probing(memory, budget=2)
            for decision in rejected(memory, "put(milk_1, fridge_1)", opened=True) * 2:
                granted += probing(decision)
        assert granted == 2
        assert memory.stats()["probes"] == 2


def rejected(memory: Memory, action: str, *, opened: bool) -> list[Decision]:
    """The checker's decision, a rejection, about an action while the milk is held."""
    checker = checker_of(memory)
    held = ["openable(fridge_1)", "cold(fridge_1)", "holding(milk_1)"]
    checker.update(add=[*held, *(["opened(fridge_1)"] if opened else [])])
    decision = checker.check(action)
    assert not decision.admissible
    return [decision]


@pytest.mark.parametrize("action", ["put(milk_1, fridge_1)", "light(fridge_1)", "fly", "put(milk_1)"])
def test_what_is_never_probed(tmp_path: Path, action: str) -> None:
    """No probe is spent where a hand-written rule blocks too, nothing permits the action, or it is none."""
    memory, _ = poisoned(tmp_path)
    with memory:
        (decision,) = rejected(memory, action, opened=False)
        assert not Probing(memory)(decision)
        assert memory.stats()["probes"] == 0


def test_a_rule_that_a_hand_has_changed(tmp_path: Path) -> None:
    """A rule of the memory that a person wrote is no learned one."""
    memory, (id,) = poisoned(tmp_path)
    with memory:
        memory.import_(f"@id({id}) forbid put(O, P) :- cold(P), holding(O).")
        (decision,) = rejected(memory, "put(milk_1, fridge_1)", opened=True)
        assert not Probing(memory)(decision)


def test_every_rule_is_asked(tmp_path: Path) -> None:
    """A probe past several learned rules needs one probe of each; once one rule has none left, those of the
    others are kept."""
    memory, (first, second) = poisoned(tmp_path, POISON, "forbid put(O, P) :- holding(O), opened(P).")
    with memory:
        for _ in range(PROBES_EACH):
            memory.probe(second, "asked elsewhere")
        (decision,) = rejected(memory, "put(milk_1, fridge_1)", opened=True)
        assert set(decision.rules) == {first, second}
        probing = Probing(memory)
        assert not any(probing(decision) for _ in range(5))
        assert memory.stats()["probes"] <= PROBES_EACH + 1


def test_the_loop_asks() -> None:
    """The loop asks once for each rejection, lets through what is granted, and says so; in shadow mode, and
    of what is no action, nothing is asked or probed."""
    asked: list[str] = []

    def probe(decision: Decision) -> bool:
        asked.append(str(decision.action))
        return "put" in str(decision.action)

    checker = Checker(analyse(MODULES))
    policy = Says("take(milk_1, fridge_1)", "open(fridge_1)", "put(milk_1, fridge_1)")
    _, first, second, _ = play(Kitchen(), checker, policy, probe=probe, repairs=True)
    assert asked == ["take(milk_1, fridge_1)", "put(milk_1, fridge_1)"]
    assert [(str(t.action), t.probed, t.fallback) for t in (first, second)] == [
        ("open(fridge_1)", False, False),
        ("put(milk_1, fridge_1)", True, False),
    ]
    assert [turn_json(turn)["probed"] for turn in (first, second)] == [False, True]
    assert "✗ put(milk_1, fridge_1) (probe: done all the same)" in turn_text(second, "says", shadow=False)
    shadow = play(
        Kitchen(), Checker(analyse(MODULES)), Says("put(milk_1, fridge_1)"), shadow=True, probe=probe
    )
    assert [turn.probed for turn in shadow] == [False, False, False]
    assert len(asked) == 2
    through = play(Kitchen(), Checker(analyse(MODULES)), Says("fly"), probe=probe)
    assert [turn.action for turn in through] == [None, None]
    assert len(asked) == 2
