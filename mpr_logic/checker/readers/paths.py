"""The file that a path leads to: one normal form for all its spellings, opaque where that cannot be known.

A path is read from a working folder, in one of these manners:

- ``/code``: by its text, as on Linux. Links are not known; so a ``..`` behind a name that could be one is
  opaque.
- ``anycase:///code``: likewise, where case and forms of Unicode do not matter, as mostly on macOS.
- ``C:/code``: by its text, as on Windows.
- ``file:///code``: on this machine's disk: links are followed, and a name has the form that the disk gives
  it.

What a tool may read as more than a path is opaque: ``~``, variables, patterns, links with a scheme,
characters in the notation of the web, backslashes where they divide nothing, characters that do not print.
"""

from __future__ import annotations

import functools
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

LONGEST = 4_000
"""The most characters of a path that is read; a longer one is opaque."""

DEEPEST = 100
"""The most folders inside each other."""

DISK, ANY_CASE = "file://", "anycase://"

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]")
_MORE = re.compile(
    r"\A~|\$[\w{(]|[*?]|\A\s|\s\Z|%[0-9A-Fa-f]{2}|\A[A-Za-z][A-Za-z0-9+.-]*:[\\/]|\\", re.ASCII
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)
_SHORT = re.compile(r"~\d")


@dataclass(frozen=True, slots=True)
class Place:
    """The file that a path leads to: its names from the root on (``drive`` before it), or None, with the
    reason in ``opaque``."""

    drive: str = ""
    names: tuple[str, ...] | None = None
    opaque: str | None = None

    @property
    def form(self) -> str:
        """The normal form."""
        return f"{self.drive}/{'/'.join(self.names or ())}"

    @property
    def above(self) -> list[str]:
        """The normal forms of the place itself and of all folders that it is in, each with a slash behind it
        too."""
        names = self.names or ()
        found = [f"{self.drive}/{'/'.join(names[:end])}" for end in range(len(names), 0, -1)]
        return [*found, *(f"{each}/" for each in found), f"{self.drive}/"]

    def inside(self, folder: Place) -> bool:
        """Whether it is a folder, or in it."""
        if self.names is None or folder.names is None or self.drive != folder.drive:
            return False
        return self.names[: len(folder.names)] == folder.names


class _UnclearError(Exception):
    """A path may lead to more than one file; the message says why."""


def read_path(text: str, manner: str) -> Place:
    """Find where a path leads; any text has an answer, and nothing is changed.

    Args:
        text: the path.
        manner: the working folder, and how the path is read, as the module says.
    """
    if manner.startswith(DISK):
        return _answer(text, manner)  # the disk may have changed
    return _by_text(text, manner)


@functools.lru_cache(maxsize=4096)
def _by_text(text: str, manner: str) -> Place:
    return _answer(text, manner)


def _answer(text: str, manner: str) -> Place:
    try:
        if manner.startswith(DISK):
            return Place("", _on_disk(text, manner.removeprefix(DISK)))
        if _WINDOWS.match(manner):
            return _windows(text, manner)
        return Place("", _written(text, manner.removeprefix(ANY_CASE), fold=manner.startswith(ANY_CASE)))
    except _UnclearError as error:
        return Place(opaque=str(error))
    except (OSError, ValueError):
        return Place(opaque="the disk does not tell where it leads")


def _split(text: str) -> list[str]:
    """The names in a path, without those that change nothing."""
    return [each for each in re.split(r"[\\/]", text) if each not in ("", ".")]


def _parts(text: str, *, windows: bool = False, forms: bool = True) -> list[str]:
    """The names in a path.

    Args:
        text: the path.
        windows: a backslash divides names, and signs are looked at elsewhere.
        forms: names in other forms of Unicode are others.

    Raises:
        _UnclearError: a tool may read the text as more than a path.
    """
    if not text or len(text) > LONGEST:
        raise _UnclearError("it is empty, or too long")
    if not text.isprintable():
        raise _UnclearError("it has a character that does not print")
    if not text.isascii():
        if forms and unicodedata.normalize("NFC", text) != text:
            raise _UnclearError("it has letters that can be written otherwise")
        if any(set(unicodedata.normalize("NFKC", c)) & set("/\\.~:") for c in text if c not in "/\\.~:"):
            raise _UnclearError("it has a letter that may be read as a sign")
    if not windows and _MORE.search(text):
        raise _UnclearError("a tool may read it as more than a path")
    names = _split(text)
    if len(names) > DEEPEST or any(len(each.encode()) > 255 for each in names):
        raise _UnclearError("it has too many names, or too long ones")
    return names


def _see_that_all_see_it(names: list[str]) -> None:
    """Check that a place is the same for each program.

    Raises:
        _UnclearError: it is not.
    """
    if names[:1] == ["proc"] or names[:2] == ["dev", "fd"]:
        raise _UnclearError("each program sees something else there")


def _written(text: str, folder: str, *, fold: bool) -> tuple[str, ...]:
    """The names of a file by the text of its path alone.

    Raises:
        _UnclearError: that does not tell it.
    """
    form = _folded if fold else str
    base = [form(each) for each in _split(folder)]
    found = [] if text.startswith("/") else list(base)
    for each in _parts(text, forms=not fold):
        if each != "..":
            found.append(form(each))
        elif found == base[: len(found)]:
            found = found[:-1]  # the working folder is where it says
        else:
            raise _UnclearError("`..` stands behind a name that may be a link")
    _see_that_all_see_it(found)
    return tuple(found)


def _windows(text: str, folder: str) -> Place:
    """The place that a path of Windows leads to, by its text.

    Raises:
        _UnclearError: that does not tell it.
    """
    drive, rest = folder[:2].lower(), text
    base = [_folded(each) for each in _split(folder[2:])]
    found = list(base)
    if _WINDOWS.match(text):
        if text[:2].lower() != drive:
            base = []
        drive, rest, found = text[:2].lower(), text[2:], []
    elif text[:1] in ("/", "\\"):
        found = []
    if re.match(r"[\\/]{2}", text) or ":" in rest or re.search(r"[*?<>|\"$%]|\A~|\A\s|\s\Z", rest):
        raise _UnclearError("a tool may read it as more than a path")
    for each in _parts(rest, windows=True, forms=False) if _split(rest) else ():
        name = _folded(each)
        if each == "..":
            if found != base[: len(found)]:
                raise _UnclearError("`..` stands behind a name that may be a link")
            found = found[:-1]
        elif name[-1] in ". " or _DEVICE.fullmatch(name) or _SHORT.search(name):
            raise _UnclearError("Windows gives one of its names a meaning of its own")
        else:
            found.append(name)
    return Place(drive, tuple(found))


def _folded(name: str) -> str:
    """A name as it is where neither case nor the form of letters matters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


# -- the disk ------------------------------------------------------------------------------------


def _on_disk(text: str, folder: str) -> tuple[str, ...]:
    """The names of a file after all links, as the disk has them; of one that is not there, those that it
    would have.

    Raises:
        _UnclearError: links lead in a circle, or the file has another name too.
        OSError: the disk cannot be looked at.
    """
    waiting = [*_split("" if text.startswith("/") else folder), *_parts(text, forms=False)][::-1]
    found: list[str] = []
    links, there = 0, True
    while waiting:
        name = waiting.pop()
        if name == "..":
            if not there:
                raise _UnclearError("`..` stands behind a name that is not there")
            found = found[:-1]
            continue
        _see_that_all_see_it([*found, name])
        at = Path("/", *found, name)
        try:
            state = at.lstat()
        except FileNotFoundError:
            there = False
            found.append(_folded(name) if _takes_any_case(found) else name)
            continue
        if stat.S_ISLNK(state.st_mode):
            links += 1
            if links > 40:
                raise _UnclearError("links lead in a circle")
            target = str(at.readlink())
            found = [] if target.startswith("/") else found
            waiting += [each for each in target.split("/") if each not in ("", ".")][::-1]
            continue
        if stat.S_ISREG(state.st_mode) and state.st_nlink > 1:
            raise _UnclearError("the file has more than one name")
        found.append(_folded(name) if _is_found_by_others(at, state) else name)
    return tuple(found)


def _is_found_by_others(at: Path, state: os.stat_result) -> bool:
    """Whether the disk finds a file by other spellings of its name, too."""
    others = {
        at.name.swapcase(),
        unicodedata.normalize("NFD", at.name),
        unicodedata.normalize("NFC", at.name),
    }
    for each in others - {at.name}:
        try:
            other = at.with_name(each).lstat()
        except OSError:
            continue
        if (other.st_dev, other.st_ino) == (state.st_dev, state.st_ino):
            return True
    return False


def _takes_any_case(folder: list[str]) -> bool:
    """Whether the disk takes one spelling for the other in a folder: as it does of the last name that
    tells."""
    for end in range(len(folder), 0, -1):
        at = Path("/", *folder[:end])
        if at.name.swapcase() != at.name and at.exists():
            return _is_found_by_others(at, at.lstat())
    return False
