"""A real server of the HTTP adapter on the loopback, for tests."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.guard import Guard


@contextmanager
def serving(guard: Guard, **options: Any) -> Iterator[str]:
    """A context in which a guard is served; gives the base URL."""
    from mpr_logic.integrations.http.app import application

    with listening(application(guard, **options)) as url:
        yield url


@contextmanager
def listening(application: Any) -> Iterator[str]:
    """A context in which an ASGI application is served; gives the base URL."""
    import uvicorn

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error"))
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
