"""Whether rules that were read again are whole: what a torn, emptied or half-written file would lose.

A prefix of a rule file that ends behind a clause is itself a rule file, and no reader can tell it from an
edit that took the rest away. So a guard that is at work takes no file that is being written, or that changes
while it is read, and gives up no more of its laws than somebody means it to.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.rules import stamp
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mpr_logic.analysis.program import Program, Rule

SETTLED = 0.25
"""The seconds for which a file that lost something must stay unchanged before it is taken."""

FORBID = "forbid"


@dataclass(slots=True)
class Losses:
    """The losses of new rules against the old ones. ``whole``: all laws, all clauses of a file, or all laws
    about an action. ``some``: clauses that nothing takes the place of, in files that are still there.
    ``gone``: the same, of files that are no longer there."""

    whole: list[str] = field(default_factory=list)
    some: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def losses(old: Program, new: Program, files: Iterable[str], theta: float) -> Losses:
    """Compare two programs for what the second one lost.

    Args:
        old: the rules that a guard goes by.
        new: those that were read.
        files: the rule files that there are now.
        theta: the weight from which a forbid is a law.
    """
    found = Losses()
    _lost_wholly(old, new, set(files), theta, found)
    _lost_partly(old, new, set(files), theta, found)
    return found


def _laws(program: Program, theta: float) -> Counter[str]:
    """Count the laws of each action; to be closed by default is one."""
    counts = Counter(
        str(rule.action) for rule in program.rules if rule.clause.kind == FORBID and rule.weight >= theta
    )
    counts.update(program.schema.closed)
    return counts


def _lost_wholly(old: Program, new: Program, files: set[str], theta: float, found: Losses) -> None:
    before, after = _laws(old, theta), _laws(new, theta)
    if before and not after:
        found.whole.append("no law is left")
    found.whole += [
        f"no law about `{action}` is left"
        for action in sorted(before.keys() - after.keys())
        if action in new.schema.actions
    ]
    held, holds = _files(old), _files(new)
    found.whole += [f"`{file}` holds no clause any more" for file in sorted((held - holds) & files)]


def _files(program: Program) -> set[str]:
    """The files that facts and rules stand in."""
    return {rule.clause.span.file for rule in program.rules} | {fact.span.file for fact in program.facts}


def _lost_partly(old: Program, new: Program, files: set[str], theta: float, found: Losses) -> None:
    gained: Counter[str] = Counter()
    there = _clauses(new, theta)
    before = _clauses(old, theta)
    for key, (head, _, _) in there.items():
        if key not in before:
            gained[head] += 1
    for key, (head, named, file) in before.items():
        if key in there:
            continue
        if not named and gained[head] > 0:
            gained[head] -= 1  # most likely this one, changed
            continue
        what = f"`{named}`" if named else f"a clause of `{head}`"
        (found.some if file in files or not Path(file).suffix else found.gone).append(f"{what} is gone")
    opened = old.schema.closed - new.schema.closed
    found.some += [f"`{action}` is no longer closed" for action in sorted(opened & new.schema.actions.keys())]


def _clauses(program: Program, theta: float) -> dict[object, tuple[str, str, str]]:
    """The clauses on which rejections may hang, by what makes each the same: its head, its own name, and its
    file. What only permits or prefers is left out: without it less is admitted, not more."""
    found: dict[object, tuple[str, str, str]] = {}
    for rule in program.rules:
        kind = rule.clause.kind
        if kind in ("permit", "prefer") or (kind == FORBID and rule.weight < theta):
            continue
        found[rule.id, rule.head] = (rule.head, _name(rule), rule.clause.span.file)
    for fact in (each for each in program.facts if not is_set(each.relation)):
        found[fact.relation, fact.row] = (fact.relation, "", fact.span.file)
    return found


def _name(rule: Rule) -> str:
    return str((rule.clause.annotation("id") or ("",))[0])


class UnsettledError(StateError):
    """A rule file is still being written: it is read when that is done."""


def check_written(files: Iterable[str]) -> None:
    """Refuse files that are being written.

    Raises:
        UnsettledError: one is.
    """
    for file in files:
        if being_written(file):
            raise UnsettledError(f"`{file}` is being written: it is read when that is done")


def check_ends(files: Iterable[str]) -> None:
    """Refuse files that end where a statement may be torn.

    Raises:
        StateError: one does.
    """
    for file in files:
        if _may_be_torn(file):
            raise StateError(f"the end of `{file}` may be missing: end the file with a line end")


def check_losses(found: Losses, look: Callable[[], object], *, watching: bool) -> None:
    """Refuse new rules that lost what they should not.

    Args:
        found: what they lost.
        look: what changes when one of the files does.
        watching: nobody has asked for it: then no clause of a file that is still there may be lost.

    Raises:
        UnsettledError: the files still change.
        StateError: it says what is lost, and how to have it so all the same.
    """
    if found.whole:
        raise StateError(f"{found.whole[0]}: if this is meant, say reload(force=True)")
    if found.some and watching:
        raise StateError(f"{found.some[0]}, as in a file that is torn: if this is meant, say reload()")
    if found.some or found.gone:  # a file may be on its way from one form to another
        seen = look()
        time.sleep(SETTLED)
        if look() != seen:
            raise UnsettledError("the rule files still change: they are read when that is done")


def _may_be_torn(file: str) -> bool:
    """Whether a file ends, without a line end, where more may have followed: a clause ends with a dot, but
    so does the first half of a number, and a declaration ends with any word."""
    with Path(file).open("rb") as opened:
        end = opened.seek(0, os.SEEK_END)
        opened.seek(max(end - 2, 0))
        last = opened.read(2)
    return bool(last) and not (last.endswith(b"\n") or (last.endswith(b".") and not last[:1].isdigit()))


def being_written(file: str) -> bool:
    """Whether some process has a file open to write it, as far as the system tells: a lease to read can be
    had only of a file that nobody writes. It is given back at once."""
    try:
        import fcntl

        lease, told = fcntl.F_SETLEASE, fcntl.F_SETSIG  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError):
        return False
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # who opens it now to write waits until the lease is back; we are told by a signal that does nothing
        fcntl.fcntl(opened, told, signal.SIGURG)
        fcntl.fcntl(opened, lease, fcntl.F_RDLCK)
        fcntl.fcntl(opened, lease, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # of another user, or on a file system without leases
    finally:
        with contextlib.suppress(OSError):
            os.close(opened)
    return False


_logger = logging.getLogger(__name__)


class Watcher:
    """Calls ``changed`` where the files that the paths name come, go or change, once they have been the same
    for a little while; again, soon, where it returns False."""

    def __init__(self, changed: Callable[[], bool], paths: Sequence[str | os.PathLike[str]]) -> None:
        self._changed = changed
        self._paths = paths
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen = self._stamp()

    def start(self, seconds: float) -> None:
        """Begin to look, that often; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._watch, args=(seconds,), name="mpr watch", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    def _watch(self, seconds: float) -> None:
        before = self._seen
        while not self._ended.wait(seconds if before == self._seen else SETTLED):
            now = self._stamp()
            if now == before != self._seen and self._taken():
                self._seen = now  # as it was before they were read: what has changed since is seen next
            before = now

    def _taken(self) -> bool:
        try:
            return self._changed()
        except Exception:
            _logger.exception("the changed rules could not be read")
            return True

    def _stamp(self) -> object:
        try:
            return stamp(self._paths)
        except (MprError, OSError) as error:
            return str(error)
