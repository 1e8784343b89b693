"""The paths of the HTTP adapter: who may ask what, how a request is read, and how an answer is written."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Limits, kind_of, parsed
from mpr_logic.integrations.http import bodies
from mpr_logic.integrations.http.clients import NotYoursError, Sender, TooManyError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request

    from mpr_logic.integrations.http.clients import Tokens
    from mpr_logic.integrations.http.service import Service

BODY = 1024 * 1024
"""The most bytes of a request's body."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path: its name, which is that of the service's method too; who may ask; what the body of a request
    holds, None where it is a GET.

    ``who`` is ``anyone``; ``agent``; ``operator``, for what lets calls pass or limits begin anew: nobody may
    ask it where there is no operator's token; or ``reader``, for what tells of the rules: the operator, and
    where there is no operator's token, whoever may check.
    """

    name: str
    who: str
    body: type[bodies.Body] | None = None


PATHS = (
    Path("check", "agent", bodies.NamedCallBody),
    Path("record", "agent", bodies.OutcomeBody),
    Path("answer", "operator", bodies.AnswerBody),
    Path("messages", "operator", bodies.MessagesBody),
    Path("why", "reader", bodies.CallBody),
    Path("facts", "operator", bodies.FactsBody),
    Path("end", "operator", bodies.SessionBody),
    Path("reload", "operator", bodies.ReloadBody),
    Path("rules", "reader"),
    Path("metrics", "reader"),
    Path("health", "anyone"),
)


def route(path: Path, service: Service, tokens: Tokens) -> Route:
    """The route of a path.

    Args:
        path: which.
        service: it answers.
        tokens: they tell who asks.
    """
    answer = getattr(service, path.name)
    answered: Callable[..., Awaitable[Any]] = (
        answer if inspect.iscoroutinefunction(answer) else lambda *given: asyncio.to_thread(answer, *given)
    )

    async def endpoint(request: Request) -> Response:
        sender = _sender(request, path.who, tokens)
        given = [] if path.body is None else [sender, await _read(request, path.name, path.body)]
        content = await answered(*given)
        return content if isinstance(content, Response) else JSONResponse(content)

    return Route(f"/{path.name}", endpoint, methods=["GET" if path.body is None else "POST"])


def _sender(request: Request, who: str, tokens: Tokens) -> Sender:
    """The sender of a request.

    Raises:
        HTTPException: it may not.
    """
    if who == "anyone":
        return Sender("")
    if who == "operator" and not tokens.has_operator:
        raise HTTPException(403, "nobody may ask this: the server has no operator's token")
    given = request.headers.getlist("authorization")
    kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    address = "" if request.client is None else request.client.host
    sender = tokens.sender(token.strip() if kind.lower() == "bearer" else "", address)
    if sender is None:
        raise HTTPException(401, "send the token, as `Authorization: Bearer TOKEN`")
    if who in ("operator", "reader") and tokens.has_operator and not sender.operator:
        raise HTTPException(401, "this needs the operator's token")
    return sender


async def _read(request: Request, name: str, body: type[bodies.Body]) -> bodies.Body:
    """The body of a request.

    Raises:
        HTTPException: it is no JSON by its type, or too large.
        StateError: it is no strict JSON, or not of the path.
    """
    kinds = request.headers.getlist("content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send JSON, as Content-Type: application/json")
    given = parsed(await body_of(request, BODY), Limits(size=BODY), "the body")
    if not isinstance(given, dict):
        raise StateError(f"the body of /{name} is a JSON object, not {kind_of(given)}")
    try:
        return body.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:60]
        raise StateError(f"the body of /{name}: {place}: {first['msg'].lower()}") from None


async def body_of(request: Request, most: int) -> bytearray:
    """The body of a request, of at most so many bytes.

    Raises:
        HTTPException: it is larger.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise HTTPException(413, f"the body is larger than {most} bytes")
    return data


def error_body(text: str) -> dict[str, str]:
    """The body of every error."""
    return {"error": text}


def failed(_: Request, error: Exception) -> Response:
    """The answer to a request that the guard cannot do: its own fault, or the guard's."""
    status = 400 if isinstance(error, StateError) else 503
    return JSONResponse(error_body(str(error)), _STATUS.get(type(error), status))


_STATUS: dict[type[Exception], int] = {TooManyError: 429, NotYoursError: 403}


def openapi(paths: Iterable[Path], service: type[Service]) -> dict[str, Any]:
    """The description, OpenAPI 3.1: what each path does is the text of the service's method."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "mpr_logic guard", "version": "1"},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
        "paths": {f"/{path.name}": _path(path, service) for path in paths},
    }


def _path(path: Path, service: type[Service]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": inspect.getdoc(getattr(service, path.name)),
        "responses": {
            "200": {"description": "the answer"},
            "400": {"description": "it does not fit; take it as a no"},
        },
    }
    if path.body is None:
        return {"get": described}
    content = {"application/json": {"schema": path.body.model_json_schema()}}
    return {"post": {**described, "requestBody": {"required": True, "content": content}}}
