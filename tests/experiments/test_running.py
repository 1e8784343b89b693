"""Running experiments: what is played is kept, whatever breaks off, and is the same wherever it is done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[experiments]'")

from mpr_logic.checker.loading import load_modules
from mpr_logic.envs.tools.worlds import Tools
from mpr_logic.errors import ExperimentError, GameError
from mpr_logic.experiments.arms import Arm, PlayedEpisode, play_all
from mpr_logic.experiments.executors import Here, Processes, executor
from mpr_logic.experiments.experiment import Experiment, read_experiment
from mpr_logic.experiments.results import Result, read_results, read_run
from mpr_logic.experiments.running import Runner
from mpr_logic.language.parser import parse
from mpr_logic.memory.store import Memory
from tests.helpers.command import TOP

FILE = TOP / "docs" / "examples" / "experiment.toml"


def small() -> Experiment:
    """The example, with one seed."""
    return replace(read_experiment(FILE), seeds=(1,))


def timeless(results: list[Result]) -> set[Result]:
    """Results without the time that they took."""
    return {replace(result, seconds=0.0) for result in results}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small experiment, run without a break."""
    folder = tmp_path_factory.mktemp("whole")
    Runner(small(), folder).go(Here())
    return folder


def test_every_arm_is_played_once(whole: Path) -> None:
    """Each method has each test task once, and training each of its tasks once a round."""
    results = read_results(whole / "results.jsonl")
    count = Counter((r.method, r.phase, r.round) for r in results)
    assert count == {
        ("MPR", "train", 1): 4,
        ("MPR", "train", 2): 4,
        ("act only", "test", 0): 3,
        ("MPR", "test", 2): 3,
        ("MPR+HAC", "test", 2): 3,
    }
    assert len({(r.method, r.phase, r.round, r.task) for r in results}) == len(results)
    assert not read_run(whole).remarks


def test_a_run_leaves_what_was_learned(whole: Path) -> None:
    """The memory has the episodes of training and their rules, which stand as text beside it."""
    (path,) = (whole / "memories").glob("*.db")
    with Memory.open(path) as memory:
        assert len(memory.episodes()) == 8
        assert all("round" in episode.policy for episode in memory.episodes())
        text = memory.export()
    (last,) = (whole / "memories").glob("*-2.dl")
    assert last.read_text(encoding="utf-8") == text
    parse(text)
    assert load_modules([*Tools.known, last])


def test_each_step_is_written_down(whole: Path) -> None:
    """The trajectories have as many episodes as there are results."""
    lines = [json.loads(line) for line in (whole / "steps.jsonl").read_text().splitlines()]
    assert sum(line["line"] == "episode" for line in lines) == len(read_results(whole / "results.jsonl"))


@pytest.mark.parametrize("kept", [0, 0.3, 0.6, 0.95])
def test_what_was_cut_off_goes_on(whole: Path, tmp_path: Path, kept: float) -> None:
    """Whatever a killed process left of the results, the rest is played, and all is as in one go."""
    Runner(small(), tmp_path).go(Here())
    path = tmp_path / "results.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    said: list[str] = []
    Runner(small(), tmp_path).go(Here(), lambda what, more: said.append(what))
    assert timeless(read_results(path)) == timeless(read_results(whole / "results.jsonl"))
    (memory,) = (tmp_path / "memories").glob("*.db")
    with Memory.open(memory) as store:
        assert len(store.episodes()) == 8
    assert any("act only" in text for text in said)


def test_a_second_run_plays_nothing(whole: Path) -> None:
    """A second run of the same experiment plays no episode again."""
    before = (whole / "results.jsonl").read_bytes()
    runner = Runner(small(), whole)
    done: list[int] = []
    runner.go(Here(), lambda what, more: done.append(more))
    assert (whole / "results.jsonl").read_bytes() == before
    assert sum(done) == runner.total == 17


def test_another_experiment_is_not_mixed_in(whole: Path) -> None:
    """A folder holds one experiment."""
    with pytest.raises(ExperimentError, match="another experiment was run there"):
        Runner(replace(small(), theta=0.8), whole)


def test_what_is_trained_on_is_not_tested_with(tmp_path: Path) -> None:
    """No task is in both."""
    experiment = small()
    assert experiment.train is not None
    same = experiment.test.model_copy(update={"split": "train"})
    with pytest.raises(ExperimentError, match="3 tasks are in `train` and in `test`"):
        Runner(replace(experiment, test=same), tmp_path)


def test_what_cannot_be_played_is_said(tmp_path: Path) -> None:
    """A method that nobody can play ends the run; what was played until then is kept."""
    methods = (*small().methods, replace(small().methods[0], name="list", rules="simulator"))
    runner = Runner(replace(small(), methods=methods), tmp_path)
    with pytest.raises(GameError, match="nobody lists what can be done in tools"):
        runner.go(Here())


def test_work_here_is_done_when_it_is_asked_for() -> None:
    """Each result is there before the next work begins; what nobody asks for is not done."""
    done: list[int] = []

    def work(number: int, share: int) -> int:
        done.append(number)
        return number // share

    here = Here()
    results = here.map(work, [(4, 2), (6, 2), (1, 0), (8, 2), (9, 3)])
    assert (next(results), done) == (2, [4])
    assert (next(results), done) == (3, [4, 6])
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(here.map(work, [(9, 3)])) == [3]
    more = here.map(work, [(2, 1), (3, 1)])
    assert next(more) == 2
    here.shutdown()
    with pytest.raises(CancelledError):
        next(more)
    assert done == [4, 6, 1, 9, 2]


def test_progress_is_shown_as_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of work is written down and reported before the next is played: seven tasks of training come
    as five and then two."""
    experiment = small()
    assert experiment.train is not None
    methods = tuple(method for method in experiment.methods if method.learns)
    train = experiment.train.model_copy(update={"tasks": 7})
    runner = Runner(replace(experiment, methods=methods, train=train), tmp_path)
    played: list[int] = []

    def play(arm: Arm, places: Sequence[int]) -> list[PlayedEpisode]:
        played.extend(places)
        return play_all(arm, places)

    monkeypatch.setattr("mpr_logic.experiments.training.play_all", play)
    seen: list[tuple[int, int, int]] = []
    runner.go(Here(), lambda what, more: seen.append((more, len(runner.folder.done), len(played))))
    assert [each for each in seen if each[0]][:4] == [(5, 5, 5), (2, 7, 7), (5, 12, 12), (2, 14, 14)]


def test_what_fails_ends_the_other_work(tmp_path: Path) -> None:
    """Once one method cannot be played, those beside it begin nothing more."""
    seeds = tuple(range(1, 9))
    unplayable = replace(small().methods[0], name="list", rules="simulator")
    runner = Runner(replace(small(), seeds=seeds, methods=(unplayable, *small().methods)), tmp_path)
    with pytest.raises(GameError, match="nobody lists what can be done in tools"):
        runner.go(Here())
    assert len(runner.folder.done) < runner.total // 2


@pytest.mark.slow
def test_processes_play_the_same(whole: Path, tmp_path: Path) -> None:
    """Several processes come to what one comes to."""
    Runner(small(), tmp_path).go(Processes(2))
    there = read_results(tmp_path / "results.jsonl")
    assert timeless(there) == timeless(read_results(whole / "results.jsonl"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_plays_the_same(whole: Path, tmp_path: Path) -> None:
    """Ray comes to the same too."""
    pytest.importorskip("ray", reason="needs the extra: pip install 'mpr-logic[ray]'")
    Runner(small(), tmp_path).go(executor("ray", 1))
    there = read_results(tmp_path / "results.jsonl")
    assert timeless(there) == timeless(read_results(whole / "results.jsonl"))


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_broken_off_goes_on(whole: Path, tmp_path: Path, end: signal.Signals) -> None:
    """Ctrl-C, or a kill, leaves a run that the same command finishes."""
    file = tmp_path / "experiment.toml"
    file.write_text(FILE.read_text().replace("seeds = [1, 2]", "seeds = [1]"))
    command = [sys.executable, "-m", "mpr_logic.cli", "experiment", str(file), "--out", str(tmp_path / "run")]
    results = tmp_path / "run" / "results.jsonl"
    process = subprocess.Popen(command, cwd=TOP, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (results.exists() and results.stat().st_size):
        time.sleep(0.02)
    os.kill(process.pid, end)
    _, said = process.communicate(timeout=120)
    assert process.returncode in (130, -signal.SIGKILL, 0)
    assert "Traceback" not in said
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert timeless(read_results(results)) == timeless(read_results(whole / "results.jsonl"))
