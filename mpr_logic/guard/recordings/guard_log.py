"""The guard's own log: the calls that agents proposed under it, and how they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.log import VERSION
from mpr_logic.guard.recordings.messages import arguments_of, time_of
from mpr_logic.guard.recordings.recording import BadRecordError, Format, Recording
from mpr_logic.guard.verdict import REJECTED

if TYPE_CHECKING:
    from collections.abc import Iterator


def _fits(value: Any) -> bool:
    return isinstance(value, dict) and "mpr_log" in value


def _session(value: Any) -> str | None:
    if value.get("mpr_log") != VERSION or value.get("kind") not in ("decision", "result"):
        return None
    return str(value.get("session", ""))


def _read(values: Any) -> Iterator[Recording]:
    """Read the lines of one session. A call that was rejected is answered by that; of two decisions about one
    call, before and after a person was asked, the last one tells whether it ran."""
    ran = {line.get("id"): line.get("runs") is True for line in values if line["kind"] == "decision"}
    found: list[Message] = []
    seen: set[str] = set()
    for line in values:
        id, at = str(line.get("id")), time_of(line)
        if line["kind"] == "result":
            if isinstance(line.get("succeeded"), bool):
                found.append(Message("tool", answers=id, error=not line["succeeded"], at=at))
        elif id not in seen:
            seen.add(id)
            if "arguments" not in line:
                raise BadRecordError("the log holds hashes of arguments, and a replay needs the arguments")
            call = ToolCall(id, str(line.get("tool", "")), arguments_of(line["arguments"]))
            found.append(Message("assistant", calls=(call,), at=at))
            if not ran[line.get("id")]:
                said = str(line.get("message") or REJECTED)
                content = said if said.startswith(REJECTED) else f"{REJECTED}\n{said}"
                found.append(Message("tool", "", (), id, call.tool, content, True, at, refused=True))
    yield Recording("", tuple(found))


GUARD_LOG = Format("the guard's log", 'lines {"mpr_log": 1, "kind": "decision", ...}', _fits, _read, _session)
