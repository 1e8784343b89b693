"""The standard streams of this process as one side of a proxy: lines come and go."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import CancelledError
from contextlib import suppress


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
        stream = sys.stdin.buffer
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
