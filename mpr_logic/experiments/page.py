"""A report as one page of HTML, which needs nothing beside itself: no script, no network, no other file."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.plots import plots
from mpr_logic.experiments.results import MISSING

if TYPE_CHECKING:
    from mpr_logic.experiments.report import Report


def page(report: Report) -> str:
    """The page. All text in it is escaped; the plots are SVG, drawn here.

    Raises:
        ExperimentError: the extra that makes it is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ExperimentError(MISSING) from None
    source = files("mpr_logic.agent").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    drawn = [(title, said, Markup(svg)) for title, said, svg in plots(report)]
    return environment.from_string(source).render(report=report, plots=drawn)
