"""``mpr report``, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs: pip install 'mpr-logic[experiments]'")

from tests.helpers.command import TOP, mpr
from tests.helpers.json_output import answer

RUN = "docs/examples/run"


def test_the_same_numbers_everywhere(tmp_path: Path) -> None:
    """The terminal, the page and JSON show the same difference, with its interval."""
    file = tmp_path / "page.html"
    done = mpr("report", RUN, "--html", str(file))
    assert done.status == 0
    assert f"the page is {file}" in done.err
    found = answer(mpr("report", RUN, "--json"))
    (row,) = found["tables"]["comparisons"]
    assert (row["method"], row["baseline"], row["difference"]) == ("mpr-hac", "act-only", 0.375)
    shown = f"+37.5 ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
    assert shown in done.out
    assert shown in file.read_text(encoding="utf-8")
    assert found["summary"][1] in done.out


def test_it_says_how_it_was_measured() -> None:
    """The step cap, the seeds, the tasks, and who was scripted."""
    out = mpr("report", RUN).out
    for said in (
        "An episode is over after 20 steps",
        "Seeds: 0, 1.",
        "4 tasks of held_out",
        "Success (all scripted)",
        "Scripted, no language model chose: act-only, mpr-hac.",
    ):
        assert said in out


def test_baseline() -> None:
    """Another baseline turns the sign; one that is no method is refused."""
    found = answer(mpr("report", RUN, "--baseline", "mpr-hac", "--json"))
    assert [row["difference"] for row in found["tables"]["comparisons"]] == [-0.375]
    done = mpr("report", RUN, "--baseline", "guess")
    assert done.status == 2
    assert "the methods are `act-only`, `mpr-hac`" in done.err


def test_bad_input_is_an_error(tmp_path: Path) -> None:
    """No folder, no results, a bad line, a page that cannot be written: each ends in 2 and says why."""
    assert "no folder is named" in mpr("report").err
    assert "there is no file" in mpr("report", str(tmp_path)).err
    bad = tmp_path / "results.jsonl"
    bad.write_text("{}\n{}\n")
    done = mpr("report", str(tmp_path), "--json")
    assert (done.status, answer(done)["error"]["kind"]) == (2, "experiment")
    assert f"{bad}:1: this is no result" in done.err
    done = mpr("report", RUN, "--html", str(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert "is a directory" in done.err


def test_a_torn_run_is_reported(tmp_path: Path) -> None:
    """A run whose process was killed in a line is reported, and the line is named."""
    text = (TOP / RUN / "results.jsonl").read_text()
    (tmp_path / "results.jsonl").write_text(text[:-20])
    done = mpr("report", str(tmp_path))
    assert done.status == 0
    assert "results.jsonl:24: the last line was cut off" in done.out
    assert "experiment.json is missing" in done.out


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    """Markup and control characters in a name neither style nor steer the terminal."""
    line = json.loads((TOP / RUN / "results.jsonl").read_text().splitlines()[0])
    (tmp_path / "results.jsonl").write_text(
        json.dumps(line | {"method": "[red]x[/] :smile: \x1b[2J\n"}) + "\n"
    )
    out = mpr("report", str(tmp_path)).out
    assert "[red]x[/] :smile: \\x1b[2J\\x0a" in out
    assert "\x1b" not in out


def test_nothing_is_cut_off() -> None:
    """A table is as wide as it needs, also where that is wider than the terminal."""
    lines = mpr("report", RUN).out.splitlines()
    (head,) = [
        line for line in lines if line.startswith("method") and "Wilcoxon" not in line and "baseline" in line
    ]
    place = lines.index(head)
    assert lines[place - 1].endswith("Wilcoxon")
    assert head.endswith("p")
