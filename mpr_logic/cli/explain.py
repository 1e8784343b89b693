"""``mpr explain``: the page about an error or a warning."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, reply
from mpr_logic.resources import diagnostics_folder

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = "mpr explain E0201"


def _pages() -> dict[str, Path]:
    """The pages by their codes."""
    return {page.stem: page for page in sorted(diagnostics_folder().glob("[EW]*.md"))}


def _completions(incomplete: str) -> list[str]:
    """The codes that begin so, for the completion of a shell."""
    return [code for code in _pages() if code.startswith(incomplete.upper())]


def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="The code of an error or a warning, such as E0201.",
            show_default=False,
            autocompletion=_completions,
        ),
    ] = None,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Explain an error or a warning by its code.

    The page says what is wrong, with an example of it and one of the right way.

    Exit status: 0 it is explained, 2 there is no such code.
    """

    def work() -> Answer:
        if code is None:
            raise o.UsageError("no code is named: give the one of an error or a warning, such as E0201")
        found, text = _page(code)
        title = text.partition("\n")[0].removeprefix(f"# {found}: ")
        return Answer(YES, text, {"code": found, "title": title, "page": text}, markdown=True)

    reply("explain", work, json=json, no_color=no_color)


def _page(code: str) -> tuple[str, str]:
    """A code as it is written, and its page. ``error[E0201]`` and ``e0201`` mean E0201.

    Raises:
        UsageError: there is no page of it; the message names the nearest codes.
    """
    pages = _pages()
    wanted = re.sub(r".*\[|\].*", "", code.strip()).upper()
    if wanted not in pages:
        # an error and a warning of one number are nearer than any two others
        other = [code for code in pages if code[1:] == wanted[1:]]
        nearest = [*other, *get_close_matches(wanted, pages, n=3 - len(other))] or [*pages][:1]
        names = " or ".join(f"`{each}`" for each in sorted(nearest))
        raise o.UsageError(f"there is no diagnostic `{code[:40]}`: did you mean {names}?")
    return wanted, pages[wanted].read_text(encoding="utf-8").rstrip("\n")
