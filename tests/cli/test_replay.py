"""mpr replay: its arguments, its exit status, broken records, and several processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.cli.output import ASKED
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
        ((ORDERS, RECORDED, "--call", "tuesday"), "`tuesday` names no call"),
        ((ORDERS, RECORDED, "--call", "0"), "`0` names no call"),
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


def test_why() -> None:
    """The first example of each rule and outcome is explained as `mpr check` explains a call."""
    done = mpr("replay", ORDERS, RECORDED, "--why")
    assert done.status == 1
    for lines in (
        "    cancel_order(b20) is forbidden\n    ├─ rule look_first at ",
        "    └─ ✓ not succeeded get_order(b20): no such fact\n\n    repairs\n    - after get_order(b20)\n",
        "    └─ ✓ 260.0 > 100\n",
        f"\n\n    {ASKED}\n",
        "    ✓ refund(d41, 8.0) is admissible\n\n    advice (rules below theta 0.9)\n",
    ):
        assert lines in done.out, lines
    examples = answer(mpr("replay", ORDERS, RECORDED, "--why", "--json"))["examples"]
    assert [each["decision"]["verdict"] for each in examples] == ["forbidden", "forbidden", "admissible"]
    assert "decision" not in json.dumps(answer(mpr("replay", ORDERS, RECORDED, "--json")))


def test_the_first_of_several_examples(tmp_path: Path) -> None:
    """Of several examples only the first is explained, also where recordings share a name and a place."""
    first, second = json.loads(Path(RECORDED).read_text(encoding="utf-8"))[:2]
    log = {"info": {}, "simulations": [{**each, "task_id": "7"} for each in (first, second, second)]}
    file = tmp_path / "log.json"
    file.write_text(json.dumps(log))
    examples = answer(mpr("replay", ORDERS, str(file), "--why", "--json"))["examples"]
    assert [(each["outcome"], "decision" in each) for each in examples] == [
        ("rejected", True),
        ("rejected", False),
    ]
    assert examples[0]["decision"]["action"] == "cancel_order(b20)"


def test_a_call_of_two_rules_is_explained_once(tmp_path: Path) -> None:
    """Where one call is the first example of two rules, its proofs stand below the first of them."""
    more = tmp_path / "more.dl"
    more.write_text('@id(thursdays) forbid refund(order: "d41").\n@id(small) forbid refund(amount: 8.0).\n')
    done = mpr("replay", ORDERS, str(more), RECORDED, "--why").out
    small, _, thursdays = done.partition("  small, rejected: ")[2].partition("  thursdays, rejected: ")
    assert small.count("is forbidden\n") == 2
    assert thursdays.startswith(f"{RECORDED}:4 thursday, call 2\n    refund ")
    assert thursdays.splitlines()[2] == "    explained above"


@pytest.mark.parametrize(
    ("named", "calls"),
    [
        (["1"], [("monday", 1), ("tuesday", 1), ("wednesday", 1), ("thursday", 1)]),
        (["tuesday, call 1", " thursday call 2"], [("tuesday", 1), ("thursday", 2)]),
        ([f"{RECORDED}:3 wednesday, call 3"], [("wednesday", 3)]),
        (["tuesday, call 3"], [("tuesday", 3)]),  # a tool that nothing declares
        (["friday, call 1", "11"], []),
    ],
)
def test_named_calls(named: list[str], calls: list[tuple[str, int]]) -> None:
    """--call explains calls by their number, in each recording, or as the report names them."""
    options = [option for each in named for option in ("--call", each)]
    found = answer(mpr("replay", ORDERS, RECORDED, "--json", *options))["explained"]
    assert [(each["recording"].rpartition(" ")[2], each["call"]) for each in found] == calls
    assert all(("decision" in each) == (each["tool"] != "think") for each in found)
    text = mpr("replay", ORDERS, RECORDED, *options).out
    assert ("\nasked for\n" in text) == bool(calls)
    assert all((f"no recording has the call `{each.strip()}`" in text) != bool(calls) for each in named)


def test_why_a_change(tmp_path: Path) -> None:
    """Of what changes, both decisions are explained."""
    other = tmp_path / "other.dl"
    other.write_text(Path(ORDERS).read_text(encoding="utf-8").replace("A > 100", "A > 5"))
    arguments = ("replay", ORDERS, RECORDED, "--against", str(other), "--why")
    example = answer(mpr(*arguments, "--json"))["changes"][0]["examples"][0]
    assert (example["before"]["decision"]["verdict"], example["decision"]["verdict"]) == (
        "forbidden",
        "admissible",
    )
    done = mpr(*arguments).out
    refused, _, rest = done.partition("    ✓ refund(a17, 40.0) is admissible\n")
    assert "    ✗ refund(a17, 40.0) is rejected: forbidden\n" in refused
    assert rest


def test_why_with_shared_relations(tmp_path: Path) -> None:
    """A call is explained by what earlier conversations left, where they share it."""
    rules = tmp_path / "rules.dl"
    rules.write_text(
        ".action get_order(order: symbol)\n.decl looked(n: int) key() shared\nlooked(0).\n"
        "get_order(_) causes looked(N + 1) :- looked(N).\n@id(enough) forbid get_order(_) :- looked(3).\n"
    )
    found = answer(mpr("replay", str(rules), RECORDED, "--why", "--call", "thursday, call 1", "--json"))
    assert found["examples"][0]["decision"]["verdict"] == "forbidden"
    assert timeless(found["explained"][:1]) == timeless(found["examples"][:1])


def timeless(found: Any) -> Any:
    """An answer without its times."""
    if isinstance(found, dict):
        return {key: timeless(value) for key, value in found.items() if key != "seconds"}
    return [timeless(each) for each in found] if isinstance(found, list) else found


def test_processes() -> None:
    """Several processes find what one does."""
    arguments = ("replay", ORDERS, RECORDED, "--against", "docs/examples/coding/coding.dl", "--why", "--json")
    assert timeless(answer(mpr(*arguments, "--jobs", "2"))) == timeless(answer(mpr(*arguments)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray() -> None:
    """Ray finds the same."""
    pytest.importorskip("ray", reason="needs the extra: pip install 'mpr-logic[ray]'")
    found = answer(mpr("replay", ORDERS, RECORDED, "--json", "--executor", "ray"))
    assert timeless(found) == timeless(answer(mpr("replay", ORDERS, RECORDED, "--json")))
