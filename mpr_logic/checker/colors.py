"""Colours for answers on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_WHOLE = {
    r"✓ .* is admissible$": "bold green",
    r"✗ .* is rejected.*$": "bold red",
    r"(error(\[E\d+\])?:) .*$": "bold",
    r"(warning(\[W\d+\])?:) .*$": "bold",
    r"(because|repairs|advice)\b.*$": "bold",
}
_PARTS = {
    r"^error(\[E\d+\])?:": "bold red",
    r"^warning(\[W\d+\])?:": "bold yellow",
    r"✓": "green",
    r"✗": "red",
    r"[├│└─]+": "dim",
    r"\brule \S+ at \S+:": "cyan",
    r"^ +--> .*$": "blue",
    r"\^+": "bold red",
    r"^ +(= )(help|note):": "bold",
    r"\[0\.\d+\]": "yellow",
}


def painted(lines: str) -> Iterable[Text]:
    """The lines with styles."""
    for line in lines.split("\n"):
        text = Text(line)
        for pattern, style in _WHOLE.items():
            text.highlight_regex(f"^{pattern}", style)
        for pattern, style in _PARTS.items():
            text.highlight_regex(pattern, style)
        yield text


def paint(lines: str, stream: TextIO) -> None:
    """Write lines in colours. Raises OSError where they cannot be written."""
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    for text in painted(lines):
        console.print(text, soft_wrap=True)
