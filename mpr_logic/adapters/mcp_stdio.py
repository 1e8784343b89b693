"""A proxy between an MCP client and a server that is a command: messages are lines, on standard streams."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from mpr_logic.adapters.mcp_messages import LONGEST, Questions, read_answer, read_message, refusal, written
from mpr_logic.errors import GuardError, StateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.adapters.mcp_gate import Gate
    from mpr_logic.adapters.mcp_messages import Message
    from mpr_logic.adapters.verdict import Verdict

_PATIENCE = 2.0
"""So many seconds a server has to end by itself."""
_logger = logging.getLogger(__name__)


class Client(Protocol):
    """The client's side: lines come and go."""

    async def read(self) -> bytes:
        """The next line; nothing where no more comes."""

    async def write(self, line: bytes) -> None:
        """Send a line."""


async def proxy(gate: Gate, command: Sequence[str], client: Client) -> int:
    """Run a server for a client until either ends.

    Args:
        gate: what stands between them.
        command: the server's.
        client: its side.

    Returns:
        The exit status of the server, where it ended first; else 0.

    Raises:
        GuardError: the command cannot be run.
    """
    pipe = asyncio.subprocess.PIPE
    try:
        server = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=LONGEST)
    except (OSError, ValueError) as error:
        raise GuardError(f"the command `{command[0]}` cannot be run: {error}") from None
    relay = _Relay(gate, server, client)
    up, down = asyncio.create_task(relay.upwards()), asyncio.create_task(relay.downwards())
    try:
        done, _ = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        relay.close()
        await asyncio.wait({down}, timeout=_PATIENCE)  # what it still has to say
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), _PATIENCE)
    finally:
        for each in (up, down, *relay.checks):
            each.cancel()
        if server.returncode is None:
            server.kill()
        await server.wait()
        gate.close()
    for each in done:
        failure = None if each.cancelled() else each.exception()
        if failure is not None:
            _logger.error("the proxy ends: %s", failure, exc_info=failure)
    return 0 if up in done else server.returncode or 0


class _Relay:
    """What goes up to the server, and what comes down to the client."""

    def __init__(self, gate: Gate, server: asyncio.subprocess.Process, client: Client) -> None:
        self._gate = gate
        self._client = client
        self._input, self._output = server.stdin, server.stdout
        self._to_server, self._to_client = Questions(), Questions()
        self._made: dict[str, Verdict] = {}  # calls that wait for their result
        self.checks: set[asyncio.Task[None]] = set()

    async def upwards(self) -> None:
        """Pass on what the client says, until it says no more."""
        while line := await self._client.read():
            if not line.strip():
                continue
            id = None
            try:
                message = read_message(line)
                id = message.get("id")
                if self._gate.guards(message):
                    task = asyncio.create_task(self._guarded(message))
                    self.checks.add(task)
                    task.add_done_callback(self.checks.discard)
                elif not self._to_client.answered(message):
                    if message.get("method") == "initialize":
                        self._gate.hello(message)
                    await self._send(message)
            except StateError as error:
                await self._client.write(written(refusal(id, -32600, str(error))))
        self._to_client.close()
        if self.checks:
            await asyncio.wait(self.checks)

    async def _guarded(self, request: Message) -> None:
        message, passes, verdict = await self._gate.up(request, self._ask_server, self._ask_client)
        try:
            if passes and verdict is not None:
                self._made[json.dumps(message["id"])] = verdict
            await (self._send if passes else self._tell)(message)
        except StateError as error:
            await self._tell(refusal(request["id"], -32600, str(error)))

    async def downwards(self) -> None:
        """Pass on what the server says, until it says no more."""
        while self._output is not None and (line := await self._output.readline()):
            message = read_answer(line)
            if self._to_server.answered(message):
                continue
            made = None if "method" in message else self._made.pop(json.dumps(message.get("id")), None)
            seen = await self._gate.down(message, made)
            await self._client.write(line if seen is message else json.dumps(seen).encode() + b"\n")

    def close(self) -> None:
        """Tell the server that no more comes."""
        if self._input is not None:
            self._input.close()

    async def _ask_server(self, message: Message) -> Message:
        return await self._to_server.ask(message, self._send)

    async def _ask_client(self, message: Message) -> Message:
        return await self._to_client.ask(message, self._tell)

    async def _send(self, message: Message) -> None:
        line = written(message)
        with suppress(ConnectionError):  # its end is seen where it is read
            if self._input is not None:
                self._input.write(line)
                await self._input.drain()

    async def _tell(self, message: Message) -> None:
        await self._client.write(written(message))
