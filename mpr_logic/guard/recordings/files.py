"""Files of recordings: JSON, JSON lines, Inspect's archives and texts, plain or packed, alone or in folders.

Of JSON lines one recording is in memory at a time. Where several lines make a recording, such as in a log of
many sessions, the file is gone through twice: the places of the lines are kept, the lines are not.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import shutil
import tempfile
import zipfile
import zlib
from array import array
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from mpr_logic.checker.strict_json import no_repeats
from mpr_logic.errors import GuardError
from mpr_logic.guard.recordings.formats import format_of, unknown
from mpr_logic.guard.recordings.inspect_logs import archived
from mpr_logic.guard.recordings.recording import LARGEST, BadRecordError, Broken

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from mpr_logic.guard.recordings.recording import Format, Recording

LOOKED_AT = 20
"""The number of lines at the beginning of a file that tell its format."""

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".log", ".eval"})
TEXTS = frozenset({".txt", ".out"})
"""The ends of further names that recordings may have; in folders such files are mostly something else."""

COMPRESSED = frozenset({".gz", ".xz", ".bz2"})
_ZIP = b"PK\x03\x04"
_BAD = (BadRecordError, TypeError, LookupError, AttributeError, ValueError, ArithmeticError, RecursionError)
"""The errors of a format's reader about a value that is not of its form."""

_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zipfile.LargeZipFile)
"""The errors of reading a file that is damaged."""


@dataclass(slots=True)
class Share:
    """A part of the recordings: one of ``parts``, among the first ``limit``. All of them are numbered.

    Args:
        part: which of them, from 0.
        parts: how many there are.
        limit: of all parts together; None for no limit.
    """

    part: int = 0
    parts: int = 1
    limit: int | None = None
    number: int = 0

    def take(self) -> bool:
        """Count one more, where the limit lets it; tells whether it belongs to this part."""
        if self.full:
            return False
        self.number += 1
        return (self.number - 1) % self.parts == self.part

    @property
    def full(self) -> bool:
        """Whether no more is to be read."""
        return self.limit is not None and self.number >= self.limit


class Found(NamedTuple):
    """A recording, or what is in its place, and its number among all."""

    number: int
    recording: Recording | Broken


def recordings_in(paths: Iterable[str | os.PathLike[str]], share: Share | None = None) -> Iterator[Found]:
    """Read the recordings in files and folders. A record that cannot be read is told as broken, and the rest
    goes on.

    Args:
        paths: files of any name, and folders with all files below them that look like recordings by name.
        share: the part of them that is wanted.

    Raises:
        GuardError: a path is not there, or a folder has no such file.
    """
    share = share or Share()
    for file in files_of(paths):
        if share.full:
            return
        try:
            with _opened(file) as stream:
                yield from _read(str(file), stream, share)
        except _DAMAGED as error:
            if share.take():
                said = getattr(error, "strerror", None) or str(error) or type(error).__name__
                yield Found(share.number, Broken(str(file), f"it cannot be read: {said}"))


def files_of(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The files that paths name, in order; those of a folder by name.

    Raises:
        GuardError: a path is not there, or a folder has no recordings.
    """
    found: list[Path] = []
    for each in paths:
        path = Path(each)
        if path.is_dir():
            below = sorted(file for file in path.rglob("*") if _ends(file, SUFFIXES) and file.is_file())
            if not below:
                names = ", ".join(sorted(SUFFIXES))
                raise GuardError(
                    f"the folder `{path}` has no recordings: files named {names}, "
                    "also with .bz2, .gz or .xz behind"
                )
            found += below
        elif path.exists():
            found.append(path)
        else:
            raise GuardError(f"`{path}` is not there: name files and folders of recordings")
    return found


def named_recorded(file: str | os.PathLike[str]) -> bool:
    """Whether a file is one of recordings by its name."""
    return _ends(file, SUFFIXES | TEXTS)


def _ends(file: str | os.PathLike[str], among: frozenset[str]) -> bool:
    """Whether the name of a file has one of some ends, packed or not."""
    suffixes = Path(file).suffixes[-2:] or [""]
    if suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in among


def begins_recorded(file: str | os.PathLike[str]) -> bool:
    """Whether the first lines of a file are of a known format. A trajectory, which may quote what a world
    has said, is none.

    Raises:
        OSError: it cannot be read.
    """
    with _opened(Path(file)) as stream:
        first = [_parsed(line) for _, line in _lines(stream, LOOKED_AT)]
    if first and isinstance(first[0], dict) and first[0].get("line") == "episode":
        return False
    return any(format_of(value) is not None for value in first)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """A file's bytes, as they are without the compression that its first bytes tell of."""
    with file.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as stream:
                yield stream  # type: ignore[misc]
        elif magic == b"\xfd7zXZ\0":
            with lzma.LZMAFile(raw) as stream:
                yield stream  # type: ignore[misc]
        elif magic[:3] == b"BZh":
            with bz2.BZ2File(raw) as stream:
                yield stream  # type: ignore[misc]
        else:
            yield raw


def _read(name: str, stream: BinaryIO, share: Share) -> Iterator[Found]:
    """Read the recordings of one file."""
    archive = stream.read(4) == _ZIP
    stream.seek(0)
    if archive:
        for place, value in archived(stream):
            value = _NoJson(str(value)) if isinstance(value, BadRecordError) else value
            yield from _alone(f"{name}:{place}", value, share)
        return
    first = [line for _, line in _lines(stream, LOOKED_AT)]
    stream.seek(0)
    if not first:
        if share.take():
            yield Found(share.number, Broken(name, "it is empty: a recording is JSON, or JSON lines"))
        return
    values = [_parsed(line) for line in first]
    if not any(isinstance(each, (dict, list)) for each in values):
        text = _text(stream)
        if text is not None and format_of(text) is not None:
            yield from _alone(name, text, share)
            return
        stream.seek(0)
    if _one_value(first, values):
        yield from _of_value(name, _parsed(stream.read(LARGEST + 1)), share)
        return
    format = next((each for each in map(format_of, values) if each is not None), None)
    if format is not None and format.joined is not None:
        yield from _of_joined_lines(name, stream, format, share)
    else:
        yield from _of_lines(name, stream, format, share)


def _text(stream: BinaryIO) -> str | None:
    """The whole of a file as a text; None where it is none, is too large, or is JSON."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST or not isinstance(_parsed(data), _NoJson):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _one_value(first: list[bytes], values: list[Any]) -> bool:
    """Whether a file that begins with these lines is one JSON value, maybe over several lines."""
    if len(first) == 1:
        return True
    alone = not any(isinstance(each, (dict, list)) for each in values)
    return isinstance(values[0], _NoJson) and (alone or first[0].strip() in (b"[", b"{"))


def _lines(stream: BinaryIO, most: int | None = None) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, each with its place in bytes; the first ``most`` of them."""
    place = 0
    while most != 0 and (line := stream.readline(LARGEST + 1)):
        if line.strip():
            yield place, line
            most = None if most is None else most - 1
        place += len(line)


class _NoJson(NamedTuple):
    """An error, in the place of a text that is no JSON."""

    error: str


def _parsed(data: bytes) -> Any:
    """The JSON value of a text, or what is wrong with it."""
    if len(data) > LARGEST:
        return _NoJson(f"it is larger than {LARGEST >> 20} MiB: write JSON lines, one recording a line")
    try:
        return json.loads(data, object_pairs_hook=no_repeats)
    except json.JSONDecodeError as error:
        said = f"{error.msg[:1].lower()}{error.msg[1:]}"
        return _NoJson(f"line {error.lineno}, column {error.colno}: it is no JSON: {said}")
    except (ValueError, RecursionError) as error:
        return _NoJson(f"it is no JSON that can be read: {str(error)[:200]}")


def _of_value(name: str, value: Any, share: Share) -> Iterator[Found]:
    """The recordings of a file that is one JSON value; of an array, each element is as a line."""
    if not isinstance(value, list) or not value or format_of(value) is not None:
        yield from _alone(name, value, share)
        return
    format = next((each for each in map(format_of, value[:LOOKED_AT]) if each is not None), None)
    if format is not None and format.joined is not None:
        groups: dict[str, list[Any]] = {}
        for each in value:
            key = _key(format, each)
            if key is not None:
                groups.setdefault(key, []).append(each)
        for key, values in groups.items():
            if share.take():
                for found in _recordings(_named(name, key), values, format):
                    yield Found(share.number, found)
        return
    for number, each in enumerate(value, 1):
        if share.take():
            for found in _recordings(f"{name}:{number}", each, format):
                yield Found(share.number, found)


def _alone(name: str, value: Any, share: Share) -> Iterator[Found]:
    """The recordings in one value, each of which counts."""
    for each in _recordings(name, value, None):
        if share.full:
            return
        if share.take():
            yield Found(share.number, each)


def _of_lines(name: str, stream: BinaryIO, format: Format | None, share: Share) -> Iterator[Found]:
    """The recordings of lines that have some each. Those of other parts are not even parsed."""
    for number, (_, line) in enumerate(_lines(stream), 1):
        if share.full:
            return
        if share.take():
            for each in _recordings(f"{name}:{number}", _parsed(line), format):
                yield Found(share.number, each)


def _of_joined_lines(name: str, stream: BinaryIO, format: Format, share: Share) -> Iterator[Found]:
    """The recordings of lines of which several make one."""
    with _seekable(stream) as file:
        groups: dict[str, array[int]] = {}
        for number, (place, line) in enumerate(_lines(file), 1):
            value = _parsed(line)
            if isinstance(value, _NoJson):
                if share.take():
                    yield Found(share.number, Broken(f"{name}:{number}", value.error))
                continue
            key = _key(format, value)
            if key is not None:
                groups.setdefault(key, array("q")).append(place)
        for key, places in groups.items():
            if share.full:
                return
            if share.take():
                for each in _recordings(_named(name, key), [_at(file, place) for place in places], format):
                    yield Found(share.number, each)


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A file in which one can go back at no cost: a compressed one is unpacked."""
    if not isinstance(stream, (gzip.GzipFile, lzma.LZMAFile, bz2.BZ2File)):
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file)
        file.seek(0)
        yield file


def _at(file: BinaryIO, place: int) -> Any:
    file.seek(place)
    return _parsed(file.readline(LARGEST + 1))


def _key(format: Format, value: Any) -> str | None:
    assert format.joined is not None
    return format.joined(value) if isinstance(value, dict) else None


def _named(name: str, key: str) -> str:
    return f"{name} {key[:80]}" if key else name


def _recordings(name: str, value: Any, known: Format | None) -> Iterator[Recording | Broken]:
    """The recordings in a value, by the format that others beside it have, or its own."""
    if isinstance(value, _NoJson):
        yield Broken(name, value.error)
        return
    joined = known is not None and known.joined is not None
    format = known if known is not None and (joined or known.fits(value)) else format_of(value)
    if format is None:
        yield Broken(name, unknown(value))
        return
    if format.joined is not None and not joined:
        value = [value]
    try:
        for each in format.read(value):
            yield replace(each, name=f"{name} {each.name}".rstrip())
    except BadRecordError as error:
        yield Broken(name, f"it is not as {format.name} has it: {error}")
    except _BAD as error:
        said = f"{type(error).__name__}: {str(error)[:200]}"
        yield Broken(name, f"it is not as {format.name} has it, {format.shape}: {said}")
