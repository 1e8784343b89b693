"""mpr replay: its arguments, its exit status, broken records, and several processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command import mpr
from tests.helpers.json_output import answer

ORDERS = "docs/examples/orders/orders.dl"
RECORDED = "docs/examples/orders/recorded.json"


def test_report() -> None:
    """The report names rules, tools, outcomes, labels, examples, and tools that nothing declares."""
    done = mpr("replay", ORDERS, RECORDED)
    assert done.status == 1
    for line in (
        "4 recordings, 11 calls, 10 of them decided",
        "look_first    cancel_order  rejected   1      1           0",
        "large         refund        rejected   0      1           1",
        "solved=false     2    1         1          0        0",
        f"  look_first, rejected: {RECORDED}:2 tuesday, call 1",
        "    look up b20 before you cancel it",
        "think  1",
    ):
        assert line in done.out, line


def test_status(tmp_path: Path) -> None:
    """0 where every call would run, 1 where some would not, 2 where a record is broken and not skipped."""
    good = json.loads(Path(RECORDED).read_text(encoding="utf-8"))[0]
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(good))
    assert mpr("replay", ORDERS, str(file)).status == 0
    file.write_text(json.dumps(good) + '\n{"guess": 1}\n' + json.dumps(good))
    done = mpr("replay", ORDERS, str(file))
    assert done.status == 2
    assert "2 recordings, 6 calls" in done.err
    assert f"{file}:2: it is of no known format: an object with `guess`" in done.err
    skipped = mpr("replay", ORDERS, str(file), "--skip")
    assert skipped.status == 0
    assert "records that could not be replayed: 1" in skipped.out


def test_against(tmp_path: Path) -> None:
    """Against themselves rules change nothing; against others changes are counted, each with an example."""
    same = mpr("replay", ORDERS, RECORDED, "--against", ORDERS)
    assert (same.status, "nothing changes" in same.out) == (0, True)
    other = tmp_path / "other.dl"
    other.write_text(Path(ORDERS).read_text(encoding="utf-8").replace("A > 100", "A > 5"))
    found = answer(mpr("replay", ORDERS, RECORDED, "--against", str(other), "--json"))
    assert [(each["tool"], each["was"], each["is"], each["calls"]) for each in found["changes"]] == [
        (
            "refund",
            {"outcome": "escalated", "rules": ["large"]},
            {"outcome": "admitted", "rules": []},
            1,
        ),
        (
            "refund",
            {"outcome": "escalated", "rules": ["large"]},
            {"outcome": "advised", "rules": ["cancel_first"]},
            1,
        ),
    ]
    assert found["changes"][0]["examples"][0]["before"]["outcome"] == "escalated"
    assert found["status"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no rules are named"),
        ((ORDERS,), "no recordings are named"),
        ((ORDERS, ORDERS), "no recordings are named"),
        ((ORDERS, "nowhere.jsonl"), "`nowhere.jsonl` is not there"),
        ((ORDERS, "docs/examples/office"), "of no known format: "),
        ((RECORDED, RECORDED), "error"),
        ((ORDERS, RECORDED, "--now", "noon"), "--now is `noon`"),
        ((ORDERS, RECORDED, "--limit", "0"), "greater than or equal to 1"),
        ((ORDERS, RECORDED, "--theta", "2"), "--theta is 2"),
    ],
)
def test_what_cannot_be_done(arguments: tuple[str, ...], said: str) -> None:
    """Each mistake is told, with status 2."""
    done = mpr("replay", *arguments)
    assert done.status == 2
    assert said in done.err


def test_rules_in_folders(tmp_path: Path) -> None:
    """Folders with rules in front are rules; the other paths are recordings."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.dl").write_text(Path(ORDERS).read_text(encoding="utf-8"))
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (recorded / name).write_text(Path(RECORDED).read_text(encoding="utf-8"))
    more = tmp_path / "more.dl"
    more.write_text('@id(never) forbid get_order(order: "d41").')
    found = answer(mpr("replay", str(rules), str(more), str(recorded), RECORDED, "--json"))
    assert found["recordings"] == 12
    assert {each["rule"] for each in found["rows"]} >= {"never", "look_first"}


def test_labels_and_limit() -> None:
    """--by names the labels to count by, --limit how many recordings."""
    found = answer(mpr("replay", ORDERS, RECORDED, "--limit", "3", "--by", "solved", "--json"))
    assert [(each["labels"], each["recordings"]) for each in found["labels"]] == [
        ({"solved": False}, 2),
        ({"solved": True}, 1),
    ]
    assert "no recording has the label `solvd`" in mpr("replay", ORDERS, RECORDED, "--by", "solvd").out


def test_a_label_of_too_many_values(tmp_path: Path) -> None:
    """A label that is asked for, and has more values than can be shown, is named."""
    good = json.loads(Path(RECORDED).read_text(encoding="utf-8"))[0]
    file = tmp_path / "calls.jsonl"
    file.write_text("\n".join(json.dumps({**good, "seed": n}) for n in range(201)))
    done = mpr("replay", ORDERS, str(file), "--by", "seed", "--by", "colour")
    assert "the label `seed` has more than 200 values" in done.out
    assert "no recording has the label `colour`" in done.out


def test_nothing_is_declared(tmp_path: Path) -> None:
    """Recordings whose tools nothing declares are counted, for machines too."""
    rules = tmp_path / "rules.dl"
    rules.write_text(".action dance()\nforbid dance.\n")
    assert answer(mpr("replay", str(rules), RECORDED, "--json"))["labels"][0]["outcomes"] == {"undeclared": 2}


def test_odd_numbers(tmp_path: Path) -> None:
    """Arguments that no JSON can say are shown as texts."""
    call = '{"id": "1", "name": "refund", "arguments": {"order": "a", "amount": 1e999, "more": [NaN]}}'
    file = tmp_path / "calls.jsonl"
    file.write_text('{"messages": [{"role": "assistant", "content": "", "tool_calls": [%s]}]}' % call)  # noqa: UP031
    found = answer(mpr("replay", ORDERS, str(file), "--json"))
    assert found["examples"][0]["outcome"] == "unfit"
    assert found["examples"][0]["arguments"] == {"order": "a", "amount": "Infinity", "more": ["NaN"]}


def timeless(found: Any) -> Any:
    """An answer without its times."""
    return {key: value for key, value in found.items() if key != "seconds"}


def test_processes() -> None:
    """Several processes find what one does."""
    arguments = ("replay", ORDERS, RECORDED, "--against", "docs/examples/coding/coding.dl", "--json")
    assert timeless(answer(mpr(*arguments, "--jobs", "2"))) == timeless(answer(mpr(*arguments)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray() -> None:
    """Ray finds the same."""
    pytest.importorskip("ray", reason="needs the extra: pip install 'mpr-logic[ray]'")
    found = answer(mpr("replay", ORDERS, RECORDED, "--json", "--executor", "ray"))
    assert timeless(found) == timeless(answer(mpr("replay", ORDERS, RECORDED, "--json")))
