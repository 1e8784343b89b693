"""What an MCP proxy over HTTP does with a request: it is read, and becomes an exchange of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from httpx2 import HTTPError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mpr_logic.errors import StateError
from mpr_logic.guard.guard import UNCHECKED
from mpr_logic.integrations.http.app import LOOPBACK
from mpr_logic.integrations.http.endpoints import body_of
from mpr_logic.integrations.mcp.exchange import SILENT, Exchange
from mpr_logic.integrations.mcp.headers import hold
from mpr_logic.integrations.mcp.messages import SIZE, Questions, read_message, refusal, refused, written

if TYPE_CHECKING:
    from collections.abc import Collection

    from httpx2 import AsyncClient
    from starlette.requests import Request

    from mpr_logic.integrations.mcp.messages import Message
    from mpr_logic.integrations.mcp.sessions import Gates

_logger = logging.getLogger(__name__)


class Relay:
    """Passes on the requests of all clients.

    Args:
        gates: what stands between the server and each session.
        url: the server's endpoint.
        client: what reaches it.
        methods: methods of clients that pass besides those of the protocol.
    """

    def __init__(self, gates: Gates, url: str, client: AsyncClient, methods: Collection[str] = ()) -> None:
        self._gates = gates
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
            return await Exchange(request, message, self._gates, self._questions, self._send).response()
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
