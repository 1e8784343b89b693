"""The pages of the documentation, cut into blocks, and what each kind of block is held to.

How a page is written so that its blocks can be run:

- A block whose first line is ``% file: NAME`` (``// file: NAME`` in JSON, ``# file: NAME`` in Python) is that
  file, without the line; ``% add to: NAME`` appends to it. Any other ``dl`` block is checked as a further
  file beside the page's rule files.
- ``dl wrong`` is refused when it is checked so; a ``text`` block right behind it is the message. ``dl lost``
  is valid, and has lost its grip. ``dl alone`` is checked by itself.
- ``python`` blocks of a page are run one after the other in one namespace; ``pycon`` blocks too, and what
  they print is compared. Those that are files are modules, which the others may import.
- ``console`` blocks are run: ``$ mpr ...``, also with ``< FILE`` behind it, and ``$ echo $?``; what they
  print is compared, numbers of seconds and dates apart. A line ``...`` stands for any lines.
- ``toml`` blocks are files, or parts of them.
- ``sh`` blocks are set-up: not run, but every make target and every extra in them must be there.

A page that needs an extra says so above its title, ``<!-- needs: alfworld -->``; without it, it is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
DOCS = TOP / "docs"
PAGES = sorted([*TOP.glob("*.md"), *(p for p in DOCS.rglob("*.md") if p.parent.name != "diagnostics")])

_FENCE = re.compile(r"^( *)```(.*)$")
_NEEDS = re.compile(r"<!-- needs: ([\w-]+) -->\n")
_FILE = re.compile(r"(?:%|//|#) (file|add to): (\S+)\n")
_TIME = re.compile(
    r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"
    r"|\b\d+(?:\.\d+)?(?:e-\d+)?(?= ?(?:ms|µs|us|s|seconds)\b)|(?<=\"seconds\": )[0-9.e-]+"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ``kind`` and ``words`` of its first line, the text, and the line it begins on."""

    kind: str
    words: tuple[str, ...]
    text: str
    line: int

    @property
    def file(self) -> tuple[str, str, bool] | None:
        """Of a block that is a file: the name, the text, and whether it is added to what is there."""
        found = _FILE.match(self.text)
        return None if found is None else (found[2], self.text[found.end() :], found[1] == "add to")


def name_of(page: Path) -> str:
    """A page's path as messages name it."""
    return page.relative_to(TOP).as_posix()


def needs(page: Path) -> str | None:
    """The extra without which a page's blocks cannot be run."""
    found = _NEEDS.match(page.read_text(encoding="utf-8"))
    return None if found is None else found[1]


def prose(page: Path) -> str:
    """The text of a page without its blocks."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines: list[str] | None = None
    words: list[str] = []
    start = 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if lines is None and fence:
            lines, words, start = [], fence[2].split(), number
        elif lines is not None and fence:
            text = "".join(f"{each}\n" for each in lines)
            found.append(Block(words[0] if words else "", tuple(words[1:]), text, start))
            lines = None
        elif lines is not None:
            lines.append(line)
    assert lines is None, f"{name_of(page)}:{start}: the block is not closed"
    return found


def same_output(expected: str, found: str) -> bool:
    """Whether an output is the expected one: times do not count, and ``...`` stands for any lines."""
    lines = ["(?:.*\n)*?" if line == "..." else re.escape(f"{line}\n") for line in _lines(expected)]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(found))) is not None


def _lines(text: str) -> list[str]:
    return [_TIME.sub("N", line.rstrip()) for line in text.rstrip("\n").splitlines()]


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return words.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """The anchors of a page."""
    return {slug(line.lstrip("#")) for line in prose(page).splitlines() if re.match(r"#+ ", line)}
