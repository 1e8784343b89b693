"""The paths of the HTTP adapter: who may ask what, how a request is read, and how an answer is written."""

from __future__ import annotations

import asyncio
import hmac
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mpr_logic.adapters import bodies
from mpr_logic.adapters.calls import Limits, parsed
from mpr_logic.errors import MprError, StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from mpr_logic.adapters.service import Service

BODY = 1024 * 1024
"""So many bytes a request's body has at most."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path: its name, which is that of the service's method too; who may ask; what the body of a request
    holds, None where it is a GET."""

    name: str
    who: str
    body: type[bodies.Body] | None = None


PATHS = (
    Path("check", "agent", bodies.NamedCall),
    Path("record", "agent", bodies.Outcome),
    Path("answer", "operator", bodies.PersonsAnswer),
    Path("why", "operator", bodies.Call),
    Path("facts", "operator", bodies.Change),
    Path("end", "operator", bodies.SessionName),
    Path("rules", "operator"),
    Path("metrics", "operator"),
    Path("health", "anyone"),
)


def route(path: Path, service: Service, tokens: Mapping[str, list[str]]) -> Route:
    """The route of a path.

    Args:
        path: which.
        service: it answers.
        tokens: by who may ask, the tokens of which one must be sent; none where none is asked for.
    """
    answer = getattr(service, path.name)
    answered: Callable[..., Awaitable[Any]] = (
        answer if inspect.iscoroutinefunction(answer) else lambda *body: asyncio.to_thread(answer, *body)
    )

    async def endpoint(request: Request) -> Response:
        _authorise(request, tokens[path.who])
        content = await answered(*([] if path.body is None else [await _read(request, path.name, path.body)]))
        return content if isinstance(content, Response) else JSONResponse(content)

    return Route(f"/{path.name}", endpoint, methods=["GET" if path.body is None else "POST"])


def _authorise(request: Request, tokens: list[str]) -> None:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode() if kind.lower() == "bearer" else b""
    same = [hmac.compare_digest(sent, each.encode()) for each in tokens]  # all: the time tells nothing
    if tokens and not any(same):
        raise HTTPException(401, "send the token, as `Authorization: Bearer TOKEN`")


async def _read(request: Request, name: str, body: type[bodies.Body]) -> bodies.Body:
    """The body of a request.

    Raises:
        HTTPException: it is no JSON by its type, or too large.
        StateError: it is no strict JSON, or not of the path.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send JSON, as Content-Type: application/json")
    data = await body_of(request, BODY)
    try:
        return body.model_validate(parsed(data, Limits(size=BODY)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:60]
        raise StateError(f"the body of /{name}: {place or 'it'}: {first['msg'].lower()}") from None


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


def refused(_: Request, error: Exception) -> Response:
    """The answer to a request that HTTP's own rules refuse."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def failed(_: Request, error: Exception) -> Response:
    """The answer to a request that the guard cannot do: its own fault, or the guard's."""
    return JSONResponse({"error": str(error)}, 400 if isinstance(error, StateError) else 503)


ERRORS = {HTTPException: refused, MprError: failed}
"""By the kind of an exception: what answers the request."""
