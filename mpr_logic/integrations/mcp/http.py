"""A proxy of an MCP server that is reached over streamable HTTP: an ASGI application.

Requests go to the server as they are, with their headers, and what it answers comes back as it is, streams
too; apart from tools/call and tools/list, which a guard sees. Each MCP session is a session of the guard.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mpr_logic.extras import needed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from starlette.applications import Starlette

    from mpr_logic.integrations.mcp.gateway import Gateway

CONNECTING = 30.0
"""The seconds that a server may take to be reached; to answer it has as long as the client waits."""


def proxy_application(
    gateway: Callable[[str], Gateway],
    url: str,
    *,
    path: str = "/mcp",
    hosts: tuple[str, ...] = (),
    methods: Collection[str] = (),
) -> Starlette:
    """An ASGI application that stands before an MCP server.

    Args:
        gateway: makes what stands between the server and one session of that name.
        url: the server's endpoint.
        path: the application's own.
        hosts: the names that requests may come by besides the loopback's; ``*`` for any.
        methods: methods of clients that pass besides those of the protocol.

    Raises:
        GuardError: the packages for it are not installed.
    """
    for package in ("starlette", "httpx2"):
        needed(package, "mcp")
    from httpx2 import AsyncClient, Timeout
    from starlette.routing import Route

    from mpr_logic.integrations.http.web import web_application
    from mpr_logic.integrations.mcp.gateway import Gateways
    from mpr_logic.integrations.mcp.messages import refusal
    from mpr_logic.integrations.mcp.relay import HttpRelay

    client = AsyncClient(timeout=Timeout(None, connect=CONNECTING))
    gateways = Gateways(gateway)
    relay = HttpRelay(gateways, url, client, methods)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with client:
            yield
        gateways.close()

    return web_application(
        [Route(path, relay.handle, methods=["GET", "POST", "DELETE"])],
        hosts,
        lambda text: refusal(None, -32600, text),
        lifespan=lifespan,
    )
