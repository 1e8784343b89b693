"""The kitchen: its rules are in order, and the demonstration shows what it says."""

from __future__ import annotations

import time

import pytest

from mpr_logic import Checker
from mpr_logic.checker.state import read_state
from mpr_logic.envs.kitchen import STATE, main
from tests.helpers.command import TOP, mpr

EXAMPLES = TOP / "docs" / "examples" / "kitchen"


def test_rules_are_canonical_and_clean() -> None:
    """The rules are formatted, without warnings, and each file fits on a screen."""
    assert mpr("fmt", "--check", "rules/kitchen").status == 0
    assert mpr("lint", "rules/kitchen").status == 0
    for file in (TOP / "rules" / "kitchen").glob("*.dl"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 45


def test_both_states_say_the_same() -> None:
    """state.dl and state.json differ only in what was sniffed and in the words for what was tried."""
    program = Checker.load("rules/kitchen").program
    files = (EXAMPLES / "state.dl", EXAMPLES / "state.json")
    dl, json = ({(f.relation, f.row) for f in read_state(program, file)} for file in files)
    assert dl <= json
    assert json - dl == {("not smells_of_gas", ("stove_1",)), ("past heat", ("soup_1", "stove_1"))}


def test_demonstration(capsys: pytest.CaptureFixture[str]) -> None:
    """The walk is short and quick, and shows a rejection, its proof and repair, and what follows."""
    start = time.process_time()
    main()
    assert time.process_time() - start < 10
    text = capsys.readouterr().out
    assert len(text.splitlines()) < 100
    steps = [
        "✗ put(milk_1, fridge_1): forbidden",
        "because fridge_1 is closed: open it first",
        "✓ not opened(fridge_1): no such fact",
        "admissible after open(fridge_1)",
        "✓ open(fridge_1): admissible",
        "✓ put(milk_1, fridge_1): admissible",
        "advice, of weight 0.6: milk_1 goes off outside the cold",
        "full(fridge_1) does not hold",
        "✗ light(stove_1): unpermitted",
        "✓ light(stove_1): admissible",
        "✗ put(milk_1, shelf_1): forbidden",
    ]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert all(fact.split("(")[0] in text for fact in STATE)
