"""The answers of a guard over HTTP, from the bodies of requests to JSON-able values; and its metrics."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from mpr_logic.checker.disclosure import decision_json
from mpr_logic.checker.render import rule_text
from mpr_logic.errors import GuardError, StateError
from mpr_logic.extras import needed
from mpr_logic.guard.guard import UNKNOWN
from mpr_logic.guard.history import not_the_verdicts
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.guard.verdict import verdict_json
from mpr_logic.integrations.http.clients import Openings, Waiting

if TYPE_CHECKING:
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.integrations.http.bodies import (
        AnswerBody,
        CallBody,
        FactsBody,
        MessagesBody,
        NamedCallBody,
        OutcomeBody,
        ReloadBody,
        SessionBody,
    )
    from mpr_logic.integrations.http.clients import Sender

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5)


class Metrics:
    """The metrics of one guard, in a registry of their own."""

    def __init__(self, guard: Guard) -> None:
        client = needed("prometheus_client", "serve")
        self._client = client
        self._registry = client.CollectorRegistry()
        self._checks = client.Counter(
            "mpr_checks", "Calls that were decided", ["outcome", "mode"], registry=self._registry
        )
        self._errors = client.Counter(
            "mpr_errors", "Calls that were rejected for another reason than a rule", registry=self._registry
        )
        self._seconds = client.Histogram(
            "mpr_check_seconds", "What a check took", buckets=_BUCKETS, registry=self._registry
        )
        for name, text, value in (
            ("mpr_rules_ok", "1 where the rules are those of the files", lambda: guard.health()["ok"]),
            ("mpr_sessions", "Sessions that the guard holds", lambda: guard.health()["sessions"]),
        ):
            client.Gauge(name, text, registry=self._registry).set_function(value)

    def seen(self, verdict: Verdict) -> None:
        """Count a verdict."""
        self._checks.labels(verdict.outcome, verdict.mode).inc()
        self._seconds.observe(verdict.seconds)
        if verdict.error is not None:
            self._errors.inc()

    def text(self) -> tuple[bytes, str]:
        """All of them as Prometheus reads them, and the type of that."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST


class Service:
    """The answers of one guard. Each method is a path; the first line of its text says what it does. All
    but ``check`` may wait, and are called in a thread.

    Args:
        guard: it decides.
        sessions_per_client: the most sessions that one client may begin; by default a tenth of the guard's.

    Raises, in each method:
        MprError: what is asked for cannot be done; a StateError, where the request is at fault.
        HTTPException: the sender may not say this.
    """

    def __init__(self, guard: Guard, sessions_per_client: int | None = None) -> None:
        self._guard = guard
        self._metrics = Metrics(guard)
        self._openings = Openings(guard, sessions_per_client)
        self._waiting = Waiting()

    async def check(self, sender: Sender, body: NamedCallBody) -> dict[str, Any]:
        """Decide about a call."""
        if not self._openings.hold(sender, body.session):  # to begin a session may take a moment
            await asyncio.to_thread(self._openings.enter, sender, body.session)
        ask = self._guard.approver is not None
        verdict = await self._guard.acheck(
            body.tool, body.arguments, id=body.id, session=body.session, ask=ask
        )
        self._metrics.seen(verdict)
        if verdict.outcome == "escalate" and not verdict.runs:
            self._waiting.add(sender.client, verdict)
        return verdict_json(verdict)

    def record(self, sender: Sender, body: OutcomeBody) -> dict[str, Any]:
        """Say how an admitted call went; what it returned and says, with the operator's token alone."""
        told = "result" in body.model_fields_set
        if body.facts and not sender.operator:
            raise HTTPException(403, "facts are the operator's to say: send them with the operator's token")
        if told and not sender.operator:
            raise HTTPException(403, "a result is the operator's to say: send it with the operator's token")
        if not self._openings.hold(sender, body.session):  # to ask about one begins none
            raise StateError(f"no admitted call `{body.id[:60]}` waits for its result in this session")
        result = body.result if told else UNKNOWN
        self._guard.record(body.id, body.succeeded, facts=body.facts, session=body.session, result=result)
        return {}

    def messages(self, sender: Sender, body: MessagesBody) -> dict[str, Any]:
        """Tell what was said and returned in a conversation."""
        try:
            said = messages_of(body.messages, guess=False)
        except GuardError as error:
            raise StateError(str(error)) from None
        self._openings.enter(sender, body.session)
        if body.whole:
            self._guard.follow(said, session=body.session)
        else:
            self._guard.hear(*said, session=body.session)
        return {}

    def answer(self, sender: Sender, body: AnswerBody) -> dict[str, Any]:
        """Say what a person answered about a call whose outcome is `escalate`."""
        waiting = self._waiting.pop(body.id)
        if waiting is None:
            found = self._waiting.named(body.id)
            raise StateError(
                not_the_verdicts(body.id, found) or f"no call `{body.id[:60]}` waits for a person"
            )
        verdict = self._guard.answer(waiting, body.approved, by=body.by)
        self._metrics.seen(verdict)
        return verdict_json(verdict)

    def why(self, sender: Sender, body: CallBody) -> dict[str, Any]:
        """Tell what a check would say, with proofs and repairs; nothing is entered into the history."""
        self._openings.enter(sender, body.session)
        verdict = self._guard.why(body.tool, body.arguments, session=body.session)
        decision = decision_json(verdict.decision) if verdict.decision is not None else None
        return verdict_json(verdict) | {"runs": False, "decision": decision, "error": verdict.error}

    def facts(self, sender: Sender, body: FactsBody) -> dict[str, Any]:
        """Change the facts of a session."""
        self._openings.enter(sender, body.session)
        self._guard.update(body.add, body.remove, session=body.session)
        return {}

    def end(self, sender: Sender, body: SessionBody) -> dict[str, Any]:
        """Forget a session: its facts and its history."""
        self._guard.end(body.session)
        return {}

    def reload(self, sender: Sender, body: ReloadBody) -> Response:
        """Read the rule files again; where they cannot be used, 409: the old rules stay, `error` says why."""
        taken = self._guard.reload(force=body.force)
        health = self._guard.health()
        error = None if taken else health["error"] or "the rules could not be replaced"
        content = {"version": health["version"], "error": error, "warnings": health["warnings"]}
        return JSONResponse(content, 200 if taken else 409)

    def rules(self) -> dict[str, Any]:
        """The rules."""
        program = self._guard.rules.program
        rules = [
            {"id": rule.id, "where": str(rule.clause.span), "weight": rule.weight, "text": rule_text(rule)}
            for rule in program.written
        ]
        return {"version": program.version, "rules": rules}

    def metrics(self) -> Response:
        """Counts and times, for Prometheus."""
        text, kind = self._metrics.text()
        return Response(text, media_type=kind)

    def health(self) -> dict[str, Any]:
        """Whether the rules are those of the files."""
        health = self._guard.health()
        return {key: health[key] for key in ("ok", "mode", "version")}
