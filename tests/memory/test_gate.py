"""The gate: what is let in, what is made right, what is refused."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.language import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate, print_rules
from mpr_logic.memory.induction.refine import SearchLimits
from mpr_logic.memory.induction.replay import Replay
from tests.helpers.doors import ITEMS, episodes, modules, replay, rule
from tests.helpers.examples import at_most

HELD = "forbid unlock(D, K) :- not holds(K)."
WRITTEN = "@id(held) forbid unlock(D, K) :- not holds(K). @id(mayor) permit enter(D) :- colour(D, red)."
SOURCE = "reflection: ep-1"


def gate(rules: str = "") -> Gate:
    """A gate over hand-written rules and the episodes of the doors."""
    return Gate(modules(rules), replay(), SearchLimits(beam=3, rules=3))


@cache
def shared() -> Gate:
    """A gate for tests that only look at what is refused or let in."""
    return gate()


def texts(found: Gate) -> list[str]:
    """The learned rules, without their annotations."""
    return [print_clause(each.clause, annotations=False) for each in found.rules.values()]


def test_a_right_rule_is_let_in_with_its_evidence() -> None:
    """It keeps its reason, gets its source, and its trials are told."""
    found = gate()
    outcome = found.admit(f'@because("you do not hold {{K}}") {HELD}', SOURCE)
    assert (outcome.verdict, outcome.source) == ("admitted", SOURCE)
    (admitted,) = outcome.rules
    assert admitted.clause.annotation("because") == ("you do not hold {K}",)
    assert admitted.clause.annotation("source") == (SOURCE,)
    assert admitted.right
    assert not admitted.wrong
    assert all(not trial.succeeded for trial in replay().chosen(admitted.right))
    assert found.rules == {admitted.id: admitted}
    assert parse(print_rules(found.rules.values())).clauses == (admitted.clause,)


def test_a_weight_and_an_id_of_a_model_count_for_nothing() -> None:
    """The gate leaves out how sure a model says it is of a rule, and the id that it gives the rule."""
    (admitted,) = gate(WRITTEN).admit("@id(held) 0.99 :: forbid enter(D) :- not opened(D).", SOURCE).rules
    assert admitted.clause.weight == 1
    assert admitted.clause.annotation("id") is None
    assert admitted.id.startswith("r")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("forbid", "no valid rule"),
        ("forbid fly(D) :- raining.", "action `fly` is not declared"),
        ("forbid enter(D) :- opend(D).", "relation `opend` is not declared"),
        ("forbid enter(D) :- opened(D, D).", "takes 1 argument"),
        ("forbid enter(D) :- holds(D).", "cannot be of type|is of type"),
        ("forbid enter(D) :- not colour(D, C).", "nothing binds it"),
        ('@because("{X}") forbid enter(D) :- opened(D).', "no variable that the clause binds"),
        ("permit enter(D) :- raining.", "this one permits"),
        ("@overrides(held) permit unlock(D, K) :- raining.", "this one permits"),
        ("@overrides(held) prefer unlock(D, K) :- raining.", "overrides none"),
        ("opened(D) :- colour(D, red).", "head of the kind `relation`"),
        ("enter(D) causes raining.", "head of the kind `causes`"),
        ("forbid enter(D).", "speaks of every `enter`"),
        ("forbid wait() :- raining.", "and it covers no failure"),
        ("forbid any :- raining.", "a learned rule is of one action"),
        ("forbid enter(D) :- colour(D, purple).", "nothing speaks for it"),
        ("", "is one rule"),
        (f"{HELD} {HELD}", "is one rule"),
        (".decl own(d: door)", "is one rule"),
    ],
)
def test_what_is_refused_and_why(text: str, said: str) -> None:
    """A text that is no rule, a rule that may do no such thing, one that nothing speaks for."""
    found = gate(WRITTEN)
    outcome = found.admit(text, SOURCE)
    assert outcome.verdict == "refused"
    assert not found.rules

    assert re.search(said, outcome.reason), outcome.reason
    if "no valid rule" in outcome.reason:
        assert outcome.diagnostics


@pytest.mark.parametrize(
    "text",
    [
        "forbid unlock(D, K) :- holds(K).",
        "forbid unlock(D, K) :- colour(D, C), fits(K, C).",
        "forbid unlock(D, K) :- holds(K), colour(D, C), fits(K, C).",
        "forbid enter(D) :- opened(D).",
        "forbid enter(D) :- colour(D, _).",
        "permit unlock(D, K) :- not holds(K).",
        "permit unlock(_, _).",
        "forbid wait() :- not raining.",
    ],
)
def test_a_poisoned_reflection_never_becomes_law(text: str) -> None:
    """A rule that forbids what the task needs, or permits what a law forbids, comes to nothing that would
    ever have forbidden a step which succeeded."""
    found = gate(WRITTEN)
    outcome = found.admit(text, SOURCE)
    assert outcome.verdict in ("refused", "refined", "merged")
    for admitted in found.rules.values():
        covered = replay().covers([admitted.clause])[0]
        assert not covered & replay().succeeded
        assert admitted.clause.kind == "forbid"


@pytest.mark.heavy
@settings(max_examples=at_most(25))
@given(st.lists(st.sampled_from(ITEMS), max_size=4, unique=True), st.sampled_from(["forbid", "permit"]))
def test_no_candidate_brings_a_law_that_a_success_contradicts(body: list[str], word: str) -> None:
    """Whatever a model writes: what the gate holds afterwards forbids no step that succeeded."""
    shared().admit(f"{word} unlock(D, K) :- {', '.join(body)}.", SOURCE)
    clauses = [each.clause for each in shared().rules.values()]
    assert not any(covered & replay().succeeded for covered in replay().covers(clauses))


def test_a_rule_that_is_too_wide_is_refined() -> None:
    """A rule that would have forbidden steps that succeeded is refined until it forbids none of them."""
    found = gate()
    outcome = found.admit("forbid unlock(D, K) :- colour(D, C), fits(L, C), L != K.", SOURCE)
    assert outcome.verdict == "refined"
    assert "would have forbidden" in outcome.reason
    assert "forbid unlock(D, K) :- colour(D, C), not fits(K, C)." in texts(found)
    assert all(each.clause.annotation("source") == (SOURCE,) for each in outcome.rules)


def test_a_rule_that_is_too_narrow_is_generalised() -> None:
    """A rule about a red door becomes one about every door, and its reason is made anew."""
    found = gate()
    text = '@because("{C}") forbid unlock(D, K) :- not holds(K), colour(D, C), C = red.'
    outcome = found.admit(text, SOURCE)
    assert outcome.verdict == "refined"
    assert texts(found) == [HELD]
    (admitted,) = outcome.rules
    (because,) = admitted.clause.annotation("because") or ("",)
    assert because == "unlock({D}, {K}) has always failed where not holds({K})"


WRONG = '@because("{D} is locked") forbid unlock(D, K) :- holds(K), colour(D, C), fits(K, C).'


def test_a_wrong_reason_gives_way_to_a_right_one() -> None:
    """A candidate with a wrong reason is refused, unless the episode that it is about is known: then it
    becomes rules that cover a failure of its action there, and they do not keep its reason."""
    found = gate()
    assert found.admit(WRONG, SOURCE).verdict == "refused"
    outcome = found.admit(WRONG, SOURCE, "ep-1")
    assert outcome.verdict == "refined"
    assert "its reason is wrong" in outcome.reason
    assert outcome.rules
    for admitted in outcome.rules:
        assert admitted.right & replay().within("ep-1")
        assert not admitted.wrong
        assert admitted.clause.annotation("source") == (SOURCE,)
        assert "has always failed" in str(admitted.clause.annotation("because"))


def test_what_is_right_in_a_wrong_reason_is_kept() -> None:
    """The gate takes as few items as will do out of a body that holds nowhere."""
    found = gate()
    outcome = found.admit("forbid unlock(D, K) :- not holds(K), opened(D), not opened(D).", SOURCE, "ep-1")
    assert outcome.verdict == "refined"
    assert texts(found) == [HELD]


def test_a_wrong_reason_stays_wrong_where_nothing_failed() -> None:
    """No episode of that name, an action that cannot fail, or no refinement: it is refused as before."""
    assert gate().admit(WRONG, SOURCE, "ep-100").verdict == "refused"
    assert gate().admit("forbid wait() :- not raining.", SOURCE, "ep-1").verdict == "refused"
    assert Gate(modules(), replay(), refine=False).admit(WRONG, SOURCE, "ep-1").verdict == "refused"


def test_a_long_wrong_reason_is_refused_as_it_is() -> None:
    """The gate takes nothing out of a body longer than a rule may become: there would be too many ways."""
    body = ", ".join(f"holds(K{i})" for i in range(60))
    outcome = gate().admit(f"forbid unlock(D, K) :- {body}, opened(D), not opened(D).", SOURCE, "ep-1")
    assert outcome.verdict == "refused"


@pytest.mark.heavy
@settings(max_examples=at_most(15))
@given(st.lists(st.sampled_from(ITEMS), max_size=3, unique=True), st.sampled_from(["ep-0", "ep-1", "ep-100"]))
def test_what_comes_of_a_wrong_reason_is_right(body: list[str], episode: str) -> None:
    """Whatever a candidate says and whatever it is about, no rule that comes of it covers a success."""
    found = gate()
    outcome = found.admit(f"forbid unlock(D, K) :- {', '.join(body)}.", SOURCE, episode)
    for admitted in found.rules.values():
        assert admitted.clause.body
        assert admitted.right
        assert not admitted.wrong
    if "its reason is wrong" in outcome.reason:
        assert all(admitted.right & replay().within(episode) for admitted in outcome.rules)


def test_an_equal_rule_is_merged() -> None:
    """Said again with other names, it is the same rule; as hand-written, it stays hand-written."""
    again = "forbid unlock(A, B) :- not holds(B)."
    found = gate()
    (first,) = found.admit(HELD, SOURCE).rules
    outcome = found.admit(again, "reflection: ep-2")
    assert (outcome.verdict, outcome.merged, outcome.rules) == ("merged", (first.id,), ())
    written = gate(WRITTEN)
    assert written.admit(again, SOURCE).merged == ("held",)
    assert not written.rules


def test_a_special_case_of_a_rule_is_merged_with_it() -> None:
    """A candidate that says nothing beyond a rule is merged with that rule."""
    outcome = gate(WRITTEN).admit("forbid unlock(D, K) :- not holds(K), colour(D, red).", SOURCE)
    assert (outcome.verdict, outcome.merged) == ("merged", ("held",))


def test_a_wider_rule_takes_the_place_of_those_it_makes_needless() -> None:
    """A learned rule goes where a new one says all that it says."""
    narrow = rule("forbid unlock(D, K) :- not holds(K), colour(D, red).")
    found = Gate(modules(), replay(), learned=[narrow])
    ((old, _),) = found.rules.items()
    outcome = found.admit(HELD, SOURCE)
    assert outcome.superseded == (old,)
    assert texts(found) == [HELD]


def test_contradictions_are_shown() -> None:
    """A preference for what a rule forbids is let in as advice, and the contradiction is told."""
    outcome = gate(WRITTEN).admit("prefer unlock(D, K) :- colour(D, C), fits(K, C).", SOURCE)
    assert outcome.verdict == "admitted"
    (found,) = outcome.contradictions
    assert found.against.annotation("id") == ("held",)
    assert found.trials


def test_a_candidate_that_takes_too_long_is_refused() -> None:
    """The gate is bounded, and says so."""
    outcome = Gate(modules(), Replay(modules(), episodes(0)), SearchLimits(seconds=-1)).admit(HELD, SOURCE)
    assert outcome.verdict == "refused"
    assert "could not be replayed" in outcome.reason


def test_the_gate_is_the_same_each_time() -> None:
    """The same candidates in the same order come to the same rules."""
    candidates = ["forbid unlock(D, K) :- colour(D, red).", HELD, "forbid unlock(D, K) :- holds(_)."]
    one, other = gate(), gate()
    for text in candidates:
        assert one.admit(text, SOURCE) == other.admit(text, SOURCE)
    assert texts(one) == texts(other)
