"""The decision log: JSON lines, one for each decision, answer, result and replacement of the rules.

Lines are only ever appended, each in one write. Who reads takes the last line as torn where it does not
end, and passes over what is no line of a log.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from mpr_logic.checker.structures import canonical
from mpr_logic.errors import GuardError
from mpr_logic.language.moments import json_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.verdict import Verdict

VERSION = 1
"""The version of the lines, ``mpr_log``; it grows when a key changes its meaning or goes away."""

Arguments = OneOf["full", "hash"]


class DecisionLog:
    """A log in a file, or nowhere.

    Args:
        path: the file, made where it is not there; None for a log that keeps nothing.
        arguments: ``full``, or ``hash``: instead of arguments, and of texts that may quote them, a SHA-256
            of their canonical JSON. Short secrets can be guessed from a hash.

    Raises:
        GuardError: the file cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str] | None, *, arguments: Arguments = "full") -> None:
        if arguments not in ("full", "hash"):
            raise GuardError(f"a log holds arguments as full or hash, not `{arguments}`")
        self._hashed = arguments == "hash"
        self._lock = threading.Lock()
        self._file: int | None = None
        if path is not None:
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _CLOEXEC, 0o600)
                self._mend(Path(path))
            except OSError as error:
                raise GuardError(f"the log `{path}` cannot be opened: {error.strerror}") from None

    def decision(self, verdict: Verdict) -> None:
        """Write a decision.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is None:
            return
        reasons = verdict.decision.by_rule if verdict.decision is not None else ()
        line: dict[str, Any] = {
            "kind": "decision",
            "id": verdict.id,
            "call": _text(verdict.call.id),
            "session": _text(verdict.call.session),
            "tool": _text(verdict.call.tool),
            **self._arguments(verdict),
            "outcome": verdict.outcome,
            "verdict": verdict.decision.verdict if verdict.decision is not None else None,
            "runs": verdict.runs,
            "mode": verdict.mode,
            "rules": [
                {"id": r.id, "where": r.where} | ({} if self._hashed else {"text": r.text})
                for r in reasons
                if r.rule is not None
            ],
            "version": verdict.version,
            "seconds": round(verdict.seconds, 6),
        }
        if verdict.known and not self._hashed:
            line["known"] = {name: list(map(json_values, rows)) for name, rows in verdict.known.items()}
        if verdict.approved is not None:
            line["approved"] = verdict.approved
        if verdict.error is not None:
            line["error"] = verdict.error.partition(":")[0] if self._hashed else verdict.error[:1000]
        if not self._hashed and verdict.message:
            line["message"] = verdict.message
        self._write(line)

    def answer(self, verdict: Verdict, approved: bool | None, by: str) -> None:
        """Write what a person said.

        Raises:
            OSError: it cannot be written.
        """
        self._write({"kind": "answer", "id": verdict.id, "approved": approved, "by": by})

    def result(self, id: str, session: str, succeeded: bool | None) -> None:
        """Write how a call went.

        Raises:
            OSError: it cannot be written.
        """
        self._write({"kind": "result", "id": id, "session": session, "succeeded": succeeded})

    def reloaded(self, version: str, error: str | None) -> None:
        """Write that the rules were replaced, or why not.

        Raises:
            OSError: it cannot be written.
        """
        self._write({"kind": "rules", "version": version, "error": error})

    def close(self) -> None:
        """Close the file; what comes later is not kept."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _arguments(self, verdict: Verdict) -> dict[str, Any]:
        if self._hashed:
            return {"arguments_sha256": hashlib.sha256(canonical(verdict.given).encode()).hexdigest()}
        found: dict[str, Any] = {"arguments": verdict.given}
        if verdict.outcome == "modify" and verdict.arguments != verdict.given:
            found["rewritten"] = verdict.arguments
        return found

    def _write(self, line: dict[str, Any]) -> None:
        head = {"mpr_log": VERSION, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        data = (json.dumps(head | line, ensure_ascii=True, separators=(",", ":")) + "\n").encode()
        with self._lock:
            if self._file is None or os.write(self._file, data) == len(data):
                return
            os.write(self._file, b"\n")  # the torn line ends here; the next one is whole
            raise OSError("the disk is full")

    def _mend(self, path: Path) -> None:
        """End the last line if it is torn, so that the next one is whole."""
        assert self._file is not None
        with path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                os.write(self._file, b"\n")


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
NO_LOG = DecisionLog(None)
"""Keeps nothing."""


def read_log(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The lines of a log, in order; torn ones are passed over.

    Raises:
        GuardError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            for line in file:
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict) and found.get("mpr_log") == VERSION:
                    yield found
    except OSError as error:
        raise GuardError(f"the log `{path}` cannot be read: {error.strerror}") from None


def _text(value: Any) -> str:
    return str(value)[:1000]
