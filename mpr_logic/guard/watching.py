"""Watches rule files, by looking at them every now and then."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from mpr_logic.errors import MprError
from mpr_logic.guard.reloading import SETTLED
from mpr_logic.guard.ruleset import stamp

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

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
