"""A proxy between an MCP client and a server that is a command: messages are lines, on standard streams."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from mpr_logic.adapters.guard import UNCHECKED
from mpr_logic.adapters.mcp_messages import SIZE, read_message, refusal, written
from mpr_logic.errors import GuardError, StateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from mpr_logic.adapters.mcp_messages import Gate, Message
    from mpr_logic.adapters.verdict import Verdict

_logger = logging.getLogger(__name__)
_LINE = 64 * 1024 * 1024
"""So many bytes a line of a server has at most."""
_PATIENCE = 2.0
"""So many seconds a server has to end by itself."""


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
        server = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=_LINE)
    except (OSError, ValueError) as error:
        raise GuardError(f"the command `{command[0]}` cannot be run: {error}") from None
    between = _Between(gate, server, client)
    up, down = asyncio.create_task(between.upwards()), asyncio.create_task(between.downwards())
    try:
        done, _ = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        between.close()
        await asyncio.wait({down}, timeout=_PATIENCE)  # what it still has to say
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), _PATIENCE)
    finally:
        for each in (up, down, *between.checks):
            each.cancel()
        if server.returncode is None:
            server.kill()
        await server.wait()
        gate.close()
    return 0 if up in done else server.returncode or 0


class _Between:
    """What goes up to the server, and what comes down to the client."""

    def __init__(self, gate: Gate, server: asyncio.subprocess.Process, client: Client) -> None:
        self._gate = gate
        self._client = client
        self._input, self._output = server.stdin, server.stdout
        self._asked: dict[str, asyncio.Future[Message]] = {}  # by the proxy itself
        self._made: dict[str, Verdict] = {}  # calls that wait for their result
        self.checks: set[asyncio.Task[None]] = set()

    async def upwards(self) -> None:
        """Pass on what the client says, until it says no more."""
        while line := await self._client.read():
            if not line.strip():
                continue
            try:
                message = read_message(line)
                method = message.get("method")
                if method in ("tools/call", "tools/list"):
                    task = asyncio.create_task(self._guarded(message))
                    self.checks.add(task)
                    task.add_done_callback(self.checks.discard)
                else:
                    await self._send(message)
            except StateError as error:
                await self._client.write(written(refusal(None, -32600, str(error))))
        if self.checks:
            await asyncio.wait(self.checks)

    async def downwards(self) -> None:
        """Pass on what the server says, until it says no more."""
        while self._output is not None and (line := await self._output.readline()):
            message = _answer(line)
            key = json.dumps(message.get("id"))
            if "method" in message:
                if message["method"] == "notifications/tools/list_changed":
                    self._gate.changed()
            elif key in self._asked:
                self._asked.pop(key).set_result(message)
                continue
            elif key in self._made:
                await self._gate.record(self._made.pop(key), message)
            elif isinstance(message.get("result"), dict) and "tools" in message["result"]:
                line = written(self._gate.filtered(message))
            await self._client.write(line)

    def close(self) -> None:
        """Tell the server that no more comes."""
        if self._input is not None:
            self._input.close()

    async def _guarded(self, message: Message) -> None:
        if "id" not in message:
            return  # whoever wants no answer is not asking for a tool
        try:
            await self._gate.ready(message, self._ask)
            if message["method"] == "tools/call":
                message, verdict = await self._gate.check(message)
                if verdict is None:
                    await self._client.write(written(message))
                    return
                self._made[json.dumps(message["id"])] = verdict
            await self._send(message)
        except Exception:
            _logger.exception("a message was not passed on")
            await self._client.write(written(refusal(message["id"], -32603, UNCHECKED)))

    async def _ask(self, message: Message) -> Message:
        id = f"mpr-{uuid4().hex}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[json.dumps(id)] = answer
        await self._send(message | {"id": id})
        return await answer

    async def _send(self, message: Message) -> None:
        line = written(message)
        with suppress(ConnectionError):  # its end is seen where it is read
            if self._input is not None:
                self._input.write(line)
                await self._input.drain()


def _answer(line: bytes) -> Message:
    """What a server says; nothing where it is no message, which is passed on as it is."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class StandardStreams:
    """The client on the standard streams of this process.

    A thread of its own reads: where the server ends first, nobody waits for the client's next line.
    """

    def __init__(self) -> None:
        import sys

        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(16)
        self._in: BinaryIO = sys.stdin.buffer
        self._out: BinaryIO = sys.stdout.buffer
        self._lock = asyncio.Lock()
        threading.Thread(target=self._reading, name="mpr proxy", daemon=True).start()

    def _reading(self) -> None:
        with suppress(RuntimeError, ValueError, CancelledError):  # the loop, or the stream, is closed
            while True:
                line = rest = self._in.readline(SIZE + 1)
                while len(rest) > SIZE and not rest.endswith(b"\n"):
                    rest = self._in.readline(SIZE + 1)  # the line is too long, which its beginning says
                asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()
                if not line:
                    return

    async def read(self) -> bytes:
        """The next line; nothing where no more comes."""
        return await self._lines.get()

    async def write(self, line: bytes) -> None:
        """Send a line."""
        async with self._lock:
            await asyncio.to_thread(self._written, line)

    def _written(self, line: bytes) -> None:
        self._out.write(line)
        self._out.flush()
