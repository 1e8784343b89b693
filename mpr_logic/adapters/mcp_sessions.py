"""The gates of the sessions between MCP clients and a server."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.adapters.mcp_gate import Gate

MOST = 200
"""So many sessions are known at a time; the one that was quiet longest is forgotten first."""


class Gates:
    """What stands between the server and each session.

    Args:
        make: makes it for a session of that name.
    """

    def __init__(self, make: Callable[[str], Gate]) -> None:
        self._make = make
        self._gates: OrderedDict[str, Gate] = OrderedDict()

    def of(self, name: str) -> Gate:
        """The gate of a session, made where there is none."""
        found = self._gates.get(name)
        if found is None:
            found = self._gates[name] = self._make(name)
            while len(self._gates) > MOST:
                self._gates.popitem(last=False)[1].close()
        self._gates.move_to_end(name)
        return found

    def known(self, name: str) -> Gate | None:
        """The gate of a session, if there is one."""
        return self._gates.get(name)

    def end(self, name: str) -> None:
        """Forget a session."""
        if name in self._gates:
            self._gates.pop(name).close()

    def close(self) -> None:
        """End all sessions."""
        while self._gates:
            self._gates.popitem()[1].close()
