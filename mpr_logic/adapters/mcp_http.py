"""A proxy of an MCP server that is reached over streamable HTTP: an ASGI application.

Requests go to the server as they are, with their headers, and what it answers comes back as it is, streams
too; apart from tools/call and tools/list, which a guard sees. Each MCP session is a session of the guard.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mpr_logic.adapters.extras import needed
from mpr_logic.adapters.guard import UNCHECKED
from mpr_logic.adapters.http import LOOPBACK
from mpr_logic.adapters.mcp_messages import SECONDS, SIZE, read_message, refusal, written
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from mpr_logic.adapters.mcp_messages import Gate, Message
    from mpr_logic.adapters.verdict import Verdict

MOST = 200
"""So many sessions are known at a time; the one that was quiet longest is forgotten first."""
_OWN = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"}
_SESSION = "mcp-session-id"
_END = re.compile(rb"(\r\n\r\n|\n\n|\r\r)")
_LINE = re.compile(rb"\r\n|\n|\r")
_logger = logging.getLogger(__name__)


def proxy_application(
    gate: Callable[[str], Gate], url: str, *, path: str = "/mcp", hosts: tuple[str, ...] = ()
) -> Starlette:
    """An ASGI application that stands before an MCP server.

    Args:
        gate: makes what stands between the server and one session of that name.
        url: the server's endpoint.
        path: the application's own.
        hosts: the names that requests may come by besides the loopback's; ``*`` for any.

    Raises:
        GuardError: the packages for it are not installed.
    """
    applications, routing = needed("starlette.applications", "mcp"), needed("starlette.routing", "mcp")
    middleware, trusted = (
        needed("starlette.middleware", "mcp"),
        needed("starlette.middleware.trustedhost", "mcp"),
    )
    http = needed("httpx2", "mcp")
    client = http.AsyncClient(timeout=http.Timeout(None, connect=SECONDS))
    between = _Between(gate, url, client)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with client:
            yield
        between.close()

    known = ["*"] if "*" in hosts else [*LOOPBACK, "[::1]", *hosts]
    found: Starlette = applications.Starlette(
        routes=[routing.Route(path, between.handle, methods=["GET", "POST", "DELETE"])],
        middleware=[
            middleware.Middleware(trusted.TrustedHostMiddleware, allowed_hosts=known, www_redirect=False)
        ],
        lifespan=lifespan,
    )
    return found


class _Between:
    """What goes to the server, and what comes back."""

    def __init__(self, gate: Callable[[str], Gate], url: str, client: Any) -> None:
        self._make = gate
        self._url = url
        self._client = client
        self._gates: OrderedDict[str, Gate] = OrderedDict()
        self._responses = needed("starlette.responses", "mcp")
        self._failed = needed("httpx2", "mcp").HTTPError

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        message: Message = {}
        headers = {k: v for k, v in request.headers.items() if k not in _OWN} | {
            "accept-encoding": "identity"
        }
        name = request.headers.get(_SESSION, "")
        origin = request.headers.get("origin")
        try:
            if origin and urlsplit(origin).hostname not in LOOPBACK:  # a page in a browser
                return self._json(refusal(None, -32600, "this is not for pages of the network"), 403)
            if request.method == "POST":
                message = read_message(await _body(request))
            verdict = None
            if message.get("method") in ("tools/call", "tools/list") and "id" not in message:
                raise StateError("who asks for a tool wants an answer: send an id")
            if message.get("method") in ("tools/call", "tools/list"):
                gate = self._gate(name)
                await gate.ready(message, lambda asked: self._ask(headers, asked))
                if message["method"] == "tools/call":
                    message, verdict = await gate.check(message)
                    if verdict is None:
                        return self._json(message)
            found = await self._passed(request.method, headers, message, name, verdict)
            if request.method == "DELETE" and name in self._gates and found.status_code < 300:
                self._gates.pop(name).close()
            return found
        except StateError as error:
            return self._json(refusal(message.get("id"), -32600, str(error)), 400)
        except self._failed as error:
            _logger.warning("the server does not answer: %s", error)
            return self._json(refusal(message.get("id"), -32603, "the server does not answer"), 502)
        except Exception:
            _logger.exception("a message was not passed on")
            return self._json(refusal(message.get("id"), -32603, UNCHECKED), 500)

    async def _passed(
        self, method: str, headers: dict[str, str], message: Message, name: str, verdict: Verdict | None
    ) -> Response:
        """Let the server answer."""
        answer = await self._sent(method, headers, message)
        kept = {k: v for k, v in answer.headers.items() if k not in _OWN | {"content-encoding"}}
        if answer.is_redirect:  # whoever followed it would go past the guard
            await answer.aclose()
            return self._json(
                refusal(message.get("id"), -32603, "the server is elsewhere: mend its URL"), 502
            )

        async def events() -> AsyncIterator[bytes]:
            try:
                async for event in _events(answer):
                    yield await self._seen(event, name, message, verdict)
            finally:
                await answer.aclose()

        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        if kind == "text/event-stream":
            found: Response = self._responses.StreamingResponse(events(), answer.status_code, kept)
            return found
        body = await answer.aread()
        await answer.aclose()
        if kind == "application/json":
            body = await self._seen(body, name, message, verdict)
        whole: Response = self._responses.Response(body, answer.status_code, kept)
        return whole

    async def _seen(self, data: bytes, name: str, asked: Message, verdict: Verdict | None) -> bytes:
        """What is passed on of one message of the server: a body, or an event with one."""
        before, message = _message(data)
        gate = self._gates.get(name)
        if gate is None or not message:
            return data
        if message.get("method") == "notifications/tools/list_changed":
            gate.changed()
        if "method" in message:
            return data
        if verdict is not None and message.get("id") == asked.get("id"):
            await gate.record(verdict, message)
        new = gate.filtered(message)
        return data if new is message else before(json.dumps(new).encode())

    async def _ask(self, headers: dict[str, str], message: Message) -> Message:
        own = {k: v for k, v in headers.items() if not k.startswith(("mcp-name", "mcp-param-"))}
        if "mcp-method" in own:
            own["mcp-method"] = message["method"]
        answer = await self._sent("POST", own, message | {"id": "mpr"})
        try:
            async for event in _events(answer):
                found = _message(event)[1]
                if found.get("id") == "mpr":
                    return found
        finally:
            await answer.aclose()
        return {}

    async def _sent(self, method: str, headers: dict[str, str], message: Message) -> Any:
        content = written(message) if message else None
        request = self._client.build_request(method, self._url, headers=headers, content=content)
        return await self._client.send(request, stream=True)

    def _gate(self, name: str) -> Gate:
        found = self._gates.get(name)
        if found is None:
            found = self._gates[name] = self._make(name)
            while len(self._gates) > MOST:
                self._gates.popitem(last=False)[1].close()
        self._gates.move_to_end(name)
        return found

    def _json(self, message: Message, status: int = 200) -> Response:
        found: Response = self._responses.JSONResponse(message, status)
        return found

    def close(self) -> None:
        """End all sessions."""
        while self._gates:
            self._gates.popitem()[1].close()


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > SIZE:
            raise StateError(f"the body is larger than {SIZE} bytes")
    return bytes(data)


async def _events(answer: Any) -> AsyncIterator[bytes]:
    """The events of a stream, each with the blank line behind it; of any other answer, its body."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *events, rest = _END.split(rest + chunk)
        for event, end in zip(events[::2], events[1::2], strict=True):
            yield event + end
    if rest:
        yield rest


def _message(data: bytes) -> tuple[Callable[[bytes], bytes], Message]:
    """The message of an event or of a body, and what puts another one in its place."""
    lines = _LINE.split(data.strip())
    fields = [line for line in lines if line.startswith(b"data:")]
    others = [line for line in lines if not line.startswith(b"data:")]
    body = b"\n".join(line[5:] for line in fields) if fields else data
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None

    def again(text: bytes) -> bytes:
        return b"\n".join([*others, b"data: " + text]) + b"\n\n" if fields else text

    return again, value if isinstance(value, dict) else {}
