"""A proxy of an MCP server over HTTP: each request is read, and becomes an exchange with the server."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from httpx2 import HTTPError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from mpr_logic.errors import StateError
from mpr_logic.guard.guard import UNCHECKED
from mpr_logic.integrations.http.clients import LOOPBACK, host_of
from mpr_logic.integrations.http.endpoints import body_of
from mpr_logic.integrations.mcp.events import STREAM, event, kind_of, message_in, parts, with_message
from mpr_logic.integrations.mcp.gateway import Gateway, Passage
from mpr_logic.integrations.mcp.headers import SESSION, fitting, hold
from mpr_logic.integrations.mcp.messages import SIZE, Questions, read_message, refusal, refused, written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

    from httpx2 import AsyncClient
    from starlette.requests import Request

    from mpr_logic.integrations.mcp.gateway import Gateways
    from mpr_logic.integrations.mcp.messages import Message

    Send = Callable[[str, dict[str, str], Message], Awaitable[Any]]

SILENT = "the server does not answer"
UNKNOWN = "there is no such session: begin one with initialize"
_OWN = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"}
_logger = logging.getLogger(__name__)


class Exchange:
    """One request of a client, and its answer.

    Args:
        request: the client's.
        message: what its body says.
        gateways: what stands before the server.
        questions: what clients are asked, who answer in requests of their own.
        send: gives the server's answer, whose body is not read yet, or raises HTTPError.
    """

    def __init__(
        self, request: Request, message: Message, gateways: Gateways, questions: Questions, send: Send
    ) -> None:
        self._gateways, self._questions, self._send = gateways, questions, send
        self._method = request.method
        self._message = message
        self._name = request.headers.get(SESSION, "")
        self._headers = {k: v for k, v in request.headers.items() if k not in _OWN} | {
            "accept-encoding": "identity"
        }
        if message:
            self._headers["content-type"] = "application/json"
        # who sends other credentials is another client, as far as the server lets it in
        address = "" if request.client is None else host_of(request.client.host)
        told = request.headers.get("authorization", "").encode()
        self._client = f"{address} {hashlib.sha256(told).hexdigest()}"

    async def response(self) -> Response:
        """The answer to the client: at once; or, where its user is asked first, a stream that begins with the
        question.

        Raises:
            HTTPError: the server does not answer.
            StateError: the request is none, or an answer is too large.
        """
        guarded = Gateway.guards(self._message)
        gateway = self._gateways.of(self._name)
        if gateway is None:
            return JSONResponse(refusal(self._message.get("id"), -32600, UNKNOWN), 404)
        if not guarded:
            return await self._answered(Passage(self._message, True))
        outbox: asyncio.Queue[Message] = asyncio.Queue()

        async def client(message: Message) -> Message:
            return await self._questions.ask(message, outbox.put)

        up = asyncio.create_task(gateway.up(self._message, self._ask, client))
        question = asyncio.create_task(outbox.get())
        await asyncio.wait({up, question}, return_when=asyncio.FIRST_COMPLETED)
        if question.done():
            return StreamingResponse(self._dialogue(question.result(), up), media_type=STREAM)
        question.cancel()
        return await self._answered(up.result())

    async def _answered(self, passage: Passage) -> Response:
        if not passage.passes:
            return JSONResponse(passage.message)
        try:
            answer = await self._sent(passage)
        except HTTPError:
            await self._lost(passage)
            raise
        if self._message.get("method") == "initialize" and SESSION in answer.headers:
            self._gateways.begin(answer.headers[SESSION], self._client).hello(self._message)
        if self._method == "DELETE" and answer.status_code < 300:
            self._gateways.end(self._name)
        kept = {k: v for k, v in answer.headers.items() if k not in _OWN | {"content-encoding"}}
        if kind_of(answer) == STREAM:
            return StreamingResponse(self._events(answer, passage), answer.status_code, kept)
        body = b"".join([part async for part in self._parts(answer, passage)])
        return Response(body, answer.status_code, kept)

    async def _dialogue(self, question: Message, up: asyncio.Task[Passage]) -> AsyncIterator[bytes]:
        """The question, and behind it what became of the call."""
        try:
            yield event(question)
            passage = await up
            if not passage.passes:
                yield event(passage.message)
                return
            answer = await self._sent(passage)
            if kind_of(answer) == STREAM:
                async for part in self._events(answer, passage):
                    yield part
                return
            async for part in self._parts(answer, passage):
                yield event(message_in(part) or refusal(passage.message["id"], -32603, SILENT))
        except (HTTPError, StateError) as error:
            _logger.warning("%s: %s", SILENT, error)
            if up.done() and not up.cancelled() and up.exception() is None:
                await self._lost(up.result())
            yield event(refusal(self._message["id"], -32603, SILENT))
        finally:
            up.cancel()

    async def _sent(self, passage: Passage) -> Any:
        """The server's answer to what passes."""
        headers = self._headers
        if passage.verdict is not None and passage.verdict.rewritten:
            headers = fitting(headers, passage.verdict.arguments)
        return await self._send(self._method, headers, passage.message)

    async def _lost(self, passage: Passage) -> None:
        """Nobody will say how a call went."""
        gateway = self._gateways.of(self._name)
        if gateway is not None:
            await gateway.lost(passage.verdict)

    async def _events(self, answer: Any, passage: Passage) -> AsyncIterator[bytes]:
        """The events of a stream. One that ends before the request is answered ends with an error, unless the
        client can take the stream up again where it broke off."""
        id, waits, resumes = passage.message.get("id"), "method" in passage.message, False
        try:
            async for part in self._parts(answer, passage):
                message = message_in(part)
                waits = waits and ("method" in message or message.get("id") != id)
                resumes = resumes or any(line.startswith(b"id:") for line in part.splitlines())
                yield part
        except (HTTPError, StateError) as error:
            _logger.warning("an answer of the server broke off: %s", error)
        if waits and id is not None:
            await self._lost(passage)
            if not resumes:
                yield event(refusal(id, -32603, SILENT))

    async def _parts(self, answer: Any, passage: Passage) -> AsyncIterator[bytes]:
        """The parts of an answer, as the client gets them."""
        try:
            async for part in parts(answer):
                message, gateway = message_in(part), self._gateways.of(self._name)
                if gateway is None or not message:
                    yield part
                    continue
                mine = message.get("id") == passage.message.get("id")
                seen = await gateway.down(message, passage.verdict if mine else None)
                yield part if seen is message else with_message(part, seen)
        finally:
            await answer.aclose()

    async def _ask(self, message: Message) -> Message:
        """Send the server a request of the proxy itself, and return the answer."""
        own = {k: v for k, v in self._headers.items() if not k.startswith(("mcp-name", "mcp-param-"))}
        if "mcp-method" in own:
            own["mcp-method"] = message["method"]
        try:
            answer = await self._send("POST", own, message | {"id": "mpr"})
            try:
                async for part in parts(answer):
                    if (found := message_in(part)).get("id") == "mpr":
                        return found
            finally:
                await answer.aclose()
        except HTTPError as error:
            raise ConnectionError(str(error)) from None
        return {}


class HttpRelay:
    """Passes on the requests of all clients.

    Args:
        gateways: what stands between the server and each session.
        url: the server's endpoint.
        client: what reaches it.
        methods: methods of clients that pass besides those of the protocol.
    """

    def __init__(
        self, gateways: Gateways, url: str, client: AsyncClient, methods: Collection[str] = ()
    ) -> None:
        self._gateways = gateways
        self._url = url
        self._client = client
        self._methods = methods
        self._questions = Questions()

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        message: Message = {}
        body = bytearray()
        try:
            origin = request.headers.get("origin")
            if origin and urlsplit(origin).hostname not in LOOPBACK:  # a page in a browser
                raise HTTPException(403, "this is not for pages of the network")
            if request.method == "POST":
                body = await body_of(request, SIZE)
                message = read_message(body, self._methods)
                if not message:
                    raise StateError("the body is empty: a message is one JSON object")
            hold([(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw], message)
            if self._questions.answered(message):
                return Response(status_code=202)
            return await Exchange(request, message, self._gateways, self._questions, self._send).response()
        except HTTPException as error:
            return JSONResponse(refusal(None, -32600, error.detail), error.status_code)
        except StateError as error:
            return JSONResponse(refused(body, error), 400)
        except HTTPError as error:
            _logger.warning("%s: %s", SILENT, error)
            return JSONResponse(refusal(message.get("id"), -32603, SILENT), 502)
        except Exception:
            _logger.exception("a message was not passed on")
            return JSONResponse(refusal(message.get("id"), -32603, UNCHECKED), 500)

    async def _send(self, method: str, headers: dict[str, str], message: Message) -> Any:
        content = written(message) if message else None
        request = self._client.build_request(method, self._url, headers=headers, content=content)
        answer = await self._client.send(request, stream=True)
        if answer.is_redirect:  # whoever followed it would go past the guard
            await answer.aclose()
            raise HTTPError("it is elsewhere: mend its URL")
        return answer
