"""--json: one object, always, as its schema says."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.helpers.boxes import install
from tests.helpers.command import TOP, mpr
from tests.helpers.json_output import answer, schema

KITCHEN = ("rules/kitchen", "--state", "docs/examples/kitchen/state.dl")
RUNS = {
    "rejected": ("check", *KITCHEN, "put(apple_1, fridge_1)"),
    "rejected by an aggregate": ("check", *KITCHEN, "put(apple_1, shelf_1)"),
    "advice": ("check", *KITCHEN, "heat(soup_1, stove_1)"),
    "admissible": ("check", *KITCHEN, "open(fridge_1)"),
    "unpermitted": ("check", *KITCHEN, "light(stove_1)"),
    "undecided": ("check", *KITCHEN, "guess(fridge_1)"),
    "no proofs": ("check", *KITCHEN, "--engine", "pydatalog", "put(apple_1, fridge_1)"),
    "for a model": ("check", *KITCHEN, "--disclose", "model", "put(apple_1, fridge_1)"),
    "undecided for a model": ("check", *KITCHEN, "--disclose", "model", "guess(1)"),
    "proof": ("why", *KITCHEN, "full(shelf_1)"),
    "proof of a fact": ("why", *KITCHEN, "at(cup_1, shelf_1)"),
    "why not": ("why", *KITCHEN, "full(fridge_1)"),
    "why an action": ("why", *KITCHEN, "take(spoon_1, counter_1)"),
    "why not an action": ("why", *KITCHEN, "open(fridge_1)"),
    "unknown": ("why", *KITCHEN, "smells_of_gas(stove_1)"),
    "rows": ("query", *KITCHEN, "room_for(X, N)"),
    "no rows": ("query", *KITCHEN, "full(fridge_1)"),
    "format": ("fmt", "--check", "rules/kitchen", "docs/examples"),
    "lint": ("lint", "rules/kitchen"),
    "bad rules": ("lint", "docs/examples"),
    "played": ("play", "--env", "boxes", "--policy", "forgetful", "--episodes", "3"),
    "not won": ("play", "--env", "boxes", "--policy", "forgetful", "--seed", "4", "--steps", "1", "--shadow"),
    "played by a person": ("play", "--env", "boxes"),
    "no experiment": ("report", "docs"),
    "no folder": ("report",),
    "no world": ("play", "--env", "guess"),
    "rules of another world": ("play", "rules/kitchen", "--env", "boxes", "--policy", "preferences"),
    "tools": ("tools", "docs/examples/office/tools.json"),
    "some tools": ("tools", "--skip", "docs/examples/office/tools.json", "docs/examples/office/tools.json"),
    "no tools": ("tools", "docs/examples/kitchen/state.json"),
    "replayed": ("replay", "docs/examples/orders/orders.dl", "docs/examples/orders/recorded.json"),
    "replayed against others": (
        "replay",
        "docs/examples/orders/orders.dl",
        "docs/examples/orders/recorded.json",
        "--against",
        "docs/examples/coding/coding.dl",
    ),
    "no recordings": ("replay", "docs/examples/orders/orders.dl"),
    "broken recordings": ("replay", "docs/examples/orders/orders.dl", "docs/examples/office/tools.json"),
    "hook": ("hook", "docs/examples/coding/coding.dl", "--event", "docs/examples/coding/event.json"),
    "no event": ("hook", "docs/examples/coding/coding.dl"),
    "could serve": ("serve", "docs/examples/coding/coding.dl", "--dry-run"),
    "no server": ("serve", "docs/examples/coding/coding.dl", "--host", "0.0.0.0"),
    "could proxy": (
        "proxy",
        "--rules",
        "docs/examples/coding/coding.dl",
        "--dry-run",
        "--url",
        "http://[::1]/mcp",
    ),
    "no proxy": ("proxy", "--rules", "docs/examples/coding/coding.dl"),
    "could advise": ("mcp", "docs/examples/coding/coding.dl", "--dry-run"),
    "no file": ("check", "nowhere.dl", "--state", "nowhere.dl", "a(b)"),
    "explained": ("explain", "W0505"),
    "not explained": ("explain", "E0299"),
    "no store": ("learn",),
    "no memory": ("eval",),
    "no plan": ("experiment",),
    "no action": ("check", *KITCHEN),
    "bad option": ("check", *KITCHEN, "--theta", "x", "a(b)"),
    "no command": ("guess",),
}


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_output_fits_the_schema(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a command answers is one object of its schema, in ASCII."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    if arguments[0] in ("tools", "serve"):
        pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")
    if arguments[0] == "mcp":
        pytest.importorskip("mcp", reason="needs the extra: pip install 'mpr-logic[mcp]'")
    done = mpr(*arguments, "--json")
    assert done.out.isascii()
    found = answer(done)
    assert found["command"] == (arguments[0] if arguments[0] != "guess" else "mpr")
    assert bool(done.err) == (
        done.status == 2
        or (arguments[-1] == "full(fridge_1)" and arguments[0] == "query")
        or "--skip" in arguments
    )


def test_schema_is_a_schema() -> None:
    """The schema itself is valid, and refuses what it does not describe."""
    Draft202012Validator.check_schema(schema())
    good = answer(mpr("check", *KITCHEN, "open(fridge_1)", "--json"))
    validator = Draft202012Validator(schema())
    for key in good:
        assert not validator.is_valid({k: v for k, v in good.items() if k != key})
    assert not validator.is_valid(good | {"guess": 1})
    assert not validator.is_valid(good | {"mpr_json": 2})


def test_every_key_is_documented() -> None:
    """docs/reference/json.md speaks of every key in the schema."""
    page = (TOP / "docs" / "reference" / "json.md").read_text(encoding="utf-8")

    def keys(part: object) -> set[str]:
        found: set[str] = set()
        if isinstance(part, dict):
            properties = part.get("properties", {})
            found |= set(properties)
            for each in part.values():
                found |= keys(each)
        elif isinstance(part, list):
            for each in part:
                found |= keys(each)
        return found

    assert not {key for key in keys(schema()) if f"`{key}`" not in page}


def test_decision() -> None:
    """A rejection's object holds the answer, the rule with its place, the proof and the repair."""
    found = answer(mpr("check", *KITCHEN, "put(apple_1, fridge_1)", "--json"))["decision"]
    assert (found["admissible"], found["verdict"], found["theta"]) == (False, "forbidden", 0.9)
    (reason,) = found["reasons"]
    assert reason["text"] == "fridge_1 is closed: open it first"
    assert reason["rule"]["where"] == "rules/kitchen/2_laws.dl:3:1"
    nodes = reason["proof"]["nodes"]
    assert nodes[reason["proof"]["root"]]["bindings"] == {"O": "apple_1", "P": "fridge_1"}
    assert [step["kind"] for step in nodes[0]["steps"]] == ["proof", "absent"]
    assert found["repairs"][0]["actions"] == ["open(fridge_1)"]


def test_decision_for_a_model() -> None:
    """For a model the object holds no rule, no proof and no place."""
    done = mpr("check", *KITCHEN, "--disclose", "model", "put(apple_1, fridge_1)", "--json")
    found = answer(done)["decision"]
    assert found["reasons"] == [{"text": "fridge_1 is closed: open it first"}]
    assert found["repairs"]
    assert "2_laws" not in done.out


def test_undecided_is_no_admission() -> None:
    """An undecided action is a decision that rejects; rules that cannot be read are an error."""
    found = answer(mpr("check", *KITCHEN, "guess(1)", "--json"))
    assert found["decision"]["verdict"] == "undecided"
    assert found["decision"]["admissible"] is False
    found = answer(mpr("check", "nowhere.dl", "--state", "x.dl", "a(b)", "--json"))
    assert found["error"]["kind"] == "program"
    assert found["error"]["diagnostics"][0]["code"] == "E0120"


def test_the_schema_knows_every_diagnostic(tmp_path: Path) -> None:
    """Warnings are diagnostics of the same form."""
    file = tmp_path / "rules.dl"
    file.write_text(".action a(x: symbol)\nforbid a(b).")
    found = answer(mpr("lint", str(file), "--json"))
    assert [each["code"] for each in found["diagnostics"]] == ["W0505"]
    assert found["diagnostics"][0]["severity"] == "warning"
