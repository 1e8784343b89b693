"""The absent-minded person: what it forgets, what reminds it, and what that is worth."""

from __future__ import annotations

import pytest

from mpr_logic import Checker
from mpr_logic.agent.guidance import Guide, Retrieval, WholeMemory
from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import Reminded
from mpr_logic.agent.trajectory import Turn
from tests.agent.cook import RULES, Kitchen
from tests.agent.test_policies import played

TAKE, PUT, OPEN = "take(milk_1, counter_1)", "put(milk_1, fridge_1)", "open(fridge_1)"


def turns(
    *,
    shadow: bool,
    guide: Guide | None = None,
    seed: int = 1,
    share: float = 1.0,
    heeds: float = 1.0,
    food: int = 1,
    rules: str | None = None,
) -> list[Turn]:
    """An episode of a person that forgets to open the fridge."""
    world = Kitchen(food)
    checker = Checker.load(RULES) if rules is None else Checker.from_text(f"{world.declarations}{rules}")
    policy = Reminded(world.plan(), forgets=("open",), seed=seed, share=share, heeds=heeds)
    return list(play(world, checker, policy, shadow=shadow, guide=guide))


def test_alone() -> None:
    """It tries twice what comes to nothing, and goes on with its plan to the end."""
    assert played(turns(shadow=True)) == [TAKE, f"-{PUT}", f"-{PUT}", ""]


def test_alone_and_nothing_forgotten() -> None:
    """With a share of 0 it plays its plan."""
    assert played(turns(shadow=True, share=0)) == [TAKE, OPEN, PUT]


@pytest.mark.parametrize("guide", [Retrieval(), WholeMemory()])
def test_guidance(guide: Guide) -> None:
    """Told the rule, it remembers the step before it proposes what the rule forbids; nothing is blocked."""
    assert played(turns(shadow=True, guide=guide)) == [TAKE, OPEN, PUT]
    assert played(turns(shadow=False, guide=guide)) == [TAKE, OPEN, PUT]


def test_guidance_that_is_not_heeded() -> None:
    """A rule that the policy does not heed changes nothing, as if it was not told."""
    assert played(turns(shadow=True, guide=Retrieval(), heeds=0)) == [TAKE, f"-{PUT}", f"-{PUT}", ""]


def test_rules_that_it_is_not_told() -> None:
    """A rule that the guide leaves out reminds it of nothing, though the checker has it."""
    assert played(turns(shadow=True, guide=Retrieval(["sparks"]))) == [TAKE, f"-{PUT}", f"-{PUT}", ""]


def test_check() -> None:
    """A rejection reminds it always of the step before this place, whether it names a repair or not."""
    assert played(turns(shadow=False, heeds=0)) == [TAKE, f"-{PUT} {OPEN}", PUT]
    without_effects = "forbid put(O, P) :- openable(P), not opened(P)."
    assert played(turns(shadow=False, heeds=0, rules=without_effects)) == [TAKE, f"-{PUT} {OPEN}", PUT]


def test_a_rejection_that_reminds_of_nothing() -> None:
    """The policy has no other proposal after a rejection when nothing was forgotten: the turn is the
    fallback's."""
    rules = "forbid put(O, P) :- cold(P). 0.5 :: prefer open(P) :- openable(P), not opened(P)."
    *_, last = turns(shadow=False, share=0, rules=rules)
    assert (str(last.action), [str(d.action) for d in last.decisions]) == ("None", [PUT])
    found = turns(shadow=False, share=1, rules=rules)
    assert played(found) == [TAKE, f"-{PUT} {OPEN}", f"-{PUT}"]


def test_the_earliest_comes_first() -> None:
    """Of two steps that were forgotten it remembers the earlier, does it, and proposes again."""
    rules = "forbid put(O, P) :- not opened(P). forbid put(O, P) :- not holding(O)."
    world = Kitchen()
    policy = Reminded(world.plan(), forgets=("open", "take"), seed=1, share=1.0)
    checker = Checker.from_text(f"{world.declarations}{rules}")
    assert played(list(play(world, checker, policy))) == [f"-{PUT} {TAKE}", f"-{PUT} {OPEN}", PUT]


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(5))
def test_by_seed(seed: int) -> None:
    """The same seed does the same; what is forgotten does not depend on what it is told or heeds."""

    def kept(guide: Guide | None, heeds: float) -> list[str]:
        found = turns(shadow=True, guide=guide, seed=seed, share=0.5, heeds=heeds, food=8)
        return played(found)

    assert kept(None, 1.0) == kept(None, 0.0) == kept(Retrieval(), 0.0)
    assert kept(Retrieval(), 0.5) == kept(Retrieval(), 0.5)


@pytest.mark.slow
def test_what_it_is_worth() -> None:
    """Over many seeds it wins more often told than alone, and more often still under the check."""

    def won(guide: Guide | None, *, shadow: bool) -> int:
        found = [
            turns(shadow=shadow, guide=guide, seed=seed, share=0.5, heeds=0.6, food=3) for seed in range(30)
        ]
        return sum(each[-1].observation.won for each in found)

    alone, soft = won(None, shadow=True), won(Retrieval(), shadow=True)
    hard, both = won(None, shadow=False), won(Retrieval(), shadow=False)
    assert alone < soft < both
    assert hard == both == 30
