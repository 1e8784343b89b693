"""Each group of episodes is left out in turn: what one group alone says makes no law."""

from __future__ import annotations

import pytest

from mpr_logic.language.parser import parse
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import SearchLimits, induce
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay, read_episodes

DOORS = """\
.decl locked(d: symbol)
.decl rusty(d: symbol)
.action open(d: symbol)
"""


def room(name: str, *doors: tuple[str, bool], group: str = "") -> RecordedEpisode:
    """An episode in which doors are tried, each in the states that are named before it, and open or not."""
    steps, held = [], ""
    for number, (facts, opens) in enumerate(doors, 1):
        new = tuple(f"{fact}(d{number})" for fact in facts.split())
        steps += [RecordedStep(number, None, None, (), new)]
        steps += [RecordedStep(number, f"open(d{number})", opens)]
        held += facts
    return RecordedEpisode(name, tuple(steps), name, group)


def held(episodes: list[RecordedEpisode], text: str) -> str:
    """The reason that keeps a rule from being law which the gate has let in."""
    gate = Gate([parse(DOORS)], Replay([parse(DOORS)], episodes), SearchLimits(conditions=1))
    outcome = gate.admit(text, "test")
    assert outcome.verdict in ("admitted", "refined"), outcome.reason
    (reason,) = gate.holds().values()
    return reason


LOCKED = "forbid open(D) :- locked(D)."
BOTH = (("locked", False), ("", True))


def test_what_many_groups_say_is_not_held_back() -> None:
    """Failures in many rooms, and successes in all of them."""
    assert held([room(f"r{n}", *BOTH, *BOTH) for n in range(12)], LOCKED) == ""


def test_what_one_group_says_is_held_back() -> None:
    """All failures are of one room, whatever their number, also where it is spread over episodes."""
    one = [room(f"e{n}", *BOTH, *BOTH, *BOTH, group="attic") for n in range(12)]
    others = [room(f"r{n}", ("", True)) for n in range(12)]
    assert held([*one, *others], LOCKED) == "all that speaks for it happened in `attic`"


def test_what_is_chance_without_one_group_is_held_back() -> None:
    """A room with many failures, and one failure elsewhere, which nobody would learn from."""
    many = room("attic", *[("locked", False)] * 12)
    others = [room(f"r{n}", ("locked", False) if n == 3 else ("", True)) for n in range(12)]
    said = held([many, *others], LOCKED)
    assert said == "without `attic` no more than 1 failure would speak for it, which may be chance"


def test_a_condition_of_one_group_is_held_back() -> None:
    """Rusty doors stay shut in every room, but one opens in the attic, where it is not locked: nobody knows
    what the next room needs. With a second such room it is known."""
    rooms = [room(f"r{n}", ("rusty locked", False), ("rusty locked", False), ("", True)) for n in range(12)]
    attic, cellar = (room(name, ("rusty", True)) for name in ("attic", "cellar"))
    text = "forbid open(D) :- rusty(D), locked(D)."
    mixed = [room(f"s{n}", ("locked", True)) for n in range(3)]
    said = held([*rooms, attic, *mixed], text)
    assert said == (
        "without `attic` it would be `forbid open(D) :- rusty(D).`, which open(d1) in turn 1 of attic "
        "contradicts: one group alone says what it needs"
    )
    assert held([*rooms, attic, cellar, *mixed], text) == ""


def test_cases_are_counted_by_group() -> None:
    """Trials alike in several episodes of one group are one case, of several groups several."""
    same = [room(f"e{n}", *BOTH, group=f"g{n % 2}") for n in range(6)]
    replay = Replay([parse(DOORS)], same)
    assert len(replay.trials) == 12
    assert replay.cases.bit_count() == 4
    assert [mask.bit_count() for mask in replay.groups.values()] == [6, 6]


@pytest.mark.parametrize(("group", "rules"), [("", 1), ("attic", 0)])
def test_repeats_in_one_group_teach_nothing(group: str, rules: int) -> None:
    """The search finds in thirty rooms what it does not find in one that was played thirty times."""
    episodes = [room(f"r{n}", *BOTH, group=group) for n in range(30)]
    replay = Replay([parse(DOORS)], episodes)
    assert len(induce(replay, SearchLimits(conditions=1))) == rules


def test_the_group_is_read_from_a_recording() -> None:
    """It is the heading's, and the task where the heading names none."""
    lines = ['{"line": "episode", "task": "t1", "group": "attic"}', '{"line": "episode", "task": "t2"}']
    assert [each.group for each in read_episodes(lines)] == ["attic", ""]
