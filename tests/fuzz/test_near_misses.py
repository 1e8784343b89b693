"""Some hundreds of rule sets with one slip: none is silently open."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.guard import rules
from tests.fuzz.near_misses import trials
from tests.helpers.examples import at_most


@pytest.mark.slow
@given(seed=st.integers(0, 2**40))
@settings(max_examples=at_most(60), deadline=None)
def test_no_slip_is_silently_open(seed: int) -> None:
    """A slip is refused, or admits nothing that the rules that were meant reject."""
    for kind, outcome, text in trials(seed):
        assert outcome != "open", f"{kind}:\n{text}"


def test_without_the_check_slips_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trials can fail: where nothing is looked for, some slips admit what is to be rejected."""
    monkeypatch.setattr(rules, "vet", lambda *_: [])
    outcomes = Counter(each.outcome for seed in range(8) for each in trials(seed))
    assert outcomes["open"] > 3
