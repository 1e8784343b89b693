"""Answers on disk, by what was asked: a run that is repeated, or resumed, pays for nothing twice.

A file is named by the SHA-256 of the request in canonical JSON, so no text of a model or a user becomes a
name. It is written beside its place and then moved there: several processes may share a folder, and one
that is killed leaves no half answer. A file that cannot be read counts as missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Cache:
    """A folder of answers. It holds the prompts and answers in clear text; keys of servers are not in it.

    Args:
        folder: where they are; it is made when the first answer is kept.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def get(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to this very request; None where there is none."""
        try:
            kept = json.loads(self._place(request).read_text(encoding="utf-8"))
            answer = kept["answer"] if kept["request"] == json.loads(_canonical(request)) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    def put(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Keep an answer.

        Raises:
            ModelError: it cannot be written.
        """
        place = self._place(request)
        text = json.dumps({"request": request, "answer": answer}, indent=1, sort_keys=True)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=place.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(name).replace(place)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ModelError(
                f"an answer cannot be kept in `{self.folder}` ({error.strerror}): name another folder"
            ) from None

    def _place(self, request: Mapping[str, Any]) -> Path:
        key = hashlib.sha256(_canonical(request).encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.json"


def _canonical(request: Mapping[str, Any]) -> str:
    """The one text of a request, whatever the order of its keys."""
    return json.dumps(request, sort_keys=True, separators=(",", ":"), allow_nan=False)
