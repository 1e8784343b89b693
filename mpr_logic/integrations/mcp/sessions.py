"""The gates of the sessions between MCP clients and a server."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.integrations.mcp.gate import Gate

MOST = 200
"""The most sessions of one client: of more it loses the one that was quiet longest."""
IN_ALL = 10 * MOST
"""The most sessions of all: of more the client with the most loses one."""


class Gates:
    """What stands between the server and each session. A session is one that the server has begun: who names
    another one would have a history of its own for each call.

    Args:
        make: makes it for a session of that name.
    """

    def __init__(self, make: Callable[[str], Gate]) -> None:
        self._make = make
        self._gates: dict[str, tuple[Gate, str]] = {}
        self._of: dict[str, OrderedDict[str, None]] = {}

    def of(self, name: str) -> Gate | None:
        """The gate of a session; of those without a name there is always one. None where the server has begun
        none of that name, or it is forgotten."""
        if name not in self._gates:
            return None if name else self._add("", "")
        gate, client = self._gates[name]
        self._of[client].move_to_end(name)
        return gate

    def begin(self, name: str, client: str) -> Gate:
        """The gate of a session that the server has begun for a client."""
        found = self.of(name)
        return self._add(name, client) if found is None else found

    def _add(self, name: str, client: str) -> Gate:
        gate = self._make(name)
        self._gates[name] = gate, client
        mine = self._of.setdefault(client, OrderedDict())
        mine[name] = None
        if client and len(mine) > MOST:
            self.end(next(iter(mine)))
        if len(self._gates) > IN_ALL:
            others = (each for each in self._of if each)
            self.end(next(iter(self._of[max(others, key=lambda each: len(self._of[each]))])))
        return gate

    def end(self, name: str) -> None:
        """Forget a session."""
        if name in self._gates:
            gate, client = self._gates.pop(name)
            del self._of[client][name]
            if not self._of[client]:
                del self._of[client]
            gate.close()

    def close(self) -> None:
        """End all sessions."""
        for name in list(self._gates):
            self.end(name)
