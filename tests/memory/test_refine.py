"""Refinement: roughly right rules become right ones."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.language.ast import Clause
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.operators import RefinementOperator, StepBudget, fresh, generalisations
from mpr_logic.memory.induction.refine import Compression, Refiner, SearchLimits
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay, mask
from tests.helpers.doors import BODIES, episodes, modules, replay, rule, unlock
from tests.helpers.examples import at_most

EVERYTHING = rule("forbid unlock(D, K).")
SMALL = SearchLimits(beam=3, rules=3, literals=3)


def texts(found: list[Clause]) -> list[str]:
    """The rules as text."""
    return [print_clause(clause) for clause in found]


@pytest.mark.heavy
@settings(max_examples=at_most(15))
@given(st.integers(0, 4), BODIES)
def test_refined_rules_cover_failures_and_no_success(seed: int, body: list[str]) -> None:
    """Each refined rule, whatever the start, is valid, has failures that it covers, and covers no success."""
    trials = replay(seed)
    found = Refiner(trials, SMALL).refine(unlock(body))
    for clause, covered in zip(found, trials.covers(found), strict=True):
        assert trials.valid(clause)
        assert covered & trials.failed
        assert not covered & trials.succeeded
        assert clause.body


def test_the_laws_are_found() -> None:
    """From the rule that forbids everything to the two reasons why a key does not open a door."""
    found = Refiner(replay()).refine(EVERYTHING)
    assert texts(found) == [
        "forbid unlock(D, K) :- colour(D, C), not fits(K, C).",
        "forbid unlock(D, K) :- not holds(K).",
    ]
    first, second = replay().covers(found)
    assert first | second == replay().of("unlock") & replay().failed


def test_an_unknown_door_is_left_alone() -> None:
    """A rule learned over an open-world relation forbids only where a fact was observed to be false."""
    assert texts(Refiner(replay()).refine(rule("forbid enter(D)."))) == ["forbid enter(D) :- not opened(D)."]


def test_what_is_unsaid_is_in_no_rule() -> None:
    """No condition speaks of a relation that is left out; what else there is, is found all the same."""
    found = Refiner(replay(), SearchLimits(excluded=frozenset({"fits"}))).refine(EVERYTHING)
    assert "forbid unlock(D, K) :- not holds(K)." in texts(found)
    assert not any("fits" in text for text in texts(found))


def test_a_roughly_right_rule_becomes_right() -> None:
    """One that speaks of another key than the one in question is led to the right one."""
    found = Refiner(replay()).refine(rule("forbid unlock(D, K) :- colour(D, C), fits(L, C), L != K."))
    assert "forbid unlock(D, K) :- colour(D, C), not fits(K, C)." in texts(found)


def test_failures_that_others_cover_count_for_nothing() -> None:
    """A search that knows one of two laws learns the other."""
    known = replay().covers([rule("forbid unlock(D, K) :- colour(D, C), not fits(K, C).")])[0]
    found = Refiner(replay()).refine(EVERYTHING, known=known)
    assert texts(found) == ["forbid unlock(D, K) :- not holds(K)."]


def test_nothing_is_learned_where_nothing_ever_succeeds() -> None:
    """Failures alone say nothing of why: no rule is worth its length."""
    failing = [
        replace(episode, steps=tuple(replace(s, succeeded=s.succeeded and None) for s in episode.steps))
        for episode in episodes(3)
    ]
    hopeless = Replay(modules(), failing)
    assert not hopeless.succeeded
    assert Refiner(hopeless).refine(EVERYTHING) == []


def test_what_was_tried_over_and_over_counts_once() -> None:
    """The same failures from the same place are one case, and teach no law by their number."""
    once = Compression(mask(range(50)), mask([50, 51]), mask([0, 50]), 0.001)
    often = Compression(mask(range(50)), mask([50, 51]), mask(range(52)), 0.001)
    assert once.bits(mask(range(50)), 0) < 0 < often.bits(mask(range(50)), 0)


@settings(max_examples=at_most(15))
@given(st.integers(0, 4), BODIES)
def test_generalised_rules_cover_no_success(seed: int, body: list[str]) -> None:
    """A rule that covers no success covers as much and no success when it is generalised."""
    trials = replay(seed)
    before = trials.covers([unlock(body)])[0]
    if before & trials.succeeded:
        return
    wider = Refiner(trials).generalise(unlock(body))
    after = trials.covers([wider])[0]
    assert not after & trials.succeeded
    assert wider.body


def test_what_is_over_special_is_generalised() -> None:
    """Items and constants that it does not need go; what is left is the law."""
    special = rule("forbid unlock(D, K) :- not holds(K), raining, colour(D, red).")
    assert texts([Refiner(replay()).generalise(special)]) == ["forbid unlock(D, K) :- not holds(K)."]


def test_wider_rules_have_less_in_them() -> None:
    """One item less, one variable less, or one constant less, everywhere it stands."""
    found = texts(list(generalisations(rule("forbid unlock(d1, K) :- holds(K), fits(K, C), colour(d1, C)."))))
    assert found == [
        "forbid unlock(d1, K) :- fits(K, C), colour(d1, C).",
        "forbid unlock(d1, K) :- holds(K), colour(d1, C).",
        "forbid unlock(d1, K) :- holds(K), fits(K, C).",
        "forbid unlock(d1, K) :- colour(d1, C).",
        "forbid unlock(d1, K) :- holds(K).",
        "forbid unlock(D, K) :- holds(K), fits(K, C), colour(D, C).",
    ]


def test_constants_are_of_kinds_and_not_of_what_is_acted_on() -> None:
    """A colour may stand in a rule; a door or a key, which actions take, may not."""
    program, facts = replay().program, list(replay().facts())
    said = RefinementOperator(program, facts).refinements(
        EVERYTHING, {"D": "door", "K": "key"}, StepBudget(10**6, inf)
    )
    shown = {print_clause(Clause("forbid", EVERYTHING.head, c)) for c in said}
    assert "forbid unlock(D, K) :- colour(D, red)." in shown
    assert not [text for text in shown if "d1" in text or "k1" in text]
    assert not [text for text in shown if "not opened(_)" in text]
    assert len(shown) == len(said)


def test_the_search_is_the_same_each_time() -> None:
    """Two searches find the same rules in the same order."""
    assert texts(Refiner(Replay(modules(), episodes(5))).refine(EVERYTHING)) == texts(
        Refiner(Replay(modules(), episodes(5))).refine(EVERYTHING)
    )


def test_a_new_variable_is_named_after_its_column() -> None:
    """``K``, ``K2``, ``K3``: the first that is not taken."""
    assert [fresh("key", taken) for taken in ([], ["K"], ["K", "K2"])] == ["K", "K2", "K3"]


WIDE = """
.type box <: symbol
.type kind <: symbol
.decl label(b: box, a: kind, c: kind, d: kind, e: kind)
.decl shut(b: box)
.action lift(b: box)
"""


def wide() -> Replay:
    """Trials of a world with a relation of five columns, of forty kinds each, in which what is shut fails."""
    draw = random.Random(1)
    found = []
    for number in range(12):
        boxes = [f"b{n}" for n in range(6)]
        shut = [box for box in boxes if draw.random() < 0.5]
        rows = [[draw.choice(boxes), *(f"k{draw.randrange(40)}" for _ in range(4))] for _ in range(10)]
        facts = [f"shut({box})" for box in shut] + [f"label({', '.join(row)})" for row in rows]
        first = RecordedStep(0, None, None, (), tuple(facts))
        steps = [RecordedStep(n, f"lift({box})", box not in shut) for n, box in enumerate(boxes, 1)]
        found.append(RecordedEpisode(f"e{number}", (first, *steps), f"t{number}"))
    return Replay([parse(WIDE)], found)


def test_an_enumeration_ends_by_its_count() -> None:
    """The operator makes as many of millions of conditions as there is work for, the simplest of each
    relation among them, and the same each time."""
    trials, lift = wide(), rule("forbid lift(B).")
    operator = RefinementOperator(trials.program, list(trials.facts()))
    asked, again = StepBudget(500, inf), StepBudget(500, inf)
    found = operator.refinements(lift, {"B": "box"}, asked)
    assert len(found) <= 500
    assert asked.cut == "there was more to try than is tried"
    assert found == operator.refinements(lift, {"B": "box"}, again)
    shown = {print_clause(Clause("forbid", lift.head, each)) for each in found}
    assert "forbid lift(B) :- shut(B)." in shown
    assert "forbid lift(B) :- label(B, _, _, k1, _)." in shown


def test_a_cut_search_says_so() -> None:
    """A search that was cut short returns what it found, and names its action and the reason; one that was
    not says nothing."""
    refiner = Refiner(wide(), SearchLimits(conditions=1, steps=500))
    assert texts(refiner.refine(rule("forbid lift(B)."))) == ["forbid lift(B) :- shut(B)."]
    assert list(refiner.cuts) == ["lift: there was more to try than is tried"]
    over = Refiner(wide(), SearchLimits(seconds=-1))
    assert over.refine(rule("forbid lift(B).")) == []
    assert all(each.startswith("lift: ") for each in over.cuts)
    assert over.cuts
    whole = Refiner(replay())
    assert whole.refine(EVERYTHING)
    assert not whole.cuts
