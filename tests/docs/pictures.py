"""The pictures of the documentation: what `mpr` prints on a terminal, as SVG.

``python -m tests.docs.pictures`` draws them anew. A test draws them too, and compares.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from mpr_logic.checker.render import painted
from mpr_logic.cli.main import run
from tests.helpers.pages import DOCS

PICTURES = DOCS / "pictures"


@dataclass(frozen=True, slots=True)
class Picture:
    """A command that is run in a folder of the examples; ``lines`` is the command as it is shown."""

    name: str
    folder: str
    command: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file of the picture."""
        return PICTURES / f"{self.name}.svg"

    def draw(self) -> str:
        """Run the command; returns the picture of what it prints."""
        written = io.StringIO()
        here = Path.cwd()
        os.chdir(DOCS / "examples" / self.folder)
        try:
            with contextlib.redirect_stdout(written):
                run(list(self.command))
        finally:
            os.chdir(here)
        shown = [
            Text(f"$ {line}" if number == 0 else f"  {line}", "bold")
            for number, line in enumerate(self.lines)
        ]
        shown += painted(written.getvalue().rstrip("\n"))
        shown.append(Text(""))  # what the last line has below the line is cut off
        width = max(len(text) for text in shown)
        console = Console(record=True, width=width, file=io.StringIO(), color_system="truecolor")
        for text in shown:
            console.print(text, soft_wrap=True)
        return console.export_svg(title="mpr check", unique_id=self.name)


ALL = (
    Picture(
        "rejection",
        "database",
        (
            "check",
            "database.dl",
            "--state",
            "state.dl",
            'drop_table {"database": "orders_eu", "table": "invoices"}',
        ),
        (
            "mpr check database.dl --state state.dl \\",
            '\'drop_table {"database": "orders_eu", "table": "invoices"}\'',
        ),
    ),
)


def main() -> None:
    """Draw every picture into its file."""
    PICTURES.mkdir(exist_ok=True)
    for picture in ALL:
        picture.path.write_text(picture.draw(), encoding="utf-8")
        print(picture.path)


if __name__ == "__main__":
    main()
