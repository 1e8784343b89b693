"""The page of a report: whole, of one piece, and safe whatever names are in it."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs: pip install 'mpr-logic[experiments]'")

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.plots import plots
from mpr_logic.experiments.report import make_report, page
from mpr_logic.experiments.results import Forecast, MethodNote, Run, RunPlan, read_run, result_json
from mpr_logic.experiments.tables import Report
from tests.experiments.runs import BASE, run, train

HOSTILE = "</td><script src=//evil.example>alert(1)</script>$x_{$\x1b[31m&\"'{{ 7*7 }}\u202e"


class Reader(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> Report:
    """A report in which every name is written to break out of where it stands."""
    told = (Forecast(HOSTILE, 0.95, True),)
    first = replace(
        BASE, method=HOSTILE, model=HOSTILE, split=HOSTILE, task=HOSTILE, kind=HOSTILE, forecasts=told
    )
    second = [replace(first, seed=seed, method="b" * 200, won=seed == 1) for seed in (1, 2)]
    rounds = [replace(first, phase="train", round=n) for n in (1, 2)]
    results = (first, replace(first, seed=2), *second, *rounds)
    plan = RunPlan(methods=(MethodNote(HOSTILE),), commands=(HOSTILE,), steps=5)
    return make_report(Run(HOSTILE, results, plan, (HOSTILE,)))


def test_the_page_needs_nothing_and_escapes_all() -> None:
    """The page runs no script, names no address, and hostile names are text in it."""
    text = page(hostile())
    read = Reader(text)
    assert not read.tags & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "img",
        "image",
        "base",
        "foreignobject",
    }
    for name, value in read.attributes:
        assert not name.startswith("on"), (name, value)
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert value.startswith("#"), (name, value)
        if "url(" in value:
            assert value.count("url(") == value.count("url(#"), (name, value)
        if "//" in value and not name.startswith("aria"):
            assert name.startswith("xmlns"), (name, value)
    assert "@import" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "{{ 7*7 }}" in read.text
    assert "alert(1)" in read.text


def test_plots_are_whole_and_take_the_pages_colours() -> None:
    """Every plot is well-formed, has its text as text, and no colour of its own."""
    drawn = plots(hostile())
    assert [title.split(" (")[0] for title, _, _ in drawn] == [
        "Fresh success in train, by round",
        "Cumulative success in train, by round",
        "Paired comparisons in test",
        "Reliability of rule weights",
        "Success by task type",
    ]
    for title, _, svg in drawn:
        root = ET.fromstring(svg)
        assert root.findall(".//{*}text"), title
        assert not root.findall(".//{*}script")
        assert "var(--" in svg
        assert "#01" not in svg.replace("url(#", "").replace('href="#', ""), title


def test_letters_of_any_script() -> None:
    """Names in letters that matplotlib's own font lacks are text in the plots, without a warning."""
    found = plots(make_report(run(*train(1, "Ab", method="学习"), *train(2, "AB", method="_🙂"))))
    assert any("学习" in svg and "🙂" in svg for _, _, svg in found)


@pytest.mark.parametrize("module", ["pydantic", "scipy", "matplotlib", "jinja2"])
def test_a_missing_extra_is_named(module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a package of the extra, the error says what to install."""
    (tmp_path / "results.jsonl").write_text(json.dumps(result_json(BASE)))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExperimentError, match=r"pip install 'mpr-logic\[experiments\]'"):
        page(make_report(read_run(tmp_path)))


def test_a_plot_is_the_same_each_time() -> None:
    """The page of a report is the same, byte for byte, however often it is made."""
    report = make_report(run(*train(1, "Ab"), *train(2, "AB"), BASE))
    assert page(report) == page(report)


def test_one_episode_is_enough() -> None:
    """Of a single episode there is a report and a page, with nothing compared."""
    report = make_report(run(BASE))
    assert not report.tables["comparisons"].rows
    assert report.summary == (
        "1 episode of 1 method on 1 task, with 1 seed.",
        "act won 0.0 % of 1 episode of test.",
    )
    assert "Success by task type" in page(report)
