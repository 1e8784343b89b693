"""Tests of the output of check, why and query in the kitchen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command import Done, mpr

KITCHEN = ("rules/kitchen", "--state", "docs/examples/kitchen/state.dl")
JSON_STATE = "docs/examples/kitchen/state.json"


def check(action: str, *options: str) -> Done:
    """Check an action in the kitchen."""
    return mpr("check", *KITCHEN, *options, action)


def test_rejected_with_proof_and_repair() -> None:
    """A rejection says why, by which rule, from which facts and where those stand, and what would help."""
    done = check("put(apple_1, fridge_1)")
    assert done.status == 1
    for part in (
        "✗ put(apple_1, fridge_1) is rejected: forbidden",
        "because fridge_1 is closed: open it first",
        "rule closed at rules/kitchen/2_laws.dl:3:1",
        "✓ openable(fridge_1): docs/examples/kitchen/state.dl:2:1",
        "✓ not opened(fridge_1): no such fact",
        "after open(fridge_1): opened(fridge_1)",
    ):
        assert part in done.out
    assert not done.err


def test_admissible_with_advice() -> None:
    """A forbid below theta is advice; with theta at its weight it rejects."""
    done = check("put(apple_1, counter_1)")
    assert done.status == 0
    assert "✓ put(apple_1, counter_1) is admissible" in done.out
    assert "apple_1 goes off outside the cold [0.6]" in done.out
    assert check("put(apple_1, counter_1)", "--theta", "0.6").status == 1


def test_history_of_the_state() -> None:
    """The history in a state counts: the answer says that the action has failed before."""
    assert "has failed before" in check("heat(soup_1, stove_1)").out


def test_override() -> None:
    """A permit overrides the forbid that it names."""
    assert check("heat(spoon_1, microwave_1)").status == 1
    assert check("heat(bowl_1, microwave_1)").status == 0


def test_closed_by_default() -> None:
    """An action that is forbidden by default needs a permit, and that may need what nobody has observed."""
    assert check("light(stove_1)").status == 1
    assert mpr("check", "rules/kitchen", "--state", JSON_STATE, "light(stove_1)").status == 0
    assert check("light(stove_1)", "--state", JSON_STATE).status == 0
    done = mpr("why", *KITCHEN, "light(stove_1)")
    assert done.status == 1
    assert "neither observed to be true nor to be false" in done.out


def test_a_later_state_wins(tmp_path: Path) -> None:
    """Of two observations in two state files the later one holds."""
    gas, none = tmp_path / "gas.dl", tmp_path / "none.dl"
    gas.write_text("smells_of_gas(stove_1).")
    none.write_text("not smells_of_gas(stove_1).")
    for first, second, status in ((gas, none, 0), (none, gas, 1)):
        assert check("light(stove_1)", "--state", str(first), "--state", str(second)).status == status


def test_state_on_the_standard_input() -> None:
    """A state may come through a pipe, as .dl or as JSON."""
    for file in ("state.dl", "state.json"):
        text = Path(KITCHEN[2]).with_name(file).read_bytes()
        done = mpr("check", "rules/kitchen", "--state", "-", "put(apple_1, fridge_1)", stdin=text)
        assert done.status == 1
    assert "<stdin>:" in mpr("why", "rules/kitchen", "--state", "-", "stove(b)", stdin=b"stove(b).").out


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_engines(engine: str) -> None:
    """Every engine gives the same answers, with the reason in words."""
    done = check("put(apple_1, fridge_1)", "--engine", engine)
    assert done.status == 1
    assert "because fridge_1 is closed: open it first" in done.out
    assert check("put(apple_1, counter_1)", "--engine", engine).status == 0
    assert mpr("query", *KITCHEN, "--engine", engine, "full(X)").out == "full(shelf_1)\n"


def test_engine_without_proofs() -> None:
    """A proof is not given when the engine keeps none: the status is 2."""
    done = mpr("why", *KITCHEN, "--engine", "pydatalog", "full(shelf_1)")
    assert done.status == 2
    assert "proof" in done.err


def test_disclosure_to_the_model() -> None:
    """For a model there is the because-text and, where the author allows, the repair; no proof, no rule."""
    done = check("put(apple_1, fridge_1)", "--disclose", "model")
    assert done.status == 1
    assert "fridge_1 is closed: open it first" in done.out
    assert "after open(fridge_1)" in done.out
    assert "rules/kitchen" not in done.out
    done = check("heat(spoon_1, microwave_1)", "--disclose", "model")
    assert done.out.splitlines() == [
        "heat(spoon_1, microwave_1) is rejected",
        "- because spoon_1 is metal, and makes sparks in microwave_1",
    ]


def test_why() -> None:
    """A derived fact has a proof down to the facts; another the first literal that fails."""
    done = mpr("why", *KITCHEN, "full(shelf_1)")
    assert done.status == 0
    assert "at(cup_1, shelf_1): docs/examples/kitchen/state.dl:" in done.out
    done = mpr("why", *KITCHEN, "full(fridge_1)")
    assert done.status == 1
    assert "✗ room_for(fridge_1, M) fails: the nearest is room_for(shelf_1, 2)" in done.out


def test_why_of_an_action() -> None:
    """Of an action, why shows what rejects it, or that nothing does."""
    assert mpr("why", *KITCHEN, "put(apple_1, fridge_1)").status == 0
    done = mpr("why", *KITCHEN, "open(fridge_1)")
    assert done.status == 1
    assert "no rule forbids open(fridge_1)" in done.out


def test_query(tmp_path: Path) -> None:
    """A query prints the matching facts as facts, weights below 1 in front; nothing found is status 1."""
    assert mpr("query", *KITCHEN, "at(X, shelf_1)").out == "at(cup_1, shelf_1)\nat(plate_1, shelf_1)\n"
    assert mpr("query", *KITCHEN, "failed heat(X, _)").out == "failed heat(soup_1, stove_1)\n"
    assert mpr("query", *KITCHEN, "at(X, X)").status == 1
    done = mpr("query", *KITCHEN, "at(X, shelf_9)")
    assert (done.status, done.out, done.err) == (1, "", "nothing matches at(X, shelf_9)\n")
    rules = tmp_path / "rain.dl"
    rules.write_text(".decl raining() .decl wet() 0.7 :: raining. wet :- raining.")
    assert mpr("query", str(rules), "wet").out == "0.7 :: wet\n"
    assert mpr("query", str(rules), "--semiring", "boolean", "wet").out == "wet\n"


def test_bundled_rules_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled rules are found by their name where there is no such folder."""
    monkeypatch.setattr("tests.helpers.command.TOP", tmp_path)
    state = tmp_path / "state.dl"
    state.write_text("openable(fridge_1). holding(apple_1).")
    assert mpr("check", "rules/kitchen", "--state", "state.dl", "put(apple_1, fridge_1)").status == 1


def test_texts_do_not_steer_the_terminal(tmp_path: Path) -> None:
    """Characters that would move the cursor or hide text are printed escaped."""
    rules = tmp_path / "rules.dl"
    rules.write_text('.decl p(x: symbol) p("\\u001b[2J\\u202e").')
    done = mpr("query", str(rules), "p(X)")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
