"""The guard over HTTP: an ASGI application.

==================  ============================================================  ==========
``POST /check``     decide about a call                                           agent
``POST /record``    say how an admitted call went                                 agent
``POST /answer``    say what a person answered about a call that was left to one  operator
``POST /messages``  tell what was said and returned in a conversation             operator
``POST /facts``     change the facts of a session                                 operator
``POST /end``       forget a session                                              operator
``POST /reload``    read the rule files again                                     operator
``POST /why``       what a check would say, with proofs and repairs               reader
``GET /rules``      the rules                                                     reader
``GET /metrics``    counts and times, for Prometheus                              reader
``GET /health``     whether the rules are those of the files                      anyone
==================  ============================================================  ==========

What lets calls pass is the operator's to say, ``facts`` and ``result`` in a record too: without an operator's
token nobody may. Readers are the operator, and without an operator's token the agents. A request without its
token is refused before its body is read. Whatever is not an answer of status 200 with ``"runs": true`` must
be taken as a rejection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.errors import GuardError, MprError
from mpr_logic.extras import needed
from mpr_logic.integrations.http.clients import LOOPBACK, Tokens, agents_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from mpr_logic.guard.guard import Guard


def application(
    guard: Guard,
    *,
    token: str | Iterable[str] | None = None,
    operator_token: str | None = None,
    hosts: tuple[str, ...] = (),
    sessions_per_client: int | None = None,
) -> Starlette:
    """An ASGI application over a guard.

    Args:
        guard: it decides.
        token: what an agent sends as ``Authorization: Bearer TOKEN``; several, where each agent has its own;
            None where none is asked for.
        operator_token: what an operator sends, who may say everything; None where nobody may.
        hosts: the names that requests may be addressed to besides the loopback's; ``*`` for any.
        sessions_per_client: the most sessions that one client may begin; by default a tenth of the guard's.
            A client is a token, or an address where all agents send the same token or none.

    Raises:
        GuardError: the packages for it are not installed, or a token is empty or given twice.
    """
    for package in ("pydantic", "starlette"):
        needed(package, "serve")
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from mpr_logic.integrations.http.endpoints import PATHS, error_body, failed, openapi, route
    from mpr_logic.integrations.http.service import Service
    from mpr_logic.integrations.http.web import web_application

    tokens = Tokens(agents_of(token), operator_token)
    service, description = Service(guard, sessions_per_client), openapi(PATHS, Service)

    async def describe(request: Request) -> Response:
        return JSONResponse(description)

    routes = [*(route(path, service, tokens) for path in PATHS), Route("/openapi.json", describe)]
    return web_application(routes, hosts, error_body, handlers={MprError: failed})


def check_address(host: str, token: str | Iterable[str] | None) -> None:
    """Refuse to listen where others can reach it, unless a token is asked for.

    Raises:
        GuardError: just that.
    """
    if host not in LOOPBACK and not token:
        raise GuardError(
            f"without a token the guard listens on the loopback alone, not on `{host}`: set MPR_TOKEN"
        )
