"""The induced reflector: laws from failed steps, without a model."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.language.ast import Module
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import induce, most_general
from tests.helpers.doors import modules, replay
from tests.models.spoiled import spoiled


def test_the_laws_of_the_doors_are_learned() -> None:
    """Each action's failures are explained, and nothing is said of an action that never fails."""
    found = induce(replay())
    assert [print_clause(clause, annotations=False) for clause in found] == [
        "forbid unlock(D, K) :- colour(D, C), not fits(K, C).",
        "forbid unlock(D, K) :- not holds(K).",
        "forbid enter(D) :- not opened(D).",
    ]
    assert not any(covered & replay().succeeded for covered in replay().covers(found))


def test_each_law_names_what_taught_it() -> None:
    """The source names the episodes of the failures that it covers, the reason says what is in its body."""
    for clause, covered in zip(induce(replay()), replay().covers(induce(replay())), strict=True):
        (source,) = clause.annotation("source") or ("",)
        taught = {trial.episode for trial in replay().chosen(covered & replay().failed)}
        named = str(source).removeprefix("induced: ").partition(" and ")[0].split(", ")
        assert named
        assert taught.issuperset(named)
        (because,) = clause.annotation("because") or ("",)
        assert "has always failed where" in str(because)
    analyse([*modules(), Module(tuple(induce(replay())), file="<learned>")])


def test_the_gate_lets_all_of_them_in() -> None:
    """An induced rule covers no success, so the gate neither changes nor refuses it."""
    gate = Gate(modules(), replay())
    learned = induce(replay())
    outcomes = [gate.admit(print_clause(clause), "induced") for clause in learned]
    assert [outcome.verdict for outcome in outcomes] == ["admitted"] * len(learned)
    again = [gate.admit(print_clause(clause), "induced").verdict for clause in learned]
    assert again == ["merged"] * len(learned)


def test_spoiled_laws_come_to_nothing_wrong() -> None:
    """Laws that were made too wide, too narrow, turned round or into permits bring no rule that is wrong."""
    gate = Gate(modules(), replay())
    candidates = list(spoiled(induce(replay()), ["d1", "k1"]))
    outcomes = [(how, gate.admit(text, "scripted").verdict) for how, text in candidates]
    assert {verdict for how, verdict in outcomes if how == "a permit"} == {"refused"}
    assert {"refused", "refined", "merged"} <= {verdict for _, verdict in outcomes}
    assert gate.rules
    assert not any(rule.wrong for rule in gate.rules.values())


def test_everything_is_forbidden_at_the_start() -> None:
    """The rule that the search begins with, its variables named after the arguments."""
    signature = replay().program.schema.actions["unlock"]
    assert print_clause(most_general(signature)) == "forbid unlock(D, K)."


@pytest.mark.slow
def test_laws_of_rooms_hold_in_rooms_never_seen() -> None:
    """Trained on some generated rooms, in others: no step of a walkthrough is rejected, and nearly all that
    can be known not to be admissible is."""
    pytest.importorskip("alfworld")
    from mpr_logic.envs.alfworld.rooms import generate
    from tests.models.laws import PLAYS, judge, learn, record

    learned = learn(record([generate(seed) for seed in range(24)], PLAYS[3:]))
    found = judge([generate(seed) for seed in range(100, 106)], learned)
    assert found.walkthrough.games == 6
    assert found.walkthrough.steps_rejected == 0
    missed = found.walkthrough.missed + found.mistaken.missed
    rejected = found.walkthrough.rejected + found.mistaken.rejected
    assert rejected.total() >= 0.9 * (rejected + missed).total()
    assert found.invalid.total() <= 0.118 * found.proposed.total()
    assert found.without.total() > 3 * found.invalid.total()

    # what the task needs can be forbidden by no one
    for text in ("forbid take(O, R) :- at(O, R).", "forbid put(O, R) :- holding(O), agent_at(R)."):
        assert learned.gate.admit(text, "poisoned").verdict in ("refused", "refined", "merged")
    assert not any(rule.wrong for rule in learned.gate.rules.values())
