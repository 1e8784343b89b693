"""The guard over HTTP: an ASGI application.

================  ============================================================  ==========
``POST /check``   decide about a call                                           agent
``POST /record``  say how an admitted call went                                 agent
``POST /answer``  say what a person answered about a call that was left to one  operator
``POST /why``     what a check would say, with proofs and repairs               operator
``POST /facts``   change the facts of a session                                 operator
``POST /end``     forget a session                                              operator
``GET /rules``    the rules                                                     operator
``GET /metrics``  counts and times, for Prometheus                              operator
``GET /health``   whether the rules are those of the files                      anyone
================  ============================================================  ==========

A request without its token is refused before its body is read. Whatever is not an answer of status 200 with
``"runs": true`` must be taken as a rejection.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from mpr_logic.adapters.bodies import BODIES, openapi
from mpr_logic.adapters.calls import Limits, parsed
from mpr_logic.adapters.extras import needed
from mpr_logic.adapters.metrics import Metrics
from mpr_logic.checking.render import rule_text
from mpr_logic.checking.serial import decision_json
from mpr_logic.errors import GuardError, MprError, StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from mpr_logic.adapters.guard import Guard
    from mpr_logic.adapters.verdict import Verdict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
BODY = 1024 * 1024
"""So many bytes a request's body has at most."""
_WAITING = 1_000
"""So many calls wait for a person; the oldest are given up first."""


def application(
    guard: Guard, *, token: str | None = None, operator_token: str | None = None, hosts: tuple[str, ...] = ()
) -> Starlette:
    """An ASGI application over a guard.

    Args:
        guard: it decides.
        token: what an agent sends as ``Authorization: Bearer TOKEN``; None where none is asked for.
        operator_token: what an operator sends, who may ask everything; by default the agent's.
        hosts: the names that requests may be addressed to besides the loopback's; ``*`` for any.

    Raises:
        GuardError: the packages for it are not installed.
    """
    needed("pydantic", "serve")
    applications, routing = needed("starlette.applications", "serve"), needed("starlette.routing", "serve")
    middleware, trusted = (
        needed("starlette.middleware", "serve"),
        needed("starlette.middleware.trustedhost", "serve"),
    )
    service = _Service(guard, token, operator_token or token)
    routes = [
        routing.Route(
            f"/{name}",
            service.handler(name, post=name in BODIES),
            methods=["POST" if name in BODIES else "GET"],
        )
        for name in (*BODIES, "rules", "metrics", "health")
    ]
    routes.append(routing.Route("/openapi.json", service.handler("openapi", post=False), methods=["GET"]))
    # a page in a browser must not reach a guard on the loopback by a name of its own
    known = ["*"] if "*" in hosts else [*LOOPBACK, "[::1]", *hosts]
    found: Starlette = applications.Starlette(
        routes=routes,
        middleware=[
            middleware.Middleware(trusted.TrustedHostMiddleware, allowed_hosts=known, www_redirect=False)
        ],
    )
    return found


def check_address(host: str, token: str | None) -> None:
    """Refuse to listen where others can reach it, unless a token is asked for.

    Raises:
        GuardError: just that.
    """
    if host not in LOOPBACK and not token:
        raise GuardError(
            f"without a token the guard listens on the loopback alone, not on `{host}`: set MPR_TOKEN"
        )


class _Service:
    """The answers to requests."""

    def __init__(self, guard: Guard, token: str | None, operator_token: str | None) -> None:
        self._guard = guard
        self._tokens = {
            "agent": [each for each in (token, operator_token) if each],
            "operator": [operator_token] if operator_token else [],
            "anyone": [],
        }
        self._metrics = Metrics(guard)
        self._waiting: OrderedDict[str, Verdict] = OrderedDict()
        self._responses = needed("starlette.responses", "serve")

    def handler(self, name: str, *, post: bool) -> Callable[[Request], Awaitable[Response]]:
        """What answers requests of a path."""
        answer = getattr(self, "_prometheus" if name == "metrics" else f"_{name}")
        who = _WHO.get(name, "operator")

        async def handle(request: Request) -> Response:
            try:
                self._authorise(request, who)
                given = await self._body(request, name) if post else {}
                return await answer(**given)  # type: ignore[no-any-return]
            except _Refused as refused:
                return self._json({"error": str(refused)}, refused.status)
            except MprError as error:
                return self._json({"error": str(error)}, 400 if isinstance(error, StateError) else 503)

        return handle

    def _authorise(self, request: Request, who: str) -> None:
        wanted = self._tokens[who]
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        sent = given.strip().encode() if kind.lower() == "bearer" else b""
        same = [hmac.compare_digest(sent, each.encode()) for each in wanted]  # all: the time tells nothing
        if wanted and not any(same):
            raise _Refused(401, "send the token, as `Authorization: Bearer TOKEN`")

    async def _body(self, request: Request, name: str) -> dict[str, Any]:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise _Refused(415, "send JSON, as Content-Type: application/json")
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > BODY:
                raise _Refused(413, f"the body is larger than {BODY} bytes")
        value = parsed(data, Limits(size=BODY))
        return BODIES[name](value)

    def _json(self, content: Any, status: int = 200) -> Response:
        found: Response = self._responses.JSONResponse(content, status)
        return found

    # -- paths ---------------------------------------------------------------------------------

    async def _check(self, tool: str, arguments: Any, id: str, session: str) -> Response:
        ask = self._guard.approver is not None
        verdict = await self._guard.acheck(tool, arguments, id=id, session=session, ask=ask)
        self._metrics.seen(verdict)
        if verdict.outcome == "escalate" and not verdict.runs:
            self._waiting[verdict.id] = verdict
            while len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
        return self._json(verdict_json(verdict))

    async def _answer(self, id: str, approved: bool, by: str) -> Response:
        waiting = self._waiting.pop(id, None)
        if waiting is None:
            raise StateError(f"no call `{id[:60]}` waits for a person")
        verdict = await asyncio.to_thread(self._guard.answer, waiting, approved, by=by)
        self._metrics.seen(verdict)
        return self._json(verdict_json(verdict))

    async def _why(self, tool: str, arguments: Any, session: str) -> Response:
        verdict = await asyncio.to_thread(self._guard.why, tool, arguments, session=session)
        decision = decision_json(verdict.decision) if verdict.decision is not None else None
        return self._json(
            verdict_json(verdict) | {"runs": False, "decision": decision, "error": verdict.error}
        )

    async def _record(self, id: str, succeeded: bool | None, session: str, facts: list[str]) -> Response:
        await asyncio.to_thread(self._guard.record, id, succeeded, facts=facts, session=session)
        return self._json({})

    async def _facts(self, session: str, add: list[str], remove: list[str]) -> Response:
        await asyncio.to_thread(self._guard.update, add, remove, session=session)
        return self._json({})

    async def _end(self, session: str) -> Response:
        self._guard.end(session)
        return self._json({})

    async def _rules(self) -> Response:
        program = self._guard.rules.program
        rules = [
            {"id": rule.id, "where": str(rule.clause.span), "weight": rule.weight, "text": rule_text(rule)}
            for rule in program.rules
        ]
        return self._json({"version": program.version, "rules": rules})

    async def _prometheus(self) -> Response:
        text, kind = self._metrics.text()
        found: Response = self._responses.Response(text, media_type=kind)
        return found

    async def _health(self) -> Response:
        health = self._guard.health()
        return self._json({key: health[key] for key in ("ok", "mode", "version")})

    async def _openapi(self) -> Response:
        return self._json(openapi())


_WHO = {"check": "agent", "record": "agent", "health": "anyone", "openapi": "anyone"}


class _Refused(Exception):
    """A request that is not answered, and the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """What an agent's host needs of a verdict, JSON-able; nothing that the rules' authors do not disclose."""
    return {
        "id": verdict.id,
        "outcome": verdict.outcome,
        "runs": verdict.runs,
        "arguments": verdict.arguments,
        "message": verdict.message,
        "mode": verdict.mode,
        "version": verdict.version,
    }
