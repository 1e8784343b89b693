"""A web application whose every error is JSON, and which is reached by the names that it goes by alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse

from mpr_logic.integrations.http.clients import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

STRANGE = "the server does not go by the name in the header Host: begin it with that --name"
FAILED = "the server failed, and has written down why: take this as a rejection"


class KnownHosts:
    """A middleware that answers requests which come by another name with an error in JSON.

    A page in a browser must not reach a server on the loopback by a name of its own.

    Args:
        app: what answers the others.
        hosts: the names besides the loopback's; ``*`` for any.
        body: the body of an error, made of its text.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], body: Callable[[str], Any]) -> None:
        self._app = app
        self._known = ["*"] if "*" in hosts else [*LOOPBACK, "[::1]", *hosts]
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer a request, or refuse it."""

        async def known(scope: Scope, receive: Receive, _: Send) -> None:
            await self._app(scope, receive, send)

        async def strange(message: Message) -> None:  # what Starlette would answer is plain text
            if message["type"] == "http.response.start":
                await JSONResponse(self._body(STRANGE), 400)(scope, receive, send)

        which = TrustedHostMiddleware(known, allowed_hosts=self._known, www_redirect=False)
        await which(scope, receive, strange)


def web_application(
    routes: Sequence[Route],
    hosts: Sequence[str],
    body: Callable[[str], Any],
    *,
    handlers: Mapping[type[Exception], ExceptionHandler] | None = None,
    lifespan: Any = None,
) -> Starlette:
    """An application of these routes. What no route answers, and what fails, is answered in JSON.

    Args:
        routes: its paths.
        hosts: the names that requests may come by besides the loopback's; ``*`` for any.
        body: the body of an error, made of its text.
        handlers: what answers where an exception of a kind comes out of a route.
        lifespan: what holds while it runs.
    """

    def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse(body(error.detail), error.status_code, error.headers)

    def failed(_: Request, error: Exception) -> Response:  # Starlette raises it again, for the log
        return JSONResponse(body(FAILED), 500)

    return Starlette(
        routes=routes,
        middleware=[Middleware(KnownHosts, hosts=hosts, body=body)],
        exception_handlers={HTTPException: refused, Exception: failed, **(handlers or {})},
        lifespan=lifespan,
    )
