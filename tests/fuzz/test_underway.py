"""Some of the generated calls under way, in every run of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.checker.underway import PossibleStates
from tests.fuzz import underway

if TYPE_CHECKING:
    import pytest


def test_calls_under_way_count_as_every_outcome_says() -> None:
    """A call is admitted exactly if every outcome of the others admits it, and many rejections hang on it."""
    found = underway.run(20, seed=7)
    assert not found["wrong"], found["first"]
    assert found["by calls under way"] * 3 > found["rejected"]


def test_a_state_that_is_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail: where states are dropped that are worse, it says so."""
    monkeypatch.setattr(PossibleStates, "covers", lambda *given: True)
    assert underway.run(20, seed=7)["wrong"]
