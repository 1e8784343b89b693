"""Sessions whose every call is decided by another process, as those of command hooks: their calls are kept in
a store, and what was admitted before counts."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.store import Store
    from mpr_logic.guard.verdict import Verdict

DAYS = 30.0
"""The days that a session is kept after its last call."""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where calls are kept unless somebody says otherwise: a file in the user's folder for the state of
    programs."""
    if environment.get("MPR_STORE"):
        return Path(environment["MPR_STORE"])
    if environment.get("XDG_STATE_HOME"):
        folder = Path(environment["XDG_STATE_HOME"])
    elif sys.platform == "win32":
        folder = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path.home() / ".local" / "state"
    return folder / "mpr" / "calls.db"


def session_key(rules: Iterable[str | os.PathLike[str]], session: str) -> str:
    """What a session is kept under: the same for the same rule files and the same session, whatever the
    session's name holds."""
    paths = sorted(str(Path(path).resolve()) for path in rules)
    return hashlib.sha256(json.dumps([paths, session]).encode()).hexdigest()


def decide(
    guard: Guard,
    store: Store,
    key: str,
    call: Call,
    *,
    days: float = DAYS,
    may_run: Callable[[Verdict], bool] = lambda verdict: verdict.runs or verdict.outcome == "escalate",
) -> Verdict:
    """Decide about a call after those that are kept of its session, and keep it where it may run. All of that
    is one transaction.

    Args:
        guard: it decides, and knows no call yet.
        store: where the calls are kept; the guard's own, where relations are shared.
        key: of the session.
        call: what is proposed.
        days: sessions are forgotten so long after their last call.
        may_run: whether the call may run by what the agent is told; one that does not is not kept.

    Raises:
        StoreError: the calls could not be read, or this one not be kept: it must not be made.
    """
    with store.writing(guard.timeout) as transaction:
        transaction.forget(days * 86_400)
        _replay(guard, transaction.lines(key), call.session)
        verdict = guard.check(call.tool, call.arguments, id=call.id, session=call.session, ask=False)
        if may_run(verdict):
            transaction.add(key, _line(verdict))
        elif verdict.runs:
            transaction.settle(verdict.id)  # it holds nothing of what is shared
    return verdict


def settle(guard: Guard, store: Store, key: str, call: Call, succeeded: bool | None) -> None:
    """Keep how a call went. One that a person was asked about was made, then, and is entered now.

    Raises:
        StateError: no such call is kept, or it has ended.
        StoreError: it could not be kept.
    """
    with store.writing(guard.timeout) as transaction:
        lines = transaction.lines(key)
        _replay(guard, lines, call.session)
        line = _found(lines, call)
        if line is None:
            raise StateError(f"no call of `{call.tool[:60]}` that was admitted here waits for its outcome")
        if not line["runs"]:
            line = line | {"runs": True}
            transaction.add(key, line)
            _replay(guard, [line], call.session)
        guard.record(line["id"], succeeded, session=call.session)
        transaction.add(key, {"kind": "result", "id": line["id"], "succeeded": succeeded})


def _replay(guard: Guard, lines: Sequence[dict[str, Any]], session: str) -> None:
    """Enter what is kept; calls of tools that are no longer declared are left out."""
    for line in lines:
        try:
            guard.replay([line | {"session": session}], session=session)
        except StateError:
            continue


def _line(verdict: Verdict) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": "decision",
        "id": verdict.id,
        "call": verdict.call.id,
        "tool": verdict.call.tool,
        "arguments": verdict.given,
        "runs": verdict.runs,
        "mode": verdict.mode,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    if verdict.known:
        line["known"] = verdict.known
    if verdict.rewritten:
        line["rewritten"] = verdict.arguments
    return line


def _found(lines: Sequence[dict[str, Any]], call: Call) -> dict[str, Any] | None:
    """The call that has ended, among those that have not: the first of the tool that has its id, or, where
    one of them is not given, its arguments; best of all, both."""
    ended = {line["id"] for line in lines if line["kind"] == "result"}
    decisions = {line["id"]: line for line in lines if line["kind"] == "decision"}
    arguments = canonical(call.arguments) if isinstance(call.arguments, dict) else None
    best: tuple[int, dict[str, Any] | None] = (0, None)
    for line in decisions.values():
        if line["id"] in ended or line["tool"] != call.tool:
            continue
        named = bool(call.id) and line["call"] == call.id
        same = canonical(line.get("rewritten", line["arguments"])) == arguments
        if call.id and line["call"] and not named:
            continue
        score = 2 * named + same
        if score > best[0]:
            best = score, line
    return best[1]
