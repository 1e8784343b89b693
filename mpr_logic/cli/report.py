"""``mpr report``: what an experiment came to, as tables, a page or JSON."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, reply

if TYPE_CHECKING:
    from mpr_logic.experiments.tables import Report, ReportTable

EXAMPLE = "mpr report docs/examples/run --baseline act-only"

WIDTH = 120
"""The width of tables that go to no terminal."""

WIDEST, WIDEST_METHOD = 31, 23
"""The widest cell of a table in characters, and the widest name of a method: longer ones are broken into
lines."""


def report(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="What an experiment has written: results.jsonl.", show_default=False
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(metavar="METHOD", help="Compare the others with it; else with the first. Repeatable."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with plots and all tables there.")
    ] = None,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Report what came of an experiment.

    It has success, paired comparisons, actions, costs and calibration.

    Exit status: 0 it is reported, 2 there is nothing to report on, or it cannot be read.
    """

    def work() -> Answer:
        if folder is None:
            raise o.UsageError("no folder is named: give the one that an experiment has written")
        from mpr_logic.experiments.report import make_report
        from mpr_logic.experiments.results import read_run

        made = make_report(read_run(folder), baseline or ())
        remark = ""
        if html is not None:
            from mpr_logic.experiments.report import page

            html.write_text(page(made), encoding="utf-8")
            remark = f"the page is {html}"
        return Answer(YES, text(made), content(made), remark)

    reply("report", work, json=json, no_color=no_color)


def content(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "name": report.name,
        "summary": list(report.summary),
        "measured": list(report.measured),
        "commands": list(report.commands),
        "remarks": list(report.remarks),
        "tables": {key: list(table.rows) for key, table in report.tables.items()},
    }


def text(report: Report) -> str:
    """A report for people, without colours."""
    parts = [report.name, "\n".join(report.summary)]
    parts += [_table(table) for table in report.tables.values() if table.rows]
    lists = {
        "how it was measured": report.measured,
        "the commands": report.commands,
        "remarks": report.remarks,
    }
    parts += ["\n".join([title, *(f"- {each}" for each in said)]) for title, said in lists.items() if said]
    return "\n\n".join(parts)


def _table(table: ReportTable) -> str:
    from io import StringIO
    from textwrap import fill

    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table as Drawn

    width, rows = _width(), table.short()
    drawn = Drawn(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    columns = []
    for column in table.shown(rows):
        widest = WIDEST_METHOD if column.form == "method" else WIDEST
        cells = [fill(table.cell(column, row), widest) for row in rows]
        least = max(cell_len(part) for part in (*column.title.split(), *"\n".join(cells).split("\n")))
        drawn.add_column(fill(column.title, least), justify="right" if column.number else "left")
        columns.append(cells)
    for row in zip(*columns, strict=True):
        drawn.add_row(*row)
    stream = StringIO()
    # so wide that nothing is cut off; a narrow terminal breaks the lines
    console = Console(
        file=stream, width=10_000, markup=False, emoji=False, highlight=False, color_system=None
    )
    console.print(drawn)
    lines = [line.rstrip() for line in stream.getvalue().rstrip("\n").split("\n")]
    notes = (fill(note, width, initial_indent="  ", subsequent_indent="  ") for note in table.notes)
    return "\n".join([table.heading(), *lines, *notes])


def _width() -> int:
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
