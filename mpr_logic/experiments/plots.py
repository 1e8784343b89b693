"""The plots of a report, as SVG that takes its colours from the page it stands in.

matplotlib draws with colours that stand for the page's own: :func:`_drawn` puts ``currentColor`` and the
page's variables ``--grid`` and ``--series-N`` in their place, so that one drawing is right in the dark and
in the light. Text stays text, of the page's font.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.results import MISSING
from mpr_logic.experiments.tables import method
from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mpr_logic.experiments.results import TableRow
    from mpr_logic.experiments.tables import Report

SERIES = 8
"""The number of colours that the page has for series; further series begin anew, with other markers."""

WIDTH = 4.8
"""The width of a plot in inches: it can still be read on a phone, where it is made smaller."""

MARKERS = "os^DvPX*<>p"
LONGEST_LABEL = 32

_INK, _GRID, _SERIES = "#010203", "#010204", "#01030{}"
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def plots(report: Report) -> list[tuple[str, str, str]]:
    """The plots that a report has the numbers for: the title of each, what it shows, and its SVG.

    Raises:
        ExperimentError: the extra that draws is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ExperimentError(MISSING) from None
    tables = report.tables
    success = tables["success"].rows
    names = _names(success)
    rounds = [row for row in success if _rounds(success, row) > 1 and not row["retried"]]
    so_far = [row for row in success if _rounds(success, row) > 1 and row["cumulative"] is not None]
    made: list[tuple[str, str, str | None]] = []
    for phase in dict.fromkeys(row["phase"] for row in rounds):
        rows = [row for row in rounds if row["phase"] == phase]
        said = "The share won in each round, with Wilson's 95 % interval."
        made.append((f"Fresh success in {phase}, by round", said, _curves(rows, names, "rate")))
    for phase in dict.fromkeys(row["phase"] for row in so_far):
        rows = [row for row in so_far if row["phase"] == phase]
        said = "The share of pairs of a seed and a task that were won so far."
        made.append((f"Cumulative success in {phase}, by round", said, _curves(rows, names, "cumulative")))
    compared = tables["comparisons"]
    said = (
        "Differences in percentage points, with the two-way bootstrap's 95 % intervals. At 0 there is none."
    )
    made.append((compared.title, said, _forest(compared.rows, names)))
    said = "How often what a rule forbids came to nothing, by the rule's weight; above the line, more often."
    made.append(("Reliability of rule weights", said, _reliability(tables["reliability"].rows, names)))
    phase = _phase(success)
    said = f"The round of {phase} that stands for each method, with Wilson's 95 % intervals."
    made.append(("Success by task type", said, _kinds(success, tables["kinds"].rows, phase, names)))
    whose = " (all scripted)" if tables["success"].all_scripted else ""
    return [(f"{title}{whose}", said, svg) for title, said, svg in made if svg is not None]


def _rounds(rows: Sequence[TableRow], row: TableRow) -> int:
    return len({each["round"] for each in rows if _line(each) == _line(row)})


def _line(row: TableRow) -> tuple[str, ...]:
    return row["method"], row["model"], row["phase"], row["split"]


def _phase(rows: Iterable[TableRow]) -> str:
    return "test" if any(row["phase"] == "test" for row in rows) else "train"


SeriesNames = dict[tuple[str, str], tuple[str, int]]


def _names(rows: Sequence[TableRow]) -> SeriesNames:
    """For each method with a model, what it is called, and its number among them."""
    players = sorted({(row["method"], row["model"]) for row in rows})
    several = len({model for _, model in players}) > 1
    scripted = all(row["scripted"] for row in rows)  # the tables below say so
    marked = {
        (row["method"], row["model"]): method(row | {"scripted": row["scripted"] and not scripted})
        for row in rows
    }
    return {
        player: (_short(f"{marked[player]}, {visible(player[1])}" if several else marked[player]), number)
        for number, player in enumerate(players)
    }


def _short(name: str) -> str:
    name = f" {name}" if name.startswith("_") else name  # matplotlib leaves such names out of legends
    return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 3]}..."


def _style(row: TableRow, names: SeriesNames) -> dict[str, Any]:
    number = names[row["method"], row["model"]][1]
    return {
        "color": _SERIES.format(number % SERIES),
        "marker": MARKERS[number % len(MARKERS)],
        "markersize": 5,
    }


def _curves(rows: Sequence[TableRow], names: SeriesNames, key: str) -> str:
    def draw(axes: Any) -> None:
        for line in dict.fromkeys(map(_line, rows)):
            of = [row for row in rows if _line(row) == line]
            x, y = [row["round"] for row in of], [100 * row[key] for row in of]
            style = _style(of[0], names)
            label = names[line[0], line[1]][0]
            axes.plot(x, y, label=label, linewidth=1.6, **style)
            if key == "rate":
                low, high = ([100 * row[end] for row in of] for end in ("low", "high"))
                axes.fill_between(x, low, high, color=style["color"], alpha=0.12, linewidth=0)
        axes.set(xlabel="round", ylabel="won, %", ylim=(0, 103))
        axes.set_xticks(sorted({row["round"] for row in rows}))
        axes.legend(loc="lower right")

    return _drawn(f"{key}-{rows[0]['phase']}", 3.4, draw)


def _kinds(success: Sequence[TableRow], kinds: Sequence[TableRow], phase: str, names: SeriesNames) -> str:
    rows = [row | {"kind": "all"} for row in success if row["standing"] and row["phase"] == phase]
    rows += [row for row in kinds if row["standing"] and row["phase"] == phase]
    groups = list(dict.fromkeys(row["kind"] for row in rows))
    lines = list(dict.fromkeys(map(_line, rows)))
    thick = 0.8 / len(lines)

    def draw(axes: Any) -> None:
        for number, line in enumerate(lines):
            of = [row for row in rows if _line(row) == line]
            y = [groups.index(row["kind"]) - 0.4 + thick * (number + 0.5) for row in of]
            color, label = _style(of[0], names)["color"], names[line[0], line[1]][0]
            axes.barh(y, [100 * row["rate"] for row in of], thick * 0.9, color=color, alpha=0.75, label=label)
            _errors(axes, of, y, "rate", color=_INK)
        axes.set_yticks(range(len(groups)), [_short(visible(group)) for group in groups])
        axes.set(xlabel="won, %", xlim=(0, 103), ylim=(len(groups) - 0.5, -0.5))
        axes.grid(visible=False, axis="y")
        axes.figure.legend(loc="outside lower left")

    return _drawn("kinds", 0.9 + 0.2 * len(lines) + len(groups) * (0.15 + 0.15 * len(lines)), draw)


def _forest(rows: Sequence[TableRow], names: SeriesNames) -> str | None:
    if not rows:
        return None
    several = len({row["baseline"] for row in rows}) > 1

    def draw(axes: Any) -> None:
        for y, row in enumerate(rows):
            style = _style(row, names)
            axes.plot([100 * row["difference"]], [y], linestyle="", **style)
            if row["low"] is not None:
                _errors(axes, [row], [y], "difference", color=style["color"])
        labels = [names[row["method"], row["model"]][0] for row in rows]
        labels = [
            _short(f"{label}, {row['counted']}") if row["retried"] else label
            for label, row in zip(labels, rows, strict=True)
        ]
        if several:
            labels = [
                _short(f"{label} less {visible(row['baseline'])}")
                for label, row in zip(labels, rows, strict=True)
            ]
        axes.axvline(0, color=_INK, linewidth=1)
        axes.set_yticks(range(len(rows)), labels)
        less = "the baseline" if several else visible(rows[0]["baseline"])
        axes.set(xlabel=_short(f"points above {less}"), ylim=(len(rows) - 0.5, -0.5))
        axes.grid(visible=False, axis="y")

    return _drawn("forest", 0.9 + 0.32 * len(rows), draw)


def _reliability(rows: Sequence[TableRow], names: SeriesNames) -> str | None:
    if not rows:
        return None
    phase = _phase(rows)

    def draw(axes: Any) -> None:
        axes.plot([0, 100], [0, 100], color=_INK, linewidth=1, linestyle=":")
        of_phase = [row for row in rows if row["phase"] == phase]
        for line in dict.fromkeys(map(_line, of_phase)):
            of = [row for row in of_phase if _line(row) == line]
            x = [100 * row["weight"] for row in of]
            style = _style(of[0], names)
            label = names[line[0], line[1]][0]
            axes.plot(x, [100 * row["share"] for row in of], label=label, linewidth=0.8, **style)
            _errors(axes, of, x, "share", vertical=True, color=style["color"])
        axes.set(xlabel=f"mean weight in {phase}, %", ylabel="came true, %", xlim=(0, 102), ylim=(0, 103))
        axes.legend(loc="upper left")

    return _drawn("reliability", 3.8, draw)


def _errors(
    axes: Any, rows: Sequence[TableRow], at: Sequence[float], key: str, *, color: str, vertical: bool = False
) -> None:
    """Draw the intervals from ``low`` to ``high`` around a key."""
    values = [100 * row[key] for row in rows]
    ends = [
        [max(100 * (row[key] - row["low"]), 0.0) for row in rows],
        [max(100 * (row["high"] - row[key]), 0.0) for row in rows],
    ]
    style = {"fmt": "none", "ecolor": color, "elinewidth": 1.1, "capsize": 1.5}
    if vertical:
        axes.errorbar(at, values, yerr=ends, **style)
    else:
        axes.errorbar(values, at, xerr=ends, **style)


def _drawn(name: str, height: float, draw: Callable[[Any], None]) -> str:
    """Draw on axes of this height, in inches. Returns an SVG element."""
    import warnings

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # the salt makes the ids of a plot its own, and the same in every run
    settings: Any = {**_SETTINGS, "svg.hashsalt": name}
    with rc_context(settings), warnings.catch_warnings():
        # a page's fonts have the letters that matplotlib's may lack
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        stream = StringIO()
        unsaid = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=unsaid)
    svg = stream.getvalue()
    svg = re.sub(r"<style\b.*?</style>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace(_INK, "currentColor").replace(_GRID, "var(--grid)")
    return re.sub(_SERIES.format(r"(\d)"), r"var(--series-\1)", svg)
