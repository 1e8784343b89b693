"""The rules of airline and shop on recorded runs, where there are any: in the folder that MPR_RECORDED
names, or beside the checkout. They stop what docs/reference/airline-rules.md and retail-rules.md say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.envs.airline_recorded import Figures, measure
from tests.envs.retail_recorded import measure as shop
from tests.helpers.command import TOP

WHERE = Path(os.environ.get("MPR_RECORDED") or TOP.parent / "shared" / "recorded")
FILES = {
    1: WHERE / "tau-bench" / "gpt-4o-airline.tasks-0-24.json.xz",
    2: WHERE / "tau2-bench" / "gpt-4.1_airline_1trial.json.gz",
}


def figures(edition: int) -> Figures:
    """The figures of the runs for which an edition of the policy was written."""
    if not FILES[edition].is_file():
        pytest.skip(f"there is no {FILES[edition].name}: MPR_RECORDED names the folder that has recordings")
    return measure(FILES[edition], edition)


@pytest.mark.slow
def test_tau_bench() -> None:
    """Of true calls and rewarded runs just those are stopped that the page lists."""
    found = figures(1)
    assert found.stopped == {
        ("10", "cancel_reservation"): ("cancel",),
        ("16", "send_certificate"): ("gesture",),
        ("19", "update_reservation_flights"): ("same_trip",),
        ("19", "update_reservation_baggages"): ("tier_first",),
        ("23", "update_reservation_baggages"): ("more_bags",),
    }
    assert (found.true, found.wrong, len(found.caught), found.rewarded) == (35, 37, 30, 31)
    assert {task for task, _, _ in found.touched} == {"2", "13", "16", "20"}


@pytest.mark.slow
def test_tau2_bench() -> None:
    """The same for the later edition of the policy."""
    found = figures(2)
    assert found.stopped == {
        ("2", "send_certificate"): ("gesture",),
        ("29", "update_reservation_flights"): ("same_trip",),
        ("35", "book_reservation"): ("flights_first", "booked_trip"),
        ("37", "cancel_reservation"): ("flown",),
        ("44", "cancel_reservation"): ("cancel",),
    }
    assert (found.true, found.wrong, len(found.caught), found.rewarded) == (26, 8, 8, 10)
    assert {task for task, _, _ in found.touched} == {"29"}


@pytest.mark.slow
def test_the_shop() -> None:
    """Of true calls just those are stopped that the page lists, and of others in good runs none that runs."""
    file = WHERE / "tau2-bench" / "gpt-4.1_retail_1trial.json.gz"
    if not file.is_file():
        pytest.skip(f"there is no {file.name}: MPR_RECORDED names the folder that has recordings")
    found = shop(file)
    assert (found.true, found.rewarded, found.refused) == (49, 34, (7, 7))
    assert [(task, *laws) for task, _, laws in found.stopped] == [("49", "product_first"), ("38", "ask")]
    assert all(refused for *_, refused in found.touched)
