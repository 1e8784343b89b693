"""Repair: the smallest changes that would admit an action, each of them tried."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from mpr_logic.checking.changes import Change, supposed
from mpr_logic.checking.repair import Limits, Repair
from mpr_logic.engine.native import NativeEngine
from mpr_logic.errors import EvaluationError
from mpr_logic.syntax.ast import Row
from tests.checking.kitchen import Kitchen
from tests.programs import Case, cases


def texts(found: tuple[Repair, ...]) -> list[str]:
    """The repairs as text."""
    return [str(each) for each in found]


def test_what_an_action_brings_about_comes_first() -> None:
    """A closed fridge: open it, which is admissible; or a slot, or another fridge."""
    found = Kitchen().repairs("put", "d", "fridge_1")
    assert texts(found) == [
        "after open(fridge_1): opened(fridge_1)",
        "if has_slot(fridge_1)",
        "if not openable(fridge_1)",
    ]
    assert found[0] == Repair((("opened", ("fridge_1",)),), (), ("open(fridge_1)",), ())
    assert [each.reachable for each in found] == [True, False, False]


def test_an_action_that_is_rejected_itself_is_not_advised() -> None:
    """Where the robot does not stand before the fridge, opening it is no way out."""
    kitchen = Kitchen()
    kitchen.engine.remove("at", ("robot", "fridge_1"))
    del kitchen.facts["at"]["robot", "fridge_1"]
    found = kitchen.repairs("put", "d", "fridge_1")
    assert all(not each.actions for each in found)
    assert "if opened(fridge_1)" in texts(found)


def test_an_aggregate_is_broken_by_one_row_less() -> None:
    """A crowded shelf is none with any one thing less on it."""
    assert texts(Kitchen().repairs("put", "d", "shelf")) == [
        "if not at(a, shelf)",
        "if not at(b, shelf)",
        "if not at(c, shelf)",
    ]


def test_two_reasons_need_two_changes() -> None:
    """What two rules forbid is admitted by a change for each."""
    found = Kitchen().repairs("put", "a", "fridge_1")
    assert all(len(each.add) + len(each.remove) == 2 for each in found)
    assert "after open(fridge_1), and if holding(a)" in texts(found)


def test_a_closed_action_needs_a_permit() -> None:
    """The literals that a permit lacks are made true; of an open-world relation, that it is false."""
    kitchen = Kitchen()
    assert texts(kitchen.repairs("serve", "a")) == ["after clean(a), and if at(a, table_1)"]
    (only,) = kitchen.repairs("serve", "c")
    assert only == Repair((), (("dirty", ("c",)),), (), ("not dirty(c)",))  # `stuck` forbids clean(c)


def test_derived_relations_are_changed_through_their_rules() -> None:
    """What makes a derived relation true or false is a fact below it."""
    found = Kitchen().repairs("open", "shelf")
    assert all(relation == "at" for each in found for relation, _ in each.add)
    assert "if at(robot, shelf)" in texts(found)


def test_history_cannot_be_changed() -> None:
    """What failed has failed: an action forbidden for that alone has no repair."""
    assert Kitchen().repairs("clean", "c") == ()


def test_the_engine_is_as_before_after_an_error() -> None:
    """Supposed changes are undone whatever happens, weights and sources included."""
    kitchen = Kitchen()
    before = snapshot(kitchen.engine)
    changes = [
        Change("dirty", ("b",), False),
        Change("opened", ("fridge_1",), True),
        Change("opened", ("fridge_2",), False),
    ]
    with suppress(ZeroDivisionError), supposed(kitchen.engine, kitchen.facts, changes):
        assert kitchen.engine.query("not dirty", ("b",)) == {("b",): 1.0}
        assert kitchen.engine.query("dirty", ("b",)) == {}
        raise ZeroDivisionError
    assert snapshot(kitchen.engine) == before


def test_the_search_is_bounded() -> None:
    """With one supposed state allowed nothing is found, and with size 1 nothing of size 2."""
    kitchen = Kitchen()
    assert kitchen.repairs("put", "d", "fridge_1", limits=Limits(checks=1)) == ()
    assert kitchen.repairs("put", "a", "fridge_1", limits=Limits(size=1)) == ()


def snapshot(engine: NativeEngine) -> dict[str, Any]:
    """Every fact and derived fact with its weight, and where the asserted ones came from."""
    found: dict[str, Any] = {}
    for relation, arity in engine.program.arity.items():
        rules = engine.program.rules_for(relation)
        if any(rule.given for rule in rules):
            continue
        with suppress(EvaluationError):
            rows = engine.query(relation, (None,) * arity)
            found[relation] = rows, {} if rules else {row: engine.prove(relation, row) for row in rows}
    return found


@pytest.mark.slow
@settings(
    database=None,
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(cases())
def test_every_repair_repairs_and_is_minimal(case: Case) -> None:
    """In generated programs: every repair admits its action, no part of it does, and nothing is left of
    the search."""
    kitchen = Kitchen(case.text, theta=0.6)
    for change in case.told(kitchen.program)[0]:
        if change.weight is not None:
            kitchen.engine.add(change.relation, change.row, change.weight)
            kitchen.facts.setdefault(change.relation, {})[change.row] = change.weight
    rejected: list[tuple[str, Row]] = []
    with suppress(EvaluationError):
        rejected = [
            (a, row) for a, rows in case.candidates.items() for row in rows if not kitchen.admits(a, row)
        ]
    assume(rejected)
    action, args = rejected[0]
    before = snapshot(kitchen.engine)
    with suppress(EvaluationError):
        for each in kitchen.repairs(action, *args, limits=Limits(found=3, checks=25)):  # type: ignore[arg-type]
            changes = [Change(r, row, True) for r, row in each.add]
            changes += [Change(r, row, False) for r, row in each.remove]
            with supposed(kitchen.engine, kitchen.facts, changes):
                assert kitchen.admits(action, args)
            for i in range(len(changes)):
                with (
                    suppress(EvaluationError),
                    supposed(kitchen.engine, kitchen.facts, changes[:i] + changes[i + 1 :]),
                ):
                    assert not kitchen.admits(action, args)
    assert snapshot(kitchen.engine) == before
