"""A real server of the HTTP adapter on the loopback, for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.guard import Guard


class _Server(uvicorn.Server):
    """A server that ends at once: uvicorn's own looks ten times a second if it should, and then waits."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.01)
        await self.lifespan.shutdown()


@contextmanager
def serving(guard: Guard, **options: Any) -> Iterator[str]:
    """A context in which a guard is served; gives the base URL."""
    from mpr_logic.integrations.http.app import application

    with listening(application(guard, **options)) as url:
        yield url


@contextmanager
def listening(application: Any) -> Iterator[str]:
    """A context in which an ASGI application is served; gives the base URL."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(application, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listener.close()
