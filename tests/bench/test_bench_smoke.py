"""The benchmark at tiny sizes: every engine that is installed gives our answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench import check_cost, guard, recorded, serve
from tests.bench.__main__ import main
from tests.bench.ablation import TECHNIQUES, WHOLE, ablation
from tests.bench.batch import batch
from tests.bench.household import BASE_FACTS, BASE_RULES, household, step_stream
from tests.bench.peers import BATCH_PEERS, OURS, PROVING, STEP_PEERS, Spec
from tests.bench.peers.base import Peer
from tests.bench.peers.ours import Ours
from tests.bench.problems import PROBLEMS
from tests.bench.scenes import ALFWORLD, SCENES, Scene
from tests.bench.step import flat, steps
from tests.bench.table import Measured, Task, failures, print_task, ratio
from tests.bench.worker import named, solve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.household import World


def _rejected(spec: Spec, rules: int, steps: int) -> list[list[bool]]:
    return _answers(spec, household(5, facts=BASE_FACTS, rules=rules), steps)


def _answers(spec: Spec, world: World, steps: int) -> list[list[bool]]:
    kind: type[Peer] = named(spec.place)
    peer = kind(world)
    try:
        return [peer.step(step) for step in world.steps(steps)]
    finally:
        peer.close()


@pytest.fixture(scope="module", params=[BASE_RULES, 400], ids=["46 rules", "400 rules"])
def ours(request: pytest.FixtureRequest) -> tuple[int, list[list[bool]]]:
    """Our answers to twelve steps, and the number of rules."""
    rules: int = request.param
    return rules, _rejected(OURS, rules, 12)


@pytest.fixture(scope="module")
def alfworld() -> list[list[bool]]:
    """Our answers to a few steps of a game."""
    if reason := ALFWORLD.missing():
        pytest.skip(reason)
    return _answers(OURS, ALFWORLD.world(6), 6)


@pytest.mark.slow
def test_no_technique_changes_an_answer() -> None:
    """The engine without each of its techniques rejects the same actions; each is measured."""
    task = ablation(Scene(BASE_FACTS, BASE_RULES), Ours, blocks=2, size=4)
    assert failures([task]) == []
    assert [row.engine for row in task.rows] == [WHOLE, *(f"without: {name}" for name in TECHNIQUES)]
    assert all(len(row.values) == 2 for row in task.rows)


@pytest.mark.parametrize("spec", [PROVING, *STEP_PEERS], ids=lambda spec: spec.name)
def test_a_peer_rejects_what_we_reject(spec: Spec, ours: tuple[int, list[list[bool]]]) -> None:
    """Twelve steps of twenty candidates, the same rejected by both engines."""
    if reason := spec.missing():
        pytest.skip(reason)
    rules, mine = ours
    assert _rejected(spec, rules, len(mine)) == mine


@pytest.mark.slow
@pytest.mark.parametrize("spec", [PROVING, *STEP_PEERS], ids=lambda spec: spec.name)
def test_a_peer_rejects_what_we_reject_in_alfworld(spec: Spec, alfworld: list[list[bool]]) -> None:
    """The same in a game, under the laws of rules/alfworld."""
    if reason := spec.missing():
        pytest.skip(reason)
    assert _answers(spec, ALFWORLD.world(len(alfworld)), len(alfworld)) == alfworld


def test_about_half_of_the_candidates_are_rejected(ours: tuple[int, list[list[bool]]]) -> None:
    """A benchmark in which all is rejected, or nothing, would compare little."""
    flags = [flag for step in ours[1] for flag in step]
    assert 0.3 < sum(flags) / len(flags) < 0.7


def test_a_household_is_its_seed() -> None:
    """One seed, one household and one stream; every step changes three facts and has twenty candidates."""
    worlds = [household(3, facts=500, rules=60) for _ in range(2)]
    assert worlds[0] == worlds[1]
    assert len(worlds[0].facts) == 500
    streams = [list(step_stream(world, 30)) for world in worlds]
    assert streams[0] == streams[1]
    assert {(len(s.add) + len(s.remove), len(s.actions)) for s in streams[0]} == {(3, 20)}


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_batch_peers_give_our_rows(problem: str) -> None:
    """Each batch problem, small: the same number of rows and the same checksum from all."""
    task = batch(problem, quick=True, repeats=1)
    assert task.rows[0].values, task.rows[0].note
    assert failures([task]) == []
    compared = [row.engine for row in task.rows[1:] if row.agrees]
    installed = [spec.name for spec in BATCH_PEERS[1:] if spec.missing() is None]
    assert compared == [name for name in installed if name != "DuckDB" or problem != "andersen"]


def test_different_answers_get_no_ratio() -> None:
    """An engine that answered differently is named, and its time is not printed."""
    task = Task("t", "s", [Measured("mpr_logic", [1.0]), Measured("other", [2.0], agrees=False)])
    lines: list[str] = []
    print_task(task, lines.append)
    assert failures([task]) == ["other: t"]
    assert "DIFFERENT ANSWERS" in lines[-1]
    assert "2.0" not in lines[-1]


def test_a_scene_in_processes_of_their_own() -> None:
    """Ours against itself with proofs, through the worker processes: both measured, and compared."""
    task = steps(SCENES[0], seconds=0.2, peers=(PROVING,))
    assert [bool(row.values) for row in task.rows] == [True, True], [row.note for row in task.rows]
    assert task.rows[1].agrees is True


def test_a_household_that_grows() -> None:
    """Each size is measured, and held against the first."""
    task = flat([SCENES[0], SCENES[0]], seconds=0.1)
    assert [bool(row.values) for row in task.rows] == [True, True], [row.note for row in task.rows]
    assert ratio(task.rows[1], task.rows[0]) is not None


def test_a_peer_that_breaks_is_reported() -> None:
    """An error of a peer ends as a note, not as a number."""
    with pytest.raises(Exception, match="KeyError"):
        solve(BATCH_PEERS[0], "no such problem", True, 60.0)


@pytest.mark.slow
def test_a_small_memory_is_filled_and_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """The benchmark of a memory runs: all its rules are new to it, and are retrieved from."""
    for package in ("sqlalchemy", "scipy", "numpy"):
        pytest.importorskip(package, reason="needs the extra: pip install 'mpr-logic[memory]'")
    from tests.bench.memory import ROUNDS
    from tests.bench.memory import main as memory

    memory(["--rules", "300"])
    shown = capsys.readouterr().out
    assert "300 rules are new" in shown
    assert shown.count("median") == ROUNDS


@pytest.mark.slow
def test_the_numbers_are_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``load --quick --json`` writes what it prints."""
    assert main(["load", "--quick", "--json", str(tmp_path / "out.json")]) == 0
    tasks = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["tasks"]
    assert [task["task"] for task in tasks] == ["load: 300 rules and 339 facts", "cold start"]
    assert "first check" in capsys.readouterr().out


def test_the_guard_and_its_peers_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The guard's benchmark runs, and all that are installed give the same answers."""
    pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")
    assert guard.main(["--rules", "40", "100", "--calls", "60", "--json", str(tmp_path / "out.json")]) == 0
    lines = json.loads((tmp_path / "out.json").read_text())
    assert {each["agrees"] for each in lines} == {True}
    assert {each["engine"] for each in lines} >= {"mpr_logic guard", "plain if"}
    assert "mpr_logic guard" in capsys.readouterr().out


@pytest.mark.slow
def test_the_server_answers_under_load(capsys: pytest.CaptureFixture[str]) -> None:
    """The benchmark of the HTTP adapter runs, and no answer is wrong."""
    pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")
    assert serve.main(["--requests", "1000", "--at-once", "20"]) == 0
    assert "wrong answers: 0" in capsys.readouterr().out


@pytest.mark.parametrize("scene", check_cost.SCENES, ids=lambda each: each.name)
def test_each_scene_of_a_check_is_decided(scene: check_cost.Scene) -> None:
    """No scene measures an error: all of its calls are admitted, or all rejected by its law."""
    seconds, verdicts, _, _ = check_cost.measured(scene._replace(before=min(scene.before, 3)), 3)
    assert len(seconds) == 3
    assert verdicts == {scene.admitted: 3}


def test_recorded_calls_get_the_same_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each engine that is installed rejects the same of the calls in a recording."""
    made = [
        ("calculate", {"expression": "2 * 3"}),
        ("calculate", {"expression": "2 + 3"}),
        ("send_certificate", {"amount": 50, "user_id": "mia"}),
        ("send_certificate", {"amount": 51, "user_id": "mia"}),
        ("book_reservation", {"total_baggages": 3, "price": 1.5, "flights": [{"date": None}]}),
        ("update_reservation_flights", {"cabin": "economy"}),
        ("update_reservation_flights", {"cabin": "business"}),
        ("think", {}),
    ]
    calls = [
        {"id": str(n), "type": "function", "function": {"name": tool, "arguments": json.dumps(arguments)}}
        for n, (tool, arguments) in enumerate(made)
    ]
    file = tmp_path / "run.json"
    file.write_text(json.dumps([{"role": "assistant", "content": None, "tool_calls": calls}]))
    assert recorded.main([str(file), "--rounds", "1", "--json", str(tmp_path / "out.json")]) == 0
    assert "mpr_logic guard" in capsys.readouterr().out
    lines = json.loads((tmp_path / "out.json").read_text())
    assert all(each["agrees"] and each["calls"] == 8 and each["rejected"] == 4 for each in lines)
