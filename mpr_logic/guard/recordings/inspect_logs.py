"""Logs of Inspect (UK AISI): ``.json``, and ``.eval``, an archive with a file for each sample."""

from __future__ import annotations

import io
import json
import lzma
import re
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from mpr_logic.checker.strict_json import no_repeats
from mpr_logic.errors import MprError
from mpr_logic.extras import needed
from mpr_logic.guard.recordings.messages import messages_of, moment_of
from mpr_logic.guard.recordings.recording import (
    LARGEST,
    BadRecordError,
    Format,
    Label,
    Recording,
    held,
    listed,
    scalars,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ATTACHED = re.compile(r"attachment://([0-9a-f]{32})")
_GRADES: Mapping[str, bool] = {"C": True, "I": False}
"""The grades of Inspect's scorers that are truth values: correct and incorrect."""


def _fits(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    samples = value.get("samples")
    return _is_sample(value) or (
        "eval" in value and isinstance(samples, list) and all(map(_is_sample, samples[:1]))
    )


def _is_sample(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list) and "epoch" in value


def _read(value: Any) -> Iterator[Recording]:
    for sample in [value] if _is_sample(value) else value["samples"]:
        yield _sample(held(sample, "a sample"))


def _sample(sample: Mapping[str, Any]) -> Recording:
    raw = listed(sample.get("messages"), "`messages`")
    attachments = sample.get("attachments")
    if isinstance(attachments, dict) and attachments:
        raw = [_whole(each, attachments) for each in raw]
    times = _times(sample.get("events"))
    found = []
    for each in raw:
        key = str(held(each, "a message").get("tool_call_id") or each.get("id"))
        at = times.get(key)
        found += [
            replace(said, at=at) if said.at is None else said for said in messages_of([each], guess=False)
        ]
    labels: dict[str, Label] = {}
    for name, score in (sample.get("scores") or {}).items():
        labels |= scalars({name: _grade(score.get("value") if isinstance(score, dict) else score)})
    return Recording(f"sample {sample.get('id')} epoch {sample['epoch']}", tuple(found), labels)


def _grade(value: Any) -> Any:
    return _GRADES.get(value, value) if isinstance(value, str) else value


def _times(events: Any) -> dict[str, float]:
    """The times at which messages were written and calls ended, by their ids, as far as events tell it."""
    found: dict[str, float] = {}
    for event in events if isinstance(events, list) else ():
        at = moment_of(event.get("completed") or event.get("timestamp")) if isinstance(event, dict) else None
        if at is None:
            continue
        if event.get("event") == "tool":
            found[str(event.get("id"))] = at
        elif event.get("event") == "model":
            output = event.get("output")
            for choice in (output.get("choices") or ()) if isinstance(output, dict) else ():
                found[str((choice.get("message") or {}).get("id"))] = at
    return found


def _whole(value: Any, attachments: Mapping[str, Any]) -> Any:
    """A value whose long texts stand in it, not beside it."""
    if isinstance(value, str):
        return _ATTACHED.sub(lambda found: str(attachments.get(found[1], found[0])), value)
    if isinstance(value, list):
        return [_whole(each, attachments) for each in value]
    if isinstance(value, dict):
        return {key: _whole(each, attachments) for key, each in value.items()}
    return value


def archived(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """The samples of an archive, each with its name in there; in the place of one that cannot be read, a
    BadRecordError.

    Raises:
        BadZipFile: it is no archive.
    """
    with zipfile.ZipFile(stream) as archive:
        for info in sorted(archive.infolist(), key=lambda each: each.filename):
            if info.filename.startswith("samples/") and info.filename.endswith(".json"):
                try:
                    text = _unpacked(archive, stream, info)
                    yield info.filename, json.loads(text, object_pairs_hook=no_repeats)
                except _BROKEN as error:
                    yield info.filename, BadRecordError(str(error) or type(error).__name__)


def _unpacked(archive: zipfile.ZipFile, stream: BinaryIO, info: zipfile.ZipInfo) -> bytes:
    """A file of an archive. Inspect packs it with Zstandard, which Python knows from 3.14 on."""
    if info.file_size > LARGEST:
        raise BadRecordError(f"it is larger than {LARGEST >> 20} MiB")
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    zstandard = needed("zstandard", "inspect")
    stream.seek(info.header_offset)
    header = stream.read(_HEADER)
    lengths = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))  # of name and extra field
    stream.seek(info.header_offset + _HEADER + sum(lengths))
    packed = io.BytesIO(stream.read(info.compress_size))
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            return bytes(reader.read(LARGEST))
    except zstandard.ZstdError as error:
        raise BadRecordError(f"it cannot be unpacked: {error}") from None


_BROKEN = (
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    MprError,
)
"""The errors of a file in an archive that is no JSON, is damaged, has a password, or is packed otherwise."""

_ZSTANDARD, _HEADER = 93, 30
"""Of archives (APPNOTE.TXT 6.3.10): the number of a way to pack, and the length of a file's header."""


INSPECT = Format("Inspect", '{"eval", "samples": [{"epoch", "messages"}]}, or an .eval archive', _fits, _read)
