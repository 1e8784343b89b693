"""Merging: equal rules, rules that say less, contradictions."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.analysis.desugar import core_clauses
from mpr_logic.language.ast import Aggregate, Clause
from mpr_logic.memory.induction.merge import contradictions, equal, subsumes
from mpr_logic.memory.induction.replay import head_variables
from tests.helpers.doors import BODIES, replay, rule, unlock

SCHEMA = replay().program.schema


def renamed(body: list[str], seed: int) -> Clause:
    """The rule about ``unlock(D, K)`` with other names and in another order."""
    draw = random.Random(seed)
    text = re.sub(r"\b[CLN]\b", lambda found: f"{found[0]}_other", ", ".join(draw.sample(body, len(body))))
    return rule(f"forbid unlock(D, K) :- {text}.")


@given(BODIES, st.integers(0, 9))
def test_names_and_order_make_no_other_rule(body: list[str], seed: int) -> None:
    """A rule is equal to itself under other names, and each of the two subsumes the other."""
    one, other = unlock(body), renamed(body, seed)
    assert equal(SCHEMA, one, other)
    assert subsumes(SCHEMA, one, other)
    assert subsumes(SCHEMA, other, one)


@given(BODIES, BODIES)
def test_what_subsumes_covers_more(one: list[str], other: list[str]) -> None:
    """Subsumption is sound: the more general rule covers every trial of the other."""
    general, special = unlock(one), unlock(other)
    if subsumes(SCHEMA, general, special):
        covers, covered = replay().covers([general, special])
        assert covered & ~covers == 0


@given(BODIES, st.data())
def test_a_rule_subsumes_what_says_more(body: list[str], data: st.DataObject) -> None:
    """A rule without some items of another subsumes it, if it has no aggregate, as a denied place in time is
    one too."""
    part = data.draw(st.lists(st.sampled_from(body), min_size=1, unique=True))
    core = core_clauses(unlock(part), SCHEMA)
    aggregates = any(isinstance(item, Aggregate) for each in core for item in each.body)
    if not aggregates and replay().valid(unlock(part)):
        assert subsumes(SCHEMA, unlock(part), unlock(body))


@given(BODIES, BODIES, BODIES)
def test_subsumption_is_transitive(one: list[str], two: list[str], three: list[str]) -> None:
    """A rule that subsumes a second also subsumes each that the second subsumes."""
    a, b, c = unlock(one), unlock([*one, *two][:4]), unlock([*one, *two, *three][:5])
    for x, y, z in ((a, b, c), (c, b, a), (b, a, c)):
        if subsumes(SCHEMA, x, y) and subsumes(SCHEMA, y, z):
            assert subsumes(SCHEMA, x, z)


@pytest.mark.parametrize(
    ("general", "special", "holds"),
    [
        ("forbid enter(D) :- colour(D, _).", "forbid enter(D) :- colour(D, red).", True),
        ("forbid enter(D) :- colour(D, red).", "forbid enter(D) :- colour(D, _).", False),
        ("forbid enter(D) :- colour(D, C).", "forbid enter(D) :- colour(D, _).", True),
        ("forbid enter(_) :- raining.", "forbid enter(d1) :- raining, holds(k1).", True),
        ("forbid enter(d1) :- raining.", "forbid enter(_) :- raining.", False),
        ("forbid unlock(D, K) :- holds(K).", "forbid unlock(D, K) :- holds(L), fits(K, red).", False),
        # under `not`, `_` says more than any value
        ("forbid enter(D) :- not colour(D, _).", "forbid enter(D) :- not colour(D, red).", False),
        ("forbid enter(D) :- not colour(D, red).", "forbid enter(D) :- not colour(D, _).", False),
        ("forbid enter(D) :- not opened(D).", "forbid enter(D) :- not opened(D), raining.", True),
        ("forbid enter(D) :- opened(D).", "forbid enter(D) :- not opened(D).", False),
        # the two of one relation may fall together, and not come apart
        ("forbid enter(_) :- fits(K, C), fits(L, C).", "forbid enter(_) :- fits(K, C).", True),
        ("forbid enter(_) :- fits(K, _), holds(K).", "forbid enter(_) :- fits(_, _), holds(_).", False),
        ("forbid unlock(D, K) :- holds(L), K != L.", "forbid unlock(D, K) :- holds(L), L != K.", True),
        ("forbid enter(D) :- colour(D, C), C < red.", "forbid enter(D) :- colour(D, C), red > C.", True),
        ("forbid enter(d: D) :- raining.", "forbid enter(D) :- raining, opened(D).", True),
        ("forbid enter(D) :- raining.", "forbid unlock(D, _) :- raining.", False),
        ("forbid enter(D) :- raining.", "prefer enter(D) :- raining.", False),
        ('forbid enter(D) :- colour(D, C), matches(C, "r").', "forbid enter(D) :- colour(D, C).", False),
    ],
)
def test_subsumption(general: str, special: str, holds: bool) -> None:
    """A rule subsumes another if it says all that the other says, and only then."""
    assert subsumes(SCHEMA, rule(general), rule(special)) is holds


def test_a_search_that_takes_too_long_is_given_up() -> None:
    """A rule of many alike items ends the test, not the machine."""
    chain = ", ".join(f"fits(K{i}, C{i + 1}), fits(K{i}, C{i})" for i in range(40))
    grid = ", ".join(f"fits(K{i}, C{j})" for i in range(6) for j in range(6))
    endless = rule(f"forbid wait() :- {chain}, fits(K0, red).")
    assert not subsumes(SCHEMA, endless, rule(f"forbid wait() :- {grid}, fits(L, red)."))


def test_contradictions_are_shown_with_the_trials_that_show_them() -> None:
    """A permit or a prefer that fires with a forbid contradicts it; one that never does not."""
    forbid = rule("forbid unlock(D, K) :- not holds(K).")
    prefer = rule("prefer unlock(D, K) :- colour(D, C), fits(K, C).")
    apart = rule("permit unlock(D, K) :- holds(K).")
    (found,) = contradictions(replay(), [forbid, prefer, apart])
    assert (found.speaks_for, found.against) == (prefer, forbid)
    first, second = replay().covers([forbid, prefer])
    assert found.trials == first & second != 0


def test_the_variables_of_a_head() -> None:
    """Those of the action are bound by the question; ``_`` is none."""
    assert head_variables(rule("forbid unlock(D, _) :- holds(_).")) == {"D"}
