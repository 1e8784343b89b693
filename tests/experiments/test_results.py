"""Results are read as they were written, and what is none is refused with its file and line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pydantic", reason="needs: pip install 'mpr-logic[experiments]'")

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.results import Forecast, MethodNote, Result, read_results, read_run, result_json

WHOLE = Result(
    method="mpr",
    model="scripted",
    seed=3,
    phase="train",
    round=1,
    split="train",
    task="box/1",
    kind="open",
    won=True,
    steps=7,
    proposed=9,
    rejected=2,
    false_rejections=1,
    seconds=0.25,
    rules=2,
    laws=1,
    forecasts=(Forecast("closed", 0.91, True),),
)
LEAST = {
    key: value
    for key, value in result_json(WHOLE).items()
    if key in {"mpr_result", *list(result_json(WHOLE))[1:11]}
}


def written(folder: Path, *lines: dict[str, Any] | str) -> Path:
    """A file of results with these lines."""
    path = folder / "results.jsonl"
    texts = (each if isinstance(each, str) else json.dumps(each) + "\n" for each in lines)
    path.write_text("".join(texts), encoding="utf-8", newline="")
    return path


def test_written_is_read(tmp_path: Path) -> None:
    """A result comes back as it was; keys of a later writer are left out; blank lines are none."""
    path = written(tmp_path, result_json(WHOLE) | {"mood": float("nan")}, "\n", LEAST | {"seed": 4})
    first, second = read_results(path)
    assert first == WHOLE
    assert (second.seed, second.proposed, second.false_rejections, second.forecasts) == (4, 0, None, ())


@given(st.integers(1, len(json.dumps(result_json(WHOLE))) - 1))
def test_a_torn_last_line_is_left_out(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever a killed process stopped in its last line: that line is left out, and named."""
    folder = tmp_path_factory.mktemp("run")
    path = written(folder, LEAST, json.dumps(result_json(WHOLE))[:cut])
    assert len(read_results(path)) == 1
    remark, *_ = read_run(folder).remarks
    assert remark == f"{path}:2: the last line was cut off, and is left out"


def test_a_whole_last_line_counts(tmp_path: Path) -> None:
    """A last line that lacks nothing but its end of line is a result."""
    assert read_results(written(tmp_path, json.dumps(result_json(WHOLE)))) == [WHOLE]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{\n", "not JSON"),
        ("[1]\n", "this is no result"),
        ("{}\n", "this is no result"),
        ("\xff\n", "not JSON"),
        ("[" * 100_000 + "\n", "not JSON"),
        (LEAST | {"mpr_result": 2}, "this is version 2 of a result"),
        (LEAST | {"mpr_result": True}, "this is version True of a result"),
        ({key: value for key, value in LEAST.items() if key != "won"}, "`won`: field required"),
        (LEAST | {"won": 1}, "`won`: input should be a valid boolean"),
        (LEAST | {"steps": "7"}, "`steps`: input should be a valid integer"),
        (LEAST | {"steps": 7.5}, "`steps`: input should be a valid integer"),
        (LEAST | {"steps": -1}, "`steps` is -1"),
        (LEAST | {"phase": "rest"}, "`phase`: input should be 'train' or 'test'"),
        (LEAST | {"round": 0}, "`round` is 0"),
        (LEAST | {"task": ""}, "`method` and `task` are names"),
        (LEAST | {"seconds": float("nan")}, "`seconds` is nan"),
        (LEAST | {"cost": float("inf")}, "`cost` is inf"),
        (LEAST | {"rejected": 2, "proposed": 1}, "`rejected` is 2, and `proposed`"),
        (LEAST | {"forecasts": [{"rule": "r", "weight": 1.5, "wrong": True}]}, "the weight of `r` is 1.5"),
        (LEAST | {"forecasts": [{"rule": "r", "weight": 0.5}]}, "`forecasts.0.wrong`: field required"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: dict[str, Any] | str, said: str) -> None:
    """A line that is no result is refused, and the error names the file and the line."""
    path = written(tmp_path, LEAST, line, LEAST | {"seed": 9})
    if line == "\xff\n":
        path.write_bytes(path.read_bytes().replace("\xff".encode(), b"\xff"))
    with pytest.raises(ExperimentError) as caught:
        read_results(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert said in str(caught.value)


def test_the_first_of_an_episode_counts(tmp_path: Path) -> None:
    """A second line about one episode changes nothing, and is named."""
    path = written(tmp_path, LEAST, LEAST | {"won": False})
    assert [each.won for each in read_results(path)] == [True]
    assert f"{path}:2: an episode that stands before already" in read_run(tmp_path).remarks[0]


def test_the_plan_is_read(tmp_path: Path) -> None:
    """The plan of a run is read, unknown keys are left out, and a missing plan is named."""
    written(tmp_path, LEAST)
    run = read_run(tmp_path)
    assert (run.name, run.plan.steps) == (tmp_path.name, None)
    assert "experiment.json is missing" in run.remarks[0]
    plan = {
        "name": "boxes",
        "methods": [{"name": "mpr", "privileged": True, "k": 3}],
        "steps": 30,
        "seeds": [1],
    }
    (tmp_path / "experiment.json").write_text(json.dumps(plan))
    run = read_run(tmp_path)
    assert (run.name, run.plan.steps, run.remarks) == ("boxes", 30, ())
    assert run.plan.methods == (MethodNote("mpr", privileged=True),)


@pytest.mark.parametrize("plan", ['{"steps": "30"}', "{", "[]", '{"methods": [{}]}', '{"methods": ["mpr"]}'])
def test_a_bad_plan_is_refused(tmp_path: Path, plan: str) -> None:
    """A plan that is none is an error with its file."""
    written(tmp_path, LEAST)
    (tmp_path / "experiment.json").write_text(plan)
    with pytest.raises(ExperimentError, match=r"experiment\.json: "):
        read_run(tmp_path)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    """No folder, no file, a pipe, and no episode: each is an error that says what is missing."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ExperimentError, match="there is no file"):
            read_run(path)
    os.mkfifo(tmp_path / "results.jsonl")
    with pytest.raises(ExperimentError, match="there is no file"):
        read_run(tmp_path)
    (tmp_path / "results.jsonl").unlink()
    written(tmp_path, "{")
    with pytest.raises(ExperimentError, match="it holds no episode yet"):
        read_run(tmp_path)
