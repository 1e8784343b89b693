"""An experiment's file: what it says is what is run, and every fault of it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[experiments]'")

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.experiment import Tasks, read_experiment
from mpr_logic.experiments.methods import METHODS
from tests.helpers.boxes import BoxWorlds
from tests.helpers.command import TOP

EXAMPLE = (TOP / "docs" / "examples" / "experiment.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_read(tmp_path: Path) -> None:
    """Methods are those that are named, or changed in one thing; the manifest says all that was run."""
    changed = '{name = "mine", from = "MPR+HAC", disclose = "bare"}'
    found = read_experiment(written(tmp_path, EXAMPLE.replace('"MPR+HAC"', changed)))
    assert found.methods[:2] == (METHODS["act only"], METHODS["MPR"])
    assert (found.methods[2].name, found.methods[2].disclose, found.methods[2].check) == (
        "mine",
        "bare",
        True,
    )
    manifest = found.manifest(30)
    assert manifest["models"] == [{"name": "absent-minded (scripted)", "scripted": True}]
    assert (manifest["steps"], manifest["rounds"], manifest["seeds"]) == (30, 2, [1, 2])


@pytest.mark.parametrize("path", sorted((TOP / "docs" / "experiments").glob("*.toml")), ids=lambda p: p.stem)
def test_the_experiments_of_the_documentation_are_read(path: Path) -> None:
    """The experiments of the documentation can be read, so that they can be run again."""
    assert read_experiment(path).name == path.stem


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"MPR"', '"MPD"', "there is no method `MPD`: choose from act only"),
        ("seeds = [1, 2]", "seeds = [1, 1]", "`seeds` names something twice"),
        ("rounds = 2", "rounds = 0", "`train.rounds`"),
        ("tasks = 3", "tasks = 3\nsplits = 1", "`test.splits`"),
        ('script = "absent-minded"', 'script = "clever"', "`players.0"),
        ('script = "absent-minded"', 'script = "absent-minded"\nshare = nan', "`players.0"),
        ("rounds = 2", "rounds = 2\ninduced = false", "nobody reflects"),
        ('name = "office"', 'name = "../office"', "`name`"),
        ('name = "office"', "name = ", "this is no TOML"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Whatever is wrong with a file is said in a line that names it, and its place."""
    assert old in EXAMPLE
    path = written(tmp_path, EXAMPLE.replace(old, new))
    with pytest.raises(ExperimentError) as caught:
        read_experiment(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_learning_needs_training(tmp_path: Path) -> None:
    """A method that learns has something to learn from."""
    text = EXAMPLE.partition("[train]")[0] + "[test]" + EXAMPLE.partition("[test]")[2]
    with pytest.raises(ExperimentError, match=r"there is no \[train\]"):
        read_experiment(written(tmp_path, text))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """There may be no such file."""
    with pytest.raises(ExperimentError, match="cannot be read"):
        read_experiment(tmp_path / "none.toml")


@given(st.text())
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands in a file, it is an experiment or an error of ours."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ExperimentError):
        read_experiment(path)


@given(st.integers(1, 20), st.integers(0, 20), st.integers(0, 3))
def test_draws_of_one_number_do_not_overlap(tasks: int, skip: int, draw: int) -> None:
    """The skipped tasks and those drawn behind them differ, and as many are drawn as were asked for."""
    first = Tasks(tasks=skip, draw=draw, split="locked") if skip else None
    then = Tasks(tasks=tasks, skip=skip, draw=draw, split="locked").places(BoxWorlds())
    assert len(set(then)) == tasks
    assert first is None or not set(first.places(BoxWorlds())) & set(then)


def test_a_split_may_be_too_small() -> None:
    """More tasks than there are is an error, whether they are drawn or not."""
    for draw in (None, 1):
        with pytest.raises(ExperimentError, match="has 0 tasks, and 2 are asked for"):
            Tasks(tasks=2, split="empty", draw=draw).places(BoxWorlds())
