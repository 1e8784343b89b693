"""A proxy between an MCP client and a server that is a command: messages are lines, on standard streams.

A server that ends while requests wait for it is an error to each of them. The next request starts it again,
with the handshake that the client made.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mpr_logic.errors import GuardError, ProgramError, StateError
from mpr_logic.integrations.mcp.messages import (
    LONGEST,
    Questions,
    read_answer,
    read_message,
    refusal,
    refused,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Tools
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.integrations.mcp.gateway import Gateway
    from mpr_logic.integrations.mcp.messages import Message


class StandardStreams:
    """The client of a process. A thread of its own reads: where the server ends first, nobody waits for the
    client's next line.

    Args:
        size: so many bytes a line has at most; of a longer one comes the beginning, which is longer too.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes] = asyncio.Queue(16)
        self._lock = asyncio.Lock()
        threading.Thread(target=self._reading, name="mpr proxy", daemon=True).start()

    def _reading(self) -> None:
        # a reader of its own: the interpreter cannot end while a thread waits in that of sys.stdin
        stream = os.fdopen(sys.stdin.fileno(), "rb", closefd=False)
        with suppress(RuntimeError, ValueError, CancelledError):  # the loop, or the stream, is closed
            while True:
                line = rest = stream.readline(self._size + 1)
                while len(rest) > self._size and not rest.endswith(b"\n"):
                    rest = stream.readline(self._size + 1)
                asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()
                if not line:
                    return

    async def read(self) -> bytes:
        """The next line; nothing where no more comes."""
        return await self._lines.get()

    async def write(self, line: bytes) -> None:
        """Send a line."""
        async with self._lock:
            await asyncio.to_thread(_write, line)


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


_PATIENCE = 2.0
"""The seconds that a server has to end by itself."""
_HANDSHAKE = 30.0
"""The seconds that a server which was started again has for its handshake."""
ENDED = "the server ended before it answered: what became of the request is not known"
_logger = logging.getLogger(__name__)


class LineClient(Protocol):
    """The client's side: lines come and go."""

    async def read(self) -> bytes:
        """The next line; nothing where no more comes."""

    async def write(self, line: bytes) -> None:
        """Send a line."""


class EndingClient:
    """A client that has no more to say once the rules do not fit the server's tools. What it has asked is
    still answered. ``error`` says what is wrong with the rules."""

    def __init__(self, client: LineClient) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self.error: ProgramError | None = None

    def ended_by(self, make: Callable[[Tools], Guard]) -> Callable[[Tools], Guard]:
        """The function that makes the guard, and ends this client where the rules are refused."""

        def made(tools: Tools) -> Guard:
            try:
                return make(tools)
            except ProgramError as error:
                self.error = error
                self._loop.call_soon_threadsafe(self._ended.set)
                raise GuardError("the rules do not fit them, and the proxy ends") from error

        return made

    async def read(self) -> bytes:
        """The next line; nothing where no more comes."""
        line = asyncio.create_task(self._client.read())
        ended = asyncio.create_task(self._ended.wait())
        await asyncio.wait({line, ended}, return_when=asyncio.FIRST_COMPLETED)
        for each in (line, ended):
            each.cancel()
        return line.result() if line.done() and not line.cancelled() else b""

    async def write(self, line: bytes) -> None:
        """Send a line."""
        await self._client.write(line)


async def proxy(
    gateway: Gateway, command: Sequence[str], client: LineClient, *, methods: Collection[str] = ()
) -> int:
    """Run a server for a client until the client ends, or the server does without ever having said a word.

    Args:
        gateway: what stands between them.
        command: the server's.
        client: its side.
        methods: methods of the client that pass besides those of the protocol.

    Returns:
        The exit status of the server, where it ended first; else 0.

    Raises:
        GuardError: the command cannot be run.
    """
    relay = LineRelay(gateway, command, client, methods)
    await relay.start()
    up, mute = asyncio.create_task(relay.upwards()), asyncio.create_task(relay.mute.wait())
    try:
        await asyncio.wait({up, mute}, return_when=asyncio.FIRST_COMPLETED)
        ended = up.done()
        await relay.stop()
    finally:
        for each in (up, mute, *relay.checks):
            each.cancel()
        await relay.end()
        gateway.close()
    failure = up.exception() if up.done() and not up.cancelled() else None
    if failure is not None:
        _logger.error("the proxy ends: %s", failure, exc_info=failure)
    return 0 if ended else relay.status


class _Sent(NamedTuple):
    """A request that waits for the server, and the verdict where it is a call."""

    message: Message
    verdict: Verdict | None


class LineRelay:
    """Passes messages up to the server and down to the client. ``mute`` is set where the server ended
    without having said a word, ``status`` is its exit status then."""

    def __init__(
        self, gateway: Gateway, command: Sequence[str], client: LineClient, methods: Collection[str] = ()
    ) -> None:
        self._gateway, self._command, self._client, self._methods = gateway, command, client, methods
        self._server: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._heard = self._stopping = False
        self._to_server, self._to_client = Questions(), Questions()
        self._open: dict[str, Message] = {}  # requests that are not answered yet
        self._sent: dict[str, _Sent] = {}  # those of them that the server has
        self._greeting: list[Message] = []  # what the client said of itself
        self.checks: set[asyncio.Task[None]] = set()
        self.mute = asyncio.Event()
        self.status = 0

    # -- the server ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the server.

        Raises:
            GuardError: the command cannot be run.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            server = await asyncio.create_subprocess_exec(
                *self._command, stdin=pipe, stdout=pipe, limit=LONGEST
            )
        except (OSError, ValueError) as error:
            raise GuardError(f"the command `{self._command[0]}` cannot be run: {error}") from None
        self._server = server
        self._reading = asyncio.create_task(self._life_of(server))

    async def _revive(self) -> None:
        """Start the server again, where it has ended.

        Raises:
            StateError: it cannot be.
        """
        async with self._starting:
            if self._server is not None:
                return
            if self._stopping:
                raise StateError(ENDED)
            try:
                await self.start()
            except GuardError as error:
                raise StateError(str(error)) from None
            if self._greeting and not await self._greeted():
                self.kill()
                raise StateError("the server was started again, and did not answer the handshake")
            self._gateway.restarted()

    async def _greeted(self) -> bool:
        """Whether a server that was started again takes the handshake that the client made."""
        with suppress(TimeoutError):
            answer = await asyncio.wait_for(self._to_server.ask(self._greeting[0], self._write), _HANDSHAKE)
            if "result" in answer and self._server is not None:
                for each in self._greeting[1:]:
                    await self._write(each)
                return True
        return False

    async def _life_of(self, server: asyncio.subprocess.Process) -> None:
        """Pass on what a server says, until it says no more; then answer who still waits for it."""
        try:
            await self._downwards(server)
        except Exception:
            _logger.exception("the server cannot be listened to any longer")
        finally:
            if self._server is server:
                self._server = None
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait(), _PATIENCE)
        if server.returncode is None:
            server.kill()
        self.status = await server.wait()
        await self._give_up()

    async def _give_up(self) -> None:
        """Nobody will answer what was sent."""
        self._to_server.close()
        if not self._heard and not self._sent:
            self.mute.set()
        for key, (message, verdict) in list(self._sent.items()):
            del self._sent[key]
            if self._stopping and not self.status and verdict is None:
                continue  # the client ended first, and needs no answer
            await self._gateway.lost(verdict)
            await self._tell(refusal(message["id"], -32603, ENDED))

    async def stop(self) -> None:
        """Tell the server that no more comes, and hear what it still has to say."""
        self._stopping = True
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=2 * _PATIENCE)

    async def end(self) -> None:
        """End the server, if it is there, and see it ended: nobody else would."""
        self.kill()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=_PATIENCE)

    def kill(self) -> None:
        """End the server, if it is there."""
        if self._server is not None and self._server.returncode is None:
            with suppress(ProcessLookupError):
                self._server.kill()

    # -- messages ------------------------------------------------------------------------------

    async def upwards(self) -> None:
        """Pass on what the client says, until it says no more."""
        while line := await self._client.read():
            if not line.strip():
                continue
            try:
                await self._up(read_message(line, self._methods))
            except StateError as error:
                await self._client.write(written(refused(line, error)))
        self._to_client.close()
        if self.checks:
            await asyncio.wait(self.checks)

    async def _up(self, message: Message) -> None:
        if self._to_client.answered(message):
            return
        guarded = self._gateway.guards(message)
        if "method" in message and "id" in message:
            key = str(message["id"])  # to some readers 1 and "1" are one
            if key in self._open:
                raise StateError(f"the id `{key[:60]}` is in use: another request waits under it")
            self._open[key] = message
        if guarded:
            task = asyncio.create_task(self._guarded(message))
            self.checks.add(task)
            task.add_done_callback(self.checks.discard)
            return
        if message.get("method") == "initialize":
            self._gateway.hello(message)
            self._greeting = [message]
        elif message.get("method") == "notifications/initialized":
            self._greeting = [*self._greeting[:1], message]
        try:
            await self._send(message)
        except StateError as error:
            await self._tell(refusal(message.get("id"), -32603, str(error)))

    async def _guarded(self, request: Message) -> None:
        message, passes, verdict = await self._gateway.up(request, self._ask_server, self._ask_client)
        if not passes:
            await self._tell(message)
            return
        try:
            await self._send(message, verdict)
        except StateError as error:
            await self._gateway.lost(verdict)
            await self._tell(refusal(request["id"], -32603, str(error)))

    async def _downwards(self, server: asyncio.subprocess.Process) -> None:
        """Pass on what the server says, until it says no more."""
        while server.stdout is not None and (line := await server.stdout.readline()):
            message = read_answer(line)
            self._heard = self._heard or bool(message)
            if self._to_server.answered(message):
                continue
            sent = None
            if "method" not in message:
                sent = self._sent.pop(str(message.get("id")), None)
                self._open.pop(str(message.get("id")), None)
            seen = await self._gateway.down(message, sent.verdict if sent is not None else None)
            await self._client.write(line if seen is message else json.dumps(seen).encode() + b"\n")

    async def _ask_server(self, message: Message) -> Message:
        return await self._to_server.ask(message, self._send)

    async def _ask_client(self, message: Message) -> Message:
        return await self._to_client.ask(message, self._tell)

    async def _send(self, message: Message, verdict: Verdict | None = None) -> None:
        """Send a message to the server; a request starts one that has ended.

        Raises:
            StateError: it cannot be written, or there is no server.
        """
        line = written(message)
        if "method" in message and "id" in message:
            await self._revive()
            if str(message["id"]) in self._open:
                self._sent[str(message["id"])] = _Sent(message, verdict)
        await self._write_line(line)

    async def _write(self, message: Message) -> None:
        await self._write_line(written(message))

    async def _write_line(self, line: bytes) -> None:
        with suppress(ConnectionError):  # its end is seen where it is read
            if self._server is not None and self._server.stdin is not None:
                self._server.stdin.write(line)
                await self._server.stdin.drain()

    async def _tell(self, message: Message) -> None:
        if "method" not in message:
            self._open.pop(str(message.get("id")), None)
        await self._client.write(written(message))
