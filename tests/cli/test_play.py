"""Tests of the output of mpr play, in a small world that is installed as a plug-in, and in AlfWorld."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mpr_logic.envs.alfworld import package
from tests.helpers.boxes import RULES, install
from tests.helpers.command import Done, mpr, process
from tests.helpers.json_output import answer

NEEDS = "needs the extra: pip install 'mpr-logic[alfworld]'"


@pytest.fixture(autouse=True)
def _boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The boxes are an environment that is installed. Of episode N, the coin is in box N + 1."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def boxes(*options: str, policy: str = "preferences", stdin: str = "") -> Done:
    """Play with boxes."""
    return mpr("play", "--env", "boxes", "--policy", policy, *options, stdin=stdin.encode())


def lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a recording."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_what_is_shown() -> None:
    """The task, each decision with what came of it, and the score."""
    done = boxes("--seed", "1")
    assert done.out.splitlines() == [
        "boxes/2, played by the strongest preference",
        "  0   Find the coin.",
        "      There are boxes.",
        "  1 ✓ open(box_1)",
        "      You open box_1.",
        "  2 ✓ open(box_2)",
        "      You open box_2.",
        "  3 ✓ take(box_2)",
        "      You have the coin.",
        "won in 3 turns: 0 of 3 proposals rejected, 0 repairs taken, 0 actions came to nothing",
        "",
    ]
    assert (done.status, done.err) == (0, "")


def test_status() -> None:
    """0 where all episodes are won, 1 where some are not."""
    assert boxes("--episodes", "3").status == 0
    done = boxes("--episodes", "3", "--steps", "3")
    assert done.status == 1
    assert done.out.endswith("2 of 3 episodes won\n")
    assert boxes("--seed", "1", policy="walkthrough").status == 0


def test_rejections_and_repairs() -> None:
    """A rejection is shown with its reason, the rule, and the repair, which the scripted person takes."""
    done = boxes("--episodes", "6", policy="forgetful")
    assert done.status == 0
    assert re.search(
        r"^  1 ✗ take\((box_\d)\)\n"
        r"        because \1 is shut: open it first \[shut\]\n"
        r"        repair: after open\(\1\): opened\(\1\)\n"
        r"    ✓ open\(\1\)\n"
        r"      You open \1.\n"
        r"  2 ✓ take\(\1\)$",
        done.out,
        re.MULTILINE,
    )
    assert "won in 2 turns: 1 of 3 proposals rejected, 1 repair taken" in done.out
    assert boxes("--episodes", "6", policy="forgetful").out == done.out


def test_shadow() -> None:
    """In shadow mode what is rejected is done all the same, and said to be."""
    done = boxes("--episodes", "6", "--shadow", policy="forgetful")
    assert done.status == 1
    assert re.search(r"✗ take\(box_\d\) \(shadow: done all the same\)", done.out)
    assert "2 actions came to nothing" in done.out


def test_advice(tmp_path: Path) -> None:
    """Advice is shown beside what is done, with its weight; --theta makes it law."""
    done = boxes(policy="person", stdin="wait\n")
    assert "✓ wait\n        advice (0.4): waiting brings nothing\n" in done.out
    assert "✗ wait" in boxes("--theta", "0.4", policy="person", stdin="wait\n").out


def test_json() -> None:
    """The object has the score of every episode, and which rules decided."""
    found = answer(boxes("--episodes", "2", "--json"))
    counts = {"proposed": 2, "rejected": 0, "repaired": 0, "fallbacks": 0, "nothing": 0}
    assert found["episodes"][0] == {"task": "boxes/1", "kind": "coin", "won": True, "turns": 2, **counts}
    assert (found["policy"], found["shadow"], len(found["episodes"])) == ("preferences", False, 2)
    assert re.fullmatch(r"[0-9a-f]{16}", found["rules"])


def test_quiet() -> None:
    """--quiet shows a line for each episode, and how many were won."""
    done = boxes("--episodes", "2", "--quiet")
    assert [line.partition(":")[0] for line in done.out.splitlines()] == [
        "won in 2 turns",
        "won in 3 turns",
        "2 of 2 episodes won",
    ]


def test_record(tmp_path: Path) -> None:
    """--record writes a line for each episode and each turn; what was there before is gone."""
    file = tmp_path / "played.jsonl"
    for _ in range(2):
        boxes("--episodes", "2", "--record", str(file))
    assert [line["line"] for line in lines(file)] == ["episode", *["turn"] * 3, "episode", *["turn"] * 4]
    assert [line["task"] for line in lines(file) if line["line"] == "episode"] == ["boxes/1", "boxes/2"]
    assert lines(file)[-1]["won"]


def test_record_that_cannot_be_written(tmp_path: Path) -> None:
    """A recording that cannot be written is an error: nothing was played, or it was not recorded."""
    done = boxes("--record", str(tmp_path / "nowhere" / "file"))
    assert done.status == 2
    assert "nowhere/file cannot be used: no such file or directory" in done.err
    assert answer(boxes("--record", str(tmp_path), "--json"))["error"]["kind"] == "file"
    if Path("/dev/full").exists():
        assert "no space left" in answer(boxes("--record", "/dev/full", "--json"))["error"]["message"]


def test_own_rules(tmp_path: Path) -> None:
    """RULES take the place of the environment's: without its preferences nothing is proposed."""
    done = mpr("play", str(RULES / "1_world.dl"), "--env", "boxes", "--policy", "preferences")
    assert done.status == 1
    assert "  1 given up: the strongest preference proposed nothing more" in done.out


def test_a_person_wins() -> None:
    """A person types actions, one on a line, and is asked again for what is rejected."""
    done = boxes("--seed", "1", policy="person", stdin="take(box_2)\n\n open(box_2) \ntake(box_2)\n")
    assert done.status == 0
    assert "boxes/2, played by you\n" in done.out
    assert done.out.count("your action, such as") == 4
    assert done.out.count("✗ take(box_2)\n        because box_2 is shut: open it first [shut]") == 1
    assert "repair: after open(box_2): opened(box_2)" in done.out
    assert "  1 ✓ open(box_2)\n" in done.out
    assert "won in 2 turns: 1 of 3 proposals rejected, 1 repair taken" in done.out


def test_a_person_asks_what_could_be_done() -> None:
    """? lists what the rules prefer, with the reason, and what is admissible."""
    done = boxes("--seed", "1", policy="person", stdin="?\nq\n")
    assert "preferred\n    0.5 open(box_1): nobody has looked into box_1\n    0.5 open(box_2): " in done.out
    assert "admissible\n    wait, open(box_1), open(box_2)\n" in done.out


@pytest.mark.parametrize("end", ["q\n", "quit\n", "", "take(box_1)\nq\n", "take(box_1)\n"])
def test_a_person_leaves(end: str, tmp_path: Path) -> None:
    """q and the end of the input end the episode at once, after a rejection too: nothing more is done."""
    file = tmp_path / "played.jsonl"
    done = boxes("--record", str(file), policy="person", stdin=f"wait\n{end}")
    assert done.status == 1
    assert "  2 given up: you proposed nothing more\nnot won in 1 turn: " in done.out
    last = lines(file)[-1]
    assert (last["number"], last["action"], last["fallback"]) == (2, None, False)
    assert len(last["decisions"]) == end.count("take")


@pytest.mark.parametrize(
    "typed", ["fly", "open", "open(B)", "open(", "go to the fridge", "\x1b[2J", "ü(ß)", "?!"]
)
def test_a_person_types_what_is_no_action(typed: str) -> None:
    """A text that is no action is refused with the reason, and the person is asked again."""
    for options in ((), ("--shadow",)):
        done = boxes(*options, policy="person", stdin=f"{typed}\nopen(box_1)\ntake(box_1)\n")
        assert done.status == 0
        assert "won in 2 turns: 1 of 3 proposals rejected" in done.out
        assert "\x1b" not in done.out


def test_a_person_is_not_asked_for_ever() -> None:
    """After so many rejections in one turn, what the rules prefer is done instead."""
    done = boxes(policy="person", stdin="take(box_1)\n" * 4)
    assert done.out.count("✗ take(box_1)") == 4
    assert "    ✓ open(box_1) (fallback: what the rules prefer)\n" in done.out
    assert ", 1 fallback, " in done.out


def test_a_person_who_sends_no_text() -> None:
    """Input that is not UTF-8 is an error."""
    found = answer(mpr("play", "--env", "boxes", "--json", stdin=b"\xff\xfe\n"))
    assert found["error"]["message"] == "<stdin>: what was typed is not UTF-8 text: send it as UTF-8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--env", "guess"], "there is no environment `guess`: choose one of alfworld, boxes"),
        (["--env", "boxes", "--split", "guess"], "there is no split `guess`"),
        (["--env", "boxes", "--kind", "guess"], "there is no kind `guess`"),
        (["--env", "boxes", "--split", "empty"], "there is no such episode from number 0 on"),
        (["--env", "boxes", "--theta", "0"], "--theta is 0"),
        (["--env", "boxes", "--theta", "nan"], "--theta is nan"),
        (["--env", "boxes", "--policy", "guess"], "invalid value for '--policy'"),
        (["--env", "boxes", "--episodes", "0"], "invalid value for '--episodes'"),
        (["--env", "boxes", "--seed", "-1"], "invalid value for '--seed'"),
        (["--env", "boxes", "nowhere.dl"], "nowhere.dl"),
        (["--env", "boxes", "rules/kitchen"], "relation `box` is not declared"),
        (["--env", "boxes", "--split", "locked", "--policy", "walkthrough"], "boxes/1 has no walkthrough"),
        (["--env", "boxes", "--split", "locked", "--policy", "forgetful"], "boxes/1 has no walkthrough"),
        (["--kind", "guess"], "there is no task type `guess`: choose one of pick_and_place_simple"),
        (["--split", "guess"], "where are the games? Set ALFWORLD_DATA"),
    ],
)
def test_what_cannot_be_played(options: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that names something that does not exist, or has a bad value, is an error that says so."""
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    done = mpr("play", *options)
    assert (done.status, message in done.err) == (2, True), done


def test_no_such_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A split that is not under $ALFWORLD_DATA is an error that names those that are."""
    (tmp_path / "json_2.1.1" / "valid_seen").mkdir(parents=True)
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    found = answer(mpr("play", "--split", "train", "--json"))
    assert found["error"]["kind"] == "game"
    assert "there is no split 'train'" in found["error"]["message"]
    assert "there is valid_seen" in found["error"]["message"]


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install the extra when it is not installed."""
    monkeypatch.setattr(package, "find_spec", lambda _: None)
    for cached in (package.shipped_domain, package.shipped_grammar):
        cached.cache_clear()
    done = mpr("play", "--policy", "preferences")
    assert done.status == 2
    assert "the alfworld extra is not installed: `pip install 'mpr-logic[alfworld]'`" in done.err


def test_alfworld_under_the_rules_and_without() -> None:
    """The scripted person wins the same generated games more often under the rules than in their shadow."""
    pytest.importorskip("textworld", reason=NEEDS)
    played = ("play", "--policy", "forgetful", "--episodes", "6", "--json")
    guided, alone = answer(mpr(*played)), answer(mpr(*played, "--shadow"))
    assert len({episode["kind"] for episode in guided["episodes"]}) == 6
    assert all(episode["won"] for episode in guided["episodes"])
    assert sum(episode["rejected"] for episode in guided["episodes"]) > 0
    assert sum(episode["won"] for episode in alone["episodes"]) < 6


def test_alfworld_in_a_process() -> None:
    """A person plays in a process of its own, through a pipe."""
    pytest.importorskip("textworld", reason=NEEDS)
    done = process("play", "--seed", "3", stdin=b"open(fridge_1)\ngo_to(fridge_1)\nopen(fridge_1)\n")
    assert done.status == 1
    assert "because you are not at fridge_1: go there first [from_afar]" in done.out
    assert "You open the fridge 1." in done.out
    assert "not won in 2 turns: 1 of 3 proposals rejected, 1 repair taken" in done.out
